//! What tells without a private key that a store file was not made by whoever had its values: ciphertext that was kept for
//! some readers only, copied from another place, put back, or left open to somebody who was taken off.

use std::path::PathBuf;

use lmsgen::secret::{StoreFile, decrypt};
use lmsgen::sops::Identities;

use crate::support::fleet::{Fleet, Ran, repository};

const DEMO: &str = "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6";
const OTHER: &str = "age1233yjzgl4a8cq58aa5kueqp29pdvrq0z77fhkthpkgfkf8uwmsaspqewgr";
const DB: &str = "secrets/dev/C1/db.yaml";
const SECOND: &str = "secrets/dev/C2/db.yaml";
const ENVIRONMENT: &str = "environments/dev.toml";

fn demo() -> PathBuf {
    repository().join("tests/keys/demo.agekey")
}

fn other() -> PathBuf {
    repository().join("tests/fixtures/secret/worthless.agekey")
}

fn recipients(fleet: &Fleet, recipients: &[&str]) {
    let text = fleet.read(ENVIRONMENT);
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("secrets.recipients")).collect();
    fleet.write(ENVIRONMENT, format!("{}\nsecrets.recipients = {recipients:?}\n", kept.join("\n")));
}

/// Two clients with a Secret of two keys each, for two readers, committed.
fn fleet() -> Fleet {
    let fleet = Fleet::tiny(&[
        (
            "templates/t/stack.toml",
            "phases = [\"app\"]\n\n[secrets.db.password]\ngenerate = \"alphanumeric\"\n\n[secrets.db.salt]\ngenerate = \"hex\"\n",
        ),
        (
            "templates/t/app/one.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one-{{ client.slug }}, namespace: {{ environment.namespace }}}\n\
             data: {a: b}\n",
        ),
        ("clients/C2.toml", "name = \"Two\"\n[environments.dev]\n"),
    ]);
    recipients(&fleet, &[DEMO, OTHER]);
    fleet.run(&["render"]).exits(0);
    fleet.commit_all();
    fleet
}

fn with(fleet: &Fleet, key: &PathBuf, args: &[&str]) -> Ran {
    let args: Vec<&str> = ["secrets"].iter().chain(args).copied().collect();
    fleet.prepare(&args).env("SOPS_AGE_KEY_FILE", key).go()
}

fn opens(file: &str, key: &PathBuf) -> bool {
    let mut identities = Identities::new();
    identities.add("a key", &std::fs::read_to_string(key).unwrap()).unwrap();
    decrypt(file.as_bytes(), &identities).is_ok()
}

/// The item of `recipient` in the list, with all of its lines.
fn item(file: &str, recipient: &str) -> String {
    let name = format!("      recipient: {recipient}\n");
    let end = file.find(&name).expect("the recipient is listed") + name.len();
    let start = file[..end].rfind("    - enc: |\n").unwrap();
    file[start..end].to_owned()
}

fn guarded(fleet: &Fleet, text: &str) {
    let before = fleet.git(&["rev-parse", "HEAD"]);
    fleet.run(&["publish", "--no-push"]).exits(8).says(text).says("--allow-secret-change");
    assert_eq!(fleet.git(&["rev-parse", "HEAD"]), before);
}

/// Who knows only the public recipients makes a file of values that he chose, and keeps one of the wrapped keys.
#[test]
fn a_file_that_is_another_one_to_some_of_its_readers() {
    let (fleet, foreign) = (fleet(), fleet());
    let (own, invented) = (fleet.read(DB), foreign.read(DB));
    fleet.write(DB, &invented);
    guarded(&fleet, "encrypted wholly anew");
    for kept in [DEMO, OTHER] {
        let spliced = invented.replace(&item(&invented, kept), &item(&own, kept));
        assert_ne!(spliced, invented);
        StoreFile::parse(spliced.as_bytes()).unwrap();
        assert_ne!(opens(&spliced, &demo()), opens(&spliced, &other()), "the attack works");
        fleet.write(DB, spliced);
        guarded(&fleet, "encrypted wholly anew");
    }
}

/// The place is text that anybody can change; only the MAC would tell.
#[test]
fn a_copy_of_another_client_s_file_with_its_own_place() {
    let fleet = fleet();
    let copied = fleet.read(DB).replace("/dev/C1/db/", "/dev/C2/db/").replace("db-c1", "db-c2").replace(": c1", ": c2");
    fleet.write(SECOND, copied);
    let said = format!("this file and `{DB}` have ciphertext in common");
    fleet.run(&["validate"]).exits(4).says("error[LMS426]").says(&said).says(SECOND);
    fleet.run(&["publish", "--no-push", "--allow-secret-change"]).exits(4).says("error[LMS426]");
    fleet.git(&["checkout", "--", SECOND]);
    fleet.run(&["validate"]).exits(0);
}

/// `sops updatekeys` takes somebody off the list and leaves the data key: what is set next would be open to him.
#[test]
fn a_recipient_removed_without_a_new_data_key() {
    let fleet = fleet();
    recipients(&fleet, &[DEMO]);
    for path in [DB, SECOND] {
        let file = fleet.read(path);
        fleet.write(path, file.replace(&item(&file, OTHER), ""));
    }
    fleet.run(&["render"]).exits(0);
    let said = format!("who was removed still knows the data key: {OTHER}");
    fleet.run(&["validate"]).exits(0).says("warning[LMS476]").says(&said).says("lmsgen secrets rewrap");
    guarded(&fleet, "removed recipients know");
    // Committed by hand, and a value set: the history still tells.
    fleet.commit_all();
    with(&fleet, &demo(), &["rotate", "dev/C1", "db"]).exits(0);
    with(&fleet, &demo(), &["verify"]).exits(1).says("error[LMS476]").says(&said);
    guarded(&fleet, "removed recipients know");
    let dry = fleet.run(&["secrets", "rewrap", "--dry-run"]).exits(0).says("Would rewrap 2 files");
    assert!(dry.out.contains("age1233y…"), "{}", dry.out);
    let done = with(&fleet, &demo(), &["rewrap"]).exits(0).says("Rewrapped 2 files");
    assert!(done.out.contains("age1233y… could read 4 values"), "{}", done.out);
    with(&fleet, &demo(), &["verify"]).exits(0);
    with(&fleet, &demo(), &["rewrap"]).exits(0).says("Nothing to rewrap");
    fleet.run(&["publish", "--no-push", "--allow-secret-change"]).exits(0);
}

/// A raised number does not make an old value a new one.
#[test]
fn an_older_version_with_a_higher_revision() {
    let fleet = fleet();
    let first = fleet.read(DB);
    with(&fleet, &demo(), &["rotate", "dev/C1", "db"]).exits(0);
    fleet.run(&["render"]).exits(0);
    fleet.commit_all();
    assert!(fleet.read(DB).contains("revision: \"2\""));
    let annotation =
        |n: u8| format!("  annotations:\n    lmsgen.dev/place: /dev/C1/db/\n    lmsgen.dev/revision: \"{n}\"\n");
    let only_place = "  annotations:\n    lmsgen.dev/place: /dev/C1/db/\n";
    assert!(first.contains(only_place), "{first}");
    let raised = if first.contains(&annotation(1)) {
        first.replace(&annotation(1), &annotation(3))
    } else {
        first.replace(only_place, &annotation(3))
    };
    fleet.write(DB, raised);
    guarded(&fleet, "a value of an earlier version");
}

/// A key wrapped for two, of whom the list names one.
#[test]
fn a_recipient_inside_of_another_ones_wrapped_key() {
    let fleet = fleet();
    let file = fleet.read(DB);
    let hidden = {
        let to: Vec<age::x25519::Recipient> = [DEMO, OTHER].map(|one| one.parse().unwrap()).to_vec();
        let encryptor = age::Encryptor::with_recipients(to.iter().map(|one| one as &dyn age::Recipient)).unwrap();
        let writer = age::armor::ArmoredWriter::wrap_output(Vec::new(), age::armor::Format::AsciiArmor).unwrap();
        let mut writer = encryptor.wrap_output(writer).unwrap();
        std::io::Write::write_all(&mut writer, &[0; 32]).unwrap();
        String::from_utf8(writer.finish().unwrap().finish().unwrap()).unwrap()
    };
    let mut wrapped = "    - enc: |\n".to_owned();
    hidden.lines().for_each(|line| wrapped.push_str(&format!("        {line}\n")));
    wrapped.push_str(&format!("      recipient: {DEMO}\n"));
    fleet.write(DB, file.replace(&item(&file, DEMO), &wrapped));
    for args in [&["validate"][..], &["secrets", "status"]] {
        let ran = fleet.run(args);
        assert!(
            ran.err.contains("for others than the one it names") || ran.out.contains("broken"),
            "{}{}",
            ran.out,
            ran.err
        );
    }
    fleet.run(&["publish", "--no-push", "--allow-secret-change"]).exits(4).says("for others than the one it names");
}
