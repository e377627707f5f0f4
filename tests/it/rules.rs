//! The book of rules: every code has its section, every section its parts, and its examples do what they say.

use std::collections::BTreeSet;

use lmsgen::rules::{Example, Rule, Verdict, all};

use crate::architecture::declared_codes;
use crate::support::fleet::{Fleet, repository};

/// What sorts of rules there are.
const KINDS: [&str; 16] = [
    "closed world",
    "cross-object rule",
    "fleet rule",
    "guard",
    "limit",
    "merge request",
    "output",
    "parameters",
    "plaintext",
    "policy",
    "schema",
    "secrets",
    "server rule",
    "templates",
    "toml",
    "waivers",
];

#[test]
fn every_code_has_one_section_and_every_section_a_code() {
    let declared: BTreeSet<String> = declared_codes().into_keys().map(|number| format!("LMS{number:03}")).collect();
    let described: Vec<String> = all().iter().map(|rule| rule.id.to_owned()).collect();
    let set: BTreeSet<String> = described.iter().cloned().collect();
    assert_eq!(set.len(), described.len(), "a code is described twice");
    let missing: Vec<_> = declared.difference(&set).collect();
    assert!(missing.is_empty(), "docs/rules says nothing of {missing:?}");
    let left: Vec<_> = set.difference(&declared).collect();
    assert!(left.is_empty(), "docs/rules describes what nothing raises: {left:?}");
}

#[test]
fn every_file_of_the_book_is_embedded() {
    for entry in std::fs::read_dir(repository().join("docs/rules")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let title = text.lines().next().unwrap().strip_prefix("# ").unwrap();
        let embedded = all().iter().filter(|rule| rule.chapter == title).count();
        assert_eq!(embedded, text.matches("\n## ").count(), "{}", path.display());
        assert!(!text.contains('\u{2014}'), "{}", path.display());
    }
}

#[test]
fn every_section_has_its_parts() {
    for rule in all() {
        let id = rule.id;
        assert!(!rule.title.is_empty() && !rule.title.ends_with('.'), "{id}: {}", rule.title);
        assert!(["error", "warning", "error or warning"].contains(&rule.severity), "{id}: {}", rule.severity);
        assert!(KINDS.contains(&rule.kind), "{id}: {}", rule.kind);
        for (what, text) in [("why", rule.why), ("fix", rule.fix), ("allow", rule.allow)] {
            assert!(text.ends_with('.') && !text.contains("\n##"), "{id}: {what}: {text}");
        }
        let is_never = rule.allow.starts_with("never");
        assert!(is_never || rule.allow.starts_with("by `"), "{id}: {}", rule.allow);
        assert_eq!(rule.allowed().is_never(), is_never, "{id}: {}", rule.allow);
        let verdicts: Vec<Verdict> = rule.examples.iter().map(|example| example.verdict).collect();
        assert!(verdicts.chunks(2).all(|pair| pair == [Verdict::Bad, Verdict::Good]), "{id}: {verdicts:?}");
    }
}

/// The API server takes no excuse, and what keeps clients apart and secrets secret is not for a list to lift.
#[test]
fn what_can_be_allowed_is_what_was_meant() {
    for rule in all() {
        if ["server rule", "schema", "closed world", "limit", "guard", "merge request", "toml", "parameters"]
            .contains(&rule.kind)
        {
            assert!(rule.allowed().is_never(), "{}", rule.id);
        }
    }
    let below_server_rules = |rule: &&Rule| rule.id < "LMS700";
    let allowed: Vec<&str> =
        all().iter().filter(below_server_rules).filter(|rule| !rule.allowed().is_never()).map(|rule| rule.id).collect();
    let expected = [
        "LMS126", "LMS131", "LMS136", "LMS240", "LMS241", "LMS420", "LMS440", "LMS444", "LMS448", "LMS450", "LMS451",
        "LMS452", "LMS453", "LMS454",
    ];
    assert_eq!(allowed, expected);
}

const STACK: &str = "\
phases = [\"app\"]

[params.replicas]
type = \"integer\"
default = 1
min = 1
max = 9
description = \"how many\"

[params.theme]
type = \"string\"
values = [\"light\", \"dark\"]
default = \"light\"
description = \"colours\"

[params.database]
type = \"string\"
default = \"main\"
set-by = \"environment\"
description = \"where data lives\"
";

const TEMPLATE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: c-{{ client.slug }}
  namespace: {{ environment.namespace }}
data:
  REPLICAS: \"{{ params.replicas }}\"
  THEME: \"{{ params.theme }}\"
  DATABASE: \"{{ params.database }}\"
";

/// The fleet that the examples in TOML are files of.
fn fleet() -> Fleet {
    let fleet = Fleet::empty();
    fleet.write("lmsgen.toml", "stack = \"shop\"\n");
    fleet.write("environments/dev.toml", "namespace = \"dev\"\nkubernetes = \"1.35\"\n");
    fleet.write("clients/C1.toml", "name = \"One\"\n\n[environments.dev]\n");
    fleet.write("templates/shop/stack.toml", STACK);
    fleet.write("templates/shop/app/config.yaml", TEMPLATE);
    fleet
}

#[test]
fn examples_of_fleet_files_do_what_they_say() {
    fleet().run(&["validate"]).exits(0);
    let is_toml = |example: &&Example| example.language == "toml";
    let examples = all().iter().flat_map(|rule| rule.examples.iter().filter(is_toml).map(move |one| (rule, one)));
    let mut n_examples = 0;
    for (rule, example) in examples {
        let path = example
            .text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# "))
            .unwrap_or_else(|| panic!("{}", rule.id));
        let fleet = fleet();
        fleet.write(path, example.text);
        let ran = fleet.run(&["validate"]);
        let said = ran.err.contains(&format!("[{}]", rule.id));
        assert_eq!(said, example.verdict == Verdict::Bad, "{}:\n{}\n{}", rule.id, example.text, ran.err);
        assert!(example.verdict == Verdict::Bad || ran.code == 0, "{}:\n{}\n{}", rule.id, example.text, ran.err);
        n_examples += 1;
    }
    assert!(n_examples > 40, "{n_examples}");
}

#[test]
fn rules_are_listed_and_explained_without_a_fleet() {
    let nowhere = Fleet::empty();
    let list = nowhere.run(&["rules"]).exits(0).prints("Files and TOML\n  LMS101  error").out;
    assert_eq!(list.lines().filter(|line| line.starts_with("  LMS")).count(), all().len());
    let one = nowhere.run(&["rules", "LMS133"]).exits(0);
    let one = one.prints("LMS133: no Kubernetes version\n").prints("\nWrong:\n\n    # environments/dev.toml\n");
    one.prints("\nFix: write the minor version").prints("\nAllow: never.\n");
    nowhere.run(&["rules", "lms133"]).exits(0);
    nowhere
        .run(&["rules", "LMS1333"])
        .exits(2)
        .prints_nothing()
        .says("there is no rule `LMS1333`")
        .says("did you mean `LMS133`?");
    nowhere
        .run(&["rules", "\u{1b}[2J"])
        .exits(2)
        .says("there is no rule `\\u{1b}[2J`")
        .says("`lmsgen rules` lists them");
}

#[test]
fn rules_as_json() {
    let nowhere = Fleet::empty();
    let json = |args: &[&str]| -> serde_json::Value { serde_json::from_str(&nowhere.run(args).exits(0).out).unwrap() };
    let list = json(&["rules", "-o", "json"]);
    assert_eq!(list["format"], "lmsgen.rules/v1");
    assert_eq!(list["rules"].as_array().unwrap().len(), all().len());
    let one = json(&["rules", "LMS240", "-o", "json"]);
    let rule = &one["rules"][0];
    assert_eq!(rule["code"], "LMS240");
    assert_eq!(rule["allowed_by"], serde_json::json!(["path", "instances"]));
    assert!(["title", "severity", "kind", "chapter", "why", "fix", "allow"].iter().all(|key| rule[key].is_string()));
}

#[test]
fn the_help_says_where_to_read_on() {
    let fleet = fleet();
    fleet.run(&["validate", "--help"]).exits(0).prints("`lmsgen rules CODE`");
}

/// Examples in YAML are manifests of nobody's fleet: `validate FILE` says of the bad one what its section is about.
#[test]
fn examples_of_manifests_do_what_they_say() {
    let is_yaml = |example: &&Example| example.language == "yaml";
    let examples = all().iter().flat_map(|rule| rule.examples.iter().filter(is_yaml).map(move |one| (rule, one)));
    let mut n_examples = 0;
    for (rule, example) in examples {
        let nowhere = Fleet::empty();
        nowhere.write("example.yaml", example.text);
        let ran = nowhere.run(&["validate", "example.yaml"]);
        let said = ran.all().contains(&format!("[{}]", rule.id));
        assert_eq!(said, example.verdict == Verdict::Bad, "{}:\n{}\n{}", rule.id, example.text, ran.all());
        assert!(example.verdict == Verdict::Bad || ran.code == 0, "{}:\n{}\n{}", rule.id, example.text, ran.all());
        n_examples += 1;
    }
    assert!(n_examples > 0, "no section shows a manifest");
}
