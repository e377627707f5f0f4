//! Paths inside a fleet: relative, with `/`, never leaving the root.

use std::fmt;
use std::sync::Arc;

/// Why a path is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Absolute, or with an empty, `.` or `..` part.
    #[error("`{0}` must be a relative path without empty, `.` or `..` parts")]
    Escapes(String),
    /// A character that is no part of a name: a control character or `\`.
    #[error("`{0}` holds a control character or `\\`")]
    Character(String),
    /// A part over 255 bytes or a path over 1024.
    #[error("`{0}` is too long")]
    TooLong(String),
}

/// A path below the fleet's root: one or more names joined by `/`; never absolute, never with `.` or `..`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelPath(Arc<str>);

impl RelPath {
    /// Checks `text`.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub fn new(text: &str) -> Result<Self, PathError> {
        if text.chars().any(|c| c.is_control() || c == '\\') {
            return Err(PathError::Character(text.escape_default().to_string()));
        }
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(PathError::Escapes(text.into()));
        }
        if text.len() > 1024 || text.split('/').any(|part| part.len() > 255) {
            return Err(PathError::TooLong(text.into()));
        }
        Ok(Self(text.into()))
    }

    /// This path with one or more names added.
    ///
    /// # Errors
    /// As [`RelPath::new`].
    pub fn join(&self, name: &str) -> Result<Self, PathError> {
        Self::new(&format!("{}/{name}", self.0))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last name.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path without its last name; `None` for a single name.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.into()))
    }

    /// `true` if this is `folder` or lies below it.
    #[must_use]
    pub fn is_within(&self, folder: &Self) -> bool {
        self.0.strip_prefix(&*folder.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leaves_the_root() {
        for bad in ["", "/", "/etc", ".", "..", "a/../b", "a//b", "a/", "a\\b", "a\u{0}b", "a\nb"] {
            assert!(RelPath::new(bad).is_err(), "{bad:?}");
        }
        let path = RelPath::new("rendered/lms-dev/C7").unwrap();
        assert_eq!(path.file_name(), "C7");
        assert_eq!(path.parent().unwrap().as_str(), "rendered/lms-dev");
        assert!(path.is_within(&RelPath::new("rendered").unwrap()));
        assert!(!RelPath::new("rendered2/x").unwrap().is_within(&RelPath::new("rendered").unwrap()));
    }
}
