//! What happened to the store without a word, seen without a key and said before it is published: values that another tool
//! changed, files and keys that are gone, a run that was interrupted.

use std::path::PathBuf;

use lmsgen::secret::StoreFile;
use lmsgen::sops::{Document, Identities, Kind, Plaintext, Step};
use sha2::{Digest as _, Sha256};

use crate::support::fleet::{Fleet, Ran, repository};
use crate::support::git_server::GitServer;

const STACK: &str = "templates/t/stack.toml";
const DB: &str = "secrets/dev/C1/db.yaml";
const MAIL: &str = "secrets/dev/environment/mail.yaml";

const DECLARED: &str = "\
phases = [\"app\"]

[secrets.db.password]
generate = \"alphanumeric\"

[secrets.db.digest]
sha256-of = \"password\"

[environment-secrets.mail.password]
provided = \"password of the relay\"
";

const SALT: &str = "\n[secrets.db.salt]\ngenerate = \"hex\"\n";

const TEMPLATE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: one-{{ client.slug }}, namespace: {{ environment.namespace }}}
data:
  db: \"{{ secret_name(name='db') }} {{ secret_revision(name='db') }}\"
";

fn key() -> PathBuf {
    repository().join("tests/keys/demo.agekey")
}

fn keyed(fleet: &Fleet, args: &[&str]) -> Ran {
    fleet.prepare(args).env("SOPS_AGE_KEY_FILE", key()).go()
}

/// A fleet with two clients, complete and committed.
fn committed() -> Fleet {
    let fleet = Fleet::tiny(&[
        (STACK, &format!("{DECLARED}{SALT}")),
        ("templates/t/app/one.yaml", TEMPLATE),
        ("clients/C2.toml", "name = \"Two\"\n[environments.dev]\n"),
    ]);
    fleet.prepare(&["secrets", "set", "dev", "mail", "password"]).input("x").go().exits(0);
    fleet.run(&["render"]).exits(0);
    fleet.commit_all();
    fleet
}

/// What `sops set` does to a value: other ciphertext, a right MAC, and the revision as it was.
fn changed_by_sops(fleet: &Fleet, path: &str, key_name: &str, value: &str) {
    let mut identities = Identities::new();
    identities.add("the demo key", &std::fs::read_to_string(key()).unwrap()).unwrap();
    let text = fleet.read(path);
    let steps = [Step::Key("stringData".into()), Step::Key(key_name.into())];
    let value = Plaintext::from(value.to_owned());
    let now = "2026-01-02T03:04:05Z";
    let changed = Document::parse(&text).unwrap().set((&steps, Kind::Str), &value, (&identities, now)).unwrap();
    assert_ne!(changed, text);
    fleet.write(path, changed);
}

fn revision(fleet: &Fleet, path: &str) -> u64 {
    StoreFile::parse(fleet.read(path).as_bytes()).unwrap().revision()
}

#[test]
fn a_value_that_plain_sops_changed_is_told_until_it_is_bound() {
    let server = GitServer::start();
    let fleet = committed();
    fleet.git(&["remote", "add", "origin", &server.url()]);
    let said = "warning[LMS470]: values changed since the last commit without a new revision";
    let silent = |args: &[&str]| {
        let ran = fleet.run(args).exits(0);
        assert!(!ran.all().contains("without a new revision"), "{}", ran.all());
    };
    silent(&["validate"]);
    changed_by_sops(&fleet, DB, "salt", "other");
    for args in [&["validate"][..], &["diff"], &["publish", "--dry-run"]] {
        fleet.run(args).exits(0).says(said).says(DB).says("lmsgen secrets bind -e dev");
    }
    let line =
        format!("1 file changed since the last commit without a new revision: {DB}   -> lmsgen secrets bind -e dev");
    fleet.run(&["secrets", "status"]).exits(0).prints(&line);
    fleet.run(&["secrets", "status", "--exit-code"]).exits(1);
    let json = fleet.run(&["secrets", "status", "-o", "json"]).exits(0).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["environments"][0]["unraised"][0], DB);
    // Of many there is one warning.
    changed_by_sops(&fleet, "secrets/dev/C2/db.yaml", "salt", "other");
    let ran = fleet.run(&["validate"]).exits(0).says("values of 2 store files, this and 1 more, changed");
    assert_eq!(ran.err.matches("LMS470").count(), 1, "{}", ran.err);

    keyed(&fleet, &["secrets", "bind"]).exits(0).says("Bound 2 files");
    assert_eq!(revision(&fleet, DB), 2);
    silent(&["validate"]);
    silent(&["publish"]);
    // A change by lmsgen says so itself; new recipients are no change of a value.
    keyed(&fleet, &["secrets", "rotate", "dev/C1", "db", "salt"]).exits(0);
    keyed(&fleet, &["secrets", "rewrap", "--rekey"]).exits(0);
    silent(&["validate"]);
}

#[test]
fn what_lmsgen_would_not_write_is_not_bound() {
    let fleet = committed();
    let before = fleet.read(DB);
    changed_by_sops(&fleet, DB, "password", "other");
    let changed = fleet.read(DB);
    let ran = keyed(&fleet, &["secrets", "bind"]).exits(4).says("error[LMS445]: key `digest` is not the SHA-256");
    ran.says(DB).says("set that with `lmsgen secrets set`, and the digest follows");
    assert_eq!(fleet.read(DB), changed);
    // The value that is there, said again.
    let run = fleet.prepare(&["secrets", "set", "dev/C1", "db", "password"]).env("SOPS_AGE_KEY_FILE", key());
    run.input("other").go().exits(0);
    keyed(&fleet, &["secrets", "bind"]).exits(0);
    keyed(&fleet, &["secrets", "verify"]).exits(0);

    fleet.write(DB, before);
    changed_by_sops(&fleet, DB, "salt", "");
    keyed(&fleet, &["secrets", "bind"]).exits(4).says("error[LMS421]: the value of key `salt` is empty").says(DB);
}

#[test]
fn a_file_that_only_the_last_commit_has_is_restored_and_not_set_anew() {
    let fleet = committed();
    fleet.remove(DB);
    fleet.remove(MAIL);
    for args in [&["validate"][..], &["diff"]] {
        let ran = fleet.run(args).exits(0);
        for path in [DB, MAIL] {
            assert!(ran.err.contains(&format!("restore with `git checkout -- {path}`")), "{}", ran.err);
        }
        assert!(!ran.all().contains("secrets set") && !ran.all().contains("secrets generate"), "{}", ran.all());
        assert_eq!(ran.err.matches("warning[LMS471]: in the last commit, but not on disk").count(), 2, "{}", ran.err);
    }
    let status = fleet.run(&["secrets", "status"]).exits(0);
    let said =
        format!("2 files with values that only the last commit has: {MAIL} and 1 more   -> git checkout -- {MAIL}");
    assert!(status.out.contains(&said), "{}", status.out);
    assert!(!status.out.contains("generate") && !status.out.contains("secrets set"), "{}", status.out);
    fleet.run(&["secrets", "status", "--exit-code"]).exits(1);
    for command in ["show", "edit"] {
        let ran = keyed(&fleet, &["secrets", command, "dev/C1", "db"]);
        assert!(matches!(ran.code, 4 | 8), "{}", ran.all());
        ran.says("in the last commit").says(&format!("git checkout -- {DB}"));
    }
    let locked = fleet.run(&["render", "--locked"]).exits(4).says("error[LMS442]");
    locked.says(&format!("git checkout -- {MAIL}"));
    fleet.git(&["checkout", "--", "secrets"]);
    let ran = fleet.run(&["validate"]).exits(0);
    assert!(!ran.err.contains("LMS471"), "{}", ran.err);
}

#[test]
fn a_generated_key_that_was_taken_out_is_not_made_anew() {
    // A file without a key that the last commit has, as `sops unset` leaves it.
    let fleet = Fleet::tiny(&[(STACK, DECLARED), ("templates/t/app/one.yaml", TEMPLATE)]);
    fleet.prepare(&["secrets", "set", "dev", "mail", "password"]).input("x").go().exits(0);
    fleet.run(&["render"]).exits(0);
    let without = fleet.read(DB);
    fleet.write(STACK, format!("{DECLARED}{SALT}"));
    keyed(&fleet, &["render"]).exits(0);
    fleet.commit_all();
    fleet.write(DB, &without);

    for args in [&["render"][..], &["secrets", "generate"], &["publish", "--no-push"]] {
        let ran = keyed(&fleet, args).exits(8).says("in the last commit, but not in the file: `salt`").says(DB);
        ran.says(&format!("git checkout -- {DB}")).says("lmsgen secrets rotate dev/C1 db salt");
        assert_eq!(fleet.read(DB), without, "{args:?}");
    }
    fleet.run(&["validate"]).exits(0).says("warning[LMS471]").says("not in the file: `salt`");
    fleet.run(&["secrets", "status"]).exits(0).prints("1 file with values that only the last commit has: ");
    // A digest is made of what is there, and is the same again.
    keyed(&fleet, &["secrets", "rotate", "dev/C1", "db", "salt"]).exits(0).says("Rotated salt of dev/C1 db");
    keyed(&fleet, &["render"]).exits(0);
    keyed(&fleet, &["secrets", "verify"]).exits(0);
}

/// What a rotation leaves that was killed when its files were staged, and none had its name.
fn interrupted() -> (Fleet, String) {
    let fleet = committed();
    let old = fleet.read(DB);
    keyed(&fleet, &["secrets", "rotate", "dev/C1", "db"]).exits(0);
    let new = fleet.read(DB);
    fleet.write(DB, &old);
    let digest = Sha256::digest(&old).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    fleet.write(".lmsgen/batch/0", &new);
    fleet.write(".lmsgen/batch/list", format!("0 {digest} {DB}\nend\n"));
    (fleet, new)
}

/// What is not there cannot be opened, and is not passed over by who opens everything.
#[test]
fn a_file_that_is_gone_is_not_verified() {
    let fleet = committed();
    keyed(&fleet, &["secrets", "verify"]).exits(0);
    fleet.remove(DB);
    let said = format!("git checkout -- {DB}");
    keyed(&fleet, &["secrets", "verify"]).exits(4).says("error[LMS471]").says(DB).says(&said);
    std::fs::create_dir(fleet.root().join(DB)).unwrap();
    keyed(&fleet, &["secrets", "verify"]).exits(4).says("error[LMS471]").says(DB);
}

/// Whoever can have a folder merged has not begun anything here.
#[test]
fn a_change_that_was_committed_is_nobodys_and_is_not_finished() {
    let (fleet, _) = interrupted();
    fleet.git(&["add", "-f", ".lmsgen"]);
    fleet.git(&["commit", "-qm", "a change"]);
    let before = fleet.snapshot();
    fleet.run(&["validate"]).exits(4).says("error[LMS479]: `.lmsgen/batch` is in Git");
    for args in [&["render"][..], &["publish", "--no-push"], &["secrets", "generate"], &["secrets", "rewrap"]] {
        keyed(&fleet, args).exits(8).says("`.lmsgen/batch` is in Git").says("git rm -r .lmsgen");
        before.assert_same(&fleet.snapshot());
    }
    fleet.git(&["rm", "-qr", ".lmsgen"]);
    fleet.run(&["validate"]).exits(0);
}

#[test]
fn an_interrupted_change_is_told_and_finished_aloud() {
    let (fleet, new) = interrupted();
    let before = fleet.snapshot();
    let said = "warning[LMS472]: a change of 1 store file was interrupted, and is not finished";
    for args in [&["validate"][..], &["diff"], &["secrets", "status"]] {
        fleet.run(args).exits(0).says(said).says("`lmsgen render` finishes it");
    }
    keyed(&fleet, &["secrets", "verify"]).exits(0).says(said);
    before.assert_same(&fleet.snapshot());
    fleet.run(&["render"]).exits(0).says("Finished a change of 1 store file that was interrupted\n");
    assert_eq!(fleet.read(DB), new);
    for args in [&["render"][..], &["validate"]] {
        let ran = fleet.run(args).exits(0);
        assert!(!ran.err.contains("interrupted"), "{}", ran.err);
    }
    // Whatever else the command has to say.
    let (fleet, new) = interrupted();
    let ran = keyed(&fleet, &["secrets", "set", "dev/C9", "db", "salt"]).exits(2);
    ran.says("Finished a change of 1 store file that was interrupted\n").says("no client matches `C9`");
    assert_eq!(fleet.read(DB), new);
}

#[test]
fn what_publish_will_ask_for_is_said_by_who_makes_it() {
    let server = GitServer::start();
    let fleet = committed();
    fleet.git(&["remote", "add", "origin", &server.url()]);
    fleet.run(&["publish"]).exits(0);
    let next = "Next: lmsgen render, then lmsgen publish --allow-secret-change   (3 files are encrypted wholly anew)\n";
    keyed(&fleet, &["secrets", "rewrap", "--rekey"]).exits(0).says(next);
    fleet.run(&["publish"]).exits(8).says("3 files of the store are encrypted wholly anew");
    fleet.run(&["publish", "--allow-secret-change"]).exits(0);
    fleet.edit("environments/dev.toml", "secrets.recipients", "secrets.form = \"sopssecret\"\nsecrets.recipients");
    keyed(&fleet, &["secrets", "convert"]).exits(0).says("Converted 3 files\n").says(next);
    fleet.run(&["publish"]).exits(8);
    fleet.run(&["publish", "--allow-secret-change"]).exits(0);
    // Who is added gets the data key there is.
    let other = "age1233yjzgl4a8cq58aa5kueqp29pdvrq0z77fhkthpkgfkf8uwmsaspqewgr";
    fleet.edit("environments/dev.toml", "recipients = [", &format!("recipients = [\"{other}\", "));
    let ran = keyed(&fleet, &["secrets", "rewrap"]).exits(0).says("Next: lmsgen render\n");
    assert!(!ran.err.contains("--allow-secret-change"), "{}", ran.err);
    fleet.run(&["publish"]).exits(0);
}

#[test]
fn values_that_are_kept_elsewhere_now() {
    let fleet = committed();
    let recipients = fleet.read("environments/dev.toml");
    let recipients = recipients.lines().find(|line| line.starts_with("secrets.recipients")).unwrap();
    // Nobody here encrypts anything, so that no recipient is asked for.
    let store = "secrets.form = \"external\"\nsecrets.store = { kind = \"ClusterSecretStore\", name = \"vault\" }";
    fleet.edit("environments/dev.toml", recipients, store);
    let ran = fleet.run(&["validate"]).exits(0).says("warning[LMS440]");
    let ran = ran.says("put these there (`sops decrypt secrets/dev/C1/db.yaml`), then `git rm secrets/dev/C1/db.yaml`");
    assert!(!ran.err.contains("LMS137"), "{}", ran.err);
    let ran = keyed(&fleet, &["secrets", "show", "dev/C1", "db", "salt"]).exits(2).prints_nothing();
    ran.says("`dev` keeps its values outside of the store (`form = \"external\"`)")
        .says(&format!("`sops decrypt {DB}`"));
}

#[test]
fn a_value_that_is_missing_is_shown_where_its_key_is_declared() {
    let fleet = Fleet::tiny(&[(STACK, DECLARED), ("templates/t/app/one.yaml", TEMPLATE)]);
    let line = 1 + DECLARED.lines().position(|line| line == "[environment-secrets.mail.password]").unwrap();
    let ran = fleet.run(&["validate"]).exits(0).says("warning[LMS442]");
    ran.says(&format!("{STACK}:{line}:27\n")).says("         ^^^^^^^^ declared here");
}

#[test]
fn help_lists_what_an_exit_code_of_1_means() {
    let help = Fleet::empty().run(&["--help"]).exits(0).out;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let said =
        "1 differences or findings (diff, status and secrets status with --exit-code, status --wait, secrets verify)";
    assert!(help.contains(said), "{help}");
}
