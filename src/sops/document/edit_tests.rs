//! Values set and taken out: the text around them stays, and what could not be done in place is refused.

use super::tests::{ENCRYPTED_COMMENT, LATER, NOW, UNENCRYPTED_COMMENT, keys, shown, worthless};
use super::{Document, DocumentError, Problem, Rule, Step, encrypt_document};
use crate::sops::{Identities, Kind, Plaintext};

/// `a.b[0]` as steps.
fn path(text: &str) -> Vec<Step> {
    let parts = text.split(['.', '[']).filter(|part| !part.is_empty());
    parts
        .map(|part| match part.strip_suffix(']') {
            Some(index) => Step::Index(index.parse().unwrap()),
            None => Step::Key(part.to_owned()),
        })
        .collect()
}

fn set(text: &str, place: &str, value: &str, identities: &Identities) -> Result<String, DocumentError> {
    let value = Plaintext::from(value.to_owned());
    Document::parse(text)?.set((&path(place), Kind::Str), &value, (identities, LATER))
}

fn unset(text: &str, place: &str, identities: &Identities) -> Result<String, DocumentError> {
    Document::parse(text)?.unset(&path(place), (identities, LATER))
}

/// The document with its values and comments in the clear, and without its block.
fn clear(text: &str, identities: &Identities) -> String {
    let mut plain = text.split("sops:").next().unwrap().to_owned();
    let opened = Document::parse(text).unwrap().open(identities).unwrap();
    let (mut values, mut comments) =
        (opened.values.into_iter().filter(|one| one.encrypted), opened.comments.into_iter());
    while let Some(start) = plain.find("ENC[") {
        let end = start + plain[start..].find(']').unwrap() + 1;
        let value = if plain[..end].ends_with("type:comment]") {
            comments.next().unwrap().text
        } else {
            values.next().unwrap().value
        };
        plain.replace_range(start..end, std::str::from_utf8(value.expose()).unwrap());
    }
    assert!(values.next().is_none() && comments.next().is_none());
    plain
}

const PLAIN: &str = "# head\na: one # behind\nm:\n    x: 1\n    # low\nl:\n    - u\n    # between\n    - k: v\n      # inner\n      w: z\n    - - p\n      - q\nf: {y: 1, z: [s, t]} # flow\nn: null\nt: |\n    two\n    lines\n";

#[test]
fn a_value_goes_where_sops_would_put_it() {
    let (identities, recipients) = keys();
    let text = encrypt_document(PLAIN, &Rule::EncryptedRegex(".".into()), false, &recipients, NOW).unwrap();
    let before = clear(&text, &identities);
    assert_eq!(
        before,
        PLAIN
            .replace("{y: 1, z: [s, t]}", "{y: \"1\", z: [\"s\", \"t\"]}")
            .replace("|\n    two\n    lines", "two\nlines\n")
    );
    for (place, old, new) in [
        ("a", "a: one", "a: NEW"),
        ("t", "t: two\nlines\n", "t: NEW"),
        ("n", "n: null", "n: NEW"),
        ("l[0]", "- u", "- NEW"),
        ("l[2][1]", "- q", "- NEW"),
        ("f.z[1]", "\"t\"", "\"NEW\""),
        // New keys and items at the end, behind the comments there.
        ("new", "t: two\nlines\n\n", "t: two\nlines\n\nnew: NEW\n"),
        ("m.new", "    # low\n", "    # low\n    new: NEW\n"),
        ("l[1].new", "      w: z\n", "      w: z\n      new: NEW\n"),
        ("l[3]", "      - q\n", "      - q\n    - NEW\n"),
        ("l[99]", "      - q\n", "      - q\n    - NEW\n"),
        ("l[2][2]", "      - q\n", "      - q\n      - NEW\n"),
        ("f.new", "[\"s\", \"t\"]}", "[\"s\", \"t\"], new: \"NEW\"}"),
        ("f.z[2]", "\"t\"]", "\"t\", \"NEW\"]"),
        // With what leads to them.
        ("m.p.q[0].r", "    # low\n", "    # low\n    p:\n        q:\n            - r: NEW\n"),
        ("l[3][0][0]", "      - q\n", "      - q\n    - - - NEW\n"),
        ("f.g.h[0]", "[\"s\", \"t\"]}", "[\"s\", \"t\"], g: {h: [\"NEW\"]}}"),
        ("n.o", "n: null", "n:\n    o: NEW"),
        // In place of what is not a value.
        ("m", "m:\n    x: 1\n    # low\n", "m: NEW\n"),
        ("f", "f: {y: \"1\", z: [\"s\", \"t\"]} # flow", "f: NEW"),
        ("f.z", "[\"s\", \"t\"]", "\"NEW\""),
        ("l[1]", "- k: v\n      # inner\n      w: z", "- NEW"),
    ] {
        let changed = set(&text, place, "NEW", &identities).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert_eq!(clear(&changed, &identities), before.replacen(old, new, 1), "{place}");
        let again = set(&changed, place, "NEW", &identities).unwrap();
        assert_eq!(again == changed, place != "l[99]", "{place}");
    }
    for place in ["sops.mac", "a[0]", "l.x", "m[0]"] {
        match set(&text, place, "NEW", &identities) {
            // A single value makes place for a list.
            Ok(_) => assert_eq!(place, "a[0]"),
            Err(error) => assert_eq!(error.problem, Problem::Request, "{place}"),
        }
    }
}

#[test]
fn what_is_taken_out_takes_its_line() {
    let (identities, recipients) = keys();
    let text = encrypt_document(PLAIN, &Rule::EncryptedRegex(".".into()), false, &recipients, NOW).unwrap();
    let before = clear(&text, &identities);
    for (place, old, new) in [
        ("a", "a: one # behind\n", ""),
        ("m", "m:\n    x: 1\n    # low\n", ""),
        ("m.x", "m:\n    x: 1\n    # low\n", "m: {}\n"),
        ("l[0]", "    - u\n", ""),
        ("l[1]", "    - k: v\n      # inner\n      w: z\n", ""),
        ("l[1].k", "- k: v\n      # inner", "- # inner"),
        ("l[1].w", "      w: z\n", ""),
        ("l[2][0]", "- - p\n      - q", "- - q"),
        ("l[2]", "    - - p\n      - q\n", ""),
        ("f.y", "y: \"1\", ", ""),
        ("f.z", ", z: [\"s\", \"t\"]", ""),
        ("f.z[0]", "\"s\", ", ""),
        ("f.z[1]", ", \"t\"", ""),
        ("n", "n: null\n", ""),
        ("t", "t: two\nlines\n\n", ""),
    ] {
        let changed = unset(&text, place, &identities).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert_eq!(clear(&changed, &identities), before.replacen(old, new, 1), "{place}");
    }
    for place in ["x", "m.y", "l[3]", "a.b", "sops.age", "l.x", "[0]"] {
        assert_eq!(unset(&text, place, &identities).unwrap_err().problem, Problem::Request, "{place}");
    }
}

#[test]
fn a_comment_decides_for_what_comes_below_it() {
    let identities = worthless(&[0]);
    let state = |text: &str, place: &str| {
        shown(text, &identities).into_iter().find(|one| one.0 == place).map(|(.., encrypted, value)| (encrypted, value))
    };
    let changed = set(ENCRYPTED_COMMENT, "b.new", "x", &identities).unwrap();
    assert_eq!(state(&changed, "b.new"), Some((true, "x".into())));
    let changed = set(ENCRYPTED_COMMENT, "new", "x", &identities).unwrap();
    assert_eq!(state(&changed, "new"), Some((false, "x".into())));
    // What was in the clear is below the comment now, and is encrypted.
    let changed = unset(&unset(ENCRYPTED_COMMENT, "e", &identities).unwrap(), "f", &identities).unwrap();
    assert_eq!(state(&changed, "g"), Some((true, "last".into())));
    // What was encrypted does not come to stand in the clear.
    let spared = unset(UNENCRYPTED_COMMENT, "b", &identities).unwrap();
    let spared = unset(&spared, "e", &identities).unwrap();
    let error = unset(&spared, "f", &identities).unwrap_err();
    assert!(error.message.contains("would stand in the clear"), "{error}");
    let changed = set(UNENCRYPTED_COMMENT, "b.c", "y", &identities).unwrap();
    assert_eq!(state(&changed, "b.c"), Some((false, "y".into())));
}

#[test]
fn lines_end_as_they_did() {
    let (identities, recipients) = keys();
    let (_, others) = keys();
    let plain = PLAIN.replace('\n', "\r\n");
    let text = encrypt_document(&plain, &Rule::default(), false, &recipients, NOW).unwrap();
    let open = |text: &str| shown(text, &identities);
    let unix = encrypt_document(PLAIN, &Rule::default(), false, &recipients, NOW).unwrap();
    assert_eq!(open(&text), open(&unix));
    let document = Document::parse(&text).unwrap();
    let both = [recipients.clone(), others].concat();
    let comments = |text: &str| {
        let opened = Document::parse(text).unwrap().open(&identities).unwrap();
        opened.comments.iter().map(|one| String::from_utf8(one.text.expose().to_vec()).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(comments(&text), comments(&unix));
    for changed in [
        set(&text, "new", "x", &identities).unwrap(),
        set(&text, "m.p.q", "x", &identities).unwrap(),
        set(&text, "l[1].new", "two\nlines", &identities).unwrap(),
        set(&text, "m", "x", &identities).unwrap(),
        set(&text, "t", "x", &identities).unwrap(),
        unset(&text, "l[0]", &identities).unwrap(),
        unset(&text, "a", &identities).unwrap(),
        document.rewrap(&both, &identities).unwrap(),
        document.rekey(&both, (&identities, LATER)).unwrap(),
    ] {
        assert_eq!(changed.matches('\n').count(), changed.matches("\r\n").count());
        assert!(!open(&changed).is_empty());
    }
}

#[test]
fn a_document_in_braces_is_changed_in_them() {
    let (identities, recipients) = keys();
    let text = encrypt_document("a: one\n", &Rule::default(), false, &recipients, NOW).unwrap();
    let armor = text.split("enc: |\n").nth(1).unwrap().split("recipient:").next().unwrap();
    let armor = armor.lines().map(str::trim).collect::<Vec<_>>().join("\\n");
    let field = |name: &str| text.split(&format!("{name}: ")).nth(1).unwrap().lines().next().unwrap().trim_matches('"');
    let json = format!(
        "{{\n  \"a\": \"{}\",\n  \"sops\": {{\"age\": [{{\"recipient\": \"{}\", \"enc\": \"{armor}\"}}], \"lastmodified\": \"{}\", \"mac\": \"{}\", \"version\": \"3.11.0\"}}\n}}\n",
        field("a"),
        field("recipient"),
        field("lastmodified"),
        field("mac")
    );
    assert_eq!(shown(&json, &identities)[0].3, "one");
    let changed = set(&set(&json, "b", "two", &identities).unwrap(), "a", "three", &identities).unwrap();
    let values: Vec<String> = shown(&changed, &identities).into_iter().map(|one| one.3).collect();
    assert_eq!(values, ["three", "two"]);
    let changed = unset(&changed, "a", &identities).unwrap();
    assert_eq!(shown(&changed, &identities).len(), 1);
}
