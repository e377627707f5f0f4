//! Writing a value as YAML.

use super::Value;

/// Appends one document without markers.
pub fn emit_document(_out: &mut String, _value: &Value) {
    unimplemented!()
}

/// Appends one string scalar.
pub fn emit_string(_out: &mut String, _text: &str, _indent: usize) {
    unimplemented!()
}
