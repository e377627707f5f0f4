//! Workflow commands: lines in a job's log that GitHub shows beside the lines of files.

use super::{Chosen, Report, in_instances, printable, tally};
use crate::diagnostic::Diagnostic;

/// GitHub shows no more of one severity in a step.
const MOST: usize = 10;

pub(super) fn github(report: &Report<'_>) -> String {
    let limit = report.page.limit.map(|limit| limit.min(MOST));
    let of = |is_error: bool| Chosen::of(report.found.iter().filter(|one| one.is_error() == is_error), limit);
    let mut out = String::new();
    for (chosen, what) in [(of(true), "error"), (of(false), "warning")] {
        chosen.shown.iter().for_each(|one| out.push_str(&command(one, what, report)));
        if let Some(more) = chosen.more() {
            let all = tally(report.found);
            out.push_str(&format!("::notice title=lmsgen::{}\n", data(&format!("{all}; {what}s: … {more}"))));
        }
    }
    out
}

fn command(one: &Diagnostic, what: &str, report: &Report<'_>) -> String {
    let spot = report.spot(one);
    let mut properties = format!("file={},line={},endLine={}", property(&spot.path), spot.line, spot.end_line);
    // Columns over several lines are an error.
    if !spot.is_file && spot.line == spot.end_line {
        properties.push_str(&format!(",col={},endColumn={}", spot.column, spot.end_column));
    }
    let mut text = printable(&one.message).into_owned();
    if let Some(instances) = in_instances(one, report.scope) {
        text.push_str(&format!(" ({})", printable(&instances)));
    }
    if let Some(help) = &one.help {
        text.push_str(&format!("\nhelp: {}", printable(help)));
    }
    format!("::{what} {properties},title={}::{}\n", property(one.code.id), data(&text))
}

/// A message: everything up to the line's end.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value before the message, where `:` and `,` end it.
fn property(text: &str) -> String {
    data(&printable(text)).replace(':', "%3A").replace(',', "%2C")
}
