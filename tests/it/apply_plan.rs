//! `apply-plan`: the script is run, with a `kubectl` that keeps what it is asked and answers as a cluster would.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::support::fleet::{Fleet, repository};

/// Writes its arguments to `log`; answers what is asked of Jobs from a file of the Job's name.
const KUBECTL: &str = r#"#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
  *" get job "*) cat "$ANSWERS/$5" 2>/dev/null || printf 'SuccessCriteriaMet Complete ' ;;
  apply*) sed -n 's/^kind: /  /p' >> "$LOG" ;;
esac
"#;

struct Cluster {
    fleet: Fleet,
    folder: tempfile::TempDir,
}

impl Cluster {
    fn new() -> Self {
        let fleet =
            Fleet::of_repository(&["lmsgen.toml", "environments", "clients", "templates", "secrets", "rendered"]);
        fleet.commit_all();
        let folder = tempfile::tempdir().unwrap();
        let kubectl = folder.path().join("kubectl");
        std::fs::write(&kubectl, KUBECTL).unwrap();
        std::fs::set_permissions(&kubectl, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::create_dir(folder.path().join("answers")).unwrap();
        Self { fleet, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the plan; its exit code, what it said, and what kubectl was asked.
    fn apply(&self, args: &[&str]) -> (Option<i32>, String, Vec<String>) {
        let plan = self.fleet.run(&[&["apply-plan"], args].concat()).exits(0);
        std::fs::write(self.path("plan.sh"), plan.out).unwrap();
        let _ = std::fs::remove_file(self.path("log"));
        let output = Command::new("sh")
            .arg(self.path("plan.sh"))
            .current_dir(self.fleet.root())
            .env("KUBECTL", self.path("kubectl"))
            .env("LMSGEN", env!("CARGO_BIN_EXE_lmsgen"))
            .env("SOPS_AGE_KEY_FILE", repository().join("tests/keys/demo.agekey"))
            .env("LOG", self.path("log"))
            .env("ANSWERS", self.path("answers"))
            .env("WAIT", "3")
            .output()
            .unwrap();
        let log = std::fs::read_to_string(self.path("log")).unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said, log.lines().map(str::to_owned).collect())
    }

    fn job(&self, start: &str) -> String {
        let folder = std::fs::read_dir(self.fleet.root().join("rendered/lms-dev/C1/provision")).unwrap();
        let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let name = names.into_iter().find(|name| name.starts_with(&format!("job-{start}"))).unwrap();
        name.trim_start_matches("job-").trim_end_matches(".yaml").to_owned()
    }
}

/// Places in `log` of the first lines that hold each of `texts`.
fn order(log: &[String], texts: &[&str]) -> Vec<usize> {
    texts
        .iter()
        .map(|text| log.iter().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {log:?}")))
        .collect()
}

#[test]
fn a_plan_goes_phase_by_phase_and_waits() {
    let cluster = Cluster::new();
    let (code, said, log) = cluster.apply(&["-e", "lms-dev", "C1"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let job = cluster.job("postgres");
    let found = order(&log, &["  Namespace", "  Secret", &format!("get job {job}"), "  Deployment", "rollout status"]);
    assert!(found.is_sorted(), "{log:?}");
    assert!(log.iter().filter(|line| line.starts_with("apply --server-side")).count() == 3, "{log:?}");
    assert!(!log.iter().any(|line| line.contains("delete")), "nothing is deleted without a base");
}

#[test]
fn a_client_that_fails_stops_itself_and_all_deletion() {
    let cluster = Cluster::new();
    cluster.fleet.edit("environments/lms-dev.toml", "image.tag = \"dev\"", "image.tag = \"dev2\"");
    cluster.fleet.remove("clients/C70.toml");
    std::fs::write(cluster.path("answers").join(cluster.job("postgres")), "FailureTarget Failed ").unwrap();
    let (code, said, log) = cluster.apply(&["-e", "lms-dev", "--base", "HEAD"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("failed: C1; nothing was deleted"), "{said}");
    assert!(said.contains(&format!("logs job/{}", cluster.job("postgres"))), "{said}");
    assert_eq!(log.iter().filter(|line| line.contains("rollout status")).count(), 1, "the other goes on: {log:?}");
    assert!(!log.iter().any(|line| line.contains(" delete ")), "{log:?}");

    // A Job that never ends.
    std::fs::write(cluster.path("answers").join(cluster.job("postgres")), "").unwrap();
    let (code, said, _) = cluster.apply(&["-e", "lms-dev", "C1"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("has not ended in 3 s"), "{said}");
}

#[test]
fn what_is_gone_is_deleted_last_and_data_stays() {
    let cluster = Cluster::new();
    cluster.fleet.remove("clients/C70.toml");
    cluster.fleet.edit("environments/lms-dev.toml", "nfs = ", "# nfs = ");
    let (code, said, log) = cluster.apply(&["-e", "lms-dev", "--base", "HEAD"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let deleted: Vec<&String> = log.iter().filter(|line| line.contains(" delete ")).collect();
    assert_eq!(deleted.len(), 8, "{deleted:?}");
    assert!(deleted[0].ends_with("delete --ignore-not-found ingress.networking.k8s.io/client-lms-ingress-c70"));
    assert!(!deleted.iter().any(|line| line.contains("persistentvolume") || line.contains("c1-")), "{deleted:?}");

    // The environment keeps what clients leave behind.
    cluster.fleet.edit("environments/lms-dev.toml", "deletion = \"delete\"", "deletion = \"orphan\"");
    let plan = cluster.fleet.run(&["apply-plan", "-e", "lms-dev", "--base", "HEAD"]).exits(0);
    assert!(plan.out.contains("says `deletion = \"orphan\"`: deployment.apps/lms-deployment-c70\n"), "{}", plan.out);
    assert!(!plan.out.contains("delete --ignore"), "{}", plan.out);
}

#[test]
fn a_secret_in_another_form_is_the_same_secret() {
    let cluster = Cluster::new();
    let file = "environments/lms-dev.toml";
    let key = repository().join("tests/keys/demo.agekey");
    cluster.fleet.edit(file, "delivery = \"flux\"", "delivery = \"kubectl\"");
    cluster.fleet.edit(file, "\"Secret\"", "\"Secret\", \"SopsSecret\"");
    cluster.fleet.run(&["render"]).exits(0);
    cluster.fleet.commit_all();
    for (old, new) in [("sops", "sopssecret"), ("sopssecret", "sops")] {
        cluster.fleet.edit(file, &format!("form = \"{old}\""), &format!("form = \"{new}\""));
        cluster.fleet.prepare(&["secrets", "convert", "-e", "lms-dev"]).env("SOPS_AGE_KEY_FILE", &key).go().exits(0);
        let (code, said, log) = cluster.apply(&["-e", "lms-dev", "--base", "HEAD"]);
        assert_eq!(code, Some(0), "{said}");
        assert!(log.iter().any(|line| line == "  Secret"), "{log:?}");
        assert!(!log.iter().any(|line| line.contains(" delete ")), "{log:?}");
        cluster.fleet.run(&["render"]).exits(0);
        cluster.fleet.commit_all();
    }
}

#[test]
fn a_plan_that_drops_data_is_asked_for() {
    let cluster = Cluster::new();
    let text = cluster.fleet.read("clients/C1.toml");
    let state = "state = \"deprovisioned\"\nconfirm-data-loss = \"C1\"\n";
    cluster.fleet.write("clients/C1.toml", format!("{state}{text}"));
    let refused = cluster.fleet.run(&["apply-plan", "-e", "lms-dev"]).exits(8);
    assert!(refused.says("drops the data of C1").says("--allow-data-loss").out.is_empty());
    let plan = cluster.fleet.run(&["apply-plan", "-e", "lms-dev", "--allow-data-loss"]).exits(0);
    assert!(plan.out.contains("apply deprovision C1"), "{}", plan.out);
    assert!(plan.err.contains("is not committed"), "{}", plan.err);
    cluster.fleet.run(&["apply-plan", "-e", "lms-dev", "C70"]).exits(0);
}

#[test]
fn a_plan_is_of_the_commit_that_it_was_made_at() {
    let cluster = Cluster::new();
    let plan = cluster.fleet.run(&["apply-plan", "-e", "lms-dev", "C1"]).exits(0);
    assert!(!plan.err.contains("is not committed"), "{}", plan.err);
    cluster.fleet.write("README.md", "something else\n");
    cluster.fleet.commit_all();
    std::fs::write(cluster.path("plan.sh"), plan.out).unwrap();
    let mut late = Command::new("sh");
    late.arg(cluster.path("plan.sh")).current_dir(cluster.fleet.root()).env("KUBECTL", cluster.path("kubectl"));
    let late = late.env("LOG", cluster.path("log")).output().unwrap();
    assert_eq!(late.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&late.stderr).contains("make the plan anew"));
    assert!(!cluster.path("log").exists(), "nothing was asked of the cluster");
}

#[test]
fn a_plan_is_for_one_environment_and_hostile_history_stays_text() {
    let cluster = Cluster::new();
    cluster.fleet.run(&["apply-plan"]).exits(2).says("name it with `-e`");
    cluster.fleet.run(&["apply-plan", "-e", "lms-dev", "--base", "nowhere"]).exits(6);
    // A commit that somebody made by hand.
    let folder = "rendered/lms-dev/C1/app";
    let record = cluster.fleet.read(&format!("{folder}/kustomization.yaml"));
    cluster.fleet.write(&format!("{folder}/kustomization.yaml"), record + "  - x.yaml\n");
    let object =
        "apiVersion: v1\nkind: \"Con$(touch a)\"\nmetadata: {name: \"x; touch b\\n touch c\", namespace: \"' d\"}\n";
    cluster.fleet.write(&format!("{folder}/x.yaml"), object);
    cluster.fleet.commit_all();
    cluster.fleet.run(&["render"]).exits(0);
    let (code, _, log) = cluster.apply(&["-e", "lms-dev", "--base", "HEAD"]);
    assert_eq!(code, Some(0));
    assert!(log.iter().any(|line| line.contains("delete --ignore-not-found con$(touch a)/x; touch b")), "{log:?}");
    for made in ["a", "b", "c"] {
        assert!(!cluster.fleet.has(made), "{made}");
    }
}
