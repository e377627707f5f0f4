//! Store files know their place and their form: a copy, an older version and a forged file are found, and the form of an
//! environment decides what is delivered.

use std::path::PathBuf;

use lmsgen::secret::{Form, SecretSpec, decrypt, encrypt};
use lmsgen::sops::{Identities, Plaintext, parse_recipient};

use crate::support::fleet::{Fleet, Run, repository};
use crate::support::git_server::GitServer;

const DEMO: &str = "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6";
const STACK: &str = "templates/t/stack.toml";
const DB: &str = "secrets/dev/C1/db.yaml";

const DECLARED: &str = "\
phases = [\"app\"]

[secrets.db.password]
generate = \"alphanumeric\"

[secrets.db.digest]
sha256-of = \"password\"

[secrets.db.token]
provided = \"token of the payment account\"
optional = true
";

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

fn keyed(fleet: &Fleet, args: &[&str]) -> Run {
    fleet.prepare(args).env("SOPS_AGE_KEY_FILE", key())
}

fn fleet() -> Fleet {
    let fleet = Fleet::tiny(&[
        (STACK, DECLARED),
        ("templates/t/app/one.yaml", TEMPLATE),
        ("clients/C2.toml", "name = \"Two\"\n[environments.dev]\n"),
    ]);
    fleet.run(&["render"]).exits(0);
    fleet
}

fn values(fleet: &Fleet, path: &str) -> Vec<(String, Vec<u8>)> {
    let mut identities = Identities::new();
    identities.add("the demo key", &std::fs::read_to_string(key()).unwrap()).unwrap();
    let values = decrypt(fleet.read(path).as_bytes(), &identities).unwrap();
    values.into_iter().map(|(key, value)| (key, value.expose().to_vec())).collect()
}

#[test]
fn a_file_of_another_client_is_found_without_a_key() {
    let fleet = fleet();
    assert!(fleet.read(DB).contains("    lmsgen.dev/place: /dev/C1/db/\n"));
    let (one, two) = (fleet.read(DB), fleet.read("secrets/dev/C2/db.yaml"));
    fleet.write("secrets/dev/C2/db.yaml", &one);
    for command in [&["validate"][..], &["render"]] {
        fleet.run(command).exits(4).says("error[LMS424]: the file was written for `dev/C1/db`");
    }
    // Even with everything that is readable in it made to fit, ciphertext says whose it is, and the MAC.
    let forged =
        one.replace("/dev/C1/db/", "/dev/C2/db/").replace("db-c1", "db-c2").replace("instance: c1", "instance: c2");
    fleet.write("secrets/dev/C2/db.yaml", forged);
    fleet.run(&["validate"]).exits(4).says("error[LMS426]");
    keyed(&fleet, &["secrets", "verify"]).go().exits(4).says("LMS411").says("secrets/dev/C2/db.yaml");
    fleet.write("secrets/dev/C2/db.yaml", two);
    keyed(&fleet, &["secrets", "verify"]).go().exits(0);
}

#[test]
fn characters_do_not_move_between_a_place_and_its_neighbours() {
    let fleet = fleet();
    let file = fleet.read(DB);
    // The texts in a row stay the same, so that the MAC does.
    for (from, to) in [
        ("namespace: dev\n", "namespace: de\n"),
        ("place: /dev/C1/db/\n", "place: dev/C1/db/\n"),
        ("place: /dev/C1/db/\n    lmsgen.dev/revision: \"1\"", "place: /dev/C1/db/1\n    lmsgen.dev/revision: \"\""),
        (
            "app.kubernetes.io/instance: c1\n    app.kubernetes.io/managed-by: lmsgen",
            "app.kubernetes.io/instance: c1l\n    app.kubernetes.io/managed-by: msgen",
        ),
    ] {
        let moved = file.replacen(from, to, 1);
        assert_ne!(moved, file, "{from}");
        fleet.write(DB, &moved);
        assert_eq!(fleet.run(&["validate"]).code, 4, "{from}");
    }
}

#[test]
fn a_sopssecret_carries_the_same_values() {
    let fleet = fleet();
    let before = values(&fleet, DB);
    fleet.edit("environments/dev.toml", "secrets.recipients", "secrets.form = \"sopssecret\"\nsecrets.recipients");
    fleet.run(&["validate"]).exits(4).says("error[LMS423]").says("lmsgen secrets convert");
    fleet.run(&["secrets", "convert"]).exits(4).says("LMS410");
    keyed(&fleet, &["secrets", "convert", "--dry-run"]).go().exits(0).says("2 files would be converted");
    fleet.run(&["validate"]).exits(4);
    keyed(&fleet, &["secrets", "convert"]).go().exits(0).says("Converted 2 files");
    let file = fleet.read(DB);
    assert!(file.starts_with("apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\n"), "{file}");
    assert!(file.contains("  secretTemplates:\n    - name: db-c1\n      labels:\n"), "{file}");
    assert_eq!(values(&fleet, DB), before);
    let snapshot = fleet.snapshot();
    keyed(&fleet, &["secrets", "convert"]).go().exits(0).says("Nothing to convert");
    snapshot.assert_same(&fleet.snapshot());
    fleet.run(&["render"]).exits(0);
    assert_eq!(fleet.read("rendered/dev/C1/app/sopssecret-db-c1.yaml"), file);
    assert!(!fleet.has("rendered/dev/C1/app/secret-db-c1.yaml"));
    keyed(&fleet, &["secrets", "verify"]).go().exits(0);
    // New files are written in the form from the start, and values are set in it.
    fleet.write("clients/C3.toml", "name = \"Three\"\n[environments.dev]\n");
    fleet.run(&["render"]).exits(0);
    assert!(fleet.read("secrets/dev/C3/db.yaml").contains("kind: SopsSecret"));
    keyed(&fleet, &["secrets", "set", "dev/C3", "db", "token"]).input("t0ken").go().exits(0);
    assert!(values(&fleet, "secrets/dev/C3/db.yaml").contains(&("token".into(), b"t0ken".to_vec())));
    keyed(&fleet, &["secrets", "verify"]).go().exits(0);
    fleet.edit("environments/dev.toml", "secrets.form = \"sopssecret\"\n", "");
    keyed(&fleet, &["secrets", "convert"]).go().exits(0).says("Converted 3 files");
    assert_eq!(values(&fleet, DB), before);
}

#[test]
fn values_kept_outside_are_referred_to() {
    let fleet = fleet();
    fleet.edit(
        "environments/dev.toml",
        "secrets.recipients",
        "secrets.form = \"external\"\nsecrets.store = { kind = \"ClusterSecretStore\", name = \"vault\" }\n\
         secrets.remote-key = \"lms/{environment}/{slug}/{secret}\"\nsecrets.recipients",
    );
    // What is left of the store is named, and nothing new is made.
    fleet.run(&["render"]).exits(0).says("LMS440");
    let object = fleet.read("rendered/dev/C1/app/externalsecret-db-c1.yaml");
    for line in [
        "apiVersion: external-secrets.io/v1",
        "kind: ExternalSecret",
        "  namespace: dev",
        "        key: lms/dev/c1/db",
        "        property: password",
        "    kind: ClusterSecretStore",
    ] {
        assert!(object.lines().any(|found| found == line), "{line} is not in\n{object}");
    }
    assert!(!object.contains("token"), "an optional key without value would keep the Secret from being made");
    assert!(!fleet.has("rendered/dev/C1/app/secret-db-c1.yaml"));
    fleet.run(&["secrets", "generate"]).exits(0).says("Nothing to generate");
    fleet.run(&["secrets", "status"]).exits(0).prints("kept outside of the fleet");
    fleet.edit("environments/dev.toml", "secrets.remote", "secrets.optional = [\"db.token\"]\nsecrets.remote");
    fleet.run(&["render"]).exits(0);
    assert!(fleet.read("rendered/dev/C1/app/externalsecret-db-c1.yaml").contains("property: token"));
    for (from, to, says) in [
        ("/{slug}/", "/", "the same remote key would serve several Secrets"),
        ("{slug}", "{clent}", "did you mean `client`"),
        ("\"vault\"", "\"Va ult\"", "LMS600"),
        ("db.token", "db.tokn", "did you mean `db.token`"),
    ] {
        let before = fleet.read("environments/dev.toml");
        fleet.edit("environments/dev.toml", from, to);
        fleet.run(&["validate"]).exits(3).says(says);
        fleet.write("environments/dev.toml", before);
    }
}

/// S24: an older version put back.
#[test]
fn an_older_version_is_found_before_and_after_it_is_committed() {
    let fleet = fleet();
    fleet.git(&["init", "-q", "--initial-branch=main"]);
    fleet.commit_all();
    let old = fleet.read(DB);
    keyed(&fleet, &["secrets", "set", "dev/C1", "db", "token"]).input("one").go().exits(0);
    fleet.run(&["render"]).exits(0);
    fleet.commit_all();
    keyed(&fleet, &["secrets", "verify"]).go().exits(0).says("none older than in 2 commits");
    fleet.write(DB, &old);
    fleet.run(&["diff"]).exits(0).prints("secrets moved backwards").prints("an older version was put back");
    keyed(&fleet, &["secrets", "verify"]).go().exits(1).says("LMS447").says("revision 1, and there was 2 before");
    let json = keyed(&fleet, &["secrets", "verify", "-o", "json"]).go().exits(1).prints("\"class\": \"finding\"");
    assert!(json.out.contains("LMS447"));
    fleet.run(&["publish", "--no-push"]).exits(8).says("older than in the last commit").says("--allow-secret-change");
    fleet.run(&["publish", "--no-push", "--allow-secret-change"]).exits(0);
    keyed(&fleet, &["secrets", "verify"]).go().exits(1).says("LMS447");
    // A file that is gone and made anew is another file.
    fleet.remove(DB);
    fleet.git(&["commit", "-qam", "gone"]);
    fleet.run(&["render"]).exits(0);
    fleet.commit_all();
    keyed(&fleet, &["secrets", "verify"]).go().exits(0);
}

/// S25: recipients are public, so anybody can make a file that is right in every way but for its values.
#[test]
fn a_forged_file_needs_a_persons_word() {
    let fleet = fleet();
    let server = GitServer::start();
    fleet.git(&["init", "-q", "--initial-branch=main"]);
    fleet.git(&["remote", "add", "origin", &server.url()]);
    fleet.run(&["publish"]).exits(0);
    let tip = server.tip("main");
    let password = || Plaintext::from("chosen by the forger".to_owned());
    let digest = "0".repeat(64);
    let spec = SecretSpec {
        form: Form::Secret,
        place: "/dev/C1/db/".into(),
        name: "db-c1".into(),
        namespace: "dev".into(),
        public: Vec::new(),
        labels: vec![
            ("app.kubernetes.io/instance".into(), "c1".into()),
            ("app.kubernetes.io/managed-by".into(), "lmsgen".into()),
        ],
        values: vec![("password".into(), password()), ("digest".into(), Plaintext::from(digest))],
        revision: 1,
    };
    let forged = encrypt(&spec, &[parse_recipient(DEMO).unwrap()], "2026-11-20T10:00:00Z").unwrap();
    fleet.write(DB, forged);
    fleet.run(&["validate"]).exits(0);
    fleet.run(&["publish"]).exits(8).says("encrypted wholly anew").says(DB).says("--allow-secret-change");
    assert_eq!(server.tip("main"), tip);
    keyed(&fleet, &["secrets", "verify"]).go().exits(4).says("LMS445").says("key `digest` is not the SHA-256");
    fleet.run(&["publish", "--allow-secret-change"]).exits(0);
    assert_ne!(server.tip("main"), tip);
}

#[test]
fn the_state_of_the_store_needs_no_key() {
    let fleet = fleet();
    fleet.run(&["secrets", "status"]).exits(0).prints("dev   2 instances   4 keys   all present");
    fleet.run(&["secrets", "status", "--exit-code"]).exits(0);
    fleet.edit(STACK, "optional = true\n", "");
    fleet.edit(STACK, "[secrets.db.digest]", "[secrets.db.salt]\ngenerate = \"hex\"\n\n[secrets.db.digest]");
    let status = fleet.run(&["secrets", "status", "--exit-code"]).exits(1);
    let status = status.prints("2 missing: C1 C2 (token, 2)   -> lmsgen secrets set dev/C1 db token");
    status.prints("2 to be generated: C1 C2 (salt, 2)   -> lmsgen secrets generate -e dev");
    let other = "age1233yjzgl4a8cq58aa5kueqp29pdvrq0z77fhkthpkgfkf8uwmsaspqewgr";
    fleet.edit("environments/dev.toml", DEMO, other);
    fleet.write("secrets/dev/C2/db.yaml", "kind: Secret\n");
    let status = fleet.run(&["secrets", "status"]).exits(0);
    let status = status.prints("1 file still encrypted to age1r0q3…   -> lmsgen secrets rewrap -e dev");
    status.prints("1 file not yet encrypted to age1233y…").prints("broken: secrets/dev/C2/db.yaml: ");
    let json = fleet.run(&["secrets", "status", "-o", "json"]).exits(0).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["format"], "lmsgen.secrets-status/v1");
    assert_eq!(json["environments"][0]["stale_recipients"][DEMO], 1);
    assert_eq!(json["environments"][0]["missing"].as_array().unwrap().len(), 2);
}

#[test]
fn plain_sops_is_told_who_the_recipients_are() {
    let fleet = fleet();
    let config = fleet.read(".sops.yaml");
    assert!(config.contains("path_regex: ^secrets[/\\\\]dev[/\\\\].+\\.yaml$") && config.contains(DEMO), "{config}");
    fleet.git(&["init", "-q", "--initial-branch=main"]);
    fleet.remove(".sops.yaml");
    fleet.run(&["publish", "--no-push"]).exits(0);
    assert_eq!(fleet.git(&["show", "HEAD:.sops.yaml"]), config.trim_end());
    assert_eq!(fleet.read(".sops.yaml"), config);
    // A person's own file is theirs.
    fleet.write(".sops.yaml", "creation_rules: []\n");
    fleet.run(&["validate"]).exits(0).says("warning[LMS444]");
    fleet.run(&["render"]).exits(0);
    let nothing = fleet.run(&["publish", "--no-push"]).exits(0);
    assert!(nothing.all().contains("Nothing to publish"), "{}", nothing.all());
    assert_eq!(fleet.read(".sops.yaml"), "creation_rules: []\n");
    fleet.remove(".sops.yaml");
    fleet.run(&["render"]).exits(0);
    assert_eq!(fleet.read(".sops.yaml"), config);
}
