//! A Kubernetes object as an ordered YAML value: reading, canonical order, and one writing style that
//! YAML 1.1 and YAML 1.2 readers agree on.
//!
//! Knows no template and no file.

mod emit;
mod object;
mod parse;
mod value;

pub use emit::{emit_document, emit_string};
pub use object::{ObjectRef, canonical_order};
pub use parse::{ParseError, parse_documents};
pub use value::{Map, Value};
