//! What can be wrong with a store file, as codes and places.
//!
//! A fault names keys and places; it never holds a secret value or a piece of one.

use std::borrow::Cow;
use std::ops::Range;

use crate::diagnostic::{Class, Code, Diagnostic, FileId, Severity, Span};

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
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong: a lower-case fragment; never a value.
    pub message: String,
    /// What to do.
    pub help: Option<Cow<'static, str>>,
    /// Where, in bytes of the file; empty at its start for a fault of the file as a whole.
    pub span: Range<usize>,
}

impl Fault {
    pub(super) fn new(code: Code, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), help: None, span }
    }

    pub(super) fn warning(code: Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::new(code, 0..0, message) }
    }

    pub(super) fn help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The line of the file `bytes` it is on, from 1.
    #[must_use]
    pub fn line(&self, bytes: &[u8]) -> usize {
        bytes[..self.span.start.min(bytes.len())].split(|&b| b == b'\n').count()
    }

    /// As a diagnostic in `file`, which must be in the source map with its [`masked`](super::masked) text: reports show
    /// the lines they speak of.
    #[must_use]
    pub fn diagnostic(&self, file: FileId) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.code, &*self.message).at(Span::new(file, self.span.clone()), "");
        let diagnostic = match &self.help {
            Some(help) => diagnostic.help(&**help),
            None => diagnostic,
        };
        Diagnostic { severity: self.severity, ..diagnostic }
    }
}
