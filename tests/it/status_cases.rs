//! `status` on dumps of clusters with one thing wrong each: `tests/cases/status/*.txt`.
//!
//! A case is a title, what differs from a healthy cluster (YAML), and what is said, without the place of the first line.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::cluster::{NOW, dump, fleet, healthy, spoil};
use crate::support::fleet::{Fleet, repository};

/// Clients of every case.
const CLIENTS: [&str; 3] = ["C1", "C2", "C17"];

struct Case {
    title: String,
    changes: Vec<Value>,
    said: String,
}

fn cases(file: &str) -> Vec<Case> {
    let path = repository().join("tests/cases/status").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let case = |block: &str| {
        let (title, rest) = block.split_once('\n').expect("a title");
        let (changes, said) = rest.split_once("--- said\n").expect("what is said");
        let changes = serde_norway::from_str(changes).unwrap_or_else(|error| panic!("{title}: {error}"));
        Case { title: title.to_owned(), changes, said: said.trim_end().to_owned() }
    };
    text.split("=== ").skip(1).map(case).collect()
}

/// What is said, without commit and age.
fn said(out: &str) -> String {
    let (first, rest) = out.split_once('\n').unwrap_or((out, ""));
    let counts = first.split("   ").next().unwrap_or_default();
    format!("{counts}\n{rest}").trim_end().to_owned()
}

fn run(fleet: &Fleet, delivery: &str, file: &str, at_least: usize) {
    let cases = cases(file);
    assert!(cases.len() >= at_least, "{}", cases.len());
    let mut wrong = String::new();
    for case in cases {
        let mut objects = healthy(&CLIENTS, delivery);
        spoil(&mut objects, case.changes);
        let ran = fleet.prepare(&["status", "--from", "-", "--at", NOW]).input(dump(&objects)).go().exits(0);
        assert!(!ran.all().contains('\u{1b}'), "{}", case.title);
        if said(&ran.out) != case.said {
            let _ = write!(wrong, "=== {}\n--- said\n{}\n\n", case.title, said(&ran.out));
        }
    }
    assert!(wrong.is_empty(), "something else is said:\n{wrong}");
}

#[test]
fn every_trouble_has_its_sentence() {
    run(&fleet(&CLIENTS, "kubectl", ""), "kubectl", "kubectl.txt", 25);
}

#[test]
fn flux_is_understood() {
    run(&fleet(&CLIENTS, "flux", ""), "flux", "flux.txt", 5);
}
