//! `ci`: what the pipelines run is run here, line by line, in a shell, on clones of a remote as the runners make them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_norway::Value;

use crate::support::fleet::{Fleet, Ran, repository};
use crate::support::git_server::{VARIABLES, git};

const TEMPLATES: [(&str, &str); 2] = [
    (
        "templates/t/stack.toml",
        "client-id = '^[A-Za-z][0-9]+$'\nphases = [\"app\"]\n\n[params.x]\ntype = \"integer\"\ndefault = 1\n\
         description = \"a number\"\n\n[secrets.s.key]\ngenerate = \"hex\"\n",
    ),
    (
        "templates/t/app/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-{{ client.slug }}\n  namespace: {{ environment.namespace }}\n\
         data:\n  X: \"{{ params.x }}\"\n",
    ),
];

/// What a bot's token must never get into.
const TOKEN: &str = "glpat-not-a-real-token";

/// Stands for lmsgen where a cluster is needed: keeps what it was asked, and about which commit.
const STAND_IN: &str = r#"#!/bin/sh
case "$*" in
  *" status "*) { echo "$*"; git rev-parse HEAD; } > status.log; echo '<testsuites/>' > status.xml ;;
  *) exec "$REAL" "$@" ;;
esac
"#;

/// A remote with a published fleet on `main`.
struct Remote {
    folder: tempfile::TempDir,
}

/// What a job's shell gets: its lines and its variables.
struct Job {
    script: String,
    variables: BTreeMap<String, String>,
}

impl Remote {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let remote = Self { folder: tempfile::tempdir().unwrap() };
        git(remote.folder.path(), &["init", "-q", "--bare", "--initial-branch=main", "fleet.git"]);
        git(&remote.path("fleet.git"), &["config", "receive.advertisePushOptions", "true"]);
        std::fs::create_dir_all(remote.path("bin")).unwrap();
        std::fs::write(remote.path("bin/lmsgen"), STAND_IN).unwrap();
        std::fs::set_permissions(remote.path("bin/lmsgen"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let fleet = Fleet::tiny(&TEMPLATES);
        fleet.run(&["render"]).exits(0);
        fleet.commit_all();
        fleet.git(&["push", "-q", remote.path("fleet.git").to_str().unwrap(), "main"]);
        remote
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn git(&self, args: &[&str]) -> String {
        git(&self.path("fleet.git"), args)
    }

    fn tip(&self) -> String {
        self.git(&["rev-parse", "main"])
    }

    /// A person's clone.
    fn clone(&self, name: &str) -> PathBuf {
        git(self.folder.path(), &["clone", "-q", "fleet.git", name]);
        self.path(name)
    }

    /// Commits a change to `branch` and pushes it; its name.
    fn change(&self, branch: &str, path: &str, text: &str) -> String {
        let clone = self.clone(&format!("by-hand-{}", std::fs::read_dir(self.folder.path()).unwrap().count()));
        git(&clone, &["switch", "-q", "-C", branch]);
        std::fs::write(clone.join(path), text).unwrap();
        git(&clone, &["add", "-A"]);
        git(&clone, &["commit", "-q", "-m", "change"]);
        git(&clone, &["push", "-q", "origin", branch]);
        git(&clone, &["rev-parse", "HEAD"])
    }

    /// A runner's clone: a commit, no branch.
    fn checkout(&self, name: &str, commit: &str) -> PathBuf {
        let clone = self.clone(name);
        git(&clone, &["checkout", "-q", "--detach", commit]);
        clone
    }

    /// Runs a job there, with a home of its own, no key and no settings of Git.
    fn run(&self, job: &Job, folder: &Path, given: &[(&str, &str)]) -> Ran {
        let home = self.path("home");
        std::fs::create_dir_all(&home).unwrap();
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("sh");
        command.args(["-ec", &job.script]).current_dir(folder).env_clear();
        command.env("PATH", path).env("HOME", home).env("REAL", env!("CARGO_BIN_EXE_lmsgen"));
        command.envs(VARIABLES.into_iter().filter(|(name, _)| name.starts_with("GIT_CONFIG")));
        command.envs(&job.variables).envs(given.iter().copied());
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// What GitLab sets in every job.
    fn gitlab_variables(&self) -> BTreeMap<String, String> {
        let url = self.path("fleet").display().to_string();
        let known =
            [("CI_PROJECT_URL", url.as_str()), ("CI_SERVER_HOST", "gitlab.example"), ("CI_COMMIT_BRANCH", "main")];
        known.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// A job of `ci/gitlab.yml`.
    fn gitlab(&self, name: &str) -> Job {
        let file = parsed("ci/gitlab.yml");
        let job = &file[name];
        let lines: Vec<&str> = job["script"].as_sequence().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let mut variables = self.gitlab_variables();
        for place in [&file["variables"], &job["variables"]] {
            add(&mut variables, place);
        }
        Job { script: lines.join("\n"), variables }
    }

    fn merge_request(&self, job: &str, folder: &Path, base: &str) -> Ran {
        self.run(&self.gitlab(job), folder, &[("CI_MERGE_REQUEST_DIFF_BASE_SHA", base)])
    }

    fn publish(&self, name: &str, commit: &str) -> (PathBuf, Ran) {
        let folder = self.checkout(name, commit);
        let ran = self.run(&self.gitlab("publish"), &folder, &[("LMSGEN_PUSH_TOKEN", TOKEN)]);
        (folder, ran)
    }
}

fn parsed(path: &str) -> Value {
    let text = std::fs::read_to_string(repository().join(path)).unwrap();
    serde_norway::from_str(&text).unwrap()
}

/// Adds variables, whose values may name earlier ones as `${NAME}`.
fn add(variables: &mut BTreeMap<String, String>, more: &Value) {
    for (name, value) in more.as_mapping().into_iter().flatten() {
        let mut value = value.as_str().unwrap().to_owned();
        for (known, is) in &*variables {
            value = value.replace(&format!("${{{known}}}"), is);
        }
        assert!(!value.contains('$'), "{value}");
        variables.insert(name.as_str().unwrap().to_owned(), value);
    }
}

fn client(x: i32) -> String {
    format!("name = \"One\"\nparams.x = {x}\n\n[environments.dev]\n")
}

#[test]
fn a_merge_request_about_a_client_passes_without_key_or_token() {
    let remote = Remote::new();
    let base = remote.tip();
    let folder = remote.checkout("job", &remote.change("mr", "clients/C1.toml", &client(2)));
    remote.merge_request("validate", &folder, &base).exits(0);
    assert_eq!(std::fs::read_to_string(folder.join("gl-code-quality.json")).unwrap().trim(), "[]");
    assert!(std::fs::read_to_string(folder.join("junit.xml")).unwrap().contains("<testsuite"));
    remote.merge_request("scope", &folder, &base).exits(0);
    remote.merge_request("diff", &folder, &base).exits(0).prints("X \"1\" -> \"2\"");
    let note = std::fs::read_to_string(folder.join("lmsgen-diff.md")).unwrap();
    assert!(note.contains("| dev/C1 | ConfigMap c-c1 | X \"1\" -\\> \"2\" |"), "{note}");
    assert_eq!(
        std::fs::read_to_string(folder.join("lmsgen-diff.json")).unwrap(),
        "{\"create\":0,\"update\":1,\"delete\":0}\n"
    );
}

#[test]
fn a_merge_request_about_more_is_told_apart() {
    let remote = Remote::new();
    let base = remote.tip();
    let text = TEMPLATES[1].1.replace("X:", "Z:");
    let folder = remote.checkout("job", &remote.change("mr", "templates/t/app/config.yaml", &text));
    remote.merge_request("validate", &folder, &base).exits(0);
    remote.merge_request("scope", &folder, &base).exits(8).says("templates/t/app/config.yaml");
    let allowed = &parsed("ci/gitlab.yml")["scope"]["allow_failure"]["exit_codes"];
    assert_eq!(allowed.as_sequence().unwrap(), &[Value::from(8)]);
}

#[test]
fn a_faulty_merge_request_leaves_its_reports() {
    let remote = Remote::new();
    let base = remote.tip();
    let folder = remote.checkout("job", &remote.change("mr", "clients/C1.toml", "name = \"One\"\nnonsense = 1\n"));
    remote.merge_request("validate", &folder, &base).exits(3);
    assert!(std::fs::read_to_string(folder.join("junit.xml")).unwrap().contains("<failure"));
    assert!(std::fs::read_to_string(folder.join("gl-code-quality.json")).unwrap().contains("clients/C1.toml"));
}

/// In a pipeline for merged results HEAD is the merge with a branch that has moved since.
#[test]
fn what_came_to_the_target_branch_meanwhile_is_not_the_request_s_doing() {
    let remote = Remote::new();
    let base = remote.tip();
    let request = remote.change("mr", "clients/C1.toml", &client(2));
    let main = remote.change("main", "templates/t/app/config.yaml", &TEMPLATES[1].1.replace("X:", "Z:"));
    let folder = remote.checkout("job", &main);
    git(&folder, &["merge", "-q", "--no-ff", "-m", "merged results", &request]);
    let given =
        [("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.as_str()), ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", main.as_str())];
    remote.run(&remote.gitlab("scope"), &folder, &given).exits(0);
    remote.run(&remote.gitlab("diff"), &folder, &given).exits(0);
}

#[test]
fn main_is_published_once_and_status_looks_at_what_was_published() {
    let remote = Remote::new();
    let merged = remote.change("main", "clients/C2.toml", &client(3));
    let (folder, ran) = remote.publish("job", &merged);
    ran.exits(0);
    let published = remote.tip();
    assert_eq!(remote.git(&["rev-parse", "main^"]), merged);
    assert_eq!(
        remote.git(&["log", "-1", "--format=%an <%ae>", "main"]),
        "lmsgen-bot <lmsgen-bot@noreply.gitlab.example>"
    );
    let files = remote.git(&["ls-tree", "-r", "--name-only", "main"]);
    assert!(
        files.contains("rendered/dev/C2/app/configmap-c-c2.yaml") && files.contains("secrets/dev/C2/s.yaml"),
        "{files}"
    );
    // The token is asked for, and lies nowhere.
    let config = std::fs::read_to_string(folder.join(".git/config")).unwrap();
    assert!(!config.contains(TOKEN), "{config}");
    let ask = Job {
        script: "printf 'protocol=https\\nhost=gitlab.example\\n\\n' | git credential fill".into(),
        variables: remote.gitlab("publish").variables,
    };
    remote
        .run(&ask, &folder, &[("LMSGEN_PUSH_TOKEN", TOKEN)])
        .exits(0)
        .prints(&format!("username=lmsgen-bot\npassword={TOKEN}\n"));
    // The pipeline of an older commit publishes the newest state, which is published already.
    remote.publish("again", &merged).1.exits(0);
    assert_eq!(remote.tip(), published);

    let folder = remote.checkout("status", &merged);
    remote.run(&remote.gitlab("status"), &folder, &[]).exits(0);
    let asked = std::fs::read_to_string(folder.join("status.log")).unwrap();
    assert_eq!(asked, format!("-C . status --wait --timeout 15m -o junit=status.xml\n{published}\n"));
}

/// The `run` steps of a job of `ci/github.yml`, but for those that install lmsgen.
fn github(name: &str) -> Job {
    let file = parsed("ci/github.yml");
    let mut variables = BTreeMap::from([("GITHUB_REF_NAME".to_owned(), "main".to_owned())]);
    add(&mut variables, &file["env"]);
    let steps = file["jobs"][name]["steps"].as_sequence().unwrap();
    let runs = steps.iter().filter(|step| step["name"].as_str() != Some("lmsgen"));
    // Each step is a shell of its own.
    let script: Vec<String> = runs.filter_map(|step| step["run"].as_str()).map(|run| format!("(\n{run}\n)")).collect();
    Job { script: script.join("\n"), variables }
}

#[test]
fn a_pull_request_on_github() {
    let remote = Remote::new();
    let main = remote.tip();
    let request = remote.change("mr", "clients/C1.toml", &client(2));
    let folder = remote.checkout("job", &main);
    git(&folder, &["merge", "-q", "--no-ff", "-m", "the request's merge", &request]);
    let summary = remote.path("summary");
    let given = [("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let ran = remote.run(&github("check"), &folder, &given).exits(0);
    assert!(!ran.out.contains("::"), "{}", ran.out);
    assert!(std::fs::read_to_string(&summary).unwrap().contains("| dev/C1 |"));

    let other = remote.change("mr2", "lmsgen.toml", "stack = \"t\"\nparams.x = 4\n");
    let folder = remote.checkout("job2", &main);
    git(&folder, &["merge", "-q", "--no-ff", "-m", "the request's merge", &other]);
    remote.run(&github("check"), &folder, &given).exits(0).prints("::warning title=More than clients::");
}

#[test]
fn github_publishes_and_looks() {
    let remote = Remote::new();
    let merged = remote.change("main", "clients/C2.toml", &client(3));
    let folder = remote.checkout("job", &merged);
    let who = [("GIT_AUTHOR_NAME", "b"), ("GIT_AUTHOR_EMAIL", "b@x.example"), ("GIT_COMMITTER_NAME", "b")];
    let given = [&who[..], &[("GIT_COMMITTER_EMAIL", "b@x.example"), ("LMSGEN_PUSH_TOKEN", TOKEN)]].concat();
    remote.run(&github("publish"), &folder, &given).exits(0);
    assert_eq!(remote.git(&["rev-parse", "main^"]), merged);
    let folder = remote.checkout("status", &remote.tip());
    remote.run(&github("status"), &folder, &[]).exits(0);
    assert!(
        std::fs::read_to_string(folder.join("status.log")).unwrap().starts_with("-C . status --wait --timeout 15m")
    );
}

#[test]
fn the_pipeline_is_printed_anywhere_and_written_once() {
    let fleet = Fleet::tiny(&TEMPLATES);
    let outside = fleet.prepare(&["ci", "gitlab"]).within(&fleet.home()).go().exits(0);
    assert_eq!(outside.out, std::fs::read_to_string(repository().join("ci/gitlab.yml")).unwrap());
    fleet.run(&["ci", "github", "--write"]).exits(6);
    fleet.commit_all();
    fleet.run(&["ci", "github", "--write"]).exits(0).prints("Created .github/workflows/lmsgen.yml\n");
    let written = fleet.read(".github/workflows/lmsgen.yml");
    assert_eq!(written, std::fs::read_to_string(repository().join("ci/github.yml")).unwrap());
    fleet.run(&["ci", "github", "--write"]).exits(0).says("is the same").prints_nothing();
    fleet.write(".gitlab-ci.yml", "mine: {script: [x]}\n");
    fleet.run(&["ci", "gitlab", "--write"]).exits(8).says(".gitlab-ci.yml is there and differs; it was left as it is");
    assert_eq!(fleet.read(".gitlab-ci.yml"), "mine: {script: [x]}\n");
}

#[test]
fn a_fleet_in_a_folder_is_named_in_its_pipeline() {
    let fleet = Fleet::empty();
    let inner = "deploy/it's \"$HOME\" #1";
    fleet.write(&format!("{inner}/lmsgen.toml"), "stack = \"t\"\n");
    fleet.commit_all();
    fleet.run(&["-C", inner, "ci", "gitlab", "--write"]).exits(0);
    let file: Value = serde_norway::from_str(&fleet.read(".gitlab-ci.yml")).unwrap();
    assert_eq!(file["variables"]["LMSGEN_FLEET"].as_str(), Some("deploy/it's \"$$HOME\" #1"));
    fleet.run(&["-C", inner, "ci", "github", "--write"]).exits(0);
    let file: Value = serde_norway::from_str(&fleet.read(".github/workflows/lmsgen.yml")).unwrap();
    assert_eq!(file["env"]["LMSGEN_FLEET"].as_str(), Some(inner));
}

#[test]
fn jobs_of_merge_requests_are_given_nothing() {
    let text = std::fs::read_to_string(repository().join("ci/gitlab.yml")).unwrap();
    let checks = text.split("\npublish:\n").next().unwrap();
    assert!(!checks.split("\nvalidate:\n").nth(1).unwrap().contains("TOKEN"));
    let github = parsed("ci/github.yml");
    assert_eq!(github["permissions"], Value::Mapping(serde_norway::Mapping::new()));
    let check = serde_norway::to_string(&github["jobs"]["check"]).unwrap();
    assert!(!check.contains("secrets.") && check.contains("contents: read"), "{check}");
    for uses in used(&github) {
        let (_, revision) = uses.split_once('@').unwrap();
        assert!(revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit()), "{uses}");
    }
}

/// Every action that a workflow uses.
fn used(file: &Value) -> Vec<String> {
    let jobs = file["jobs"].as_mapping().unwrap().values();
    let steps = jobs.flat_map(|job| job["steps"].as_sequence().unwrap());
    steps.filter_map(|step| step["uses"].as_str()).map(str::to_owned).collect()
}
