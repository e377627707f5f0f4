//! The set of output files, what differs from the disk, and putting it there.
//!
//! Deletes only what the record of ownership names; never empties a folder.

mod change;
mod model;
mod plan;
mod record;

pub use change::FileChange;
pub use model::{Folder, Tree};
pub use plan::{Change, Counts, Plan, Scope, apply, plan};
pub use record::{FolderError, RECORD, kustomization};
