//! YAML as `kubectl` reads it, for manifests that other programs wrote: YAML 1.1 words and numbers, anchors and merge keys.
//!
//! Follows `resolve` and `merge` of sigs.k8s.io/yaml's go-yaml v2. What lmsgen writes or renders is held to the stricter
//! rule of [`super::scalar`] and never comes here.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::block::read_block_as;
use super::node::{Content, Node, ScalarStyle};
use super::parse::{ParseError, expanded_nodes};
use super::scalar::{Plain, resolve_plain};
use super::{Map, Value};

/// Reads every document of `text` as `kubectl` does, and gives each with its number to `each`; empty documents are left
/// out. Documents are read and given in parallel, so that a long stream need not be held as a whole.
///
/// # Errors
/// The first thing that `kubectl` does not read, a tag, a key that occurs twice, or more than lmsgen is willing to expand.
pub fn read_stream<T: Send>(text: &str, each: impl Fn(usize, Value) -> T + Sync) -> Result<Vec<T>, ParseError> {
    if let Some(value) = read_block_as(text, plain_value) {
        return Ok(vec![each(0, value)]);
    }
    let read = |(at, piece)| read_block_as(piece, plain_value).map(|value| each(at, value));
    let pieces = pieces(text).into_par_iter().enumerate().with_min_len(64);
    if let Some(documents) = pieces.map(read).collect() {
        return Ok(documents);
    }
    let nodes = stream_nodes(text)?.into_par_iter().enumerate().with_min_len(64);
    nodes.map(|(at, node)| to_value(node).map(|value| each(at, value))).collect()
}

/// The texts between `---`, each with the newline at its end.
fn pieces(text: &str) -> Vec<&str> {
    let mut start = 0;
    let mut pieces = Vec::new();
    for (at, _) in text.match_indices("\n---\n") {
        pieces.push(&text[start..=at]);
        start = at + "\n---\n".len();
    }
    pieces.push(&text[start..]);
    pieces
}

/// Reads every document of `text` as nodes with their places, aliases and merge keys replaced by what they stand for.
///
/// # Errors
/// As [`read_stream`].
pub fn stream_nodes(text: &str) -> Result<Vec<Node>, ParseError> {
    expanded_nodes(text)?.into_iter().map(merged).collect()
}

/// Replaces merge keys. As in `kubectl`, a mapping's later entry wins, be it written out or merged.
fn merged(node: Node) -> Result<Node, ParseError> {
    let range = node.range;
    let content = match node.content {
        Content::List(items) => Content::List(items.into_iter().map(merged).collect::<Result<_, _>>()?),
        Content::Map(entries) => {
            let mut own: HashSet<String> = HashSet::with_capacity(entries.len());
            let mut found = Entries::default();
            for (key, value) in entries {
                if is_merge(&key) {
                    for entry in sources(merged(value)?)? {
                        found.put(entry)?;
                    }
                    continue;
                }
                let name = key_text(&key)?;
                if own.contains(&name) {
                    let message = format!("key `{}` occurs twice", name.escape_debug());
                    return Err(ParseError::new(message, key.range.start));
                }
                own.insert(name);
                found.put((key, merged(value)?))?;
            }
            Content::Map(found.list)
        }
        scalar @ Content::Scalar { .. } => scalar,
    };
    Ok(Node { content, range })
}

/// Entries of a mapping, each key once.
#[derive(Default)]
struct Entries {
    list: Vec<(Node, Node)>,
    by_key: HashMap<String, usize>,
}

impl Entries {
    /// Sets an entry: in its old place, if there is one.
    fn put(&mut self, new: (Node, Node)) -> Result<(), ParseError> {
        let at = *self.by_key.entry(key_text(&new.0)?).or_insert(self.list.len());
        match self.list.get_mut(at) {
            Some(old) => *old = new,
            None => self.list.push(new),
        }
        Ok(())
    }
}

fn is_merge(key: &Node) -> bool {
    matches!(&key.content, Content::Scalar { text, style: ScalarStyle::Plain } if text == "<<")
}

/// Entries that a merge key's value gives: a mapping's, or those of several with the first one last, since it wins.
fn sources(value: Node) -> Result<Vec<(Node, Node)>, ParseError> {
    let at = value.range.start;
    match value.content {
        Content::Map(entries) => Ok(entries),
        Content::List(items) if items.iter().all(|item| matches!(item.content, Content::Map(_))) => {
            let maps = items.into_iter().rev().map(sources).collect::<Result<Vec<_>, _>>()?;
            Ok(maps.into_iter().flatten().collect())
        }
        _ => Err(ParseError::new("a merge key takes a mapping or a list of mappings", at)),
    }
}

/// Gives a node its meaning.
fn to_value(node: Node) -> Result<Value, ParseError> {
    let at = node.range.start;
    Ok(match node.content {
        Content::Scalar { text, style: ScalarStyle::Text } => Value::String(text),
        Content::Scalar { text, style: ScalarStyle::Plain } => plain_value(&text).ok_or_else(|| {
            ParseError::new(format!("`{text}` is a number that JSON does not have; put it in quotes"), at)
        })?,
        Content::List(items) => Value::List(items.into_iter().map(to_value).collect::<Result<_, _>>()?),
        Content::Map(entries) => {
            let mut map = Map::with_capacity(entries.len());
            for (key, value) in entries {
                map.insert(key_text(&key)?, to_value(value)?);
            }
            Value::Map(map)
        }
    })
}

/// A mapping's key in JSON: `yes` is `true` there.
fn key_text(key: &Node) -> Result<String, ParseError> {
    let refuse = |message: &str| Err(ParseError::new(message, key.range.start));
    match &key.content {
        Content::Scalar { text, style: ScalarStyle::Text } => Ok(text.clone()),
        Content::Scalar { text, .. } => match plain_value(text) {
            Some(Value::String(text) | Value::Number(text)) => Ok(text),
            Some(Value::Bool(value)) => Ok(value.to_string()),
            None => Ok(text.to_ascii_lowercase()),
            Some(_) => refuse("a key must not be null"),
        },
        _ => refuse("a key must be a string"),
    }
}

/// What a plain scalar is; `None` for infinity and what is no number, which JSON does not have.
#[must_use]
pub fn plain_value(text: &str) -> Option<Value> {
    // Nearly every scalar is a word that means nothing else.
    let first = text.as_bytes().first().copied().unwrap_or_default();
    if first.is_ascii_alphabetic() && !matches!(first | 0x20, b'n' | b't' | b'y' | b'f' | b'o') {
        return Some(Value::String(text.into()));
    }
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf"
        | "-.INF" => return None,
        _ => number(text).map_or_else(|| Value::String(text.into()), Value::Number),
    })
}

/// A number in JSON's notation: as it is written, if it can be.
fn number(text: &str) -> Option<String> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let plain = text.replace('_', "");
    let meant = whole(&plain).or_else(|| decimal(&plain))?;
    Some(if resolve_plain(text) == Plain::Number { text.to_owned() } else { meant })
}

/// Go's `ParseInt` and `ParseUint` with base 0: `0x`, `0b`, `0o`, and `0` for octal.
fn whole(text: &str) -> Option<String> {
    let (is_signed, body) = match text.strip_prefix(['+', '-']) {
        Some(body) => (true, body),
        None => (false, text),
    };
    let lower = body.to_ascii_lowercase();
    let based = [("0x", 16), ("0b", 2), ("0o", 8)]
        .into_iter()
        .find_map(|(prefix, base)| lower.strip_prefix(prefix).map(|digits| (digits, base)));
    let (digits, base) = match (based, lower.strip_prefix('0')) {
        (Some(based), _) => based,
        (None, Some("")) => ("0", 10),
        (None, Some(digits)) => (digits, 8),
        (None, None) => (lower.as_str(), 10),
    };
    // A second sign is no digit.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let size = i128::from_str_radix(digits, base).ok()?;
    let value = if text.starts_with('-') { -size } else { size };
    let most = if is_signed { i128::from(i64::MAX) } else { i128::from(u64::MAX) };
    (i128::from(i64::MIN)..=most).contains(&value).then(|| value.to_string())
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn decimal(text: &str) -> Option<String> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = body.split_once(['e', 'E']).map_or((body, None), |(m, e)| (m, Some(e)));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !before.is_empty() || !after.is_empty();
    let is_power = |text: &str| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        !digits.is_empty() && is_digits(digits)
    };
    if !(has_digits && is_digits(before) && is_digits(after) && exponent.is_none_or(is_power)) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    let shown = if value.abs() < 1e21 { value.to_string() } else { format!("{value:e}") };
    value.is_finite().then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<Vec<Value>, ParseError> {
        read_stream(text, |_, value| value)
    }

    /// What readers are said to make of a scalar, in JSON. The same table is held against `sigs.k8s.io/yaml` by
    /// `tests/judges/kubectl_scalars.py`.
    const TABLE: &str = include_str!("../../tests/judges/kubectl_scalars.txt");

    fn json(value: &Value) -> serde_json::Value {
        match value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(text) => serde_json::from_str(text).unwrap(),
            Value::String(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(json).collect(),
            Value::Map(map) => map.iter().map(|(key, value)| (key.to_owned(), json(value))).collect(),
        }
    }

    #[test]
    fn every_document_comes_with_its_number() {
        for first in ["a: 0", "{a: 0}"] {
            let text = format!("{first}\n---\na: 1\n---\na: 2\n");
            let seen = read_stream(&text, |nth, value| (nth, value.at(&["a"]).cloned())).unwrap();
            assert!(seen.iter().all(|(nth, a)| *a == Some(Value::Number(nth.to_string()))), "{seen:?}");
            assert_eq!(seen.len(), 3);
        }
    }

    #[test]
    fn many_keys_take_no_longer_than_few() {
        let mut keys = String::new();
        (0..200_000).for_each(|n| keys.push_str(&format!("key-{n}: x\n")));
        // Searched one by one, each of these would take minutes.
        for text in [keys.clone(), format!("{keys}flow: {{}}\n<<: {{a: 1}}\n")] {
            assert!(values(&text).unwrap()[0].as_map().unwrap().len() >= 200_000);
        }
    }

    #[test]
    fn scalars_are_what_kubectl_takes_them_for() {
        let mut n_rows = 0;
        for row in TABLE.lines() {
            let (text, meant) = row.split_once('\t').unwrap();
            let expected: serde_json::Value = serde_json::from_str(meant).unwrap();
            let expected = expected.as_f64().map_or(expected, Into::into);
            // The quick reader and the parser.
            for text in [format!("a: {text}\n"), format!("a: &x {text}\n")] {
                let read = json(&values(&text).unwrap()[0])["a"].clone();
                assert_eq!(read.as_f64().map_or(read, Into::into), expected, "{text}");
            }
            n_rows += 1;
        }
        assert!(n_rows > 60, "{n_rows}");
        for text in [".inf", "-.Inf", ".NaN"] {
            assert!(values(&format!("a: {text}\n")).is_err(), "{text}");
        }
    }

    #[test]
    fn aliases_and_merge_keys_are_what_they_stand_for() {
        for (text, meant) in [
            ("a: &x {b: 1}\nc: *x\n", r#"{"a": {"b": 1}, "c": {"b": 1}}"#),
            ("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  b: 3\n", r#"{"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}"#),
            ("a: &x {b: 1}\nd:\n  b: 3\n  <<: *x\n", r#"{"a": {"b": 1}, "d": {"b": 1}}"#),
            ("d:\n  <<: [{a: 1, b: 1}, {b: 2, c: 2}]\n", r#"{"d": {"a": 1, "b": 1, "c": 2}}"#),
            ("a: &x 1\nb: &x 2\nc: *x\n", r#"{"a": 1, "b": 2, "c": 2}"#),
            ("\"<<\": 1\nyes: 2\n0x10: 3\n", r#"{"<<": 1, "true": 2, "16": 3}"#),
        ] {
            let expected: serde_json::Value = serde_json::from_str(meant).unwrap();
            assert_eq!(json(&values(text).unwrap()[0]), expected, "{text}");
        }
        for (text, message) in [
            ("a: *x\n", "unknown anchor"),
            ("a: &x\n  b: *x\n", "itself"),
            ("a: &x 1\n---\nb: *x\n", "unknown anchor"),
            ("a:\n  <<: 1\n", "a merge key takes"),
            ("~: 1\n", "must not be null"),
            ("a: 1\na: 2\n", "occurs twice"),
        ] {
            let error = values(text).unwrap_err();
            assert!(error.message.contains(message), "{text}: {}", error.message);
        }
    }

    #[test]
    fn bombs_do_not_go_off() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        let error = values(&text).unwrap_err();
        assert!(error.is_limit, "{}", error.message);
        let long = "y".repeat(1 << 20);
        let text = format!("a: &a {long}\nb: [{}]\n", ["*a"; 40].join(", "));
        assert!(values(&text).unwrap_err().is_limit);
        let mut text = "a0: &a0 x\n".to_owned();
        for level in 1..100 {
            text.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
        }
        assert!(values(&text).unwrap_err().message.contains("nested deeper"));
    }
}
