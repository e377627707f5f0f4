//! A Kubernetes object as an ordered YAML value: reading, canonical order, and one writing style that
//! YAML 1.1 and YAML 1.2 readers agree on.
//!
//! Knows no template and no file.

mod anchors;
mod block;
mod emit;
mod kubectl;
mod locate;
mod metadata;
mod node;
mod object;
mod parse;
mod path;
mod scalar;
mod value;

pub use block::read_block;
pub use emit::{emit_after_dash, emit_after_key, emit_document, emit_key, emit_string, push_indent};
pub use kubectl::{read_stream, stream_nodes};
pub use locate::{Located, locate};
pub use metadata::{ANNOTATIONS, LABELS, with_metadata};
pub use node::{Content, Node, ScalarStyle};
pub use object::{ObjectRef, apply_rank, canonical_order, key_rank, root_key_rank};
pub use parse::{ParseError, key_text, parse_documents, parse_nodes};
pub use path::{Path, Step};
pub use scalar::{Plain, resolve_plain};
pub use value::{Map, Value, is_same_key, short_key};
