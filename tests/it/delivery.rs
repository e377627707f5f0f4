//! What engines are given: Flux's Kustomizations, Argo CD's Applications, and what publishing does when they move.

use crate::support::fleet::{Fleet, Snapshot};
use crate::support::git_server::GitServer;

const STACK: &str = "phases = [\"provision\", \"app\"]\n";
const CONFIG: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: one-{{ client.slug }}, namespace: {{ environment.namespace }}}
data: {a: b}
";
const JOB: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: zero-{{ client.slug }}, namespace: {{ environment.namespace }}, annotations: {z: w}}
data: {a: b}
";
const CLAIM: &str = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: files, namespace: {{ environment.namespace }}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";
const WITH_URL: &str = "stack = \"t\"\n\n[git]\nurl = \"https://git.example/team/fleet.git\"\n";
const CLIENT: &str = "name = \"One\"\n\n[environments.dev]\n";

fn fleet() -> Fleet {
    Fleet::tiny(&[
        ("templates/t/stack.toml", STACK),
        ("templates/t/app/config.yaml", CONFIG),
        ("templates/t/provision/job.yaml", JOB),
        ("templates/t/environment/claim.yaml", CLAIM),
    ])
}

/// Adds lines to the environment's file: a table goes last.
fn environment(fleet: &Fleet, lines: &str) {
    let text = fleet.read("environments/dev.toml");
    let is_table = lines.starts_with('[');
    fleet.write("environments/dev.toml", if is_table { text + lines } else { lines.to_owned() + &text });
}

fn rendered(fleet: &Fleet) -> Snapshot {
    fleet.run(&["render"]).exits(0);
    fleet.snapshot().below("rendered")
}

#[test]
fn flux_applies_the_environment_then_each_phase_of_a_client() {
    let fleet = fleet();
    fleet.write("lmsgen.toml", WITH_URL);
    fleet.run(&["render"]).exits(0);
    let read = |name: &str| fleet.read(&format!("rendered/dev/delivery/flux/{name}"));
    assert_eq!(
        read("clients/kustomization-dev-c1-app.yaml"),
        "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: dev-c1-app
  namespace: flux-system
  labels:
    app.kubernetes.io/instance: c1
    app.kubernetes.io/managed-by: lmsgen
    app.kubernetes.io/part-of: dev
spec:
  decryption:
    provider: sops
    secretRef:
      name: sops-age
  deletionPolicy: Orphan
  dependsOn:
    - name: dev-c1-provision
  interval: \"1h1m26s\"
  path: \"./rendered/dev/C1/app\"
  prune: true
  retryInterval: \"2m0s\"
  sourceRef:
    name: dev
    kind: GitRepository
  timeout: \"10m0s\"
  wait: true
"
    );
    assert!(read("clients/kustomization-dev-c1-provision.yaml").contains("dependsOn:\n    - name: dev-environment\n"));
    let environment = read("kustomization-dev-environment.yaml");
    assert!(environment.contains("path: \"./rendered/dev/environment\"\n") && !environment.contains("dependsOn"));
    let root = read("kustomization-dev.yaml");
    assert!(root.contains("path: \"./rendered/dev/delivery/flux\"\n") && root.contains("/prune: disabled\n"), "{root}");
    let source = read("gitrepository-dev.yaml");
    assert!(source.contains("url: https://git.example/team/fleet.git\n"), "{source}");
    assert!(source.contains("ignore: |\n    /*\n    !/rendered\n    /rendered/*\n    !/rendered/dev\n"), "{source}");
    // The claim outlives its Kustomization.
    let claim = fleet.read("rendered/dev/environment/persistentvolumeclaim-files.yaml");
    assert!(claim.contains("  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled\n"), "{claim}");
    fleet.run(&["validate", "rendered/"]).exits(0);
}

#[test]
fn a_new_client_adds_its_own_delivery_and_moves_nobody() {
    let fleet = fleet();
    environment(&fleet, "[flux]\ngroups = 4\nshards = 3\n");
    for n in 2..20 {
        fleet.write(&format!("clients/C{n}.toml"), CLIENT);
    }
    let before = rendered(&fleet);
    fleet.write("clients/C20.toml", CLIENT);
    let differences = before.differences(&rendered(&fleet));
    assert!(!differences.is_empty());
    for path in &differences {
        let own = path.contains("/C20/") || path.contains("-c20-");
        let list = path.contains("rendered/dev/delivery/flux/clients-") && path.contains("kustomization.yaml");
        assert!(own || list, "{differences:?}");
    }
    let shards: std::collections::BTreeSet<String> = fleet
        .snapshot()
        .below("rendered/dev/delivery")
        .0
        .values()
        .filter_map(|bytes| std::str::from_utf8(bytes).ok())
        .filter_map(|text| Some(text.split_once("sharding.fluxcd.io/key: ")?.1.lines().next()?.to_owned()))
        .collect();
    assert_eq!(Vec::from_iter(shards), ["shard1", "shard2", "shard3"]);
}

#[test]
fn few_clients_may_share_one_kustomization_a_phase() {
    let fleet = fleet();
    environment(&fleet, "[flux]\nlayout = \"environment\"\n");
    let refused =
        fleet.run(&["validate"]).exits(3).says("LMS620").says("Flux deletes what a client had when it leaves");
    assert_eq!(refused.err.matches("LMS620").count(), 1, "{}", refused.err);
    environment(&fleet, "deletion = \"delete\"\n");
    fleet.edit("environments/dev.toml", "layout", "source = \"fleet\"\nservice-account = \"lms\"\nlayout");
    fleet.write("clients/C2.toml", CLIENT);
    fleet.run(&["render"]).exits(0);
    let read = |name: &str| fleet.read(&format!("rendered/dev/delivery/flux/{name}"));
    assert!(read("t-app/kustomization.yaml").ends_with("resources:\n  - ../../../C1/app\n  - ../../../C2/app\n"));
    let app = read("kustomization-dev-t-app.yaml");
    for line in ["- name: dev-t-provision\n", "serviceAccountName: lms\n", "name: fleet\n", "t-app\"\n"] {
        assert!(app.contains(line), "{line}: {app}");
    }
    assert!(!fleet.has("rendered/dev/delivery/flux/clients"));
    // A folder that lists others owns none of them.
    fleet.remove("clients/C2.toml");
    fleet.run(&["render"]).exits(0);
    assert!(!fleet.has("rendered/dev/C2") && fleet.has("rendered/dev/C1/app/configmap-one-c1.yaml"));

    for n in 2..=31 {
        fleet.write(&format!("clients/C{n}.toml"), CLIENT);
    }
    fleet.run(&["validate"]).exits(0).says("warning[LMS902]").says("holds 31 instances");
}

#[test]
fn argo_cd_is_given_waves_and_fixed_projects() {
    let fleet = fleet();
    environment(&fleet, "delivery = \"argocd\"\n");
    fleet.run(&["render"]).exits(3).says("error[LMS903]").says("under `[git]` in lmsgen.toml");
    fleet.write("lmsgen.toml", WITH_URL);
    fleet.run(&["render"]).exits(3).says("error[LMS904]").says("lmsgen secrets convert -e dev");
    environment(&fleet, "secrets.form = \"sopssecret\"\n");
    fleet.run(&["render"]).exits(0);
    let app = fleet.read("rendered/dev/C1/app/configmap-one-c1.yaml");
    assert!(app.contains("  annotations:\n    argocd.argoproj.io/sync-wave: \"2\"\ndata:"), "{app}");
    let first = fleet.read("rendered/dev/C1/provision/configmap-zero-c1.yaml");
    assert!(first.contains("  annotations:\n    argocd.argoproj.io/sync-wave: \"1\"\n    z: w\n"), "{first}");
    let claim = fleet.read("rendered/dev/environment/persistentvolumeclaim-files.yaml");
    assert!(claim.contains("argocd.argoproj.io/sync-options: \"Delete=false,Prune=false\"\n"), "{claim}");
    let set = fleet.read("rendered/dev/delivery/argocd/applicationset-dev.yaml");
    for line in ["      project: dev\n", "applicationsSync: create-update\n", "preserveResourcesOnDeletion: true\n"] {
        assert!(set.contains(line), "{line}: {set}");
    }
    assert!(!set.contains("finalizers"), "{set}");
    let project = fleet.read("rendered/dev/delivery/argocd/appproject-dev.yaml");
    assert!(project.contains("clusterResourceWhitelist: []\n"), "{project}");
    fleet.run(&["validate", "rendered/"]).exits(0);

    environment(&fleet, "deletion = \"delete\"\n");
    fleet.run(&["render"]).exits(0);
    let set = fleet.read("rendered/dev/delivery/argocd/applicationset-dev.yaml");
    for line in ["- resources-finalizer.argocd.argoproj.io\n", "applicationsSync: sync\n"] {
        assert!(set.contains(line), "{line}: {set}");
    }
}

/// Everything but `delivery/`, without the annotations that engines read.
fn plain(snapshot: &Snapshot) -> Snapshot {
    let steers = |line: &&str| !line.contains("argocd.argoproj.io/") && !line.contains("toolkit.fluxcd.io/");
    let text = |text: &str| {
        let lines: Vec<&str> = text.lines().filter(steers).collect();
        let is_empty = |at: usize| match lines[at] {
            "  annotations: {}" => true,
            "  annotations:" => lines.get(at + 1).is_none_or(|next| !next.starts_with("    ")),
            _ => false,
        };
        let kept = (0..lines.len()).filter(|&at| !is_empty(at)).map(|at| lines[at]);
        kept.collect::<Vec<_>>().join("\n").into_bytes()
    };
    let all = snapshot.0.iter().filter(|(path, _)| !path.contains("/delivery/"));
    Snapshot(all.map(|(path, bytes)| (path.clone(), text(std::str::from_utf8(bytes).unwrap()))).collect())
}

/// Every object of a phase is in the phase's wave, and what Secrets come from in the one before: a Job that came first would wait
/// for ever.
#[track_caller]
fn waves_are_phases(snapshot: &Snapshot) {
    let mut seen = 0;
    for (path, bytes) in
        snapshot.0.iter().filter(|(path, _)| !path.ends_with('/') && !path.ends_with("kustomization.yaml"))
    {
        let text = std::str::from_utf8(bytes).unwrap();
        let wave = match path.split('/').nth(3) {
            Some(_) if path.contains("/externalsecret-") => "0",
            Some("provision") => "1",
            Some("app") => "2",
            _ => continue,
        };
        let found = text.lines().find_map(|line| line.strip_prefix("    argocd.argoproj.io/sync-wave: "));
        assert_eq!(found.map_or("0", |found| found.trim_matches('"')), wave, "{path}");
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn another_engine_changes_delivery_and_annotations_only() {
    let fleet = Fleet::of_repository(&["lmsgen.toml", "environments", "clients", "templates", "secrets"]);
    for name in ["lms-dev", "lms-prod"] {
        fleet.edit(
            &format!("environments/{name}.toml"),
            "form = \"sops\"",
            "form = \"external\"\nstore.name = \"vault\"",
        );
    }
    let flux = plain(&rendered(&fleet));
    assert!(flux.0.len() > 50, "{}", flux.0.len());
    for engine in ["argocd", "kubectl"] {
        for name in ["lms-dev", "lms-prod"] {
            let file = format!("environments/{name}.toml");
            let text = fleet.read(&file);
            let line = |line: &str| {
                if line.starts_with("delivery = ") { format!("delivery = \"{engine}\"\n") } else { format!("{line}\n") }
            };
            let lines = text.lines().map(line);
            fleet.write(&file, lines.collect::<String>());
        }
        flux.assert_same(&plain(&rendered(&fleet)));
        if engine == "argocd" {
            waves_are_phases(&fleet.snapshot().below("rendered"));
        }
        assert!(!fleet.has("rendered/lms-dev/delivery/flux"));
    }
    assert!(!fleet.has("rendered/lms-dev/delivery"), "kubectl needs nothing in the tree");
}

#[test]
fn names_of_kustomizations_are_labels_and_each_of_one_client() {
    let fleet = fleet();
    let long = "c".repeat(40);
    let text = fleet.read("environments/dev.toml").replace("namespace = \"", "namespace = \"x-");
    fleet.write("environments/dev-c.toml", &text);
    fleet.write("clients/C-X.toml", CLIENT);
    fleet.write("clients/X.toml", "name = \"X\"\n\n[environments.dev-c]\n");
    let ran = fleet.run(&["validate"]).exits(3).says("error[LMS901]");
    let ran = ran.says("`dev-c-x` names the delivery of `dev/C-X`, too");
    assert!(!ran.err.contains("LMS900"), "{}", ran.err);
    fleet.remove("clients/X.toml");
    fleet.write("environments/dev-with-a-long-name.toml", text.replace("x-", "y-"));
    fleet.write(&format!("clients/{long}.toml"), "name = \"Long\"\n\n[environments.dev-with-a-long-name]\n");
    fleet.run(&["validate"]).exits(3).says("error[LMS900]").says("has 71 characters; 63 are allowed");
    // `kubectl` has no such names.
    fleet.edit("environments/dev-with-a-long-name.toml", "namespace", "delivery = \"kubectl\"\nnamespace");
    fleet.run(&["validate"]).exits(0);
}

#[test]
fn what_flux_would_delete_by_a_move_is_not_published() {
    let server = GitServer::start();
    let fleet = fleet();
    environment(&fleet, "deletion = \"delete\"\n");
    for n in 2..9 {
        fleet.write(&format!("clients/C{n}.toml"), CLIENT);
    }
    fleet.git(&["init", "-q", "-b", "main"]);
    fleet.git(&["remote", "add", "origin", &server.url()]);
    fleet.run(&["publish"]).exits(0);

    environment(&fleet, "[flux]\ngroups = 2\n");
    let note = fleet.run(&["diff", "-o", "markdown"]).exits(0).out;
    assert!(note.contains("publish needs") && note.contains("Flux would delete what should run on"), "{note}");
    let refused =
        fleet.run(&["publish"]).exits(8).says("Flux would delete what should run on: the Kustomizations of dev/C");
    refused.says("first write `deletion = \"orphan\"` in environments/dev.toml, publish");
    fleet.edit("environments/dev.toml", "[flux]\ngroups = 2\n", "[flux]\nnamespace = \"flux-two\"\n");
    fleet.run(&["publish"]).exits(8).says("Flux would delete what should run on: the Kustomizations of dev/C");
    fleet.edit("environments/dev.toml", "[flux]\nnamespace = \"flux-two\"\n", "[flux]\ntimeout = \"9m\"\n");
    fleet.run(&["publish"]).exits(0);
    fleet.edit("environments/dev.toml", "[flux]\ntimeout = \"9m\"\n", "");
    fleet.edit("environments/dev.toml", "deletion = \"delete\"", "deletion = \"orphan\"");
    fleet.run(&["publish"]).exits(0);
    environment(&fleet, "[flux]\ngroups = 2\n");
    fleet.run(&["publish"]).exits(0);

    // A client that goes takes its own Kustomizations with it, whatever the policy.
    fleet.remove("clients/C8.toml");
    fleet.run(&["publish"]).exits(0).prints("1 deleted instances: dev/C8");
}

#[test]
fn what_holds_data_is_deleted_with_a_flag_only() {
    let server = GitServer::start();
    let fleet = fleet();
    fleet.git(&["init", "-q", "-b", "main"]);
    fleet.git(&["remote", "add", "origin", &server.url()]);
    fleet.run(&["publish"]).exits(0);
    let tip = server.tip("main");
    fleet.remove("templates/t/environment/claim.yaml");
    let refused = fleet.run(&["publish"]).exits(8);
    let refused =
        refused.says("would delete what holds data: rendered/dev/environment/persistentvolumeclaim-files.yaml");
    refused.says("--allow-data-loss");
    assert_eq!(server.tip("main"), tip);
    fleet.run(&["publish", "--allow-data-loss"]).exits(0);
    assert_ne!(server.tip("main"), tip);
}

#[test]
fn many_clients_leave_with_a_flag_and_one_leaves_without() {
    let server = GitServer::start();
    let fleet = fleet();
    environment(&fleet, "delivery = \"kubectl\"\n");
    let text = fleet.read("environments/dev.toml");
    fleet.write("environments/live.toml", text.replace("namespace = \"", "namespace = \"live-"));
    for n in 2..5 {
        fleet.write(&format!("clients/C{n}.toml"), format!("{CLIENT}[environments.live]\n"));
    }
    fleet.git(&["init", "-q", "-b", "main"]);
    fleet.git(&["remote", "add", "origin", &server.url()]);
    let first = fleet.run(&["publish"]).exits(0);
    assert!(first.err.contains("Next: lmsgen apply-plan -e dev\n"), "{}", first.err);

    // Two instances of seven, but one client. What it leaves behind is looked for from the commit before.
    fleet.remove("clients/C4.toml");
    let left = fleet.run(&["publish"]).exits(0);
    let tip = &server.tip("main")[..7];
    assert!(left.err.contains(&format!("Next: lmsgen apply-plan -e live --base {tip}~1\n")), "{}", left.err);
    fleet.remove("clients/C3.toml");
    fleet.remove("clients/C2.toml");
    let json = fleet.run(&["diff", "-o", "json"]).exits(0).out;
    assert!(json.contains("\"flag\": \"--allow-delete\""), "{json}");
    let diff = fleet.run(&["diff"]).exits(0).out;
    assert!(diff.contains("publish needs --allow-delete: this would delete 4 of 5 instances"), "{diff}");
    let refused = fleet.run(&["publish"]).exits(8);
    refused.says("would delete 4 of 5 instances").says("more than 10 % of them").says("--allow-delete");
    fleet.run(&["publish", "--allow-delete"]).exits(0).prints("4 deleted instances");
}
