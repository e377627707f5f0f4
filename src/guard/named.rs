//! Values under the name of a secret: `password = "…"`, `API_TOKEN=…`, `{name: DB_PASSWORD, value: …}`, in TOML, YAML,
//! JSON, files of variables and command lines.

use std::ops::Range;

use super::finding::{Finding, Rule};
use super::reference::find_outside;
use super::value::{Around, Form, is_literal};
use super::words::Promise;

const WHAT: &str = "a secret value";
/// Bytes that are looked at before and after a place: a line of a megabyte with a name in every word would take minutes.
const LONGEST_LINE: usize = 16 << 10;
/// Bytes of a value that are judged: what is longer is no reference to anything.
const JUDGED: usize = 1024;
/// Lines between `name:` and `value:` of an entry.
const ENTRY: usize = 2;

/// Where a name stands and what it promises.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub range: Range<usize>,
    pub promise: Promise,
}

/// A value as it is written.
#[derive(Debug)]
struct Value {
    range: Range<usize>,
    form: Form,
}

const fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The whole key around `hit`.
pub(super) fn key_around(text: &str, hit: &Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let before = bytes[..hit.start].iter().rev().take_while(|&&byte| is_key(byte)).count();
    let after = bytes[hit.end..].iter().take_while(|&&byte| is_key(byte)).count();
    hit.start - before..hit.end + after
}

/// `true` if a value follows the key, or the key is the name of an entry: a quick look before the key is judged.
pub(super) fn has_value(text: &str, key: &Range<usize>) -> bool {
    after_key(text, key.end).is_some() || is_entry(text, key)
}

/// Every literal value that stands under `name`.
pub(super) fn look(text: &str, name: &Name, around: Around) -> Vec<Finding> {
    let values = match after_key(text, name.range.end) {
        Some((at, separator)) => values(text, at, separator, name),
        None => of_entry(text, &name.range),
    };
    let key = text[name.range.clone()].trim_start_matches('-');
    let literal = |value: &Value| {
        let value_text = &text[value.range.clone()];
        let judged = &value_text[..value_text.floor_char_boundary(JUDGED)];
        is_literal(judged, name.promise, value.form, around)
    };
    let finding =
        |value: Value| Finding { rule: Rule::Named, what: WHAT, range: value.range, key: Some(key.to_owned()) };
    values.into_iter().filter(literal).map(finding).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Separator {
    Colon,
    /// With spaces around, or not.
    Equals(bool),
    /// `<password>…</password>`
    Tag,
    /// `machine x login y password z`
    Blank,
}

/// The place after the `:` or `=` that follows a key ending at `end`.
fn after_key(text: &str, end: usize) -> Option<(usize, Separator)> {
    let rest = &text[end..];
    // Markdown sets names in bold or in backticks.
    let quoted = rest.trim_start_matches('\\').trim_start_matches(['"', '\'', '`', '*']);
    let trimmed = quoted.trim_start_matches([' ', '\t']);
    let spaced = trimmed.len() < quoted.len();
    let at = |rest: &str| text.len() - rest.len();
    if let Some(rest) = trimmed.strip_prefix(":=").or_else(|| trimmed.strip_prefix("=>")) {
        return Some((at(rest), Separator::Equals(true)));
    }
    if let Some(rest) = trimmed.strip_prefix('=') {
        return (!rest.starts_with(['=', '~'])).then(|| (at(rest), Separator::Equals(spaced || rest.starts_with(' '))));
    }
    if let Some(rest) = rest.strip_prefix('>').filter(|_| text[..end].trim_end_matches(is_key_char).ends_with('<')) {
        return Some((at(rest), Separator::Tag));
    }
    if spaced && is_of_netrc(text, end) {
        return Some((at(trimmed), Separator::Blank));
    }
    let rest = trimmed.strip_prefix(':').map(|rest| rest.strip_prefix("**").unwrap_or(rest))?;
    let is_pair = rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n', '"', '\'', '\\', '[']);
    is_pair.then(|| (at(rest), Separator::Colon))
}

fn is_key_char(c: char) -> bool {
    c.is_ascii() && is_key(c as u8)
}

/// `true` if `password` ends at `end` in a file as `.netrc` is, where a login stands before it.
fn is_of_netrc(text: &str, end: usize) -> bool {
    let Some(start) = end.checked_sub("password".len()).filter(|&start| text.is_char_boundary(start)) else {
        return false;
    };
    if &text[start..end] != "password" {
        return false;
    }
    let line = line_at(text, start);
    let before = text[line.start..start].trim();
    let is_login = |words: &str| words.split_whitespace().rev().nth(1) == Some("login");
    match before {
        "" if line.start > 0 => is_login(&text[line_at(text, line.start - 1)]),
        before => is_login(before),
    }
}

/// The values that stand at `at`: one, or those of a list.
fn values(text: &str, at: usize, separator: Separator, name: &Name) -> Vec<Value> {
    let line = line_at(text, at);
    let start = at + text[at..line.end].len() - text[at..line.end].trim_start_matches([' ', '\t']).len();
    let rest = &text[start..line.end];
    if let Some(list) = rest.strip_prefix('[') {
        let mut found = Vec::new();
        let mut from = line.end - list.len();
        while let Some(next) = text[from..line.end].find(['"', '\'', ']']) {
            let Some(value) = quoted(text, from + next, line.end) else { break };
            from = (value.range.end + 1).min(line.end);
            found.push(value);
        }
        return found;
    }
    if let Some(quotes) = ["\"\"\"", "'''"].into_iter().find(|quotes| rest.starts_with(quotes)) {
        let inline = &rest[quotes.len()..];
        if !inline.trim().is_empty() {
            let end = inline.find(quotes).unwrap_or(inline.len());
            return vec![Value { range: start + 3..start + 3 + end, form: Form::Quoted }];
        }
        return next_line(text, &line).into_iter().collect();
    }
    if rest.starts_with(['|', '>']) {
        return next_line(text, &line).into_iter().collect();
    }
    if rest.trim().is_empty() {
        let below = next_line(text, &line).filter(|_| separator == Separator::Colon);
        // Deeper than the key, and no key, list or comment of its own.
        let indent = |at: usize| at - line_at(text, at).start;
        let is_value = |value: &Value| {
            let below = &text[value.range.clone()];
            indent(value.range.start) > name.range.start - line_at(text, name.range.start).start
                && !below.contains(": ")
                && !below.ends_with(':')
                && !below.starts_with(['-', '#', '{', '[', '<'])
        };
        return below.filter(is_value).map(|value| Value { form: Form::Plain, ..value }).into_iter().collect();
    }
    one(text, start, &line, separator).into_iter().collect()
}

/// The value that starts at `start`, which is no blank.
fn one(text: &str, start: usize, line: &Range<usize>, separator: Separator) -> Option<Value> {
    if let Some(value) = quoted(text, start, line.end) {
        return Some(value);
    }
    let rest = &text[start..line.end];
    let (end, form) = match separator {
        Separator::Colon => {
            let is_flow = text[line.start..start].contains('{');
            let comment = rest.find(" #").unwrap_or(rest.len());
            let flow = if is_flow { find_outside(rest, |c| matches!(c, ',' | '}')) } else { None };
            let flow = flow.unwrap_or(rest.len());
            (comment.min(flow), Form::Plain)
        }
        Separator::Tag => (rest.find("</").filter(|&end| !rest[..end].contains([' ', '<']))?, Form::Plain),
        Separator::Blank => (rest.find(char::is_whitespace).unwrap_or(rest.len()), Form::Assigned),
        Separator::Equals(spaced) => {
            let ends = |c: char| {
                c.is_whitespace()
                    || matches!(c, ';' | '&' | ',' | '"' | '\'' | ')' | ']' | '}' | '`')
                    || c == '\\' && !spaced
            };
            let end = find_outside(rest, ends).unwrap_or(rest.len());
            // An argument of a call is the name of a variable more often than a value.
            let is_argument = rest[end..].starts_with([',', ')']);
            (end, if spaced || is_argument { Form::Code } else { Form::Assigned })
        }
    };
    let value = rest[..end].trim_end();
    (!value.is_empty()).then(|| Value { range: start..start + value.len(), form })
}

/// A value in quotes that open at `at`, which may be escaped by text around them.
fn quoted(text: &str, at: usize, end: usize) -> Option<Value> {
    let rest = &text[at..end];
    let body = rest.trim_start_matches('\\');
    let n_escapes = rest.len() - body.len();
    let quote = body.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let start = at + n_escapes + 1;
    let inside = &text[start..end];
    let mut is_escaped = false;
    // Quotes inside of an expression are its own.
    let closes = find_outside(inside, |c| {
        let was_escaped = std::mem::take(&mut is_escaped);
        is_escaped = c == '\\' && n_escapes == 0 && quote == '"' && !was_escaped;
        c == quote && !was_escaped || c == '\\' && n_escapes > 0
    });
    let end = closes.map_or(end, |at| start + at);
    Some(Value { range: start..end, form: Form::Quoted })
}

/// The text of the next line that is not blank.
fn next_line(text: &str, line: &Range<usize>) -> Option<Value> {
    let mut at = line.end + 1;
    while at < text.len() {
        let next = line_at(text, at);
        let body = text[next.clone()].trim();
        if !body.is_empty() {
            let start = next.start + text[next.clone()].len() - text[next.clone()].trim_start().len();
            return Some(Value { range: start..start + body.len(), form: Form::Quoted });
        }
        at = next.end + 1;
    }
    None
}

/// The line around `at`, without its end.
pub(super) fn line_at(text: &str, at: usize) -> Range<usize> {
    let from = text.ceil_char_boundary(at.saturating_sub(LONGEST_LINE));
    let to = text.floor_char_boundary(at.saturating_add(LONGEST_LINE));
    let start = text[from..at].rfind('\n').map_or(from, |before| from + before + 1);
    start..text[at..to].find('\n').map_or(to, |after| at + after)
}

/// `true` if it stands behind `name:` or `name =`.
fn is_entry(text: &str, name: &Range<usize>) -> bool {
    let marks = ['"', '\'', '\\', ' '];
    let before = text[..name.start].trim_end_matches(marks);
    before.strip_suffix([':', '=']).is_some_and(|before| before.trim_end_matches(marks).ends_with("name"))
}

/// The `value` that belongs to a `name` whose value is the name of a secret: an entry of `env`.
fn of_entry(text: &str, name: &Range<usize>) -> Vec<Value> {
    if !is_entry(text, name) {
        return Vec::new();
    }
    let line = line_at(text, name.start);
    // On the same line, then on the next ones, then on the one before.
    if let Some(value) = value_in(text, name.end..line.end) {
        return vec![value];
    }
    let mut at = line.end + 1;
    for _ in 0..ENTRY {
        if at >= text.len() {
            break;
        }
        let next = line_at(text, at);
        if is_start(&text[next.clone()]) {
            break;
        }
        if let Some(value) = value_in(text, next.clone()) {
            return vec![value];
        }
        at = next.end + 1;
    }
    if line.start > 0 && !is_start(&text[line.clone()]) {
        return value_in(text, line_at(text, line.start - 1)).into_iter().collect();
    }
    Vec::new()
}

/// Another entry starts here.
fn is_start(line: &str) -> bool {
    line.trim_start().starts_with(['-', '[', '{', '}', ']'])
}

fn value_in(text: &str, range: Range<usize>) -> Option<Value> {
    let at = text[range.clone()].find("value").map(|at| range.start + at)?;
    let key = key_around(text, &(at..at + "value".len()));
    if &text[key.clone()] != "value" {
        return None;
    }
    let (after, separator) = after_key(text, key.end)?;
    let line = line_at(text, key.start);
    let start = after + text[after..line.end].len() - text[after..line.end].trim_start().len();
    (start < line.end).then(|| one(text, start, &line, separator)).flatten()
}
