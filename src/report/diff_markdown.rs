//! A diff as a note in a merge request, and as the counts that GitLab shows beside it: the answer, then a table for each heading of the
//! terminal's form. Whatever a name or a value holds, it is text: no HTML, no link, nobody mentioned.

use super::diff_sections::{Part, parts};
use super::diff_text::{against, environments, sums};
use super::markdown::escaped;
use super::{Base, Page, counted, printable};
use crate::diff::DiffReport;

/// No row of a note begins beyond this many bytes: GitHub takes 65,536 characters, and nobody reads half of that.
const MOST: usize = 55_000;

/// Environments in the answer.
const MOST_LINES: usize = 50;

/// Bytes of one cell: a value may be a whole script.
const MOST_CELL: usize = 600;

/// The diff as Markdown. `base` is `None` before the first commit.
#[must_use]
pub fn diff_markdown(report: &DiffReport, base: Option<&Base>, page: &Page) -> String {
    let against = escaped(&against(base, page.now));
    if report.is_empty() {
        return format!("**lmsgen: no differences** {against}\n");
    }
    let mut out = "**lmsgen**, ".to_owned() + &against + "\n\n";
    for line in environments(report).iter().take(MOST_LINES) {
        out.push_str(&format!("- **{}**\n", escaped(line)));
    }
    let parts = parts(report, page.limit);
    for (at, part) in parts.iter().enumerate() {
        if out.len() > MOST {
            let left = counted(parts.len() - at, "heading");
            out.push_str(&format!("\n… {left} more: `lmsgen diff` shows everything\n"));
            break;
        }
        out.push_str(&table(part, MOST.saturating_sub(out.len())));
    }
    out.push_str(&tail(report));
    out
}

/// A heading and its table, of rows that begin in `room` bytes.
fn table(part: &Part, room: usize) -> String {
    let mut out = format!("\n#### {}\n\n", escaped(&part.heading()));
    out.push_str("| Where | Object | Change | Effect | Because of |\n|---|---|---|---|---|\n");
    let mut left_out = 0;
    for row in &part.rows {
        if out.len() > room {
            left_out += 1;
            continue;
        }
        let cells = [row.who.as_str(), &row.object, &row.change, row.effect, &row.cause].map(cell);
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if left_out > 0 {
        out.push_str(&format!("\n… and {}\n", counted(left_out, "more line")));
    }
    if let Some(rest) = &part.rest {
        out.push_str(&format!("\n{}\n", escaped(rest)));
    }
    out
}

/// A cell's text, which an overlong value does not fill.
fn cell(text: &str) -> String {
    let text = printable(text);
    let end = text.floor_char_boundary(MOST_CELL);
    let more = if end < text.len() { "…" } else { "" };
    escaped(&text[..end]) + more
}

/// What was not compared, and the terminal's last lines.
fn tail(report: &DiffReport) -> String {
    let mut out = String::new();
    if !report.unreadable.is_empty() {
        let files = counted(report.unreadable.len(), "file");
        out.push_str(&format!("\n{files} cannot be read as objects and are not compared.\n"));
    }
    for line in sums(report).lines() {
        out.push_str(&format!("\n{}\n", escaped(line)));
    }
    out
}

/// How many objects come, change and go, as GitLab's widget for `artifacts:reports:terraform` reads it.
#[must_use]
pub fn diff_gitlab(report: &DiffReport) -> String {
    let counts = report.counts;
    // For a reader a Job under a new hash is the same Job.
    let (create, update, delete) = (counts.created, counts.changed + counts.replaced, counts.deleted);
    format!("{}\n", serde_json::json!({ "create": create, "update": update, "delete": delete }))
}
