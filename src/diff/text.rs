//! Changed files as text, for `diff --unified`: what holds a Secret, or cannot be read, is never shown.

use crate::names::RelPath;
use crate::tree::FileChange;

/// One changed file as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextChange {
    /// The file.
    pub path: RelPath,
    /// `false` for a file that is new.
    pub is_old: bool,
    /// `false` for a file that is gone.
    pub is_new: bool,
    /// What is shown of it.
    pub body: TextBody,
}

/// What is shown of a changed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextBody {
    /// The hunks of a unified diff.
    Hunks(String),
    /// The file holds Secrets: one line for each key that was added, removed or changed, without values.
    Secret(Vec<String>),
    /// The file is no readable manifest, so nobody knows whether it holds a secret.
    Unreadable,
}

/// Every changed file as text, in the order of `changes`.
#[must_use]
pub fn unified(_changes: &[FileChange]) -> Vec<TextChange> {
    Vec::new()
}
