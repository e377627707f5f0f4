//! A client that leaves, step by step: suspended, archived, deprovisioned, gone. What each state renders, what is said about it,
//! and that nothing is dropped by an accident.

use std::collections::BTreeMap;

use serde_norway::Value;

use crate::support::fleet::{Fleet, Snapshot};
use crate::support::git_server::GitServer;

const DROP: &str = "state = \"deprovisioned\"\nconfirm-data-loss = \"C1\"\n";

fn lms() -> Fleet {
    Fleet::of_repository(&["lmsgen.toml", "environments", "clients", "templates", "secrets", "rendered"])
}

/// A fleet with every kind of thing that a state treats in its own way.
fn everything() -> Fleet {
    let stack = "phases = [\"provision\", \"app\"]\n\n[secrets.app.key]\ngenerate = \"hex\"\nbytes = 16\n";
    let fleet = Fleet::tiny(&[
        ("templates/t/stack.toml", stack),
        ("templates/t/provision/job.yaml", &job("setup", "setup")),
        ("templates/t/app/all.yaml", ALL),
        ("templates/t/app/config.yaml", CONFIG),
        ("templates/t/deprovision/drop.yaml", &job("drop", "drop")),
    ]);
    fleet.run(&["render"]).exits(0);
    fleet
}

fn job(name: &str, word: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: \"{name}-{{{{ client.slug }}}}-{{{{ content_hash() }}}}\", namespace: \
         {{{{ environment.namespace }}}}}}\nspec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: a/b:1, \
         command: [{word}]}}]}}}}}}\n"
    )
}

const ALL: &str = include_str!("../fixtures/states/all.yaml");

const CONFIG: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config, namespace: {{ environment.namespace }}}\ndata: {A: b}\n";

/// Puts `lines` at the top of a client's file.
fn state(fleet: &Fleet, client: &str, lines: &str) {
    let path = format!("clients/{client}.toml");
    let text = fleet.read(&path);
    let rest = text.lines().filter(|line| !line.starts_with("state = ") && !line.starts_with("confirm-data-loss"));
    fleet.write(&path, format!("{lines}{}\n", rest.collect::<Vec<_>>().join("\n")));
}

/// The objects of an instance by file, without records.
fn objects(fleet: &Fleet, instance: &str) -> BTreeMap<String, Value> {
    let base = format!("rendered/{instance}/");
    let below = fleet.snapshot().below(&base);
    let files = below.0.iter().filter(|(path, _)| !path.ends_with('/') && !path.ends_with("kustomization.yaml"));
    files.map(|(path, bytes)| (path[base.len()..].to_owned(), serde_norway::from_slice(bytes).unwrap())).collect()
}

fn rendered(fleet: &Fleet) -> Snapshot {
    // Every warning is a rule that does not know the state.
    let validated = fleet.run(&["validate"]).exits(0);
    assert!(!validated.err.contains("LMS80"), "{}", validated.err);
    fleet.run(&["render"]).exits(0);
    fleet.snapshot().below("rendered")
}

#[test]
fn a_suspended_client_has_everything_but_pods() {
    let fleet = everything();
    let before = rendered(&fleet);
    let mut expected = objects(&fleet, "dev/C1");
    state(&fleet, "C1", "state = \"suspended\"\n");
    let suspended = rendered(&fleet);
    for gone in ["daemonset-agent", "pod-lone", "horizontalpodautoscaler-web"] {
        assert!(expected.remove(&format!("app/{gone}.yaml")).is_some(), "{gone}");
    }
    for stopped in ["deployment-web", "statefulset-db"] {
        expected.get_mut(&format!("app/{stopped}.yaml")).unwrap()["spec"]["replicas"] = 0.into();
    }
    // Kubernetes takes the claims of a set that is scaled down, if it is told to.
    expected.get_mut("app/statefulset-db.yaml").unwrap()["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] =
        "Retain".into();
    expected.get_mut("app/cronjob-nightly.yaml").unwrap()["spec"]["suspend"] = true.into();
    assert_eq!(objects(&fleet, "dev/C1"), expected);
    let elsewhere: Vec<String> =
        before.differences(&suspended).into_iter().filter(|path| !path.starts_with("rendered/dev/C1/app/")).collect();
    assert_eq!(elsewhere, [""; 0], "what is provisioned stays, with its Secrets and Jobs");
    state(&fleet, "C1", "state = \"active\"\n");
    before.assert_same(&rendered(&fleet));
}

#[test]
fn an_archived_client_has_what_holds_data() {
    let fleet = everything();
    let before = rendered(&fleet);
    let all = objects(&fleet, "dev/C1");
    state(&fleet, "C1", "state = \"archived\"\n");
    rendered(&fleet);
    let kept = ["app/persistentvolumeclaim-files.yaml", "provision/secret-app-c1.yaml"];
    let expected: BTreeMap<String, Value> = kept.iter().map(|path| ((*path).to_owned(), all[*path].clone())).collect();
    assert_eq!(objects(&fleet, "dev/C1"), expected);
    // Its claims would go with it.
    fleet.edit("templates/t/app/all.yaml", "whenDeleted: Retain", "whenDeleted: Delete");
    rendered(&fleet);
    let set = &objects(&fleet, "dev/C1")["app/statefulset-db.yaml"];
    assert_eq!(set["spec"]["replicas"], 0);
    fleet.edit("templates/t/app/all.yaml", "whenDeleted: Delete", "whenDeleted: Retain");
    state(&fleet, "C1", "");
    before.assert_same(&rendered(&fleet));
}

#[test]
fn folders_stay_for_whoever_delivers_them() {
    let fleet = Fleet::tiny(&[
        ("templates/t/stack.toml", "phases = [\"app\"]\n"),
        ("templates/t/app/config.yaml", CONFIG),
        ("environments/dev.toml", "namespace = \"dev\"\nkubernetes = \"1.35\"\n"),
    ]);
    state(&fleet, "C1", "state = \"archived\"\n");
    rendered(&fleet);
    assert!(fleet.read("rendered/dev/C1/app/kustomization.yaml").contains("resources: []\n"));
    assert!(fleet.has("rendered/dev/delivery/flux/clients/kustomization-dev-c1-app.yaml"));
}

#[test]
fn a_deprovisioned_client_has_jobs_that_drop_its_data_last() {
    let fleet = lms();
    let before = rendered(&fleet);
    state(&fleet, "C1", "state = \"archived\"\n");
    let archived = rendered(&fleet);
    state(&fleet, "C1", DROP);
    let dropped = rendered(&fleet);
    let changed: Vec<String> =
        archived.differences(&dropped).into_iter().filter(|path| !path.contains("/C1/deprovision/")).collect();
    let flux = "rendered/lms-dev/delivery/flux/clients/";
    assert_eq!(
        changed,
        [format!("{flux}kustomization-lms-dev-c1-deprovision.yaml"), format!("{flux}kustomization.yaml")]
    );
    let last = fleet.read(&format!("{flux}kustomization-lms-dev-c1-deprovision.yaml"));
    assert!(last.contains("  dependsOn:\n    - name: lms-dev-c1-app\n"), "{last}");
    assert!(last.contains("path: \"./rendered/lms-dev/C1/deprovision\"\n"), "{last}");
    let found = objects(&fleet, "lms-dev/C1");
    let stems: Vec<&str> = found
        .keys()
        .filter_map(|path| path.strip_prefix("deprovision/")?.rsplit_once('-'))
        .map(|(stem, _)| stem)
        .collect();
    assert_eq!(stems, ["configmap-lms-deprovision", "job-clickhouse-drop-c1", "job-postgres-drop-c1"]);
    let stream = fleet.run(&["manifests", "C1", "-e", "lms-dev"]).exits(0).out;
    let kinds: Vec<&str> = stream.lines().filter_map(|line| line.strip_prefix("kind: ")).collect();
    assert_eq!(kinds, ["ConfigMap", "Job", "Job"]);
    fleet.run(&["manifests", "C1", "--phase", "deprovision"]).exits(0);
    let plan = fleet.run(&["apply-plan", "C1", "-e", "lms-dev", "--allow-data-loss"]).exits(0).out;
    assert!(plan.contains("apply deprovision C1 &&\n  job clickhouse-drop-c1-"), "{plan}");
    state(&fleet, "C1", "");
    before.assert_same(&rendered(&fleet));
}

#[test]
fn argo_cd_drops_after_every_phase() {
    let fleet = everything();
    let text = fleet.read("environments/dev.toml");
    fleet.write(
        "environments/dev.toml",
        format!("delivery = \"argocd\"\nsecrets.form = \"external\"\nsecrets.store.name = \"v\"\n{text}"),
    );
    fleet.write("lmsgen.toml", "stack = \"t\"\n[git]\nurl = \"https://git.example/fleet.git\"\n");
    std::fs::remove_dir_all(fleet.root().join("secrets")).unwrap();
    state(&fleet, "C1", DROP);
    fleet.run(&["render"]).exits(0);
    let found = objects(&fleet, "dev/C1");
    let (_, drop) = found.iter().find(|(path, _)| path.starts_with("deprovision/job-drop-c1-")).unwrap();
    assert_eq!(drop["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"], "3");
    assert!(found.contains_key("provision/externalsecret-app-c1.yaml"), "{:?}", found.keys());
}

#[test]
fn one_environment_or_all() {
    let fleet = lms();
    let active = rendered(&fleet);
    state(&fleet, "C70", "state = \"archived\"\n");
    fleet.edit("clients/C70.toml", "[environments.lms-dev]", "[environments.lms-dev]\nstate = \"active\"\n");
    let changed = active.differences(&rendered(&fleet));
    assert!(changed.len() > 5 && changed.iter().all(|path| path.starts_with("rendered/lms-prod/C70/")), "{changed:?}");
    let listed = fleet.run(&["client", "list", "C70"]).exits(0).out;
    assert!(listed.contains("lms-dev lms-prod (archived)"), "{listed}");
    let shown = fleet.run(&["client", "show", "C70"]).exits(0).out;
    assert!(shown.starts_with("lms-dev/C70\n") && shown.contains("\nlms-prod/C70 (archived)\n"), "{shown}");
}

#[test]
fn flux_with_one_kustomization_a_phase_has_one_that_drops() {
    let fleet = lms();
    let file = "environments/lms-dev.toml";
    fleet.write(file, format!("{}\n[flux]\nlayout = \"environment\"\n", fleet.read(file)));
    let active = rendered(&fleet);
    let list = "rendered/lms-dev/delivery/flux/lms-deprovision/kustomization.yaml";
    assert!(fleet.read(list).contains("resources: []\n"));
    let applied = fleet.read("rendered/lms-dev/delivery/flux/kustomization-lms-dev-lms-deprovision.yaml");
    assert!(applied.contains("    - name: lms-dev-lms-app\n"), "{applied}");
    state(&fleet, "C1", DROP);
    let changed = active.differences(&rendered(&fleet));
    let shared: Vec<&String> = changed.iter().filter(|path| !path.contains("/C1/")).collect();
    assert_eq!(shared, [list], "a client changes nothing of the environment's but the list it stands in");
    assert!(fleet.read(list).contains("  - ../../../C1/deprovision\n"));
}

#[test]
fn a_state_is_said_rightly_or_not_at_all() {
    let fleet = everything();
    let before = fleet.snapshot().below("rendered");
    for (lines, code, says) in [
        ("state = \"archivd\"\n", 3, "error[LMS621]: state `archivd` is unknown"),
        ("state = \"deleted\"\n", 3, "write `active`, `suspended`, `archived` or `deprovisioned`"),
        (
            "state = \"deprovisioned\"\n",
            8,
            "error[LMS622]: client `C1` would lose its data, and nobody has confirmed it",
        ),
        (
            "state = \"deprovisioned\"\nconfirm-data-loss = \"C2\"\n",
            8,
            "write `confirm-data-loss = \"C1\"` beside `state`",
        ),
        ("state = \"deprovisioned\"\nconfirm-data-loss = true\n", 8, "error[LMS622]"),
        ("state = \"archived\"\nconfirm-data-loss = \"C1\"\n", 3, "error[LMS623]"),
        ("confirm-data-loss = \"C1\"\n", 3, "error[LMS623]"),
    ] {
        state(&fleet, "C1", lines);
        fleet.run(&["render"]).exits(code).says(says);
    }
    // What is confirmed for all environments confirms nothing that an environment says by itself.
    state(&fleet, "C1", DROP);
    fleet.edit("clients/C1.toml", "[environments.dev]", "[environments.dev]\nstate = \"deprovisioned\"\n");
    fleet.run(&["render"]).exits(8).says("error[LMS622]");
    before.assert_same(&fleet.snapshot().below("rendered"));
}

#[test]
fn a_stack_says_how_data_is_dropped() {
    let fleet = everything();
    state(&fleet, "C1", DROP);
    std::fs::remove_dir_all(fleet.root().join("templates/t/deprovision")).unwrap();
    let refused = fleet.run(&["validate"]).exits(3).says("error[LMS624]: stack `t` has no folder `deprovision`");
    refused.says("write `state = \"archived\"`");
    // Templates of it are judged though nobody is in that state, and it is no phase.
    state(&fleet, "C1", "");
    fleet.write("templates/t/deprovision/drop.yaml", job("drop", "{{ params.nothing }}"));
    fleet.run(&["validate"]).exits(3).says("templates/t/deprovision/drop.yaml");
    fleet.write("templates/t/deprovision/drop.yaml", job("drop", "drop"));
    fleet.edit("templates/t/stack.toml", "[\"provision\"", "[\"deprovision\", \"provision\"");
    fleet.run(&["validate"]).exits(3).says("error[LMS140]: phase name `deprovision` is reserved");
}

#[test]
fn what_is_said_before_it_happens() {
    let fleet = lms();
    fleet.commit_all();
    state(&fleet, "C1", "state = \"suspended\"\n");
    let diff = fleet.run(&["diff"]).exits(0).out;
    assert!(diff.contains("! 1 instance has downtime") && diff.contains("replicas 1 -> 0   stops Pods"), "{diff}");
    state(&fleet, "C1", "state = \"archived\"\n");
    let diff = fleet.run(&["diff"]).exits(0).out;
    assert!(diff.contains("deleted   stops traffic") && !diff.contains("loses data"), "{diff}");
    state(&fleet, "C1", DROP);
    let diff = fleet.run(&["diff"]).exits(0).out;
    assert!(diff.contains("! 1 instance loses data"), "{diff}");
    assert!(diff.contains("Job postgres-drop-c1-*     created   runs, and drops the client's data"), "{diff}");
    assert!(diff.ends_with("publish needs --allow-data-loss: this would drop the data of lms-dev/C1\n"), "{diff}");
    let json = fleet.run(&["diff", "-o", "json"]).exits(0).out;
    assert!(json.contains("\"drops-data\"") && json.contains("\"data-loss\""), "{json}");
    // Done once; the next one is news again, and a Job of the same stem is no mere replacement.
    fleet.run(&["render"]).exits(0);
    fleet.commit_all();
    fleet.edit("environments/lms-dev.toml", "[params]", "[params]\nprovision.deadline = 900");
    let diff = fleet.run(&["diff", "C1"]).exits(0).out;
    assert!(diff.contains("! 1 instance loses data"), "{diff}");
}

#[test]
fn what_may_be_an_operator_s_database_leaves_with_a_flag_only() {
    let server = GitServer::start();
    let fleet = Fleet::shops();
    fleet.edit(
        "templates/shop/stack.toml",
        "without-data = [\"Echo\", \"Storefront\"]\n",
        "without-data = [\"Echo\"]\n",
    );
    fleet.git(&["init", "-q", "-b", "main"]);
    fleet.git(&["remote", "add", "origin", &server.url()]);
    fleet.run(&["publish"]).exits(0);
    let tip = server.tip("main");
    fleet.remove("clients/bolt-and-co.toml");
    let refused = fleet.run(&["publish"]).exits(8).says("would delete what holds data").says("/storefront-");
    assert!(!refused.says("--allow-data-loss").err.contains("/echo-"));
    let plan = fleet.run(&["apply-plan", "-e", "asia", "--base", "HEAD"]).exits(0).out;
    assert!(plan.contains("# stays, for it holds data: storefront."), "{plan}");
    assert_eq!(server.tip("main"), tip);
    fleet.run(&["publish", "--allow-data-loss"]).exits(0);
}

#[test]
fn publish_asks_before_it_drops_data() {
    let server = GitServer::start();
    let fleet = everything();
    fleet.git(&["init", "-q", "-b", "main"]);
    fleet.git(&["remote", "add", "origin", &server.url()]);
    let text = fleet.read("environments/dev.toml");
    fleet.write("environments/dev.toml", format!("deletion = \"delete\"\n{text}"));
    fleet.run(&["publish"]).exits(0);
    for lines in ["state = \"suspended\"\n", "state = \"archived\"\n"] {
        state(&fleet, "C1", lines);
        fleet.run(&["publish"]).exits(0).prints("changed");
    }
    state(&fleet, "C1", DROP);
    let tip = server.tip("main");
    fleet.run(&["publish"]).exits(8).says("this would drop the data of dev/C1").says("--allow-data-loss");
    assert_eq!(server.tip("main"), tip);
    fleet.run(&["publish", "--allow-data-loss"]).exits(0);
    // What dropped the data goes without a question.
    state(&fleet, "C1", "state = \"archived\"\n");
    fleet.run(&["publish"]).exits(0);
}

/// A namespace in which somebody else has something.
const DUMP: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "others", "namespace": "dev"}}]}"#;

#[test]
fn status_knows_the_state() {
    let fleet = Fleet::tiny(&[
        ("templates/t/stack.toml", "phases = [\"app\"]\n"),
        ("templates/t/app/config.yaml", CONFIG),
        ("environments/dev.toml", "namespace = \"dev\"\nkubernetes = \"1.35\"\ndelivery = \"kubectl\"\n"),
        ("dump.json", DUMP),
    ]);
    state(&fleet, "C1", "state = \"archived\"\n");
    fleet.run(&["render"]).exits(0);
    fleet.commit_all();
    let ready = fleet.run(&["status", "--from", "dump.json", "-o", "json"]).exits(0).out;
    assert!(ready.contains("One (archived)") && !ready.contains("Unpublished"), "{ready}");
}

/// Another stack, with kinds of its own.
#[test]
fn a_shop_closes() {
    let fleet = Fleet::shops();
    fleet.run(&["render"]).exits(0);
    let before = fleet.snapshot().below("rendered");
    let only_own = |now: &Snapshot| {
        let changed = before.differences(now);
        assert!(!changed.is_empty() && changed.iter().all(|path| path.contains("/bolt-and-co/")), "{changed:?}");
    };
    let shop = |lines: &str| {
        state(&fleet, "bolt-and-co", lines);
        fleet.run(&["validate"]).exits(0);
        fleet.run(&["render"]).exits(0);
        fleet.snapshot().below("rendered")
    };
    only_own(&shop("state = \"suspended\"\n"));
    for (path, object) in objects(&fleet, "europe/bolt-and-co") {
        match object["kind"].as_str().unwrap() {
            "Deployment" | "StatefulSet" => assert_eq!(object["spec"]["replicas"], 0, "{path}"),
            "CronJob" => assert_eq!(object["spec"]["suspend"], true, "{path}"),
            _ => {}
        }
    }
    only_own(&shop("state = \"archived\"\n"));
    let kinds = |fleet: &Fleet| -> Vec<String> {
        let found = objects(fleet, "europe/bolt-and-co");
        let mut kinds: Vec<String> = found.values().map(|object| object["kind"].as_str().unwrap().to_owned()).collect();
        kinds.dedup();
        kinds
    };
    assert_eq!(kinds(&fleet), ["Secret"]);
    // A kind that nobody says holds no data may be a database.
    fleet.edit("templates/shop/stack.toml", "without-data = [\"Echo\", \"Storefront\"]\n", "");
    shop("state = \"archived\"\n");
    assert!(kinds(&fleet).contains(&"Storefront".to_owned()), "{:?}", kinds(&fleet));
    fleet.edit("environments/asia.toml", "\"CronJob\", ", "\"CronJob\", \"Job\", ");
    shop("state = \"deprovisioned\"\nconfirm-data-loss = \"bolt-and-co\"\n");
    assert!(kinds(&fleet).contains(&"Job".to_owned()), "{:?}", kinds(&fleet));
    shop("");
    before.assert_same(&fleet.snapshot().below("rendered"));
}
