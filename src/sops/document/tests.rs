//! Documents of every shape, written and read again; what is refused; hostile text.

use proptest::prelude::*;

use super::{Document, Problem, Rule, Step, encrypt_document};
use crate::sops::{Identities, Kind, Plaintext, Recipient, new_key, parse_recipient};

pub(super) const NOW: &str = "2026-01-02T03:04:05Z";
pub(super) const LATER: &str = "2026-01-02T03:04:06Z";

pub(super) fn keys() -> (Identities, Vec<Recipient>) {
    let key = new_key(NOW);
    let mut identities = Identities::new();
    identities.add("test", &key.text).unwrap();
    (identities, vec![parse_recipient(&key.recipient).unwrap()])
}

pub(super) fn shown(text: &str, identities: &Identities) -> Vec<(String, Kind, bool, String)> {
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
        ("!!merge a: 1\n", "tag"),
        ("!!str <<: 1\n", "tag"),
        ("a: !!merge <<\n", "tag"),
        ("!!merge \"<<\": 1\n", "tag"),
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

/// Files that `sops` of the version in their name made for three keys; they say what each holds.
const WORTHLESS: &str = include_str!("../../../tests/fixtures/sops/worthless.agekey");
const GROUPS: [&str; 2] = [
    include_str!("../../../tests/fixtures/sops/groups-3.11.yaml"),
    include_str!("../../../tests/fixtures/sops/groups-3.13.yaml"),
];
const MERGE_KEY: &str = include_str!("../../../tests/fixtures/sops/merge-key-3.13.yaml");
pub(super) const ENCRYPTED_COMMENT: &str = include_str!("../../../tests/fixtures/sops/encrypted-comment-3.13.yaml");
pub(super) const UNENCRYPTED_COMMENT: &str = include_str!("../../../tests/fixtures/sops/unencrypted-comment-3.13.yaml");

/// Some of the three keys.
pub(super) fn worthless(numbers: &[usize]) -> Identities {
    let lines: Vec<&str> = WORTHLESS.lines().filter(|line| !line.starts_with('#')).collect();
    let mut identities = Identities::new();
    for &number in numbers {
        identities.add(&format!("key {number}"), lines[number]).unwrap();
    }
    identities
}

/// What SOPS makes of a merge key is a key, whose lines are changed like others.
#[test]
fn what_sops_makes_of_a_merge_key_is_a_key() {
    let identities = worthless(&[0]);
    let own =
        |text: &str| shown(text, &identities).into_iter().map(|(path, _, _, value)| (path, value)).collect::<Vec<_>>();
    let pair = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    let mut all =
        vec![pair("both.a", "one"), pair("map.<<.a", "one"), pair("map.b", "two"), pair("deep[0].<<.a", "one")];
    assert_eq!(own(MERGE_KEY), all);
    let key = |text: &str| Step::Key(text.into());
    let set = |text: &str, path: &[Step]| {
        let value = Plaintext::from("new".to_owned());
        Document::parse(text).unwrap().set((path, Kind::Str), &value, (&identities, LATER)).unwrap()
    };
    let changed = set(MERGE_KEY, &[key("map"), key("<<"), key("a")]);
    all[1].1 = "new".to_owned();
    assert_eq!(own(&changed), all);
    // A new key stands where the tag does.
    let changed = set(&changed, &[key("deep"), Step::Index(0), key("c")]);
    all.push(pair("deep[0].c", "new"));
    assert_eq!(own(&changed), all);
    assert!(changed.contains("\n      c: ENC["), "{changed}");
    let without = Document::parse(&changed).unwrap().unset(&[key("map"), key("<<")], (&identities, LATER)).unwrap();
    all.remove(1);
    assert_eq!(own(&without), all);
    assert_eq!(without.matches("!!merge").count(), 1, "{without}");
}

#[test]
fn a_split_data_key_takes_two_of_three_groups() {
    for text in GROUPS {
        let document = Document::parse(text).unwrap();
        for numbers in [&[0, 1][..], &[2, 0], &[1, 2], &[0, 1, 2]] {
            let values = document.open(&worthless(numbers)).unwrap().values;
            assert_eq!(values.iter().map(|one| one.value.expose()).collect::<Vec<_>>(), [&b"one"[..], b"5", b"True"]);
        }
        for numbers in [&[][..], &[1]] {
            let error = document.open(&worthless(numbers)).unwrap_err();
            assert_eq!(error.problem, Problem::NoIdentity);
            let words =
                format!("identities of 2 of the 3 key groups are needed, and there are those of {}", numbers.len());
            assert!(error.message.contains(&words), "{error}");
        }
        let both = worthless(&[0, 2]);
        let path = [Step::Key("a".into())];
        let value = Plaintext::from("two".to_owned());
        let changed = document.set((&path, Kind::Str), &value, (&both, LATER)).unwrap();
        assert_eq!(shown(&changed, &both)[0].3, "two");
        assert_eq!(changed.lines().zip(text.lines()).filter(|(a, b)| a != b).count(), 3);
        let (_, recipients) = keys();
        let errors = [document.rewrap(&recipients, &both), document.rekey(&recipients, (&both, LATER))];
        for error in errors.map(Result::unwrap_err) {
            assert!(error.message.contains("split between key groups"), "{error}");
        }
    }
}

#[test]
fn groups_that_cannot_be_right_are_refused() {
    let text = GROUPS[1];
    let open = |text: &str| Document::parse(text).and_then(|document| document.open(&worthless(&[0, 1, 2])).map(drop));
    for (number, word) in [("1", "no number from two"), ("4", "no number from two"), ("x", "no number from two")] {
        let error = open(&text.replace("shamir_threshold: 2", &format!("shamir_threshold: {number}"))).unwrap_err();
        assert!(error.message.contains(word), "{error}");
    }
    // Without a word it takes all of them, which are more than enough here.
    open(&text.replace("    shamir_threshold: 2\n", "")).unwrap();
    let one = text.split("        - age:").collect::<Vec<_>>();
    let same = [one[0], one[1], one[1], one[3]].join("        - age:");
    assert!(open(&same).unwrap_err().message.contains("the same share"));
    // Keys outside the groups are all that counts.
    let outside = text.replace("    key_groups:", "    pgp: [{fp: x}]\n    key_groups:");
    assert!(open(&outside).unwrap_err().message.contains("only keys of `pgp`"));
    // A group alone is not split.
    let (identities, recipients) = keys();
    let text = encrypt_document(PLAIN, &Rule::default(), false, &recipients, NOW).unwrap();
    let group = text.replace("    age:\n", "    key_groups:\n      - age:\n");
    assert_eq!(shown(&group, &identities), shown(&text, &identities));
}

#[test]
fn comments_decide_as_they_do_for_sops() {
    let identities = worthless(&[0]);
    let encrypted = |text: &str| -> Vec<String> {
        shown(text, &identities).into_iter().filter(|one| one.2).map(|(path, ..)| path).collect()
    };
    assert_eq!(encrypted(ENCRYPTED_COMMENT), ["b.c", "b.d[0]", "b.d[1]", "e", "f[0]", "f[1]", "h.i"]);
    assert_eq!(encrypted(UNENCRYPTED_COMMENT), ["a", "g", "h.j"]);
    // A comment that goes takes the decision with it.
    for (text, comment) in [(ENCRYPTED_COMMENT, "# sops:enc\nb:"), (UNENCRYPTED_COMMENT, "# sops:plain\nb:")] {
        let error = Document::parse(&text.replace(comment, "b:")).unwrap().open(&identities).unwrap_err();
        assert_eq!(error.problem, Problem::Changed);
    }
    let (mine, recipients) = keys();
    let plain = "# enc\na: {x: 1, y: 2} # note\nb: 1\nc: # enc\n  - x # other\nd:\n  # enc\n  e: 1\n  f: 2\ng: | # enc\n  text\n";
    let text = encrypt_document(plain, &Rule::EncryptedCommentRegex("^ enc$".into()), false, &recipients, NOW).unwrap();
    let found: Vec<String> = shown(&text, &mine).into_iter().filter(|one| one.2).map(|(path, ..)| path).collect();
    assert_eq!(found, ["a.x", "a.y", "c[0]", "d.e", "g"]);
    let empty = plain.replace("# enc\na", "# enc\n\na");
    let error =
        encrypt_document(&empty, &Rule::EncryptedCommentRegex("enc".into()), false, &recipients, NOW).unwrap_err();
    assert!(error.message.contains("an empty line"), "{error}");
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
