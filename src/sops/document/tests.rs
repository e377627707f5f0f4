//! Documents of every shape, written and read again; what is refused; hostile text.

use proptest::prelude::*;

use super::{Document, Problem, Rule, Step, encrypt_document};
use crate::sops::{Identities, Kind, Plaintext, Recipient, new_key, parse_recipient};

const NOW: &str = "2026-01-02T03:04:05Z";
const LATER: &str = "2026-01-02T03:04:06Z";

fn keys() -> (Identities, Vec<Recipient>) {
    let key = new_key(NOW);
    let mut identities = Identities::new();
    identities.add("test", &key.text).unwrap();
    (identities, vec![parse_recipient(&key.recipient).unwrap()])
}

fn shown(text: &str, identities: &Identities) -> Vec<(String, Kind, bool, String)> {
    let opened = Document::parse(text).unwrap().open(identities).unwrap();
    let value = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let one =
        |one: super::OpenValue| (super::leaf::display(&one.path), one.kind, one.encrypted, value(one.value.expose()));
    opened.values.into_iter().map(one).collect()
}

const PLAIN: &str = "# head\na: one # behind\nb:\n  - 5\n  # in the list\n  - [true, {c: 0.5}]\nd: |\n  two\n  lines\ne_unencrypted: 1\nf:\n---\ng: 2001-12-14\n";

#[test]
fn what_is_written_is_read() {
    let (identities, recipients) = keys();
    let text = encrypt_document(PLAIN, &Rule::default(), false, &recipients, NOW).unwrap();
    let own = |path: &str, kind, encrypted, value: &str| (path.to_owned(), kind, encrypted, value.to_owned());
    assert_eq!(
        shown(&text, &identities),
        [
            own("a", Kind::Str, true, "one"),
            own("b[0]", Kind::Int, true, "5"),
            own("b[1][0]", Kind::Bool, true, "True"),
            own("b[1][1].c", Kind::Float, true, "0.5"),
            own("d", Kind::Str, true, "two\nlines\n"),
            own("e_unencrypted", Kind::Int, false, "1"),
            own("g", Kind::Time, true, "2001-12-14T00:00:00Z"),
        ]
    );
    assert_eq!(Document::parse(&text).unwrap().open(&identities).unwrap().comments.len(), 3);
    for clear in ["one", "two", "head", "behind", "in the list", "2001-12-14"] {
        assert!(!text.contains(clear), "{clear}");
    }
    let changed = text.replace("e_unencrypted: 1", "e_unencrypted: 2");
    assert_eq!(Document::parse(&changed).unwrap().open(&identities).unwrap_err().problem, Problem::Changed);
    let (others, _) = keys();
    assert_eq!(Document::parse(&text).unwrap().open(&others).unwrap_err().problem, Problem::NoIdentity);
}

#[test]
fn a_change_changes_what_it_must() {
    let (identities, recipients) = keys();
    let text = encrypt_document(PLAIN, &Rule::default(), true, &recipients, NOW).unwrap();
    let document = Document::parse(&text).unwrap();
    let path = [Step::Key("b".into()), Step::Index(0)];
    let set = |value: &str| document.set((&path, Kind::Int), &Plaintext::from(value.to_owned()), (&identities, LATER));
    assert_eq!(set("5").unwrap(), text);
    let changed = set("6").unwrap();
    assert_eq!(shown(&changed, &identities)[1].3, "6");
    assert_eq!(changed.lines().zip(text.lines()).filter(|(a, b)| a != b).count(), 3);
    assert_eq!(document.rewrap(&recipients, &identities).unwrap(), text);
    let (others, other_recipients) = keys();
    let moved = document.rewrap(&other_recipients, &identities).unwrap();
    assert_eq!(shown(&moved, &others), shown(&text, &identities));
    let rekeyed = document.rekey(&other_recipients, (&identities, LATER)).unwrap();
    assert_eq!(shown(&rekeyed, &others), shown(&text, &identities));
}

#[test]
fn what_sops_does_not_keep_is_refused() {
    let (_, recipients) = keys();
    for (plain, word) in [
        ("a: &x 1\nb: *x\n", "anchor"),
        ("a: !foo 1\n", "tag"),
        ("<<: {a: 1}\n", "merge key"),
        ("1: a\n", "no string"),
        ("a: 1\na: 2\n", "twice"),
        ("a: 18446744073709551615\n", "64 bits"),
        ("- a\n", "no mapping"),
        ("sops: 1\n", "already"),
        ("", "no document"),
    ] {
        let error = encrypt_document(plain, &Rule::default(), false, &recipients, NOW).unwrap_err();
        assert!(error.message.contains(word), "{plain}: {error}");
    }
    for (block, word) in [
        ("key_groups: [{age: []}]", "no age recipient"),
        ("key_groups: [{pgp: [{fp: x}]}]", "`pgp`"),
        ("pgp: [{fp: x}]", "`pgp`"),
    ] {
        let error = Document::parse(&format!("a: 1\nsops:\n  {block}\n")).unwrap_err();
        assert!(error.message.contains(word), "{error}");
    }
}

proptest! {
    #[test]
    fn hostile_text_is_refused_quietly(text in "[a-c:#\\-|>\\[\\]{}\"', \n&*!~0-9é]{0,80}") {
        let (identities, recipients) = keys();
        if let Ok(written) = encrypt_document(&text, &Rule::default(), false, &recipients, NOW) {
            prop_assert!(Document::parse(&written).unwrap().open(&identities).is_ok());
        }
        let _ = Document::parse(&format!("a: {text}\nsops:\n  age: {text}\n")).is_ok();
    }
}
