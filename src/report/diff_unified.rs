//! Changed files as a unified diff. Of a file that holds Secrets only the names of changed keys are shown.

use std::fmt::Write as _;

use super::page::{CYAN, GREEN, RED, is_unsafe};
use super::{Page, printable};
use crate::diff::{TextBody, TextChange};

/// Changed files as a unified diff.
#[must_use]
pub fn unified_text(changes: &[TextChange], page: &Page) -> String {
    let mut out = String::new();
    for change in changes {
        let path = printable(change.path.as_str());
        let side = |there: bool, letter: char| if there { format!("{letter}/{path}") } else { "/dev/null".into() };
        let _ = writeln!(out, "--- {}\n+++ {}", side(change.is_old, 'a'), side(change.is_new, 'b'));
        match &change.body {
            TextBody::Hunks(hunks) => out.push_str(&hunk_lines(hunks, "", page)),
            TextBody::Secret(lines) => {
                out.push_str("# secret values are not shown\n");
                for line in lines {
                    let _ = writeln!(out, "# {}", printable(line));
                }
            }
            TextBody::Unreadable => out.push_str("# not readable as objects: not shown\n"),
        }
    }
    out
}

/// The lines of hunks, safe to print and coloured by their sign.
pub(super) fn hunk_lines(hunks: &str, indent: &str, page: &Page) -> String {
    let mut out = String::new();
    for line in hunks.split_terminator('\n') {
        let style = match line.as_bytes().first() {
            Some(b'+') => Some(GREEN),
            Some(b'-') => Some(RED),
            Some(b'@') => Some(CYAN),
            _ => None,
        };
        let text: String = line.chars().map(|c| if is_unsafe(c) && c != '\t' { '\u{fffd}' } else { c }).collect();
        let text = style.map_or_else(|| text.clone(), |style| page.paint.paint(style, &text));
        let _ = writeln!(out, "{indent}{text}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::RelPath;
    use crate::report::Paint;

    #[test]
    fn files_are_shown_as_patches_and_secrets_as_names() {
        let change =
            |path: &str, is_old, body| TextChange { path: RelPath::new(path).unwrap(), is_old, is_new: true, body };
        let changes = [
            change("rendered/e/C1/app/a.yaml", true, TextBody::Hunks("@@ -1 +1 @@\n-a: \u{1b}1\n+a: 2\n".into())),
            change("rendered/e/C1/app/s.yaml", false, TextBody::Secret(vec!["Secret s created".into()])),
        ];
        let page = Page { width: 80, paint: Paint::Plain, now: 0, limit: None };
        assert_eq!(
            unified_text(&changes, &page),
            "\
--- a/rendered/e/C1/app/a.yaml
+++ b/rendered/e/C1/app/a.yaml
@@ -1 +1 @@
-a: \u{fffd}1
+a: 2
--- /dev/null
+++ b/rendered/e/C1/app/s.yaml
# secret values are not shown
# Secret s created
"
        );
        let page = Page { paint: Paint::Ansi, ..page };
        assert!(unified_text(&changes, &page).contains("\u{1b}[32m+a: 2\u{1b}[0m\n"));
    }
}
