//! Kubernetes Secrets, and what operators turn into them, with values that are not encrypted: in YAML, JSON, lists and
//! files of many documents. A text that is no YAML, such as a template, is read by its indentation.

use std::ops::Range;

use super::finding::{Finding, Rule};
use super::value::is_reference;
use crate::manifest::{Content, Node, parse_nodes};

/// Kinds whose `data` and `stringData` are secret.
const KINDS: [&str; 2] = ["Secret", "SopsSecret"];
const SECTIONS: [&str; 2] = ["data", "stringData"];
const WHAT: &str = "a Kubernetes Secret";

/// `true` if the word `Secret` that ends at `end` is the value of `kind`.
pub(super) fn is_kind(text: &str, end: usize) -> bool {
    let line = text[..end].rfind('\n').map_or(0, |at| at + 1);
    let before = text[line..end].trim_end_matches("Secret").trim_end_matches("Sops");
    let after = text[end..].chars().next();
    let Some(before) = before.trim_end_matches(['"', '\'', ' ']).strip_suffix(':') else { return false };
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
                        found.extend(values.iter().filter_map(|(key, value)| entry(text, key, value)));
                    }
                    _ => walk(text, value, is_secret, found),
                }
            }
        }
    }
}

fn entry(text: &str, key: &Node, value: &Node) -> Option<Finding> {
    let Content::Scalar { text: decoded, .. } = &value.content else { return None };
    let is_clear = !decoded.trim().is_empty() && !is_sealed(decoded.trim());
    let range = value.range.start.min(text.len())..value.range.end.min(text.len());
    let range = text.floor_char_boundary(range.start)..text.floor_char_boundary(range.end);
    is_clear.then(|| finding(key_of(key), range))
}

fn finding(key: &str, range: Range<usize>) -> Finding {
    Finding { rule: Rule::Object, what: WHAT, range, key: Some(key.to_owned()) }
}

/// Ciphertext, or nothing of a value in the text.
fn is_sealed(value: &str) -> bool {
    value.starts_with("ENC[AES256_GCM,") && value.ends_with(']') || !value.starts_with("ENC[") && is_reference(value)
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
        if section.is_none() && line.text.strip_suffix(':').is_some_and(|key| SECTIONS.contains(&key)) {
            section = Some(line.indent);
            continue;
        }
        if section.is_none() || line.indent != *entries.get_or_insert(line.indent) {
            continue;
        }
        let Some((key, value)) = line.text.split_once(':') else { continue };
        let value = value.trim();
        let is_block = value.starts_with(['|', '>']);
        let next = lines.get(at + 1).filter(|next| is_block && next.indent > line.indent);
        let (start, value) = match next {
            Some(next) => (next.start, next.text),
            None => (line.start + line.text.len() - value.len(), value),
        };
        let bare = value.trim_matches(['"', '\'']);
        if !bare.is_empty() && !is_block | next.is_some() && !is_sealed(bare) {
            found.push(finding(key.trim_matches(['"', '\'', ' ']), start..start + value.len()));
        }
    }
}
