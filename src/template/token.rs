//! Tokens: what a template prints in place of a value.
//!
//! A value never enters the text that is parsed as YAML; a token does, and the value is put into the parsed
//! object. Tokens use private-use characters that a template must not contain, so nothing else can look like one.

use crate::manifest::{Map, Value};

/// Opens a token.
pub const OPEN: char = '\u{e000}';
/// Closes a token.
pub const CLOSE: char = '\u{e001}';
/// Opens a position mark.
pub const MARK_OPEN: char = '\u{e002}';
/// Closes a position mark.
pub const MARK_CLOSE: char = '\u{e003}';

/// `true` for a character that templates must not contain.
#[must_use]
pub const fn is_reserved(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{e00f}')
}

/// What a token stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A value.
    Value(Value),
    /// A digest of rendered objects, known only when they are.
    Hash(HashOf),
}

/// What a digest is taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashOf {
    /// The object the token stands in.
    This,
    /// All objects of another template: `app/configmap.yaml`, `environment/sql.yaml`.
    Template(String),
}

/// Turns a value of Tera into one of a manifest.
///
/// # Errors
/// A value that cannot stand in a manifest: none, undefined, bytes, a number that is not finite.
pub fn to_manifest(value: &tera::Value) -> Result<Value, String> {
    if value.is_undefined() {
        return Err("this has no value".into());
    }
    if value.is_none() {
        return Err("this is not set".into());
    }
    if let Some(value) = value.as_bool() {
        return Ok(Value::Bool(value));
    }
    if let Some(text) = value.as_str() {
        return Ok(Value::String(text.to_owned()));
    }
    if let Some(items) = value.as_array() {
        return Ok(Value::List(items.iter().map(to_manifest).collect::<Result<_, _>>()?));
    }
    if let Some(entries) = value.as_map() {
        return table(entries);
    }
    if value.is_f64() {
        return match value.as_f64() {
            Some(n) if n.is_finite() => Ok(Value::Number(float_text(n))),
            _ => Err("this number is not finite".into()),
        };
    }
    let whole = value.as_i128().map(|n| n.to_string()).or_else(|| value.as_u128().map(|n| n.to_string()));
    whole.map(Value::Number).ok_or_else(|| "this value cannot stand in a manifest".into())
}

fn table(entries: &tera::Map) -> Result<Value, String> {
    let mut map = Map::new();
    for (key, value) in entries {
        let Some(key) = key.as_str() else { return Err("a key of this table is no string".into()) };
        if key.len() > MAX_KEY {
            return Err(format!("a key of this table is longer than {MAX_KEY} bytes"));
        }
        map.insert(key, to_manifest(value)?);
    }
    Ok(Value::Map(map))
}

/// Longer keys would need another notation in YAML; no Kubernetes object has one.
const MAX_KEY: usize = 512;

/// The shortest decimal notation that reads back as `n`, with a fraction so that every reader takes it as a float.
fn float_text(n: f64) -> String {
    let text = format!("{n}");
    if text.contains('.') { text } else { format!("{text}.0") }
}
