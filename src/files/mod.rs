//! The only user of the file system: bounded reads and atomic writes below one root.
//!
//! Everything goes through folder handles and refuses symbolic links at every step, so no path can lead
//! out of the root, whoever swaps a folder meanwhile. New bytes are staged in `.lmsgen/` and renamed into
//! place. Knows nothing of what the files mean.

mod batch;
mod dir;
mod error;
mod hook;
mod lock;
mod root;
mod stage;
mod write;

pub use batch::Replacement;
pub use dir::{Dir, Entry};
pub use error::{Error, Kind};
pub use hook::{Hook, Op};
pub use lock::Lock;
pub use root::{Durability, Root, STATE};
pub use stage::Stage;
