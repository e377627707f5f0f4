//! `lmsgen diff` from a fleet's files to the terminal.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::git_server::git;

const STACK: &str = r#"
phases = ["app"]

[params.tag]
type = "string"
description = "tag of the image"

[params.replicas]
type = "integer"
default = 1
description = "how many Pods"
"#;

const DEPLOYMENT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{{ client.slug }}
  namespace: {{ environment.namespace }}
spec:
  replicas: {{ params.replicas }}
  selector:
    matchLabels: { app: "{{ client.slug }}" }
  template:
    metadata:
      labels: { app: "{{ client.slug }}" }
    spec:
      containers:
        - name: web
          image: registry.example/web:{{ params.tag }}
"#;

/// A fleet of three clients in one environment, rendered and committed.
struct Fleet(tempfile::TempDir);

impl Fleet {
    fn new() -> Self {
        let fleet = Self(tempfile::tempdir().unwrap());
        fleet.write("lmsgen.toml", "stack = \"web\"\n");
        let environment =
            "namespace = \"dev\"\nkubernetes = \"1.35\"\ndelivery = \"kubectl\"\n\n[params]\ntag = \"1.4.1\"\n";
        fleet.write("environments/dev.toml", environment);
        fleet.write("templates/web/stack.toml", STACK);
        fleet.write("templates/web/app/deployment.yaml", DEPLOYMENT);
        for client in ["C1", "C2", "C3"] {
            fleet.write(&format!("clients/{client}.toml"), "name = \"Клиент\"\n[environments.dev]\n");
        }
        fleet.run(&["render"], 0);
        git(fleet.path(), &["init", "-q", "--initial-branch=main"]);
        fleet.commit("Release 1.4.1");
        fleet
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path().join(path)).unwrap();
        assert!(text.contains(from), "{path} has no {from}");
        self.write(path, &text.replace(from, to));
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    fn commit(&self, message: &str) {
        git(self.path(), &["add", "-A"]);
        git(self.path(), &["commit", "-q", "-m", message]);
    }

    /// What the program writes to stdout.
    fn run(&self, arguments: &[&str], code: i32) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lmsgen"));
        command.current_dir(self.path()).args(arguments).stdin(Stdio::null());
        let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{stdout}{stderr}");
        stdout
    }

    /// The diff without its headline, which holds a commit and a time.
    fn body(&self, arguments: &[&str]) -> String {
        let text = self.run(&[&["diff"], arguments].concat(), 0);
        text.split_once('\n').unwrap().1.to_owned()
    }
}

#[test]
fn after_render_and_commit_there_is_no_difference() {
    let fleet = Fleet::new();
    assert!(fleet.run(&["diff", "--exit-code"], 0).starts_with("No differences against "));
    assert_eq!(fleet.run(&["diff", "--unified"], 0), "");
}

#[test]
fn one_parameter_changes_exactly_what_it_is_used_in() {
    let fleet = Fleet::new();
    fleet.edit("environments/dev.toml", "1.4.1", "1.4.2");
    fleet.edit("clients/C2.toml", "[environments.dev]\n", "[params]\nreplicas = 2\n[environments.dev]\n");
    assert_eq!(
        fleet.body(&[]),
        "
~ 1 instance only
    dev/C2   Deployment web-c2   replicas 1 -> 2   restarts nothing   clients/C2.toml:3

= 3 instances, the same change
    dev/C1, C2, C3   Deployment web-*                             environments/dev.toml:6
                       containers[web].image tag 1.4.1 -> 1.4.2   restarts Pods, no downtime

3 changed, 0 created, 0 deleted objects
"
    );
    fleet.run(&["diff", "--exit-code"], 1);
    assert_eq!(
        fleet.body(&["C2", "--stat"]),
        "
dev   Deployment   1 changed

1 changed, 0 created, 0 deleted objects
"
    );
    // What is on disk below rendered/ makes no difference: both sides are a commit and a fresh rendering.
    let before = fleet.body(&[]);
    fleet.run(&["render"], 0);
    assert_eq!(fleet.body(&[]), before);
    fleet.commit("Release 1.4.2");
    fleet.run(&["diff", "--exit-code"], 0);
    let older = fleet.body(&["--base", "HEAD~1"]);
    assert!(older.contains("tag 1.4.1 -> 1.4.2"), "{older}");
}

#[test]
fn clients_come_and_go_as_a_whole() {
    let fleet = Fleet::new();
    fs::remove_file(fleet.path().join("clients/C3.toml")).unwrap();
    fleet.write("clients/C4.toml", "name = \"Новый\"\n[environments.dev]\n");
    assert_eq!(
        fleet.body(&[]),
        "
- 1 instance leaves; its objects stay in the cluster, and nobody looks after them
    dev/C3   1 object: Deployment   clients/C3.toml removed

+ 1 instance is created
    dev/C4   1 object: Deployment   clients/C4.toml

0 changed, 1 created, 1 deleted objects
"
    );
}

#[test]
fn a_client_whose_objects_go_stops_pods() {
    let fleet = Fleet::new();
    fleet.write("environments/dev.toml", &format!("deletion = \"delete\"\n{}", fleet.read("environments/dev.toml")));
    fs::remove_file(fleet.path().join("clients/C3.toml")).unwrap();
    let text = fleet.body(&[]);
    let deleted = "- 1 instance is deleted\n    dev/C3   1 object: Deployment   stops Pods   clients/C3.toml removed\n";
    assert!(text.contains(deleted), "{text}");
}

#[test]
fn several_reports_are_made_of_one_rendering() {
    let fleet = Fleet::new();
    fleet.edit("environments/dev.toml", "1.4.1", "1.4.2");
    let text = fleet.run(&["diff", "-o", "markdown=note.md", "-o", "json=diff.json", "--exit-code"], 1);
    assert_eq!(text, fleet.run(&["diff"], 0));
    assert_eq!(fleet.read("diff.json"), fleet.run(&["diff", "-o", "json"], 0));
    assert!(fleet.read("note.md").contains("1.4.2"));
}

#[test]
fn a_template_is_the_cause_where_no_parameter_is() {
    let fleet = Fleet::new();
    fleet.edit("templates/web/app/deployment.yaml", "spec:\n  replicas", "spec:\n  paused: true\n  replicas");
    let text = fleet.body(&[]);
    assert!(text.contains("templates/web/app/deployment.yaml\n"), "{text}");
    assert!(text.contains("paused added: true"), "{text}");
}

#[test]
fn json_is_one_document_of_the_named_format() {
    let fleet = Fleet::new();
    fleet.edit("environments/dev.toml", "1.4.1", "1.4.2");
    let json: serde_json::Value = serde_json::from_str(&fleet.run(&["diff", "-o", "json"], 0)).unwrap();
    assert_eq!(json["format"], "lmsgen.diff/v1");
    assert_eq!(json["base"]["summary"], "Release 1.4.1");
    assert_eq!(json["counts"]["changed"], 3);
    let group = &json["groups"][0];
    assert_eq!(group["instances"], serde_json::json!(["dev/C1", "dev/C2", "dev/C3"]));
    assert_eq!(group["cause"], "environments/dev.toml:6");
    assert_eq!(
        group["objects"][0]["fields"][0],
        serde_json::json!({
            "path": "spec.template.spec.containers[web].image",
            "effect": "restarts-pods",
            "change": "set",
            "old": "registry.example/web:1.4.1",
            "new": "registry.example/web:1.4.2",
        })
    );
}

#[test]
fn before_the_first_commit_everything_is_new() {
    let fleet = Fleet::new();
    fs::remove_dir_all(fleet.path().join(".git")).unwrap();
    git(fleet.path(), &["init", "-q", "--initial-branch=main"]);
    let text = fleet.run(&["diff"], 0);
    assert!(text.starts_with("dev: 3 instances created"), "{text}");
    assert!(text.contains("+ 3 instances are created\n    dev/C1, C2, C3   1 object: Deployment\n"), "{text}");
}

#[test]
fn a_note_for_a_merge_request_holds_values_as_text_only() {
    let fleet = Fleet::new();
    let annotation = "  annotations: { a: \"{{ client.name }}\" }\nspec:\n  replicas";
    fleet.edit("templates/web/app/deployment.yaml", "spec:\n  replicas", annotation);
    let hostile = "@all #1 [x](https://e.example) <img src=x> | `a` !2 ~b $3 %4 &5 ^6 *7* _8_ :tada:";
    for client in ["C1", "C2", "C3"] {
        fleet.write(&format!("clients/{client}.toml"), &format!("name = '{client} {hostile}'\n[environments.dev]\n"));
    }
    let note = fleet.run(&["diff", "-o", "markdown", "-v"], 0);
    assert!(note.starts_with("**lmsgen**, against "), "{note}");
    assert!(note.contains("#### ") && note.contains("\\@all"), "{note}");
    for mark in ["@all", "<img", "[x", "#1", "| \\`a"] {
        let n = note.match_indices(mark).inspect(|(at, _)| assert_eq!(&note[at - 1..*at], "\\", "{mark}")).count();
        assert!(n > 0, "{mark}");
    }
    let counts: serde_json::Value = serde_json::from_str(&fleet.run(&["diff", "-o", "gitlab"], 0)).unwrap();
    assert_eq!(counts, serde_json::json!({ "create": 0, "update": 3, "delete": 0 }));
}

#[test]
fn a_note_without_differences_says_so() {
    let fleet = Fleet::new();
    assert!(fleet.run(&["diff", "-o", "markdown"], 0).starts_with("**lmsgen: no differences** against "));
    assert_eq!(fleet.run(&["diff", "-o", "gitlab"], 0), "{\"create\":0,\"update\":0,\"delete\":0}\n");
}
