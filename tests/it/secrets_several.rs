//! One command for many places: which are meant is checked and asked before anything else, and all are changed or none.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lmsgen::secret::decrypt;
use lmsgen::sops::Identities;

use crate::support::canary::{CANARY, assert_without};
use crate::support::fleet::{Fleet, Ran, TINY_ENVIRONMENT, repository};
use crate::support::terminal::{answered, on_terminal};

const DECLARED: &str = "\
phases = [\"app\"]

[secrets.db.password]
generate = \"alphanumeric\"

[secrets.db.token]
provided = \"token of the payment account\"

[secrets.db.token-sha256]
sha256-of = \"token\"

[environment-secrets.mail.password]
provided = \"password of the relay\"
";

const TEMPLATE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: one-{{ client.slug }}, namespace: {{ environment.namespace }}}
data: {name: \"{{ secret_name(name='db') }}\"}
";

fn key() -> PathBuf {
    repository().join("tests/keys/demo.agekey")
}

/// Two environments, three clients; C3 is in `dev` only and has a label.
fn fleet() -> Fleet {
    let fleet = Fleet::tiny(&[("templates/t/stack.toml", DECLARED), ("templates/t/app/one.yaml", TEMPLATE)]);
    fleet.write("environments/prod.toml", TINY_ENVIRONMENT.replace("\"dev\"", "\"prod\""));
    let both = "[environments.dev]\n[environments.prod]\n";
    fleet.write("clients/C1.toml", format!("name = \"One\"\n{both}"));
    fleet.write("clients/C2.toml", format!("name = \"Two\"\n{both}"));
    fleet.write("clients/C3.toml", "name = \"Three\"\nlabels = {tier = \"gold\"}\n[environments.dev]\n");
    fleet
}

fn set(fleet: &Fleet, args: &[&str], value: &str) -> Ran {
    let args = [&["secrets", "set"], args].concat();
    fleet.prepare(&args).env("SOPS_AGE_KEY_FILE", key()).input(value).go()
}

fn path(place: &str) -> String {
    format!("secrets/{place}/db.yaml")
}

fn values(fleet: &Fleet, place: &str) -> BTreeMap<String, String> {
    let mut identities = Identities::new();
    identities.add("the demo key", &std::fs::read_to_string(key()).unwrap()).unwrap();
    let values = decrypt(fleet.read(&path(place)).as_bytes(), &identities).unwrap();
    values.into_iter().map(|(key, value)| (key, String::from_utf8(value.expose().to_vec()).unwrap())).collect()
}

const ALL: [&str; 5] = ["dev/C1", "dev/C2", "dev/C3", "prod/C1", "prod/C2"];

#[test]
fn one_value_is_set_in_every_place_of_a_pattern() {
    let fleet = fleet();
    // One file is there, the others are made complete.
    set(&fleet, &["dev/C1", "db", "token"], "old").exits(0);
    let before = values(&fleet, "dev/C1");
    let ran = set(&fleet, &["dev/*", "db", "token", "--yes"], "new\n").exits(0).prints_nothing();
    assert_eq!(ran.err, "Set db token in 3 files; generated 4 values along with it\nNext: lmsgen render\n");
    for place in &ALL[..3] {
        let now = values(&fleet, place);
        assert_eq!((now["token"].as_str(), now["password"].len(), now["token-sha256"].len()), ("new", 32, 64));
    }
    let after = values(&fleet, "dev/C1");
    assert!(after["password"] == before["password"] && after["token-sha256"] != before["token-sha256"]);
    assert_ne!(values(&fleet, "dev/C2")["password"], values(&fleet, "dev/C3")["password"]);
    assert!(!fleet.has(&path("prod/C1")) && !fleet.has("secrets/dev/environment"));
    assert!(fleet.read(&path("dev/C1")).contains("lmsgen.dev/revision: \"2\""));
    fleet.prepare(&["secrets", "verify"]).env("SOPS_AGE_KEY_FILE", key()).go().exits(0);

    // What has the value already keeps its bytes.
    let stored = fleet.snapshot();
    set(&fleet, &["dev/*", "db", "token", "-y"], "new").exits(0).says("has this value already in all 3 places");
    stored.assert_same(&fleet.snapshot());
    set(&fleet, &["*/*", "db", "token", "-y"], "new")
        .exits(0)
        .says("Set db token in 2 files; 3 had this value already");
}

#[test]
fn labels_and_environments_select_as_elsewhere() {
    let fleet = fleet();
    // One place needs no word, whatever selects it.
    set(&fleet, &["dev/*", "db", "token", "-l", "tier=gold"], "gold").exits(0).says("Set db token in 1 file");
    assert_eq!(values(&fleet, "dev/C3")["token"], "gold");
    assert!(!fleet.has(&path("dev/C1")));
    set(&fleet, &["*", "mail", "password", "--yes"], "relay").exits(0).says("Set mail password in 2 files");
    assert!(fleet.has("secrets/prod/environment/mail.yaml") && !fleet.has(&path("dev/C1")));
}

#[test]
fn several_places_need_a_word_and_nobody_is_asked_for_nothing() {
    let fleet = fleet();
    let before = fleet.snapshot();
    let ran = set(&fleet, &["*/*", "db", "token"], CANARY).exits(8).prints_nothing();
    let ran =
        ran.says("this would give `token` of `db` one value in 5 places: dev/C1, dev/C2, dev/C3, prod/C1 and 1 more");
    assert_without(&[CANARY], "stderr", ran.says("run again with --yes").err.as_bytes());
    for (args, said) in [
        (["dev/X*", "db", "token"], "no client matches `X*`"),
        (["test/*", "db", "token"], "no environment matches `test`"),
        (["dev/*", "bd", "token"], "no place that is asked for has a Secret `bd`"),
        (["dev/*", "db", "tokn"], "did you mean `token`?"),
        (["dev/*", "db", "token-sha256"], "set `token`, and it follows"),
    ] {
        set(&fleet, &[&args[..], &["--yes"]].concat(), CANARY).exits(2).prints_nothing().says(said);
    }
    // On a terminal: the question first, then the value.
    let run = || fleet.prepare(&["secrets", "set", "dev/*", "db", "token"]);
    let (shown, code) = on_terminal(run(), "n\n");
    assert_eq!(code, 8, "{shown}");
    assert!(shown.contains("one value in 3 places: dev/C1, dev/C2, dev/C3? [y/N]"), "{shown}");
    assert!(shown.contains("nothing was written") && !shown.contains("Value of"), "{shown}");
    before.assert_same(&fleet.snapshot());
    let (shown, code) = answered(run(), &["y\n", "typed\n"]);
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("Value of db token in 3 places: ") && !shown.contains("typed"), "{shown}");
    assert_eq!(values(&fleet, "dev/C2")["token"], "typed");
}

#[test]
fn names_are_checked_before_the_value_is_asked_for() {
    let fleet = fleet();
    for (args, said) in [
        (["dev/C9", "db", "token"], "no client matches `C9`"),
        (["prod/C3", "db", "token"], "client `C3` runs in `dev`"),
        (["dev/C1", "bd", "token"], "has no Secret `bd`"),
        (["dev/C1", "db", "tokn"], "did you mean `token`?"),
    ] {
        let (shown, code) = on_terminal(fleet.prepare(&[&["secrets", "set"], &args[..]].concat()), "");
        assert_eq!(code, 2, "{shown}");
        assert!(shown.contains(said) && !shown.contains("Value of"), "{shown}");
    }
    // Nor is anybody asked who has no key for the file.
    set(&fleet, &["dev/C1", "db", "token"], "x").exits(0);
    let (shown, code) = on_terminal(fleet.prepare(&["secrets", "set", "dev/C1", "db", "token"]), "");
    assert_eq!(code, 4, "{shown}");
    assert!(shown.contains("no identity opens the file") && !shown.contains("Value of"), "{shown}");
}

#[test]
fn all_files_are_set_or_none() {
    let fleet = fleet();
    set(&fleet, &["dev/*", "db", "token", "--yes"], "first").exits(0);
    fleet.edit(&path("dev/C2"), "lmsgen.dev/revision: \"1\"", "lmsgen.dev/revision: \"3\"");
    let before = fleet.snapshot();
    set(&fleet, &["*/*", "db", "token", "--yes"], "second").exits(4).says("LMS411").says(&path("dev/C2"));
    before.assert_same(&fleet.snapshot());
}

#[test]
fn a_rotation_in_several_environments_needs_a_word() {
    let fleet = fleet();
    set(&fleet, &["*/*", "db", "token", "--yes"], "x").exits(0);
    let before = fleet.snapshot();
    let rotate =
        |args: &[&str]| fleet.prepare(&[&["secrets", "rotate"], args].concat()).env("SOPS_AGE_KEY_FILE", key());
    let ran =
        rotate(&["*/*", "db"]).go().exits(8).says("this would rotate `db` in 5 places of 2 environments: dev, prod");
    ran.says("run again with --yes");
    rotate(&["*/*", "db", "--dry-run"]).go().exits(0).says("5 values in 5 files would be rotated");
    let (shown, code) = on_terminal(rotate(&["*/*", "db"]), "n\n");
    assert_eq!(code, 8, "{shown}");
    assert!(shown.contains("Rotate `db` in 5 places of 2 environments: dev, prod? [y/N]"), "{shown}");
    before.assert_same(&fleet.snapshot());
    // Many places of one environment are what a pattern is for.
    rotate(&["prod/*", "db"]).go().exits(0).says("Rotated 2 values in 2 files");
    rotate(&["*/*", "db", "-l", "tier=gold"]).go().exits(0).says("Rotated password of dev/C3 db");
    rotate(&["*/*", "db", "--yes"]).go().exits(0).says("Rotated 5 values in 5 files");
}
