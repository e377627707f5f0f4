//! A file that two versions of the output tree do not have in common.

use std::fmt;

use crate::names::RelPath;

/// One file with different bytes before and after; never equal on both sides.
///
/// The bytes may be those of a plaintext Secret that somebody committed by mistake: `Debug` leaves them out.
#[derive(Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Path below the fleet's root: `rendered/lms-dev/C7/app/deployment-lms-deployment-c7.yaml`.
    pub path: RelPath,
    /// The bytes before; `None` for a file that is new.
    pub old: Option<Vec<u8>>,
    /// The bytes after; `None` for a file that is gone.
    pub new: Option<Vec<u8>>,
}

impl fmt::Debug for FileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (&self.old, &self.new) {
            (None, _) => "created",
            (_, None) => "deleted",
            _ => "changed",
        };
        write!(f, "{what} {}", self.path)
    }
}
