//! Files that real `sops` wrote, taken over: bound to their place, given other recipients and new data keys.

use lmsgen::secret::{NewDataKey, StoreFile, bind, decrypt, rewrap, set};
use lmsgen::sops::Identities;

use super::{BY_SOPS, LATER, RE_WRITTEN, demo, fixture, recipients, spec, text};

fn values(bytes: &[u8], identities: &Identities) -> Vec<(String, Vec<u8>)> {
    let values = decrypt(bytes, identities).unwrap_or_else(|error| panic!("{error}"));
    values.into_iter().map(|(key, value)| (key, value.expose().to_vec())).collect()
}

fn removed_lines(old: &[u8], new: &[u8]) -> Vec<String> {
    text(old).lines().filter(|line| !text(new).lines().any(|other| other == *line)).map(str::to_owned).collect()
}

#[test]
fn binding_adds_two_lines_and_a_mac() {
    let spec = spec(&[]);
    let bound = bind(BY_SOPS, &spec, &recipients(&fixture()), 0, &fixture(), LATER).unwrap();
    let file = StoreFile::parse(&bound).unwrap();
    assert_eq!((file.place(), file.revision()), (Some("/lms-dev/C42/lms-secret/"), 1));
    assert_eq!(values(&bound, &fixture()), values(BY_SOPS, &fixture()));
    let head = "    namespace: lms-dev\n    annotations:\n        lmsgen.dev/place: /lms-dev/C42/lms-secret/\n        \
                lmsgen.dev/revision: \"1\"\n    labels:\n";
    assert!(text(&bound).contains(head), "{}", text(&bound));
    let gone = removed_lines(BY_SOPS, &bound);
    assert!(gone.len() == 2 && gone[0].contains("lastmodified:") && gone[1].contains("mac:"), "{gone:?}");
    // A second time, nothing is left to do; a revision below the file's asks for nothing.
    assert_eq!(bind(&bound, &spec, &recipients(&fixture()), 1, &fixture(), LATER).unwrap(), bound);
    let raised = bind(&bound, &spec, &recipients(&fixture()), 7, &fixture(), LATER).unwrap();
    assert_eq!(StoreFile::parse(&raised).unwrap().revision(), 7);
    assert_eq!(values(&raised, &fixture()), values(BY_SOPS, &fixture()));
}

#[test]
fn setting_a_value_binds_too() {
    let changed =
        set(Some(BY_SOPS), &spec(&[("pg-password", "new")]), &recipients(&fixture()), &fixture(), LATER).unwrap();
    let file = StoreFile::parse(&changed).unwrap();
    assert_eq!((file.place(), file.revision()), (Some("/lms-dev/C42/lms-secret/"), 2));
    let unicode = |bytes: &[u8]| text(bytes).lines().find(|line| line.contains("unicode:")).unwrap().to_owned();
    assert_eq!(unicode(&changed), unicode(BY_SOPS), "a value that did not change keeps its ciphertext");
}

/// The MAC does not hold keys of labels, so that a bound file has exactly those that lmsgen writes; all else stays.
#[test]
fn other_labels_give_way() {
    let both = [recipients(&fixture()), recipients(&demo())].concat();
    let bound = bind(RE_WRITTEN, &spec(&[]), &both, 0, &fixture(), LATER).unwrap();
    let file = StoreFile::parse(&bound).unwrap();
    assert_eq!(file.labels().collect::<Vec<_>>(), [("app.kubernetes.io/managed-by", "lmsgen")]);
    assert_eq!((file.place(), file.revision()), (Some("/lms-dev/C42/lms-secret/"), 2));
    assert_eq!(values(&bound, &fixture()), values(RE_WRITTEN, &fixture()));
    assert_eq!(removed_lines(RE_WRITTEN, &bound).len(), 2, "the time and the MAC");
    // As a client's file has them: two labels where `sops` kept one; comments, `data` and the order of keys stay.
    let mut two = spec(&[]);
    two.labels.push(("app.kubernetes.io/instance".into(), "c42".into()));
    let bound = bind(BY_SOPS, &two, &recipients(&fixture()), 0, &fixture(), LATER).unwrap();
    let labels = "    labels:\n        app.kubernetes.io/instance: c42\n        app.kubernetes.io/managed-by: lmsgen\ntype: Opaque\n";
    assert!(text(&bound).contains(labels), "{}", text(&bound));
    assert_eq!(values(&bound, &fixture()), values(BY_SOPS, &fixture()));
    assert_eq!(removed_lines(BY_SOPS, &bound).len(), 2);
}

#[test]
fn recipients_come_and_go_in_any_layout() {
    let (one, both) = (recipients(&fixture()), [recipients(&fixture()), recipients(&demo())].concat());
    let re_written = rewrap(RE_WRITTEN, &one, NewDataKey::WhenNeeded, &fixture(), LATER).unwrap().bytes;
    for file in [BY_SOPS, re_written.as_slice()] {
        let wider = rewrap(file, &both, NewDataKey::WhenNeeded, &fixture(), LATER).unwrap();
        assert_eq!((wider.added.len(), wider.removed.len()), (1, 0));
        assert_eq!(removed_lines(file, &wider.bytes), [""; 0], "nothing but the list of recipients changes");
        assert_eq!(values(&wider.bytes, &demo()), values(file, &fixture()));
        let back = rewrap(&wider.bytes, &one, NewDataKey::WhenNeeded, &demo(), LATER).unwrap();
        assert_eq!((back.added.len(), back.removed.len()), (0, 1));
        assert_eq!(values(&back.bytes, &fixture()), values(file, &fixture()));
        assert!(decrypt(&back.bytes, &demo()).is_err());
        let same = rewrap(&back.bytes, &one, NewDataKey::WhenNeeded, &Identities::new(), LATER).unwrap();
        assert_eq!(same.bytes, back.bytes, "what is right needs no key and stays");
        let rekeyed = rewrap(file, &one, NewDataKey::Always, &fixture(), LATER).unwrap();
        assert_eq!(values(&rekeyed.bytes, &fixture()), values(file, &fixture()));
        let (old, new) = (StoreFile::parse(file).unwrap(), StoreFile::parse(&rekeyed.bytes).unwrap());
        assert!(!new.is_made_from(&old));
        let comments = |bytes: &[u8]| text(bytes).lines().filter(|line| line.contains("#ENC[")).count();
        assert_eq!(comments(&rekeyed.bytes), comments(file));
        let kept =
            text(file).lines().filter(|line| line.contains("#ENC[")).any(|line| text(&rekeyed.bytes).contains(line));
        assert!(!kept, "comments are encrypted with the new data key, too");
    }
}
