//! The set of output files, what differs from the disk, and putting it there.
//!
//! Deletes only what the record of ownership names; never empties a folder.

mod apply;
mod change;
mod journal;
mod model;
mod node;
mod plan;
mod record;
mod scan;

pub use apply::apply;
pub use change::FileChange;
pub use model::{Folder, Tree};
pub use plan::{Change, Counts, Plan, Scope, plan};
pub use record::{FolderError, RECORD, kustomization, recorded_names};
