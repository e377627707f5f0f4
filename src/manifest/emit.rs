//! Writing a value as YAML: block style, two spaces, strings plain only when no reader can take them for anything
//! else.
//!
//! Measured against kubectl's reader and PyYAML on the strings of the hostile corpus in `tests/`: a double-quoted
//! scalar with JSON's escapes, and a literal block for clean multi-line text, are read alike by both.

use super::Value;
use super::scalar::may_be_plain;

/// Appends one document, without `---`, ending in a newline.
pub fn emit_document(out: &mut String, value: &Value) {
    match value {
        Value::Map(map) if !map.is_empty() => emit_block(out, value, 0),
        Value::List(items) if !items.is_empty() => emit_block(out, value, 0),
        _ => {
            emit_leaf(out, value, 0);
            out.push('\n');
        }
    }
}

/// Appends what follows `key:` of a mapping whose keys stand at `indent`, with the newline at its end.
pub fn emit_after_key(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Map(map) if !map.is_empty() => {
            out.push('\n');
            emit_block(out, value, indent + 2);
        }
        Value::List(items) if !items.is_empty() => {
            out.push('\n');
            emit_block(out, value, indent + 2);
        }
        _ => {
            out.push(' ');
            emit_leaf(out, value, indent);
            out.push('\n');
        }
    }
}

/// Appends what follows `-` of a list whose dashes stand at `indent`, with the newline at its end.
pub fn emit_after_dash(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Map(map) if !map.is_empty() => {
            out.push(' ');
            for (nth, (key, value)) in map.iter().enumerate() {
                if nth > 0 {
                    push_indent(out, indent + 2);
                }
                emit_key(out, key);
                emit_after_key(out, value, indent + 2);
            }
        }
        Value::List(items) if !items.is_empty() => {
            out.push(' ');
            for (nth, item) in items.iter().enumerate() {
                if nth > 0 {
                    push_indent(out, indent + 2);
                }
                out.push('-');
                emit_after_dash(out, item, indent + 2);
            }
        }
        _ => {
            out.push(' ');
            emit_leaf(out, value, indent);
            out.push('\n');
        }
    }
}

fn emit_block(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Map(map) => {
            for (key, value) in map.iter() {
                push_indent(out, indent);
                emit_key(out, key);
                emit_after_key(out, value, indent);
            }
        }
        Value::List(items) => {
            for item in items {
                push_indent(out, indent);
                out.push('-');
                emit_after_dash(out, item, indent);
            }
        }
        _ => {}
    }
}

/// Appends `key:`.
pub fn emit_key(out: &mut String, key: &str) {
    if may_be_plain(key) {
        out.push_str(key);
    } else {
        emit_quoted(out, key);
    }
    out.push(':');
}

/// Appends `n` spaces.
pub fn push_indent(out: &mut String, n: usize) {
    out.extend(std::iter::repeat_n(' ', n));
}

fn emit_leaf(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(text) => out.push_str(text),
        Value::String(text) => emit_string(out, text, indent),
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
    }
}

/// Appends a string scalar whose parent's keys or dashes stand at `indent`, without a newline after it.
pub fn emit_string(out: &mut String, text: &str, indent: usize) {
    if may_be_plain(text) {
        out.push_str(text);
    } else if may_be_literal(text) {
        emit_literal(out, text, indent + 2);
    } else {
        emit_quoted(out, text);
    }
}

/// Several clean lines, none of them blank at the ends or beginning with white space where YAML would need a hint.
fn may_be_literal(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && body.lines().all(|line| line.is_empty() || !line.trim().is_empty())
        && body.split('\n').all(|line| !line.starts_with('\t'))
        && !text.chars().any(|c| c != '\n' && c != '\t' && needs_escape(c))
}

fn emit_literal(out: &mut String, text: &str, indent: usize) {
    let body = match text.strip_suffix('\n') {
        Some(body) => {
            out.push('|');
            body
        }
        None => {
            out.push_str("|-");
            text
        }
    };
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            push_indent(out, indent);
            out.push_str(line);
        }
    }
}

/// Control characters, line breaks that only some readers know, and characters that hide or reorder text.
fn needs_escape(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}')
}

fn emit_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if needs_escape(c) => {
                use std::fmt::Write as _;
                write!(out, "\\u{:04X}", u32::from(c)).expect("writing to a string does not fail");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::{Map, parse_documents};
    use super::*;
    use proptest::prelude::*;

    fn written(value: &Value) -> String {
        let mut out = String::new();
        emit_document(&mut out, value);
        out
    }

    #[test]
    fn layout() {
        let text = "apiVersion: v1\nkind: List\nempty: {}\nitems:\n  - name: a\n    ports:\n      - 80\n      - - x\n        - \"no\"\n  - []\nscript: |\n  one\n    two\n\n  three\nshort: |-\n  a\n  b\n";
        let value = parse_documents(text).unwrap().remove(0);
        assert_eq!(written(&value), text);
    }

    /// Any value: every kind of scalar, keys of any text, nesting.
    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|n| Value::Number(n.to_string())),
            any::<String>().prop_map(Value::String),
            "[ \t\n:#'\"a-c{}|>-]{0,12}".prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                prop::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|entries| Value::Map(entries.into_iter().collect::<Map>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_by_us_and_by_another_reader(value in any_value()) {
            let document = Value::Map([("root".to_owned(), value)].into_iter().collect());
            let text = written(&document);
            prop_assert_eq!(&parse_documents(&text).unwrap(), &vec![document.clone()], "{}", text);
            let other: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
            prop_assert_eq!(to_json(&document), other, "{}", text);
        }
    }

    fn to_json(value: &Value) -> serde_json::Value {
        match value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => (*b).into(),
            Value::Number(text) => serde_json::from_str(text).unwrap(),
            Value::String(text) => text.clone().into(),
            Value::List(items) => items.iter().map(to_json).collect(),
            Value::Map(map) => map.iter().map(|(k, v)| (k.to_owned(), to_json(v))).collect(),
        }
    }
}
