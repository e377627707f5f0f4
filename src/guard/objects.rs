//! Kubernetes Secrets, and what operators turn into them, with values that are not encrypted: in YAML, JSON, lists and
//! files of many documents. A text that is no YAML, such as a template, is read by its indentation.

use std::ops::Range;

use super::finding::{Finding, Rule};
use super::reference::{find_outside, is_ciphertext, is_filled_in};
use crate::manifest::{Content, Node, parse_nodes};

/// Kinds whose `data` and `stringData` are secret.
const KINDS: [&str; 3] = ["Secret", "SopsSecret", "SecretList"];
const SECTIONS: [&str; 2] = ["data", "stringData"];
const WHAT: &str = "a Kubernetes Secret";

/// `true` if the word `Secret` that ends at `end` is the value of `kind`.
pub(super) fn is_kind(text: &str, end: usize) -> bool {
    let line = text[..end].rfind('\n').map_or(0, |at| at + 1);
    let word = text[line..end].trim_end_matches("List").trim_end_matches("Secret").trim_end_matches("Sops");
    let after = text[end..].chars().next();
    let Some(before) = word.trim_end_matches(['"', '\'', ' ']).strip_suffix(':') else { return false };
    let ends = after.is_none_or(|c| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '}'));
    ends && before.trim_end_matches(['"', '\'', ' ']).ends_with("kind")
}

/// Every value in the clear in every Secret of `text`.
pub(super) fn look(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    match parse_nodes(text) {
        Ok(documents) => documents.iter().for_each(|node| walk(text, node, false, &mut found)),
        Err(_) => by_indentation(text, &mut found),
    }
    found
}

fn key_of(node: &Node) -> &str {
    match &node.content {
        Content::Scalar { text, .. } => text,
        _ => "",
    }
}

/// `inside`: below a Secret.
fn walk(text: &str, node: &Node, inside: bool, found: &mut Vec<Finding>) {
    match &node.content {
        Content::Scalar { .. } => {}
        Content::List(items) => items.iter().for_each(|item| walk(text, item, inside, found)),
        Content::Map(entries) => {
            let is_kind = |(key, value): &&(Node, Node)| key_of(key) == "kind" && KINDS.contains(&key_of(value));
            let is_secret = inside || entries.iter().any(|entry| is_kind(&entry));
            for (key, value) in entries {
                match &value.content {
                    Content::Map(values) if is_secret && SECTIONS.contains(&key_of(key)) => {
                        for (key, value) in values {
                            entry(text, key_of(key), value, found);
                        }
                    }
                    _ => walk(text, value, is_secret, found),
                }
            }
        }
    }
}

/// Every text in `value`: Kubernetes takes one, operators may take more.
fn entry(text: &str, key: &str, value: &Node, found: &mut Vec<Finding>) {
    match &value.content {
        Content::List(items) => items.iter().for_each(|item| entry(text, key, item, found)),
        Content::Map(entries) => entries.iter().for_each(|(_, value)| entry(text, key, value, found)),
        Content::Scalar { text: decoded, .. } if !is_sealed(decoded.trim()) => {
            let range = value.range.start.min(text.len())..value.range.end.min(text.len());
            let range = text.floor_char_boundary(range.start)..text.floor_char_boundary(range.end);
            found.push(finding(key, range));
        }
        Content::Scalar { .. } => {}
    }
}

fn finding(key: &str, range: Range<usize>) -> Finding {
    Finding { rule: Rule::Object, what: WHAT, range, key: Some(key.to_owned()) }
}

/// Ciphertext, or no value in the text: nothing, a row of stars or dots, or what something else puts in. All of it: a
/// mark at the start of a value says nothing here.
fn is_sealed(value: &str) -> bool {
    let is_field = value.starts_with('{') && !value.starts_with("{{") && !value.starts_with("{%");
    let is_row = |mark: char| value.len() > 2 && value.chars().all(|c| c == mark);
    value.is_empty()
        || matches!(value, "null" | "~")
        || is_row('*')
        || is_row('.')
        || is_ciphertext(value)
        || is_filled_in(value) && !is_field
}

/// One line: where it starts, how far it is indented (`- ` counts), and what it says.
struct Line<'t> {
    start: usize,
    indent: usize,
    text: &'t str,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    let mut lines = Vec::new();
    for whole in text.split_inclusive('\n') {
        let body = whole.trim_start_matches([' ', '-']);
        let is_mark = whole.starts_with("---");
        let indent = if is_mark { 0 } else { whole.len() - body.len() };
        let text = if is_mark { "---" } else { body.trim_end() };
        lines.push(Line { start: start + indent, indent, text });
        start += whole.len();
    }
    lines.retain(|line| !line.text.is_empty() && !line.text.starts_with('#'));
    lines
}

fn by_indentation(text: &str, found: &mut Vec<Finding>) {
    let lines = lines(text);
    for (at, line) in lines.iter().enumerate() {
        let kind = line.text.strip_prefix("kind:").map(|kind| kind.trim().trim_matches(['"', '\'']));
        if !kind.is_some_and(|kind| KINDS.contains(&kind)) {
            continue;
        }
        let ends = |other: &&Line<'_>| other.indent < line.indent || other.text == "---";
        let first = lines[..at].iter().rposition(|other| ends(&other)).map_or(0, |before| before + 1);
        let last = lines[at..].iter().position(|other| ends(&other)).map_or(lines.len(), |after| at + after);
        sections(&lines[first..last], found);
    }
}

/// Entries below `data:` and `stringData:` in the lines of one object.
fn sections(lines: &[Line<'_>], found: &mut Vec<Finding>) {
    let mut section: Option<usize> = None;
    let mut entries: Option<usize> = None;
    for (at, line) in lines.iter().enumerate() {
        if section.is_some_and(|indent| line.indent <= indent) {
            (section, entries) = (None, None);
        }
        let Some((key, value)) = pair(line.text) else { continue };
        if section.is_none() && SECTIONS.contains(&key) {
            section = value.is_empty().then_some(line.indent);
            // All of a flow mapping in one finding.
            if !is_sealed(value) && !matches!(value, "{}" | "{ }") {
                found.push(at_value(key, line, value));
            }
            continue;
        }
        if section.is_none() || line.indent != *entries.get_or_insert(line.indent) {
            continue;
        }
        if value.starts_with(['|', '>']) {
            let block = lines[at + 1..].iter().take_while(|next| next.indent > line.indent);
            let open = block.filter(|next| !is_sealed(next.text)).map(|next| at_value(key, next, next.text));
            found.extend(open.take(1));
        } else if !is_sealed(value.trim_matches(['"', '\'', ' '])) {
            found.push(at_value(key, line, value));
        }
    }
}

/// Key and value of a line, the value in its quotes, without a comment; `None` for a statement of a template.
fn pair(line: &str) -> Option<(&str, &str)> {
    let marks = ['"', '\'', ' '];
    let (key, value) = line.split_once(':').filter(|_| !line.starts_with("{%") && !is_filled_in(line))?;
    let value = value.trim();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let value = match quote {
        Some(quote) => find_outside(&value[1..], |c| c == quote).map_or(value, |end| &value[..end + 2]),
        None => value.split(" #").next().unwrap_or_default(),
    };
    Some((key.trim_matches(marks), value.trim()))
}

fn at_value(key: &str, line: &Line<'_>, value: &str) -> Finding {
    let start = line.start + line.text.rfind(value).unwrap_or_default();
    finding(key, start..start + value.len())
}
