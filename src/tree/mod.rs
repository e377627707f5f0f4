//! The set of output files, what differs from the disk, and putting it there.
//!
//! Deletes only what the record of ownership names; never empties a folder.

mod model;

pub use model::{Folder, Tree};
