//! The set of output files, what differs from the disk, and putting it there.
//!
//! Deletes only what the record of ownership names; never empties a folder.

mod change;
mod model;

pub use change::FileChange;
pub use model::{Folder, Tree};
