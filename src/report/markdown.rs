//! A note for a merge request: the answer, then a table of what is wrong, the same fault in several files in one row.
//! Whatever a name or a value holds, it is text: no HTML, no link, nobody mentioned.

use super::{Chosen, Report, count, in_instances, looked_at, printable, tally};
use crate::diagnostic::Diagnostic;

/// A fault, and the others that say the same elsewhere.
struct Row<'a> {
    first: &'a Diagnostic,
    n_others: usize,
}

pub(super) fn markdown(report: &Report<'_>) -> String {
    let looked = looked_at(report.scope);
    if report.found.is_empty() {
        return format!("**lmsgen: no errors**{looked}\n");
    }
    let mut out = format!("**lmsgen: {}**{looked}\n\n", tally(report.found));
    let firsts = rows(report.found);
    let chosen = Chosen::of(firsts.iter().map(|row| row.first), report.page.limit);
    out.push_str("| Fault | Where | What is wrong | What to do |\n|---|---|---|---|\n");
    let is_shown = |row: &&Row<'_>| chosen.shown.iter().any(|one| std::ptr::eq(*one, row.first));
    for row in firsts.iter().filter(is_shown) {
        out.push_str(&line(row, report));
    }
    if let Some(more) = chosen.more() {
        out.push_str(&format!("\n… {}\n", text(&more)));
    }
    out
}

/// Faults in order, each with the number of those that differ in their place only.
fn rows(found: &[Diagnostic]) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for one in found {
        let at = *known.entry((one.code, one.severity, &one.message, &one.help)).or_insert(rows.len());
        match rows.get_mut(at) {
            Some(row) => row.n_others += 1,
            None => rows.push(Row { first: one, n_others: 0 }),
        }
    }
    rows
}

fn line(row: &Row<'_>, report: &Report<'_>) -> String {
    let one = row.first;
    let severity = if one.is_error() { "error" } else { "warning" };
    let spot = report.spot(one);
    let place = match &one.primary {
        None => String::new(),
        Some(_) if spot.is_file => code(&printable(&spot.path)),
        Some(_) => code(&format!("{}:{}", printable(&spot.path), spot.line)),
    };
    let others = match row.n_others {
        0 => String::new(),
        n => format!(" and {} more", count(n)),
    };
    let instances = in_instances(one, report.scope).map(|found| format!(" ({})", text(&found))).unwrap_or_default();
    let help = one.help.as_deref().map(text).unwrap_or_default();
    format!("| {severity} {} | {place}{others} | {}{instances} | {help} |\n", one.code, text(&one.message))
}

/// A message in Markdown. What stands between backquotes is code, as its writer meant it; where a value brings one of its
/// own, pieces change their looks, but each is escaped for what it becomes.
pub(super) fn text(message: &str) -> String {
    let message = printable(message);
    let pieces: Vec<&str> = message.split('`').collect();
    let is_paired = pieces.len() % 2 == 1;
    let piece = |(at, piece): (usize, &&str)| match (at % 2 == 1 && is_paired, piece.is_empty()) {
        (true, true) => "\\`\\`".to_owned(),
        (true, false) => code(piece),
        (false, _) if at > 0 && !is_paired => format!("\\`{}", escaped(piece)),
        _ => escaped(piece),
    };
    pieces.iter().enumerate().map(piece).collect()
}

/// Code; in a table a bar ends the cell even there.
fn code(text: &str) -> String {
    if text.contains('`') || text.ends_with('\\') { escaped(text) } else { format!("`{}`", text.replace('|', "\\|")) }
}

/// Nothing in it means anything: neither to Markdown, nor to GitLab, which knows people, issues, milestones, labels and more by one
/// character, and takes an escaped one as it is.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '!' | '|' | '~' | '$' | '@' | '&' | '^' | '%' | ':'
        ) {
            out.push('\\');
        }
        // What begins with `www.` would become a link.
        if c == '.'
            && out.len() >= 3
            && out.is_char_boundary(out.len() - 3)
            && out[out.len() - 3..].eq_ignore_ascii_case("www")
        {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn what_a_value_says_is_no_link() {
        assert_eq!(text("see www.evil.example or WWW.x"), "see www\\.evil.example or WWW\\.x");
        let message = "unknown key `a` see www.evil.example/login now `b`";
        assert_eq!(text(message), "unknown key `a` see www\\.evil.example/login now `b`");
    }
}
