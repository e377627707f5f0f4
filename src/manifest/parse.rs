//! Reading YAML.

use super::Value;

/// Why a text is no list of documents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the text.
    pub offset: usize,
}

/// Reads every document of `text`; empty documents are left out.
///
/// # Errors
/// The first thing in `text` that is not YAML as lmsgen takes it.
pub fn parse_documents(_text: &str) -> Result<Vec<Value>, ParseError> {
    unimplemented!()
}
