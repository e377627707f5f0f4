//! Store files that someone changed: each is refused, or means exactly what it meant.

use std::sync::Arc;

use proptest::prelude::*;

use lmsgen::secret::{Declared, Form, StoreError, StoreFile, StoredSecret, decrypt};

use super::{BY_SOPS, CANARY, demo, fixture, recipients, sample, text};

type Values = Vec<(String, Vec<u8>)>;

/// Everything a reader with the key gets out of a file that is what the fleet declares.
fn meaning(bytes: &[u8], labels: &[(String, String)]) -> Option<(Values, u64)> {
    let stored = StoredSecret::parse(&Arc::from(bytes)).ok()?;
    let recipients: Vec<String> = recipients(&demo()).iter().map(ToString::to_string).collect();
    let declared = Declared {
        form: Form::Secret,
        place: "/lms-dev/C42/lms-secret/",
        public: &[],
        object_name: "lms-secret-c42",
        namespace: "lms-dev",
        labels,
        keys: &["pg-password", "seed"],
        recipients: &recipients,
    };
    let comparison = stored.compare(&declared);
    if !comparison.faults.is_empty() || !comparison.missing.is_empty() {
        return None;
    }
    let values = decrypt(bytes, &demo()).ok()?;
    Some((values.into_iter().map(|(key, value)| (key, value.expose().to_vec())).collect(), stored.revision))
}

fn labels() -> Vec<(String, String)> {
    vec![("app.kubernetes.io/managed-by".into(), "lmsgen".into())]
}

/// Replaces the first `old` and says what a keyless reader finds, as codes.
fn codes(file: &str, old: &str, new: &str) -> Vec<&'static str> {
    assert!(file.contains(old), "{old}");
    let mutant = file.replacen(old, new, 1);
    match StoreFile::parse(mutant.as_bytes()) {
        Ok(_) => Vec::new(),
        Err(faults) => {
            let said = format!("{faults:?}");
            assert!(!said.contains(CANARY), "a message repeats a value");
            assert!(faults.iter().all(|fault| fault.line(mutant.as_bytes()) <= mutant.lines().count() + 1));
            faults.iter().map(|fault| fault.code.id).collect()
        }
    }
}

/// The text between `start` and the end of its line.
fn rest_of_line<'t>(file: &'t str, start: &str) -> &'t str {
    let at = file.find(start).expect("a line of the sample") + start.len();
    file[at..].lines().next().expect("a line")
}

/// What it is, the text that is replaced, the new text, and a code that the reader gives then.
type Change<'t> = (&'t str, &'t str, &'t str, &'t str);

/// Each change by itself gives the code.
fn each_gives(file: &str, changes: &[Change<'_>]) {
    for (what, old, new, expected) in changes {
        let found = codes(file, old, new);
        assert!(found.contains(expected), "{what}: {found:?}");
    }
}

/// S13: values that are not encrypted. S16: other types. S17: what is no ciphertext. S19: a list for a value.
#[test]
fn values_in_the_clear_or_malformed_are_refused_without_a_key() {
    let bytes = sample();
    let file = text(&bytes);
    let value = rest_of_line(file, "  pg-password: ");
    let plain = format!("\"{CANARY}\"");
    let block = format!("|\n    {CANARY}");
    let tag_at = value.find("tag:").unwrap();
    let short_tag = format!("{}tag:AAAA,type:str]", &value[..tag_at]);
    let iv = &value[value.find("iv:").unwrap()..tag_at];
    let changes: &[Change<'_>] = &[
        ("plaintext value", value, &plain, "LMS403"),
        ("plaintext value without quotes", value, CANARY, "LMS403"),
        ("null value", value, "", "LMS403"),
        ("number", value, "42", "LMS403"),
        ("list", value, "[]", "LMS402"),
        ("block", value, &block, "LMS403"),
        ("int", "type:str]", "type:int]", "LMS404"),
        ("bytes", "type:str]", "type:bytes]", "LMS404"),
        ("comment", "type:str]", "type:comment]", "LMS404"),
        ("unknown type", "type:str]", "type:foo]", "LMS404"),
        ("bytes behind", "type:str]", "type:str]x", "LMS404"),
        ("space behind", "type:str]\n", "type:str]  x\n", "LMS404"),
        ("empty data", &value[..value.find(",iv").unwrap()], "ENC[AES256_GCM,data:", "LMS404"),
        ("empty nonce", iv, "iv:,", "LMS404"),
        ("short nonce", iv, "iv:AAAAAAAAAAAAAAAA,", "LMS404"),
        ("short tag", value, &short_tag, "LMS404"),
        ("comment between values", "  seed: ", "  # it was CANARY\n  seed: ", "LMS403"),
        ("comment beside a value", "type:str]\n", "type:str] # it was CANARY\n", "LMS403"),
    ];
    each_gives(file, changes);
}

/// S03, S04: no MAC. S21: other rules. K13: other recipients.
#[test]
fn other_rules_and_recipients_are_refused_without_a_key() {
    let bytes = sample();
    let file = text(&bytes);
    let mac = format!("  mac: {}\n", rest_of_line(file, "  mac: "));
    let recipient = format!("recipient: {}", rest_of_line(file, "recipient: "));
    let private = format!("recipient: {}", super::DEMO_KEY.lines().last().unwrap());
    let enc = file[file.find("    - enc: |").unwrap()..file.find("  encrypted_regex").unwrap()].to_owned();
    let twice = format!("{enc}  encrypted_regex");
    let changes: &[Change<'_>] = &[
        ("no mac", &mac, "", "LMS407"),
        ("empty mac", &mac, "  mac: \"\"\n", "LMS407"),
        ("mac in the clear", &mac, "  mac: 0\n", "LMS407"),
        ("unquoted time", "\"2026-11-20T10:00:00Z\"", "2026-11-20T10:00:00Z", "LMS407"),
        ("other zone", "10:00:00Z", "10:00:00+00:00", "LMS407"),
        ("version 99", "version: 3.11.0", "version: 99.0.0", "LMS407"),
        ("no version", "  version: 3.11.0\n", "", "LMS407"),
        ("other rule", "^(data|stringData)$", "^$", "LMS405"),
        ("two rules", "  encrypted_regex:", "  unencrypted_regex: .*\n  encrypted_regex:", "LMS405"),
        ("suffix", "encrypted_regex: ^(data|stringData)$", "encrypted_suffix: Data", "LMS407"),
        ("mac only over values", "  mac:", "  mac_only_encrypted: true\n  mac:", "LMS405"),
        ("shamir", "  mac:", "  shamir_threshold: 2\n  mac:", "LMS405"),
        ("key groups", "  mac:", "  key_groups: []\n  mac:", "LMS405"),
        ("pgp", "  mac:", "  pgp:\n    - fp: X\n  mac:", "LMS405"),
        ("repeated recipient", "  encrypted_regex", &twice, "LMS406"),
        ("no recipient", &enc, "    []\n", "LMS406"),
        ("changed recipient", "recipient: age1r0q", "recipient: age1r0p", "LMS406"),
        ("private key as recipient", &recipient, &private, "LMS406"),
        ("armor", "-----BEGIN AGE", "-----BEGIN PGP", "LMS407"),
    ];
    each_gives(file, changes);
}

/// S15: a second key or document. S20: a renamed key.
#[test]
fn other_objects_and_other_yaml_are_refused_without_a_key() {
    let bytes = sample();
    let file = text(&bytes);
    let second = format!("\n  version: 3.11.0\n---\n{file}");
    let changes: &[Change<'_>] = &[
        ("second document", "\n  version: 3.11.0\n", &second, "LMS401"),
        ("second, empty document", "\n  version: 3.11.0\n", "\n  version: 3.11.0\n---\n", "LMS401"),
        ("repeated key", "stringData:\n", "stringData:\n  seed: \"\"\n", "LMS402"),
        ("repeated key, quoted", "stringData:\n", "stringData:\n  \"seed\": \"\"\n", "LMS402"),
        ("key in data, too", "stringData:\n", "data:\n  seed: \"\"\nstringData:\n", "LMS402"),
        ("empty key", "stringData:\n", "stringData:\n  \"\": \"\"\n", "LMS402"),
        ("unknown key", "type: Opaque", "immutable: \"true\"\ntype: Opaque", "LMS402"),
        ("moved out of stringData", "  pg-password: ", "pg-password: ", "LMS401"),
        ("other type", "type: Opaque", "type: kubernetes.io/service-account-token", "LMS402"),
        ("other kind", "kind: Secret", "kind: ConfigMap", "LMS402"),
        ("other version", "apiVersion: v1", "apiVersion: v2", "LMS402"),
        ("no kind", "kind: Secret\n", "", "LMS402"),
        ("no namespace", "  namespace: lms-dev\n", "", "LMS402"),
        ("renamed key of the metadata", "  namespace:", "  generateName:", "LMS402"),
        ("finalizers", "  labels:", "  finalizers: []\n  labels:", "LMS402"),
        (
            "other annotation",
            "    lmsgen.dev/revision:",
            "    kustomize.toolkit.fluxcd.io/decrypt: Disabled\n    lmsgen.dev/revision:",
            "LMS402",
        ),
        ("number as revision", "revision: \"1\"", "revision: 1", "LMS402"),
        ("text as revision", "revision: \"1\"", "revision: \"01\"", "LMS402"),
        ("boolean label", ": lmsgen\n", ": yes\n", "LMS402"),
        ("label that SOPS encrypts", "app.kubernetes.io/managed-by", "data", "LMS402"),
        ("anchor", "name: lms", "name: &a lms", "LMS401"),
        ("tag", "name: lms", "name: !!str lms", "LMS401"),
        ("alias", "name: lms-secret-c42", "name: *a", "LMS401"),
        ("flow mapping", "type: Opaque", "type: {Opaque: x}", "LMS401"),
        ("tab", "  name:", "\tname:", "LMS401"),
    ];
    each_gives(file, changes);
    assert!(StoreFile::parse(b"\xff\xfe").is_err());
    assert!(StoreFile::parse("[".repeat(200_000).as_bytes()).is_err());
}

/// S05: the MAC of another file. S09: swapped, S11: reordered, S12: removed values.
#[test]
fn what_only_the_mac_holds_is_refused_with_a_key() {
    let bytes = sample();
    let file = text(&bytes);
    let (password, seed) = (rest_of_line(file, "  pg-password: "), rest_of_line(file, "  seed: "));
    let other = sample();
    let other_mac = rest_of_line(text(&other), "  mac: ");
    let armor =
        |file: &str| file[file.find("    - enc: |").unwrap()..file.find("  encrypted_regex").unwrap()].to_owned();
    let swapped = file.replace(password, "PASSWORD").replace(seed, password).replace("PASSWORD", seed);
    let reordered = {
        let (a, b) = (format!("  pg-password: {password}\n"), format!("  seed: {seed}\n"));
        file.replace(&format!("{a}{b}"), &format!("{b}{a}"))
    };
    let forged = |mutant: String| match decrypt(mutant.as_bytes(), &demo()).unwrap_err() {
        StoreError::ForgedMac => "mac",
        StoreError::ForgedValue(_) => "value",
        StoreError::DamagedWrap(_) => "wrap",
        StoreError::NoIdentity { .. } => "identity",
        error => panic!("{error}"),
    };
    assert_eq!(forged(swapped), "value");
    assert_eq!(forged(reordered), "mac");
    assert_eq!(forged(file.replace(&format!("  seed: {seed}\n"), "")), "mac");
    assert_eq!(forged(file.replace(seed, "\"\"")), "mac");
    assert_eq!(forged(file.replace("  seed:", "  sead:")), "value");
    assert_eq!(forged(file.replace("stringData:", "data:")), "value");
    assert_eq!(forged(file.replace(rest_of_line(file, "  mac: "), other_mac)), "mac");
    assert_eq!(forged(file.replace("10:00:00Z", "10:00:01Z")), "mac");
    assert_eq!(forged(file.replace("namespace: lms-dev", "namespace: lms-prod")), "mac");
    assert_eq!(forged(file.replace("name: lms-secret-c42", "name: lms-secret-c43")), "mac");
    assert_eq!(forged(file.replace("revision: \"1\"", "revision: \"2\"")), "mac");
    assert_eq!(forged(file.replace(": lmsgen\n", ": other\n")), "mac");
    assert_eq!(forged(file.replace(&armor(file), &armor(text(&other)))), "value");
    let relabelled = file.replace(&recipients(&demo())[0].to_string(), &recipients(&fixture())[0].to_string());
    assert_eq!(forged(relabelled), "identity");
}

/// What the MAC misses and a reader with the key would take, if the shape did not hold it.
/// S20: characters moved between neighbours, renamed keys.
#[test]
fn an_added_empty_key_and_shifted_characters_show_in_the_comparison() {
    let bytes = sample();
    let file = text(&bytes);
    let labels = labels();
    assert!(meaning(file.as_bytes(), &labels).is_some());
    for (old, new) in [
        ("stringData:\n", "stringData:\n  added: \"\"\n"),
        ("  name: lms-secret-c42\n  namespace: lms-dev", "  name: lms-secret-c4\n  namespace: 2lms-dev"),
        ("managed-by: lmsgen", "managed-bx: lmsgen"),
        ("  labels:\n", "  labels:\n    more: \"\"\n"),
    ] {
        let mutant = file.replace(old, new);
        assert_ne!(mutant, file);
        assert!(decrypt(mutant.as_bytes(), &demo()).is_ok(), "SOPS and its MAC accept {new:?}");
        assert!(meaning(mutant.as_bytes(), &labels).is_none(), "{new:?}");
    }
}

/// Cuts, doubles and overwrites anywhere in files of both layouts.
#[test]
fn nothing_that_is_read_panics() {
    let sample = sample();
    let files = [(&*sample, demo()), (BY_SOPS, fixture())];
    let files = files.map(|(file, identities)| (file, decrypt(file, &identities).unwrap(), identities));
    let config = ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() };
    let edits = prop::collection::vec((any::<usize>(), 0..40_usize, "[ -~\n\t\r#:é\u{85}\0]{0,6}"), 1..5);
    proptest!(config, |(edits in edits)| {
        for (file, expected, identities) in &files {
            let mut mutant = file.to_vec();
            for (at, len, new) in &edits {
                let at = at % (mutant.len() + 1);
                let end = (at + len).min(mutant.len());
                mutant.splice(at..end, new.bytes());
            }
            // What is still readable never has another value under a key that it had.
            for (key, value) in decrypt(&mutant, identities).unwrap_or_default() {
                let known = expected.iter().find(|(known, _)| *known == key);
                prop_assert!(known.is_some_and(|(_, known)| *known == value) || value.is_empty(), "{key}");
            }
        }
    });
}
