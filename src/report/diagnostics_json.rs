//! Diagnostics as JSON, format `lmsgen.diagnostics/v1`.

use crate::diagnostic::{Diagnostic, SourceMap};

/// One JSON document with a final newline; `found` in the order of [`crate::diagnostic::Sink::into_sorted`].
#[must_use]
pub fn diagnostics_json(_found: &[Diagnostic], _sources: &SourceMap) -> String {
    String::new()
}
