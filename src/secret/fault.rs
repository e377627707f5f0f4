//! What can be wrong with a store file, as codes and places.
//!
//! A fault names keys and places; it never holds a secret value or a piece of one.

use std::ops::Range;

use crate::diagnostic::{Class, Code, Diagnostic, FileId, Span};

/// A plaintext Secret stands where a SOPS file is expected.
pub const PLAINTEXT_SECRET: Code = Code::new("LMS400", Class::Secret);
/// Not one YAML document that lmsgen takes.
pub const UNREADABLE: Code = Code::new("LMS401", Class::Secret);
/// Not the shape of a stored Secret: a key unknown, missing, repeated or of a wrong type.
pub const SHAPE: Code = Code::new("LMS402", Class::Secret);
/// A value in the clear under `data` or `stringData`.
pub const UNENCRYPTED_VALUE: Code = Code::new("LMS403", Class::Secret);
/// A value that is not exactly what SOPS writes for an encrypted string.
pub const MALFORMED_VALUE: Code = Code::new("LMS404", Class::Secret);
/// The SOPS block allows something lmsgen's policy does not.
pub const RULE: Code = Code::new("LMS405", Class::Secret);
/// A recipient that is not a native age X25519 key, or is listed twice.
pub const RECIPIENT: Code = Code::new("LMS406", Class::Secret);
/// `mac`, `lastmodified`, `version` or a wrapped key is missing or malformed.
pub const METADATA: Code = Code::new("LMS407", Class::Secret);

/// One thing that is wrong with a store file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The code.
    pub code: Code,
    /// What is wrong: a lower-case fragment; never a value.
    pub message: String,
    /// What to do.
    pub help: Option<&'static str>,
    /// Where, in bytes of the file.
    pub span: Range<usize>,
}

impl Fault {
    pub(super) fn new(code: Code, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None, span }
    }

    pub(super) fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }

    /// The line of `text` it is on, from 1.
    #[must_use]
    pub fn line(&self, text: &[u8]) -> usize {
        let before = &text[..self.span.start.min(text.len())];
        before.split(|&b| b == b'\n').count()
    }

    /// As a diagnostic in `file`.
    #[must_use]
    pub fn diagnostic(&self, file: FileId) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.code, &*self.message).at(Span::new(file, self.span.clone()), "");
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}
