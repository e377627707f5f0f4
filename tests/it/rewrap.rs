//! Recipients of store files: added without touching a value, removed with a new data key; files of plain `sops` are taken
//! over.

use std::path::PathBuf;

use lmsgen::secret::{StoreFile, decrypt};
use lmsgen::sops::Identities;

use crate::support::fleet::{Fleet, Ran, repository};

const DEMO: &str = "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6";
const OTHER: &str = "age1233yjzgl4a8cq58aa5kueqp29pdvrq0z77fhkthpkgfkf8uwmsaspqewgr";
const DB: &str = "secrets/dev/C1/db.yaml";
const ENVIRONMENT: &str = "environments/dev.toml";
const DECLARED: &str = "\
phases = [\"app\"]

[secrets.db.password]
generate = \"alphanumeric\"

[secrets.db.salt]
generate = \"hex\"

[environment-secrets.mail.user]
generate = \"alphanumeric\"
";

const TEMPLATE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: one-{{ client.slug }}, namespace: {{ environment.namespace }}}
data: {db: \"{{ secret_name(name='db') }} {{ secret_revision(name='db') }}\"}
";

fn demo() -> PathBuf {
    repository().join("tests/keys/demo.agekey")
}

fn other() -> PathBuf {
    repository().join("tests/fixtures/secret/worthless.agekey")
}

fn fleet() -> Fleet {
    let fleet = Fleet::tiny(&[
        ("templates/t/stack.toml", DECLARED),
        ("templates/t/app/one.yaml", TEMPLATE),
        ("clients/C2.toml", "name = \"Two\"\n[environments.dev]\n"),
    ]);
    fleet.run(&["render"]).exits(0);
    fleet
}

fn with(fleet: &Fleet, key: &PathBuf, args: &[&str]) -> Ran {
    let args: Vec<&str> = ["secrets"].iter().chain(args).copied().collect();
    fleet.prepare(&args).env("SOPS_AGE_KEY_FILE", key).go()
}

fn recipients(fleet: &Fleet, recipients: &[&str]) {
    let text = fleet.read(ENVIRONMENT);
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("secrets.recipients")).collect();
    fleet.write(ENVIRONMENT, format!("{}\nsecrets.recipients = {recipients:?}\n", kept.join("\n")));
}

fn values(file: &str, key: &PathBuf) -> Option<Vec<(String, Vec<u8>)>> {
    let mut identities = Identities::new();
    identities.add("a key", &std::fs::read_to_string(key).unwrap()).unwrap();
    let values = decrypt(file.as_bytes(), &identities).ok()?;
    Some(values.into_iter().map(|(key, value)| (key, value.expose().to_vec())).collect())
}

/// The lines that are not in the list of recipients.
fn without_age(file: &str) -> Vec<&str> {
    let (head, rest) = file.split_once("  age:\n").unwrap();
    head.lines().chain(rest.lines().skip_while(|line| !line.starts_with("  encrypted_regex"))).collect()
}

/// K12: who is added gets the data key that there is; no value's ciphertext changes.
#[test]
fn a_recipient_more() {
    let fleet = fleet();
    let before = fleet.read(DB);
    recipients(&fleet, &[DEMO, OTHER]);
    let dry = fleet.run(&["secrets", "rewrap", "--dry-run"]).exits(0).says("Would rewrap 3 files");
    assert!(dry.out.contains("+ age1233y… can now decrypt 3 files"), "{}", dry.out);
    assert_eq!(fleet.read(DB), before);
    with(&fleet, &demo(), &["rewrap", "C1"]).exits(0).says("Rewrapped 1 file");
    let after = fleet.read(DB);
    assert_eq!(without_age(&after), without_age(&before));
    assert!(before.lines().all(|line| after.lines().any(|other| other == line)), "what was there stays");
    assert_eq!(StoreFile::parse(after.as_bytes()).unwrap().recipients().collect::<Vec<_>>(), [OTHER, DEMO]);
    assert_eq!(values(&after, &other()), values(&before, &demo()));
    with(&fleet, &demo(), &["rewrap"]).exits(0).says("Rewrapped 2 files; 1 unchanged");
    let snapshot = fleet.snapshot();
    with(&fleet, &demo(), &["rewrap"]).exits(0).says("Nothing to rewrap");
    snapshot.assert_same(&fleet.snapshot());
    fleet.run(&["validate"]).exits(0);
    assert!(fleet.read(".sops.yaml").contains(&format!("age: {OTHER},{DEMO}")), "{}", fleet.read(".sops.yaml"));
    with(&fleet, &other(), &["verify"]).exits(0);
}

/// What a person wrote into the list of recipients stays, above the list and above who it is about.
#[test]
fn comments_in_the_list_of_recipients_stay() {
    let fleet = fleet();
    let text = fleet.read(DB);
    for eol in ["\n", "\r\n"] {
        recipients(&fleet, &[DEMO]);
        let with_head = text.replace("  age:\n", "  age:\n    # who may read\n\n    # and why\n");
        fleet.write(DB, with_head.replace('\n', eol));
        recipients(&fleet, &[DEMO, OTHER]);
        with(&fleet, &demo(), &["rewrap", "C1"]).exits(0);
        let list = |file: &str| file.split_once("age:").unwrap().1.split_once("encrypted_regex").unwrap().0.to_owned();
        let head = format!("{eol}    # who may read{eol}{eol}    # and why{eol}    - enc: |{eol}");
        let added = fleet.read(DB);
        assert!(list(&added).starts_with(&head), "{}", list(&added));
        let above_demo = format!("{OTHER}{eol}    # of the demo{eol}    - enc");
        fleet.write(DB, added.replace(&format!("{OTHER}{eol}    - enc"), &above_demo));
        recipients(&fleet, &[DEMO]);
        with(&fleet, &demo(), &["rewrap", "C1"]).exits(0);
        let removed = fleet.read(DB);
        let head = head.replace("    - enc", "    # of the demo\n    - enc").replace("demo\n", &format!("demo{eol}"));
        assert!(list(&removed).starts_with(&head), "{}", list(&removed));
        assert_eq!(removed.matches('\n').count(), removed.matches(eol).count(), "one kind of line end");
        assert_eq!(values(&removed, &demo()), values(&text, &demo()));
    }
}

/// K11: a new data key, so that the old one and the removed identity fail on the new file; what could be read is listed.
#[test]
fn a_recipient_less() {
    let fleet = fleet();
    recipients(&fleet, &[DEMO, OTHER]);
    with(&fleet, &demo(), &["rewrap"]).exits(0);
    let before = fleet.read(DB);
    recipients(&fleet, &[DEMO]);
    fleet.run(&["secrets", "rewrap"]).exits(4).says("LMS410");
    assert_eq!(fleet.read(DB), before);
    let done = with(&fleet, &demo(), &["rewrap"]).exits(0).says("Rewrapped 3 files");
    let said = "dev  - age1233y… could read 5 values in 3 files, and still can in the history of the repository:\n    \
                db password, salt: dev/C1 dev/C2   -> lmsgen secrets rotate 'dev/*' db\n    \
                mail user: dev   -> lmsgen secrets rotate dev mail\n";
    assert_eq!(done.out, said);
    let after = fleet.read(DB);
    assert_eq!(values(&after, &demo()), values(&before, &demo()));
    assert_eq!(values(&after, &other()), None);
    let (old, new) = (StoreFile::parse(before.as_bytes()).unwrap(), StoreFile::parse(after.as_bytes()).unwrap());
    assert!(!new.is_made_from(&old), "everything is encrypted anew");
    assert_eq!(new.revision(), old.revision(), "no value changed");
    // The old data key, wrapped for the removed recipient, opens nothing of the new file.
    let age = |file: &str| file.split_once("  age:\n").unwrap().1.split_once("  encrypted_regex").unwrap().0.to_owned();
    assert_eq!(values(&after.replace(&age(&after), &age(&before)), &other()), None);
    with(&fleet, &demo(), &["verify"]).exits(0);
}

/// What only people know is named as theirs to renew, and not passed over in silence.
#[test]
fn values_that_a_person_gives_are_not_rotated_and_said() {
    let fleet = fleet();
    fleet.write("templates/t/stack.toml", format!("{DECLARED}\n[secrets.db.token]\nprovided = \"of the relay\"\n"));
    for place in ["dev/C1", "dev/C2"] {
        fleet
            .prepare(&["secrets", "set", place, "db", "token"])
            .env("SOPS_AGE_KEY_FILE", demo())
            .input("given")
            .go()
            .exits(0);
    }
    recipients(&fleet, &[DEMO, OTHER]);
    with(&fleet, &demo(), &["rewrap"]).exits(0);
    recipients(&fleet, &[DEMO]);
    let done = with(&fleet, &demo(), &["rewrap"]).exits(0);
    let said = "db password, salt, token: dev/C1 dev/C2   -> lmsgen secrets rotate 'dev/*' db, and lmsgen secrets set PLACE db token\n";
    assert!(done.out.contains(said), "{}", done.out);
    let before = values(&fleet.read(DB), &demo()).unwrap();
    let left = "Left alone, given by a person: token in 2 files   -> lmsgen secrets set";
    with(&fleet, &demo(), &["rotate", "dev/*", "db"]).exits(0).says("Rotated 4 values in 2 files").says(left);
    let after = values(&fleet.read(DB), &demo()).unwrap();
    let same = |key: &str| before.iter().find(|(name, _)| name == key) == after.iter().find(|(name, _)| name == key);
    assert!(same("token") && !same("salt") && !same("password"));
    let one = with(&fleet, &demo(), &["rotate", "dev/C1", "db", "salt"]).exits(0);
    assert!(!one.err.contains("Left alone"), "{}", one.err);
}

/// Ciphertext that is new is no value that is.
#[test]
fn a_revision_follows_values_and_not_ciphertext() {
    let fleet = fleet();
    fleet.commit_all();
    let revision = || StoreFile::parse(fleet.read(DB).as_bytes()).unwrap().revision();
    let before = revision();
    with(&fleet, &demo(), &["rewrap", "--rekey"]).exits(0);
    with(&fleet, &demo(), &["bind"]).exits(0).says("Nothing to bind");
    assert_eq!(revision(), before);
    let text = fleet.read(ENVIRONMENT);
    fleet.write(ENVIRONMENT, format!("{text}secrets.form = \"sopssecret\"\n"));
    with(&fleet, &demo(), &["convert"]).exits(0);
    with(&fleet, &demo(), &["bind"]).exits(0).says("Nothing to bind");
    assert_eq!(revision(), before);
}

/// K13: a recipient that somebody wrote into a file gets nothing from any command.
#[test]
fn a_planted_recipient_is_refused_and_removed() {
    let fleet = fleet();
    let mut planted = fleet.read(DB);
    recipients(&fleet, &[DEMO, OTHER]);
    with(&fleet, &demo(), &["rewrap", "C2"]).exits(0);
    recipients(&fleet, &[DEMO]);
    let item = fleet.read("secrets/dev/C2/db.yaml");
    let item = item.split_once("  age:\n").unwrap().1.split_once(DEMO).unwrap().0;
    let item = &item[..=item.find(OTHER).unwrap() + OTHER.len()];
    planted = planted.replacen("  age:\n", &format!("  age:\n{item}"), 1);
    fleet.write(DB, &planted);
    with(&fleet, &demo(), &["rewrap", "C2"]).exits(0);
    let snapshot = fleet.snapshot();
    for args in [&["set", "dev/C1", "db", "salt"][..], &["rotate", "dev/C1", "db"], &["generate"], &["bind"]] {
        let args: Vec<&str> = ["secrets"].iter().chain(args).copied().collect();
        let ran = fleet.prepare(&args).env("SOPS_AGE_KEY_FILE", demo()).input("x").go().exits(4);
        assert!(ran.err.contains("age1233y to be removed"), "{args:?}: {}", ran.err);
    }
    snapshot.assert_same(&fleet.snapshot());
    with(&fleet, &demo(), &["rewrap"]).exits(0).says("Rewrapped 1 file");
    assert_eq!(values(&fleet.read(DB), &other()), None);
}

#[test]
fn new_data_keys_on_request() {
    let fleet = fleet();
    let before = fleet.read(DB);
    with(&fleet, &demo(), &["rewrap", "--rekey", "C1"]).exits(0).says("Rewrapped 1 file");
    let after = fleet.read(DB);
    assert_ne!(after, before);
    assert_eq!(values(&after, &demo()), values(&before, &demo()));
    with(&fleet, &demo(), &["verify"]).exits(0);
}

/// A file as plain `sops` makes it: without place, revision and labels of lmsgen, in another layout.
fn by_plain_sops(file: &str) -> String {
    let keep = |line: &&str| !line.contains("lmsgen.dev/") && !line.contains("annotations:");
    file.lines().filter(keep).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn files_of_plain_sops_are_bound() {
    let fleet = fleet();
    // Neither annotation is there: the MAC is another one, so that the file is made by the library.
    let bytes = fleet.read(DB);
    let before = values(&bytes, &demo());
    let plain = by_plain_sops(&bytes);
    assert!(StoreFile::parse(plain.as_bytes()).is_ok());
    fleet.write(DB, &plain);
    fleet.run(&["validate"]).exits(0).says("warning[LMS425]").says("lmsgen secrets bind -e dev");
    // Its MAC is that of the file with the annotations.
    with(&fleet, &demo(), &["bind"]).exits(4).says("LMS411");
    fleet.write(DB, &bytes);
    with(&fleet, &demo(), &["bind"]).exits(0).says("Nothing to bind");
    assert_eq!(values(&fleet.read(DB), &demo()), before);
}

/// Plain `sops` changes values without raising the revision; the next `bind` does.
#[test]
fn a_value_changed_with_another_tool_raises_the_revision() {
    let fleet = fleet();
    fleet.git(&["init", "-q", "--initial-branch=main"]);
    fleet.commit_all();
    with(&fleet, &demo(), &["rotate", "dev/C1", "db", "salt"]).exits(0);
    // What `sops edit` would have left: the new value under the old revision, with a MAC over both.
    let rotated = fleet.read(DB);
    let spec_revision = |file: &str| StoreFile::parse(file.as_bytes()).unwrap().revision();
    assert_eq!(spec_revision(&rotated), 2);
    with(&fleet, &demo(), &["bind"]).exits(0).says("Nothing to bind");
    assert_eq!(fleet.read(DB), rotated, "a revision that was raised is not raised again");
}
