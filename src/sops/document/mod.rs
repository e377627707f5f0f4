//! Any YAML document that SOPS encrypts with age: read, opened, changed in place, written.
//!
//! The store's own files follow a stricter shape, which `secret` checks; this module takes what `sops` itself writes. It
//! knows nothing of Kubernetes.

mod block;
mod comment;
mod edit;
#[cfg(test)]
mod edit_tests;
mod error;
mod keys;
mod leaf;
mod open;
mod place;
mod recipients;
mod rule;
mod scalar;
#[cfg(test)]
mod tests;
mod tree;
mod write;

pub use error::{DocumentError, Problem};
pub use leaf::Step;
pub use open::{Document, OpenComment, OpenValue, Opened};
pub use rule::Rule;
pub use write::encrypt_document;
