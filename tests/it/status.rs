//! `status` as a program: reading a cluster through `kubectl`, formats, exit codes, waiting.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::cluster::{NOW, dump, fleet, healthy, spoil};
use crate::support::fleet::{Fleet, Ran, Run};

const CLIENTS: [&str; 2] = ["C1", "C17"];

const TOKEN: &str = "kubeconfig-u-abcde:Needle7f3a9c";

const CLUSTER: &str = "cluster.url = \"https://cluster.example/k8s\"\ncluster.token = { env = \"PROD_TOKEN\" }\n";

/// Stands for `kubectl`: writes down how it was called and what it could see, and answers from files. `second.json` is the answer
/// from the second question on, where it is there.
const KUBECTL: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo "$*" >>"$here/calls"
env >>"$here/environment"
tr '\0' '\n' </proc/$$/cmdline >>"$here/arguments"
for argument in "$@"; do
  case $argument in
    --kubeconfig=*) cat "${argument#--kubeconfig=}" >>"$here/kubeconfig"; cat "${argument#--kubeconfig=}" >"$here/again" ;;
  esac
done
case "$*" in
  *api-resources*) cat "$here/served" ;;
  *flux-system*) cat "$here/flux.json" ;;
  *)
    n=$(grep -c 'namespace=shop' "$here/calls")
    if [ "$n" -gt 1 ] && [ -f "$here/second.json" ]; then cat "$here/second.json"; else cat "$here/first.json"; fi
    ;;
esac
if [ -f "$here/stderr" ]; then cat "$here/stderr" >&2; exit 1; fi
"#;

/// A folder with a `kubectl` in it.
struct Kubectl(tempfile::TempDir);

impl Kubectl {
    fn new() -> Self {
        let kubectl = Self(tempfile::tempdir().unwrap());
        kubectl.write("kubectl", KUBECTL);
        let path = kubectl.0.path().join("kubectl");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let served =
            ["deployments.apps", "httproutes.gateway.networking.k8s.io", "kustomizations.kustomize.toolkit.fluxcd.io"];
        kubectl.write("served", &format!("{}\n", served.join("\n")));
        kubectl
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap_or_default()
    }

    /// Answers with these objects, each in its namespace.
    fn holds(&self, file: &str, objects: &[Value]) {
        let (flux, own): (Vec<Value>, Vec<Value>) =
            objects.iter().cloned().partition(|object| object["metadata"]["namespace"] == "flux-system");
        // Secrets are not asked for.
        let own: Vec<Value> = own.into_iter().filter(|object| object["kind"] != "Secret").collect();
        self.write(file, &dump(&own));
        self.write("flux.json", &dump(&flux));
    }

    fn prepare(&self, fleet: &Fleet, args: &[&str]) -> Run {
        let path = std::env::var("PATH").unwrap();
        let run = fleet.prepare(&[&["status"], args].concat());
        run.env("PATH", format!("{}:{path}", self.0.path().display())).env("PROD_TOKEN", TOKEN)
    }

    fn run(&self, fleet: &Fleet, args: &[&str]) -> Ran {
        self.prepare(fleet, args).go()
    }

    fn calls(&self) -> Vec<String> {
        self.read("calls").lines().map(str::to_owned).collect()
    }
}

fn failing() -> Vec<Value> {
    let mut objects = healthy(&CLIENTS, "flux");
    let change = serde_json::json!({ "kind": "Job", "metadata": { "name": "setup-c17-0a1b2c3d" }, "status": { "conditions":
        [{ "type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": NOW }] } });
    spoil(&mut objects, vec![change]);
    objects
}

#[test]
fn a_cluster_is_asked_a_few_times_however_many_clients_there_are() {
    let many: Vec<String> = (1..=40).map(|n| format!("C{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let fleet = fleet(&many, "flux", CLUSTER);
    let kubectl = Kubectl::new();
    kubectl.holds("first.json", &healthy(&many, "flux"));
    kubectl.run(&fleet, &["--exit-code"]).exits(0).prints("40 ready ");
    let calls = kubectl.calls();
    assert_eq!(calls.len(), 3, "{calls:#?}");
    let start = "--kubeconfig=/dev/fd/0 --request-timeout=60s";
    assert_eq!(calls[0], format!("{start} api-resources --verbs=list --output=name"));
    assert_eq!(
        calls[1],
        format!("{start} get kustomizations.kustomize.toolkit.fluxcd.io --namespace=flux-system --output=json")
    );
    assert_eq!(
        calls[2],
        format!(
            "{start} get configmaps,events,persistentvolumeclaims,pods,deployments.apps,replicasets.apps,jobs.batch,\
             httproutes.gateway.networking.k8s.io --namespace=shop --output=json"
        )
    );
}

#[test]
fn a_token_reaches_kubectl_in_memory_only() {
    let fleet = fleet(&CLIENTS, "flux", &format!("{CLUSTER}cluster.certificate-authority = \"ca.pem\"\n"));
    fleet.write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
    let kubectl = Kubectl::new();
    kubectl.holds("first.json", &healthy(&CLIENTS, "flux"));
    let run = kubectl.prepare(&fleet, &["-v"]).env("KUBECONFIG", "/nowhere").env("SOPS_AGE_KEY", "AGE-SECRET-KEY-1");
    let ran = run.go().exits(0);
    assert!(!ran.all().contains("Needle"), "{}", ran.all());
    let config: Value =
        serde_json::Deserializer::from_str(&kubectl.read("kubeconfig")).into_iter().next().unwrap().unwrap();
    assert_eq!(config["users"][0]["user"]["token"], TOKEN);
    assert_eq!(config["clusters"][0]["cluster"]["server"], "https://cluster.example/k8s");
    assert_eq!(
        config["clusters"][0]["cluster"]["certificate-authority-data"],
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="
    );
    // It can be read as often as it likes.
    assert!(kubectl.read("again").contains(TOKEN));
    let environment = kubectl.read("environment");
    for word in ["Needle", "KUBECONFIG=", "SOPS_AGE_KEY", "PROD_TOKEN"] {
        assert!(!environment.contains(word), "{word}");
    }
    assert!(environment.contains("PATH="));
    assert!(!kubectl.read("arguments").contains("Needle"));
    // Nothing is left on disk but what the test's own `kubectl` wrote.
    let left = fleet.snapshot();
    assert!(left.0.values().all(|bytes| !bytes.windows(6).any(|part| part == b"Needle")));
}

#[test]
fn a_context_is_the_user_s_own() {
    let fleet = fleet(&CLIENTS, "kubectl", "cluster.context = \"prod\"\n");
    let kubectl = Kubectl::new();
    kubectl.holds("first.json", &healthy(&CLIENTS, "kubectl"));
    kubectl.prepare(&fleet, &[]).env("KUBECONFIG", "/somewhere").go().exits(0).prints("2 ready ");
    assert!(kubectl.calls().iter().all(|call| call.starts_with("--context=prod ")));
    assert!(kubectl.read("environment").contains("KUBECONFIG=/somewhere"));
}

#[test]
fn a_cluster_that_cannot_be_read_ends_with_6() {
    let fleet = fleet(&CLIENTS, "flux", CLUSTER);
    let kubectl = Kubectl::new();
    kubectl
        .write("stderr", &format!("E1125 memcache.go:265] x\nUnable to connect: Bearer {TOKEN} \u{1b}[31mrefused\n"));
    kubectl.write("served", "");
    let ran = kubectl.run(&fleet, &[]).exits(6).says("the cluster cannot be read: Unable to connect: Bearer [token]");
    assert!(!ran.all().contains("Needle") && !ran.all().contains('\u{1b}') && !ran.all().contains("memcache"));
    let without = tempfile::tempdir().unwrap();
    let run = fleet.prepare(&["status"]).env("PATH", without.path()).env("PROD_TOKEN", TOKEN);
    run.go().exits(6).says("cannot start `kubectl`").says("--from");
    fleet.prepare(&["status"]).go().exits(2).says("the variable PROD_TOKEN of environments/prod.toml is not set");
    let run = fleet.prepare(&["status"]).env("PROD_TOKEN", "two words");
    run.go().exits(2).says("the token is empty, or no token");
    let nowhere = crate::support::cluster::fleet(&CLIENTS, "flux", "");
    nowhere.run(&["status"]).exits(2).says("environments/prod.toml does not say how its cluster is reached");
}

#[test]
fn kinds_that_a_cluster_does_not_give_are_left_out() {
    let fleet = fleet(&CLIENTS, "kubectl", CLUSTER);
    let kubectl = Kubectl::new();
    kubectl.write("served", "deployments.apps\n");
    let mut objects = healthy(&CLIENTS, "kubectl");
    objects.retain(|object| !matches!(object["kind"].as_str(), Some("HTTPRoute" | "ConfigMap")));
    kubectl.holds("first.json", &objects);
    kubectl.write(
        "stderr",
        "Error from server (Forbidden): configmaps is forbidden: User \"u\" cannot list resource \"configmaps\" in API group \
         \"\" in the namespace \"shop\"\n",
    );
    let ran = kubectl.run(&fleet, &["-v"]).exits(0).prints("2 ready ");
    ran.says("httproutes.gateway.networking.k8s.io (not served), configmaps (forbidden)")
        .says("not looked at: ConfigMap, HTTPRoute, Secret");
}

#[test]
fn a_token_for_the_namespace_is_enough() {
    let fleet = fleet(&CLIENTS, "flux", CLUSTER);
    let kubectl = Kubectl::new();
    kubectl.holds("first.json", &healthy(&CLIENTS, "flux"));
    let group = "kustomize.toolkit.fluxcd.io";
    let forbidden = |resource: &str, group: &str| {
        format!(
            "Error from server (Forbidden): {resource} is forbidden: User \"u\" cannot list resource \"{resource}\" in API group \"{group}\" in the namespace \"n\"\n"
        )
    };
    // Of what is forbidden `kubectl` prints nothing.
    kubectl.write("flux.json", "");
    kubectl.write("stderr", &forbidden("kustomizations", group));
    kubectl.run(&fleet, &["-v"]).exits(0).prints("2 ready ").says("Kustomization, Secret");
    // One that is good for nothing is an error.
    kubectl.write("first.json", "");
    let all = [
        ("configmaps", ""),
        ("events", ""),
        ("persistentvolumeclaims", ""),
        ("pods", ""),
        ("deployments", "apps"),
        ("replicasets", "apps"),
        ("jobs", "batch"),
        ("httproutes", "gateway.networking.k8s.io"),
        ("kustomizations", group),
    ];
    kubectl.write("stderr", &all.map(|(resource, group)| forbidden(resource, group)).concat());
    kubectl.run(&fleet, &[]).exits(6).says("is forbidden");
}

#[test]
fn waiting_ends_when_everything_is_ready_or_the_time_is_over() {
    let fleet = fleet(&CLIENTS, "flux", CLUSTER);
    let kubectl = Kubectl::new();
    kubectl.holds("first.json", &failing());
    let wait = ["--wait", "--timeout", "400ms", "--every", "100ms"];
    kubectl.run(&fleet, &wait).exits(1).prints("FAILED").says("1 failed · 0 progressing · 1 ready");
    kubectl.holds("second.json", &healthy(&CLIENTS, "flux"));
    let calls = kubectl.calls().len();
    let ran = kubectl.run(&fleet, &["--wait", "--timeout", "20s", "--every", "100ms", "-o", "json"]).exits(0);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["ready"], true);
    assert!(kubectl.calls().len() > calls);
    fleet.run(&["status", "--wait", "--from", "x"]).exits(2);
    fleet.run(&["status", "--wait", "--timeout", "10"]).exits(2).says("90s, 10m, 1h");
}

#[test]
fn watching_draws_again() {
    let fleet = fleet(&CLIENTS, "flux", CLUSTER);
    let kubectl = Kubectl::new();
    kubectl.holds("first.json", &failing());
    kubectl.holds("second.json", &healthy(&CLIENTS, "flux"));
    let mut command = kubectl.prepare(&fleet, &["--watch", "--every", "50ms"]).into_command();
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let mut next = |wanted: &str| lines.by_ref().map(Result::unwrap).any(|line| line.contains(wanted));
    assert!(next("1 failed · 1 ready") && next("2 ready"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_selection_is_what_is_told_and_waited_for() {
    let fleet = fleet(&CLIENTS, "flux", "");
    let dump = dump(&failing());
    let run =
        |args: &[&str]| fleet.prepare(&[&["status", "--from", "-", "--at", NOW], args].concat()).input(&dump).go();
    run(&["--exit-code"]).exits(1).prints("1 failed · 1 ready ");
    run(&["C1", "--exit-code"]).exits(0).prints("1 ready ");
    run(&["C17", "--exit-code"]).exits(1).prints("1 failed · 0 ready ");
    run(&["C17"]).exits(0);
    run(&["C9"]).exits(2).says("no client matches `C9`");
    run(&["-e", "dev"]).exits(2).says("no environment matches `dev`");
}

#[test]
fn reports_go_to_files_and_one_to_stdout() {
    let fleet = fleet(&CLIENTS, "flux", "");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (html, junit) = (format!("html={}", at("a.html")), format!("junit={}", at("a.xml")));
    let args = ["status", "--from", "-", "--at", NOW, "-o", "json", "-o", &html, "-o", &junit];
    let ran = fleet.prepare(&args).input(dump(&failing())).go().exits(0);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["format"], "lmsgen.status/v1");
    assert_eq!((&report["ready"], &report["environments"][0]["failed"]), (&false.into(), &1.into()));
    let part = &report["environments"][0]["parts"][2];
    assert_eq!((&part["client"], &part["state"]), (&"C17".into(), &"failed".into()));
    assert_eq!(part["troubles"][0]["reason"], "BackoffLimitExceeded");
    assert_eq!(report["environments"][0]["at"], NOW);
    let xml = std::fs::read_to_string(at("a.xml")).unwrap();
    assert!(xml.contains("<testcase classname=\"prod\" name=\"C1\" time=\"0\"/>"), "{xml}");
    assert!(xml.contains("<failure message=\"failed: Job setup-c17-0a1b2c3d: failed\""), "{xml}");
    let page = std::fs::read_to_string(at("a.html")).unwrap();
    assert!(page.contains("setup-c17-0a1b2c3d") && !page.contains("://"), "a page that loads nothing");
    fleet.run(&["status", "--from", "-", "-o", "xml"]).exits(2).says("text, json, html, junit");
    fleet.run(&["status", "--from", "-", "-o", "html=clients/C1.toml"]).exits(8);
}

#[test]
fn what_is_no_dump_is_an_error() {
    let fleet = fleet(&CLIENTS, "flux", "");
    let run = |input: &str| fleet.prepare(&["status", "--from", "-"]).input(input).go();
    run("apiVersion: v1\n").exits(3).says("stdin: line 1, column 1: this is no JSON");
    run("").exits(3).says("stdin: is empty");
    run("{\"kind\":\"List\",\"items\":[]}").exits(2).says("the dump holds nothing of the namespaces shop").says("-e");
    fleet.run(&["status", "--from", "nowhere.json"]).exits(5).says("nowhere.json");
    // Named, it may be empty.
    let args = ["status", "-e", "prod", "--from", "-"];
    let ran = fleet.prepare(&args).input("{\"kind\":\"List\",\"items\":[]}").go().exits(0);
    ran.prints("2 progressing · 0 ready").prints("nothing of it is applied yet");
}

#[test]
fn what_an_engine_has_applied_may_be_old() {
    let fleet = fleet(&CLIENTS, "flux", "");
    let old = fleet.git(&["rev-parse", "HEAD"]);
    fleet.edit("rendered/prod/C17/app/httproute-app-c17.yaml", "\"public\"", "\"other\"");
    fleet.commit_all();
    let new = fleet.git(&["rev-parse", "HEAD"]);
    let mut objects = healthy(&CLIENTS, "flux");
    let applied = |objects: &mut Vec<Value>, id: &str| {
        for object in objects.iter_mut().filter(|object| object["kind"] == "Kustomization") {
            object["status"]["lastAppliedRevision"] = format!("main@sha1:{id}").into();
        }
    };
    let run =
        |objects: &[Value]| fleet.prepare(&["status", "--from", "-", "--at", NOW]).input(dump(objects)).go().exits(0);
    applied(&mut objects, &old);
    // The others' folders are the same in both commits.
    let ran = run(&objects).prints("1 progressing · 1 ready ");
    let text = format!(
        "C17   app   Kustomization prod-c17-app: has applied commit {}, compared with {}",
        &old[..7],
        &new[..7]
    );
    ran.prints(&text);
    applied(&mut objects, &new);
    run(&objects).prints("2 ready ");
    // A commit that is not here says nothing.
    applied(&mut objects, &"1".repeat(40));
    run(&objects).prints("2 ready ");
}

#[test]
fn several_dumps_are_one_cluster() {
    let fleet = fleet(&CLIENTS, "flux", "");
    let objects = healthy(&CLIENTS, "flux");
    let (first, second) = objects.split_at(5);
    fleet.write("a.json", dump(first));
    let documents: Vec<String> = second.iter().map(ToString::to_string).collect();
    fleet.write("b.json", documents.join("\n"));
    fleet.run(&["status", "--from", "a.json", "--from", "b.json"]).exits(0).prints("2 ready ");
}

#[test]
fn without_a_commit_nothing_is_said_to_be_foreign() {
    let fleet = fleet(&CLIENTS, "flux", "");
    fleet.git(&["update-ref", "-d", "HEAD"]);
    let ran = fleet.prepare(&["status", "--from", "-"]).input(dump(&healthy(&CLIENTS, "flux"))).go().exits(0);
    ran.prints("nothing is committed").prints("lmsgen publish");
    assert!(!fleet.run(&["status", "-e", "prod", "--from", "/dev/null"]).out.contains("NOT COMMITTED"));
}
