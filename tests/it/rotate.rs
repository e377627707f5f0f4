//! `secrets rotate`: new values, digests that follow, a higher revision, in one place or many, and nothing else.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lmsgen::secret::{StoreFile, decrypt};
use lmsgen::sops::Identities;

use crate::support::fleet::{Fleet, Ran, repository};

const STACK: &str = "templates/t/stack.toml";
const DECLARED: &str = "\
phases = [\"app\"]

[secrets.db.password]
generate = \"alphanumeric\"

[secrets.db.digest]
sha256-of = \"password\"

[secrets.db.salt]
generate = \"hex\"

[secrets.db.token]
provided = \"token of the payment account\"
optional = true

[environment-secrets.mail.user]
generate = \"alphanumeric\"
";

const JOB: &str = "\
apiVersion: batch/v1
kind: Job
metadata: {name: \"setup-{{ client.slug }}-{{ content_hash() }}\", namespace: {{ environment.namespace }}}
spec:
  template:
    metadata: {annotations: {revision: \"{{ secret_revision(name='db') }}\"}}
    spec: {restartPolicy: Never, containers: [{name: a, image: x}]}
";

fn key() -> PathBuf {
    repository().join("tests/keys/demo.agekey")
}

fn fleet() -> Fleet {
    let fleet = Fleet::tiny(&[
        (STACK, DECLARED),
        ("templates/t/app/job.yaml", JOB),
        ("clients/C2.toml", "name = \"Two\"\n[environments.dev]\n"),
        ("clients/C3.toml", "name = \"Three\"\n[environments.dev]\n"),
    ]);
    fleet.run(&["render"]).exits(0);
    fleet
}

fn rotate(fleet: &Fleet, args: &[&str]) -> Ran {
    let args: Vec<&str> = ["secrets", "rotate"].iter().chain(args).copied().collect();
    fleet.prepare(&args).env("SOPS_AGE_KEY_FILE", key()).go()
}

fn path(client: &str) -> String {
    format!("secrets/dev/{client}/db.yaml")
}

fn values(fleet: &Fleet, client: &str) -> BTreeMap<String, Vec<u8>> {
    let mut identities = Identities::new();
    identities.add("the demo key", &std::fs::read_to_string(key()).unwrap()).unwrap();
    let values = decrypt(fleet.read(&path(client)).as_bytes(), &identities).unwrap();
    values.into_iter().map(|(key, value)| (key, value.expose().to_vec())).collect()
}

fn revision(fleet: &Fleet, client: &str) -> u64 {
    StoreFile::parse(fleet.read(&path(client)).as_bytes()).unwrap().revision()
}

#[test]
fn one_key_of_one_client() {
    let fleet = fleet();
    let (file, before, others) = (fleet.read(&path("C1")), values(&fleet, "C1"), fleet.read(&path("C2")));
    rotate(&fleet, &["dev/C1", "db", "password", "--dry-run"]).exits(0).says("2 values in 1 file would be rotated");
    assert_eq!(fleet.read(&path("C1")), file);
    rotate(&fleet, &["dev/C1", "db", "password"]).exits(0).says("Rotated password, digest of dev/C1 db");
    let after = values(&fleet, "C1");
    assert!(after["password"] != before["password"] && after["digest"] != before["digest"]);
    assert_eq!(after["salt"], before["salt"]);
    assert_eq!((revision(&fleet, "C1"), fleet.read(&path("C2"))), (2, others));
    let line = |text: &str, key: &str| text.lines().find(|line| line.trim().starts_with(key)).unwrap().to_owned();
    assert_eq!(line(&fleet.read(&path("C1")), "salt:"), line(&file, "salt:"), "what stays keeps its ciphertext");
    fleet.prepare(&["secrets", "verify"]).env("SOPS_AGE_KEY_FILE", key()).go().exits(0);
    // Pods and Jobs follow: the Job of the client, and no other, runs again.
    let names = |fleet: &Fleet, client: &str| fleet.snapshot().below(&format!("rendered/dev/{client}/app")).0;
    let (one, two) = (names(&fleet, "C1"), names(&fleet, "C2"));
    fleet.run(&["render"]).exits(0);
    assert_ne!(names(&fleet, "C1").keys().collect::<Vec<_>>(), one.keys().collect::<Vec<_>>());
    assert_eq!(names(&fleet, "C2"), two);
}

#[test]
fn all_keys_of_many_clients() {
    let fleet = fleet();
    let before: Vec<_> = ["C1", "C2", "C3"].map(|client| values(&fleet, client)).into();
    rotate(&fleet, &["dev/*", "db"]).exits(0).says("Rotated 9 values in 3 files");
    for (client, before) in ["C1", "C2", "C3"].iter().zip(before) {
        let after = values(&fleet, client);
        assert!(["password", "digest", "salt"].iter().all(|key| after[*key] != before[*key]));
        assert_eq!(revision(&fleet, client), 2);
    }
    rotate(&fleet, &["dev", "mail"]).exits(0).says("Rotated user of dev mail");
}

#[test]
fn what_cannot_be_rotated_is_said_and_left_alone() {
    let fleet = fleet();
    let before = fleet.snapshot();
    for (args, code, says) in [
        (&["dev/C1", "db", "token"][..], 2, "`token` of `db` is given by a person: use `lmsgen secrets set`"),
        (&["dev/C1", "db", "digest"], 2, "is the SHA-256 of `password`; rotate `password`"),
        (&["dev/C1", "db", "pasword"], 2, "has no key `pasword`"),
        (&["dev/C1", "bd"], 2, "no place that is asked for has a Secret `bd`"),
        (&["dev", "db"], 2, "name clients' Secrets as `ENV/CLIENT`"),
        (&["dev/C9", "db"], 2, "C9"),
    ] {
        rotate(&fleet, args).exits(code).says(says);
    }
    fleet.run(&["secrets", "rotate", "dev/*", "db"]).exits(4).says("LMS410").says("in 3 ");
    before.assert_same(&fleet.snapshot());
    // One broken file, and none is changed.
    fleet.edit(&path("C2"), "lmsgen.dev/revision: \"1\"", "lmsgen.dev/revision: \"3\"");
    let before = fleet.snapshot();
    rotate(&fleet, &["dev/*", "db"]).exits(4).says("LMS411").says("secrets/dev/C2/db.yaml");
    before.assert_same(&fleet.snapshot());
}
