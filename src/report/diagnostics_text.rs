//! Diagnostics as people read them: source lines with carets, and what to do.

use std::fmt::Write as _;

use annotate_snippets::{Annotation, AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use super::page::is_unsafe;
use super::sums::{NAMED_INSTANCES, in_instances, in_many, looked_at, some_instances, tally};
use super::{Chosen, Page, Paint, Scope, printable};
use crate::diagnostic::{Diagnostic, Label, Severity, SourceMap};

/// Diagnostics of one code that are drawn with their lines; what follows is one line each.
const IN_FULL: usize = 3;

/// Columns of [`drawn`].
const PLAIN_WIDTH: usize = 120;

/// Every diagnostic, up to the page's limit, and a last line that counts all of them.
///
/// `found` in the order of [`crate::diagnostic::Sink::into_sorted`]. Empty when nothing was found.
#[must_use]
pub fn diagnostics_text(found: &[Diagnostic], sources: &SourceMap, scope: Scope, page: &Page) -> String {
    if found.is_empty() {
        return String::new();
    }
    let renderer = match page.paint {
        Paint::Plain => Renderer::plain(),
        Paint::Ansi => Renderer::styled(),
    }
    .term_width(page.width);
    let chosen = Chosen::of(found, page.limit);
    let mut out = String::new();
    let mut drawn: Vec<&Diagnostic> = Vec::new();
    let mut ends_short = false;
    for one in chosen.shown.iter().copied() {
        let same: Vec<&&Diagnostic> = drawn.iter().filter(|other| other.code == one.code).collect();
        if same.len() < IN_FULL {
            let gap = if ends_short { "\n" } else { "" };
            // Who asks for all is told all of them.
            let named = if page.limit.is_some() { NAMED_INSTANCES } else { usize::MAX };
            let _ = write!(out, "{gap}{}\n\n", draw(one, sources, (scope, named), &renderer));
            drawn.push(one);
            ends_short = false;
        } else {
            let said = same.iter().any(|other| other.help == one.help);
            let _ = writeln!(out, "{}", short(one, sources, scope, if said { None } else { one.help.as_deref() }));
            ends_short = true;
        }
    }
    if let Some(more) = chosen.more() {
        let _ = writeln!(out, "… {more}; -v shows all");
        ends_short = true;
    }
    if ends_short {
        out.push('\n');
    }
    let _ = writeln!(out, "{}{}", tally(found), looked_at(scope));
    out
}

/// One diagnostic with its lines, for a report that has no colour and no page.
pub(super) fn drawn(one: &Diagnostic, sources: &SourceMap, scope: Scope) -> String {
    draw(one, sources, (scope, NAMED_INSTANCES), &Renderer::plain().term_width(PLAIN_WIDTH))
}

/// A diagnostic on one line, where others of its sort were drawn.
fn short(one: &Diagnostic, sources: &SourceMap, scope: Scope, help: Option<&str>) -> String {
    let severity = if one.is_error() { "error" } else { "warning" };
    let place = one.primary.as_ref().map(|label| {
        let position = sources.position(label.span);
        format!("{}:{}:{}: ", printable(&sources.get(label.span.file).path), position.line, position.column)
    });
    let help = help.map(|help| format!("; {}", printable(help))).unwrap_or_default();
    let instances = in_instances(one, scope).map(|text| format!(" ({text})")).unwrap_or_default();
    let place = place.unwrap_or_default();
    format!("{severity}[{}]: {place}{}{help}{instances}", one.code, printable(&one.message))
}

/// `named`: how many instances are named.
fn draw(one: &Diagnostic, sources: &SourceMap, (scope, named): (Scope, usize), renderer: &Renderer) -> String {
    let level = match one.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = printable(&one.message);
    let title = match in_many(one, scope) {
        Some(instances) => format!("{message}   {instances}").into(),
        None => message,
    };
    let title = level.primary_title(title).id(one.code.id);
    let mut elements = places(one, sources);
    if !one.instances.is_empty() {
        elements.push(Level::NOTE.message(format!("in {}", some_instances(one, named))).into());
    }
    if let Some(help) = &one.help {
        elements.push(Level::HELP.message(printable(help)).into());
    }
    let group =
        if elements.is_empty() { annotate_snippets::Group::with_title(title) } else { title.elements(elements) };
    renderer.render(&[group])
}

/// The files with their marked lines: the primary label's file first.
fn places<'a>(one: &'a Diagnostic, sources: &SourceMap) -> Vec<Element<'a>> {
    let labels = one.primary.iter().map(|label| (AnnotationKind::Primary, label));
    let labels = labels.chain(one.secondary.iter().map(|label| (AnnotationKind::Context, label)));
    let mut files: Vec<(_, Vec<(AnnotationKind, &Label)>)> = Vec::new();
    for (kind, label) in labels {
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, labels)) => labels.push((kind, label)),
            None => files.push((label.span.file, vec![(kind, label)])),
        }
    }
    files.into_iter().map(|(_, labels)| place(&labels, sources)).collect()
}

/// One file: the lines from the first to the last marked one. A fault of the file as a whole shows no line.
fn place<'a>(labels: &[(AnnotationKind, &'a Label)], sources: &SourceMap) -> Element<'a> {
    let source = sources.get(labels[0].1.span.file);
    let path = printable(&source.path).into_owned();
    if labels.iter().all(|(_, label)| label.span.end == 0) {
        return Origin::path(path).line(1).char_column(1).into();
    }
    let text = &*source.text;
    let clamp = |at: u32| text.floor_char_boundary((at as usize).min(text.len()));
    let start = labels.iter().map(|(_, label)| clamp(label.span.start)).min().unwrap_or(0);
    let end = labels.iter().map(|(_, label)| clamp(label.span.end)).max().unwrap_or(0).max(start);
    let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let to = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let annotations = labels.iter().map(|(kind, label)| -> Annotation<'a> {
        let start = clamp(label.span.start);
        let range = start - from..clamp(label.span.end).max(start) - from;
        let text = (!label.text.is_empty()).then(|| printable(&label.text));
        kind.span(range).label(text)
    });
    Snippet::source(visible(&text[from..to]))
        .path(path)
        .line_start(text[..from].bytes().filter(|&b| b == b'\n').count() + 1)
        .annotations(annotations)
        .into()
}

/// The text with every character that a terminal acts on replaced by one of the same length, so that spans still fit.
/// (The renderer makes the ASCII ones visible itself.)
fn visible(text: &str) -> String {
    let replace = |c: char| match c {
        '\n' | '\t' => c,
        c if is_unsafe(c) => match c.len_utf8() {
            1 => c,
            2 => '·',
            _ => '\u{fffd}',
        },
        c => c,
    };
    text.chars().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Class, Code, FileId, Span};

    const UNKNOWN: Code = Code::new("LMS997", Class::Input);
    const LIMIT: Code = Code::new("LMS996", Class::Input);

    fn page() -> Page {
        Page { width: 100, paint: Paint::Plain, now: 0, limit: Some(20) }
    }

    fn span(sources: &SourceMap, file: FileId, words: &str) -> Span {
        let at = sources.get(file).text.find(words).unwrap();
        Span::new(file, at..at + words.len())
    }

    #[test]
    fn a_fault_shows_its_line_and_what_to_do() {
        let mut sources = SourceMap::default();
        let client = sources.add("clients/C7.toml", "name = \"ООО «Ромашка»\"\n\n[params]\nsms4b.sendr = \"X\"\n");
        let one = Diagnostic::error(UNKNOWN, "unknown parameter `sms4b.sendr`")
            .at(span(&sources, client, "sms4b.sendr"), "not declared by stack `lms`")
            .help("did you mean `sms4b.sender`?");
        let text = diagnostics_text(&[one], &sources, Scope::default(), &page());
        assert_eq!(
            text,
            "\
error[LMS997]: unknown parameter `sms4b.sendr`
 --> clients/C7.toml:4:1
  |
4 | sms4b.sendr = \"X\"
  | ^^^^^^^^^^^ not declared by stack `lms`
  |
  = help: did you mean `sms4b.sender`?

1 error
"
        );
    }

    #[test]
    fn several_files_and_many_instances() {
        let mut sources = SourceMap::default();
        let environment = sources.add("environments/lms-prod.toml", "x = 1\nlimits.memory = \"256Mi\"\n");
        let template = sources.add("templates/lms/app/deployment.yaml", "a: 1\nmemory: {{ params.limits.memory }}\n");
        let mut one = Diagnostic::error(LIMIT, "memory limit 256Mi is below its request 512Mi")
            .at(span(&sources, environment, "limits.memory = \"256Mi\""), "set here")
            .also(span(&sources, template, "{{ params.limits.memory }}"), "used here");
        one.instances = (1..=312).map(|n| format!("lms-prod/C{n}")).collect();
        let scope = Scope { instances: 400, objects: 3604, millis: Some(240) };
        let file = Diagnostic::warning(UNKNOWN, "empty file").at(Span::file_start(template), "");
        let text = diagnostics_text(&[one, file], &sources, scope, &page());
        assert_eq!(
            text,
            "\
error[LMS996]: memory limit 256Mi is below its request 512Mi   in 312 of 400 instances
 --> environments/lms-prod.toml:2:1
  |
2 | limits.memory = \"256Mi\"
  | ^^^^^^^^^^^^^^^^^^^^^^^ set here
  |
 ::: templates/lms/app/deployment.yaml:2:9
  |
2 | memory: {{ params.limits.memory }}
  |         -------------------------- used here
  |
  = note: in lms-prod/C1, lms-prod/C2, lms-prod/C3, …

warning[LMS997]: empty file
--> templates/lms/app/deployment.yaml:1:1

1 error, 1 warning in 400 instances, 3,604 objects (0.2 s)
"
        );
    }

    #[test]
    fn many_of_one_sort_are_short_and_the_rest_is_counted() {
        let mut sources = SourceMap::default();
        let file = sources.add("clients/C7.toml", "a = 1\n".repeat(25));
        let fault = |n: usize| {
            let help = if n == 5 { "did you mean `b`?" } else { "known keys: `b`" };
            Diagnostic::error(UNKNOWN, format!("unknown key {n}")).at(Span::new(file, n * 6..n * 6 + 1), "").help(help)
        };
        let found: Vec<_> = (0..8).map(fault).collect();
        let text = diagnostics_text(&found, &sources, Scope::default(), &Page { limit: Some(6), ..page() });
        assert_eq!(
            &text[text.find("error[LMS997]: unknown key 2").unwrap()..],
            "\
error[LMS997]: unknown key 2
 --> clients/C7.toml:3:1
  |
3 | a = 1
  | ^
  |
  = help: known keys: `b`

error[LMS997]: clients/C7.toml:4:1: unknown key 3
error[LMS997]: clients/C7.toml:5:1: unknown key 4
error[LMS997]: clients/C7.toml:6:1: unknown key 5; did you mean `b`?
… and 2 more (LMS997); -v shows all

8 errors
"
        );
    }

    #[test]
    fn no_escape_code_comes_through() {
        let mut sources = SourceMap::default();
        let file = sources.add("clients/\u{1b}[2J.toml", "a = \"\u{1b}[2J\u{9b}31m\u{202e}\" # x\n");
        let one = Diagnostic::error(UNKNOWN, "bad\u{1b}[31m").at(Span::new(file, 0..5), "\u{9b}x").help("\u{202e}");
        let text = diagnostics_text(&[one], &sources, Scope::default(), &page());
        assert!(!text.chars().any(|c| is_unsafe(c) && c != '\n'), "{text:?}");
    }

    #[test]
    fn spans_that_do_not_fit_are_survived() {
        let mut sources = SourceMap::default();
        let file = sources.add("a", "я");
        for range in [0..1, 1..2, 5..9, 2..2] {
            let one = Diagnostic::error(UNKNOWN, "x").at(Span::new(file, range), "y");
            assert!(diagnostics_text(&[one], &sources, Scope::default(), &page()).contains("--> a"));
        }
    }
}
