//! `JUnit` XML: a test suite for each file, a failed test case for each error, a skipped one for each warning, and one that
//! passed when there is no error. GitLab and Jenkins show the text of a case, not its attributes.

use std::collections::HashMap;

use super::{Report, drawn, in_instances, nothing_text, printable};
use crate::diagnostic::Diagnostic;

/// Cases of one file.
struct Suite<'a> {
    name: String,
    found: Vec<&'a Diagnostic>,
}

pub(super) fn junit(report: &Report<'_>) -> String {
    let mut suites: Vec<Suite<'_>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for one in report.found {
        let name = one.primary.as_ref().map_or_else(|| "fleet".to_owned(), |_| report.spot(one).path);
        let at = *known.entry(name.clone()).or_insert_with(|| {
            suites.push(Suite { name, found: Vec::new() });
            suites.len() - 1
        });
        suites[at].found.push(one);
    }
    let errors = report.found.iter().filter(|one| one.is_error()).count();
    let passed = usize::from(errors == 0);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let tests = report.found.len() + passed;
    out.push_str(&format!("<testsuites name=\"lmsgen\" tests=\"{tests}\" failures=\"{errors}\" errors=\"0\">\n"));
    if passed == 1 {
        let text = escaped(nothing_text(report.scope).trim_end());
        out.push_str(&head("lmsgen", 1, 0, 0));
        out.push_str(&format!(
            "    <testcase classname=\"lmsgen\" name=\"no errors\" time=\"0\">\n      <system-out>{text}</system-out>\n    \
             </testcase>\n  </testsuite>\n"
        ));
    }
    for one in &suites {
        suite(&mut out, one, report);
    }
    out.push_str("</testsuites>\n");
    out
}

pub(super) fn head(name: &str, tests: usize, failures: usize, skipped: usize) -> String {
    let name = attribute(name);
    format!(
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" time=\"0\">\n"
    )
}

fn suite(out: &mut String, suite: &Suite<'_>, report: &Report<'_>) {
    let errors = suite.found.iter().filter(|one| one.is_error()).count();
    out.push_str(&head(&suite.name, suite.found.len(), errors, suite.found.len() - errors));
    let class = attribute(&suite.name);
    let mut seen: HashMap<String, usize> = HashMap::new();
    for one in &suite.found {
        // GitLab keeps one of several cases with the same name, and compares names with those of the target branch: a
        // line would make an old fault new.
        let name = format!("{} {}", one.code, one.message);
        let n = seen.entry(name.clone()).or_default();
        *n += 1;
        let name = if *n == 1 { name } else { format!("{name} ({n})") };
        let (element, sort) = if one.is_error() { ("failure", one.code.id) } else { ("skipped", "warning") };
        let message = attribute(&summary(one, report));
        let text: Vec<String> = drawn(one, report.sources, report.scope).lines().map(escaped).collect();
        out.push_str(&format!("    <testcase classname=\"{class}\" name=\"{}\" time=\"0\">\n", attribute(&name)));
        out.push_str(&format!(
            "      <{element} message=\"{message}\" type=\"{sort}\">{}</{element}>\n    </testcase>\n",
            text.join("\n")
        ));
    }
    out.push_str("  </testsuite>\n");
}

fn summary(one: &Diagnostic, report: &Report<'_>) -> String {
    let place = one.primary.as_ref().map(|_| report.spot(one));
    let place = place.map(|spot| format!("{}:{}:{}: ", spot.path, spot.line, spot.column)).unwrap_or_default();
    let instances = in_instances(one, report.scope).map(|text| format!(" ({text})")).unwrap_or_default();
    format!("{place}{}{instances}", one.message)
}

pub(super) fn attribute(text: &str) -> String {
    escaped(&printable(text))
}

/// Text on one line for XML 1.0: with its five characters as entities, and without those that it cannot hold.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
