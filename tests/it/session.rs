//! What a person does, as typed: from a new client to a pushed commit.

use serde_json::Value;

use crate::support::fleet::{Fleet, Snapshot};
use crate::support::git_server::GitServer;

const NEW_CLIENT: [&str; 13] = [
    "client",
    "new",
    "C7",
    "--name",
    "ООО «Ромашка»",
    "-e",
    "lms-dev",
    "--contact",
    "Анна Иванова",
    "--phone",
    "+7 495 000-00-00",
    "--email",
    "anna@romashka.example",
];

const CLIENT_FILE: &str = "\
name = \"ООО «Ромашка»\"

[[contacts]]
person = \"Анна Иванова\"
phones = [\"+7 495 000-00-00\"]
emails = [\"anna@romashka.example\"]

[environments.lms-dev]
";

/// A new fleet outside the repository, in a clone of a served repository.
fn new_fleet() -> (GitServer, Fleet) {
    let server = GitServer::start();
    let fleet = Fleet::of_repository(&["lmsgen.toml", "environments", "templates"]);
    fleet.git(&["init", "-q", "--initial-branch=main"]);
    fleet.git(&["remote", "add", "origin", &server.url()]);
    (server, fleet)
}

/// Objects that differ, as `diff -o json` names them: action, kind, name.
fn changed_objects(fleet: &Fleet) -> Vec<String> {
    let ran = fleet.run(&["diff", "-o", "json", "--exit-code"]).exits(1);
    let json: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(json["format"], "lmsgen.diff/v1");
    let mut names = Vec::new();
    for group in json["groups"].as_array().expect("groups") {
        let instances: Vec<&str> = group["instances"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for object in group["objects"].as_array().expect("objects") {
            let text = |key: &str| object[key].as_str().expect("a string").to_owned();
            names.push(format!("{} {} {} in {}", text("action"), text("kind"), text("name"), instances.join(" ")));
        }
    }
    names.sort();
    names
}

#[test]
fn from_a_new_client_to_a_pushed_commit() {
    let (server, fleet) = new_fleet();

    let ran = fleet.run(&NEW_CLIENT).exits(0);
    assert_eq!(ran.out, "Created clients/C7.toml\n");
    assert_eq!(
        ran.err,
        "Next: lmsgen render   (1 value is yours to set: API token of the SMS4B account)\n      \
         lmsgen secrets set lms-dev/C7 lms-secret sms4b-token\n"
    );
    assert_eq!(fleet.read("clients/C7.toml"), CLIENT_FILE);

    fleet.run(&["validate"]).exits(0).prints_nothing().says("in 1 instance, ");

    let ran = fleet.run(&["render"]).exits(0).prints_nothing().says("Generated 5 secrets for lms-dev/C7\n");
    let ran = ran.says("run `lmsgen secrets set lms-dev pg-admin password`");
    assert!(ran.err.contains(" for 3 places; 0 unchanged ("), "{}", ran.err);
    assert!(fleet.has("secrets/lms-dev/C7/rsa-secret.yaml") && fleet.has("secrets/lms-dev/C7/lms-secret.yaml"));
    assert!(fleet.has("rendered/lms-dev/C7/app/deployment-lms-deployment-c7.yaml"));

    let rendered = fleet.snapshot();
    fleet.run(&["render"]).exits(0).says("Nothing to write: all ");
    rendered.assert_same(&fleet.snapshot());

    let ran = fleet.run(&["diff"]).exits(0).prints("against nothing: there is no commit yet\n");
    let ran = ran.prints(
        "    lms-dev/C7   10 objects: ConfigMap, Deployment, Ingress, 2 Jobs, 2 Kustomizations, 2 Secrets, Service\n",
    );
    assert!(ran.out.ends_with(" created, 0 deleted objects\n"), "{}", ran.out);

    // The passwords of the environment's databases are a person's to give, once.
    let refused = fleet.run(&["publish"]).exits(4).prints_nothing();
    let refused = refused.says("error[LMS442]").says("run `lmsgen secrets set lms-dev pg-admin password`");
    refused.says("run `lmsgen secrets set lms-dev ch-admin password`");
    assert_eq!(server.tip("main"), "");
    rendered.assert_same(&fleet.snapshot());
    for name in ["pg-admin", "ch-admin"] {
        let ran = fleet.prepare(&["secrets", "set", "lms-dev", name, "password"]).input("hunter2\n").go().exits(0);
        let said = format!(
            "Set lms-dev {name} password in secrets/lms-dev/environment/{name}.yaml, revision 1\nNext: lmsgen render\n"
        );
        assert_eq!(ran.err, said);
    }

    let ran = fleet.run(&["publish"]).exits(0);
    let tip = server.tip("main");
    let said = format!(
        "1 created, 0 changed, 0 deleted instances: lms-dev/C7\n\
         Committed {} \"lms-dev: add C7\"; pushed to origin/main\n",
        &tip[..7]
    );
    let next = "Flux applies it; watch: lmsgen status C7 -e lms-dev --watch\n";
    assert_eq!((ran.out, ran.err.as_str()), (said, next));
    assert_eq!(fleet.git(&["rev-parse", "HEAD"]), tip);
    assert_eq!(fleet.git(&["status", "--porcelain"]), "");
    fleet.git(&["fsck", "--strict", "--no-dangling"]);

    let ran = fleet.run(&["publish"]).exits(0);
    assert_eq!(ran.out, format!("Nothing to publish: {} holds all of it\n", &tip[..7]));
    assert_eq!(server.tip("main"), tip);
    assert_eq!(server.count(), 1);

    // Committed by hand: pushed as it is.
    fleet.edit("clients/C7.toml", "\n[[contacts]]", "\n# New.\n[[contacts]]");
    fleet.git(&["commit", "-qam", "wip"]);
    let wip = fleet.git(&["rev-parse", "--short=7", "HEAD"]);
    let ran = fleet.run(&["publish", "--dry-run"]).exits(0);
    assert_eq!(ran.out, format!("Would push {wip} \"wip\" to origin/main; nothing was changed\n"));
    assert_eq!(server.tip("main"), tip);
    let ran = fleet.run(&["publish"]).exits(0);
    let tip = server.tip("main");
    assert_eq!(ran.out, format!("Pushed {} \"wip\" to origin/main; there was nothing to commit\n", &tip[..7]));
    assert_eq!(fleet.git(&["rev-parse", "HEAD"]), tip);

    let ran = fleet.run(&["explain", "C7", "sms4b.sender", "-e", "lms-dev"]).exits(0);
    assert_eq!(ran.err, "");
    assert!(ran.out.starts_with("sms4b.sender = \"1C-RARUS\"   templates/lms/stack.toml:"), "{}", ran.out);
    assert!(ran.out.contains("\nread by templates/lms/app/configmap.yaml:"), "{}", ran.out);
}

#[test]
fn one_changed_parameter_changes_exactly_the_objects_that_read_it() {
    let (_server, fleet) = new_fleet();
    fleet.run(&NEW_CLIENT).exits(0);
    fleet.write("clients/C8.toml", "name = \"Acht\"\n\n[environments.lms-dev]\n");
    for name in ["pg-admin", "ch-admin"] {
        fleet.prepare(&["secrets", "set", "lms-dev", name, "password"]).input("hunter2").go().exits(0);
    }
    fleet.run(&["publish"]).exits(0).prints("2 created, 0 changed, 0 deleted instances: lms-dev/C7, lms-dev/C8\n");

    let ran = fleet.run(&["diff", "--exit-code"]).exits(0);
    assert!(ran.out.starts_with("No differences against "), "{}", ran.out);

    // A client's own value.
    fleet.write("clients/C7.toml", format!("{CLIENT_FILE}params.sms4b.sender = \"ROMASHKA\"\n"));
    let both =
        ["changed ConfigMap lms-config-{slug} in lms-dev/C7", "changed Deployment lms-deployment-{slug} in lms-dev/C7"];
    assert_eq!(changed_objects(&fleet), both);
    fleet.run(&["diff"]).exits(0).prints("LMS_NOTIFICATIONS_SMS4B_SENDER 1C-RARUS ->");
    fleet.run(&["publish"]).exits(0).prints("0 created, 1 changed, 0 deleted instances: lms-dev/C7\n");
    fleet.run(&["diff", "--exit-code"]).exits(0);

    // A value of the environment: the same change in every instance, shown once.
    fleet.edit("environments/lms-dev.toml", "image.tag = \"dev\"", "image.tag = \"1.4.2\"");
    let changed = changed_objects(&fleet);
    let deployment = "changed Deployment lms-deployment-{slug} in lms-dev/C7 lms-dev/C8";
    assert_eq!(changed, [deployment], "the image is the Deployment's alone");
    let ran = fleet.run(&["explain", "C7", "image.tag"]).exits(0);
    assert!(ran.out.starts_with("image.tag = \"1.4.2\""), "{}", ran.out);
    assert!(ran.out.contains("environments/lms-dev.toml:"), "{}", ran.out);
    fleet.run(&["publish"]).exits(0).prints("0 created, 2 changed, 0 deleted instances: lms-dev/C7, lms-dev/C8\n");
    fleet.run(&["diff", "--exit-code"]).exits(0);

    // A client that is gone.
    fleet.remove("clients/C8.toml");
    let ran = fleet.run(&["diff", "--stat", "--exit-code"]).exits(1);
    assert!(ran.out.contains(" 10 deleted"), "{}", ran.out);
}

/// Everything a clone of the repository holds of its own fleet.
const OWN: [&str; 7] = [".sops.yaml", "lmsgen.toml", "environments", "clients", "templates", "secrets", "rendered"];

#[test]
fn the_repository_s_own_fleet_is_rendered_already() {
    let fleet = Fleet::of_repository(&OWN);
    fleet.commit_all();
    let before = Snapshot::of(&fleet.root());

    let ran = fleet.run(&["render"]).exits(0).prints_nothing();
    assert!(ran.err.starts_with("Nothing to write: all "), "{}", ran.err);
    before.assert_same(&fleet.snapshot());
    assert_eq!(fleet.git(&["status", "--porcelain"]), "");

    fleet.run(&["render", "--locked"]).exits(0);
    let ran = fleet.run(&["diff", "--exit-code"]).exits(0);
    assert!(ran.out.starts_with("No differences against "), "{}", ran.out);
    fleet.run(&["validate"]).exits(0);
}

#[test]
fn a_selection_leaves_the_others_alone() {
    let fleet = Fleet::of_repository(&OWN);
    fleet.edit("environments/lms-dev.toml", "image.tag = \"dev\"", "image.tag = \"1.4.2\"");
    let before = fleet.snapshot();
    fleet.run(&["render", "C1", "-e", "lms-dev"]).exits(0).says("Wrote 1 file for 1 place; ");
    let deployment = "rendered/lms-dev/C1/app/deployment-lms-deployment-c1.yaml".to_owned();
    assert_eq!(before.differences(&fleet.snapshot()), [deployment]);
}
