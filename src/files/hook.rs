//! A place to stand between lmsgen and the system: tests fail or freeze a run at any step.
//!
//! No production path sets a hook.

use rustix::io::Errno;
use std::sync::Arc;

/// A system call that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Opening a folder or a file to read.
    Open,
    /// Listing a folder.
    List,
    /// Creating a file.
    Create,
    /// Writing bytes.
    Write,
    /// Forcing a file or folder to the disk.
    Sync,
    /// Giving a file or folder its name.
    Rename,
    /// Creating a folder.
    MakeDir,
    /// Removing a file.
    Unlink,
    /// Removing an empty folder.
    RemoveDir,
}

impl Op {
    /// `true` if the call would change the disk.
    #[must_use]
    pub const fn changes(self) -> bool {
        !matches!(self, Self::Open | Self::List)
    }
}

/// Called before each system call with the path below the root; an error takes the place of the call.
pub type Hook = Arc<dyn Fn(Op, &str) -> Result<(), Errno> + Send + Sync>;
