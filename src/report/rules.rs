//! The book of rules, for people and as JSON, format `lmsgen.rules/v1`.

use std::fmt::Write as _;

use serde::Serialize;

use crate::rules::{Rule, Verdict};

/// Code, severity and title of each, under its chapter.
#[must_use]
pub fn rules_text(rules: &[Rule]) -> String {
    let width = rules.iter().map(|rule| rule.severity.len()).max().unwrap_or_default();
    let mut out = String::new();
    for chapter in rules.chunk_by(|a, b| a.chapter == b.chapter) {
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{gap}{}", chapter[0].chapter);
        for rule in chapter {
            let _ = writeln!(out, "  {}  {:width$}  {}", rule.id, rule.severity, rule.title);
        }
    }
    out
}

/// All of one rule.
#[must_use]
pub fn rule_text(rule: &Rule) -> String {
    let mut out = format!("{}: {}\n{}, {}\n\n{}\n", rule.id, rule.title, rule.severity, rule.kind, rule.why);
    for example in &rule.examples {
        let verdict = match example.verdict {
            Verdict::Bad => "Wrong",
            Verdict::Good => "Right",
        };
        let _ = write!(out, "\n{verdict}:\n\n");
        for line in example.text.lines() {
            let _ = writeln!(out, "{}", format!("    {line}").trim_end());
        }
    }
    let _ = write!(out, "\nFix: {}\n\nAllow: {}\n", rule.fix, rule.allow);
    out
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    rules: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'a str,
    title: &'a str,
    severity: &'a str,
    kind: &'a str,
    chapter: &'a str,
    why: &'a str,
    fix: &'a str,
    allow: &'a str,
    /// Keys of an `[[allow]]`; empty if it can never be allowed.
    allowed_by: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    examples: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    language: &'a str,
    verdict: &'static str,
    text: &'a str,
}

/// One JSON document with a final newline.
#[must_use]
pub fn rules_json(rules: &[Rule]) -> String {
    let document = Document { format: "lmsgen.rules/v1", rules: rules.iter().map(entry).collect() };
    let text = serde_json::to_string_pretty(&document).expect("the document holds strings only");
    format!("{text}\n")
}

fn entry(rule: &Rule) -> Entry<'_> {
    let allowed = rule.allowed();
    let by = [(allowed.path, "path"), (allowed.instances, "instances"), (allowed.key, "key")];
    let shown = rule.examples.iter().map(|example| Shown {
        language: example.language,
        verdict: match example.verdict {
            Verdict::Bad => "bad",
            Verdict::Good => "good",
        },
        text: example.text,
    });
    Entry {
        code: rule.id,
        title: rule.title,
        severity: rule.severity,
        kind: rule.kind,
        chapter: rule.chapter,
        why: rule.why,
        fix: rule.fix,
        allow: rule.allow,
        allowed_by: by.into_iter().filter(|(is_allowed, _)| *is_allowed).map(|(_, key)| key).collect(),
        examples: shown.collect(),
    }
}
