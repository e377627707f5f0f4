//! GitLab's Code Quality report: one JSON array. GitLab compares fingerprints with those of the target branch, shows the
//! description and the line, and nothing else.

use serde::Serialize;

use super::page::printable_json;
use super::{Report, in_instances};
use crate::diagnostic::{Class, Diagnostic};

#[derive(Serialize)]
struct Issue {
    #[serde(rename = "type")]
    sort: &'static str,
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

pub(super) fn gitlab(report: &Report<'_>) -> String {
    let issues = report.found.iter().zip(report.fingerprints()).map(|(one, print)| issue(one, print, report));
    let issues: Vec<Issue> = issues.collect();
    printable_json(&serde_json::to_string_pretty(&issues).expect("the document holds strings and numbers only"))
}

fn issue(one: &Diagnostic, fingerprint: String, report: &Report<'_>) -> Issue {
    let spot = report.spot(one);
    let instances = in_instances(one, report.scope).map(|text| format!(" ({text})")).unwrap_or_default();
    let help = one.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    Issue {
        sort: "issue",
        // The widget does not show `check_name`.
        description: format!("{}: {}{instances}{help}", one.code, one.message),
        check_name: one.code.id,
        fingerprint,
        severity: severity(one),
        location: Location { path: spot.path, lines: Lines { begin: spot.line, end: spot.end_line } },
    }
}

/// One of GitLab's five words; `blocker` and `info` are left to others.
const fn severity(one: &Diagnostic) -> &'static str {
    match (one.severity, one.code.class) {
        (crate::diagnostic::Severity::Warning, _) => "minor",
        (_, Class::Secret) => "critical",
        _ => "major",
    }
}
