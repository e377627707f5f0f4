//! Diagnostics as people read them: source lines with carets, and what to do.

use super::Page;
use crate::diagnostic::{Diagnostic, SourceMap};

/// What a run looked at, for the last line; zero is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Instances.
    pub instances: usize,
    /// Objects.
    pub objects: usize,
    /// How long it took, in milliseconds.
    pub millis: Option<u64>,
}

/// Every diagnostic, up to the page's limit, and a last line that counts all of them.
///
/// `found` in the order of [`crate::diagnostic::Sink::into_sorted`]. Empty when nothing was found.
#[must_use]
pub fn diagnostics_text(_found: &[Diagnostic], _sources: &SourceMap, _scope: Scope, _page: &Page) -> String {
    String::new()
}
