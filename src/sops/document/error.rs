//! Why a document of SOPS cannot be read or changed. No message repeats a value.

use std::ops::Range;

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Not YAML, or YAML that is not taken.
    Yaml,
    /// SOPS' own block is missing, broken, or uses what is not supported.
    Metadata,
    /// No identity opens the file.
    NoIdentity,
    /// The file was changed behind SOPS' back.
    Changed,
    /// What was asked for cannot be done to this document.
    Request,
    /// The system gave no random bytes, or age failed.
    System,
}

/// A fault in a document, with the place it is at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DocumentError {
    /// Its kind.
    pub problem: Problem,
    /// A lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: Option<&'static str>,
    /// The place, in bytes of the text.
    pub span: Range<usize>,
}

impl DocumentError {
    pub(super) fn new(problem: Problem, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { problem, message: message.into(), help: None, span }
    }

    pub(super) fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }
}

impl From<getrandom::Error> for DocumentError {
    fn from(_: getrandom::Error) -> Self {
        Self::new(Problem::System, 0..0, "the system gives no random bytes")
    }
}
