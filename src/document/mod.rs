//! A TOML document read field by field: every fault is reported at its place, and reading goes on.
//!
//! Takes text, never a file; knows no field of any particular document.

mod characters;
mod node;
mod parse;
mod suggest;
mod table;
mod version;

pub use characters::{escaped, first_hidden, quoted};
pub use node::{Kind, Located, Node, WRONG_TYPE};
pub use parse::{DecodeError, Document, MAX_DEPTH, MAX_FILE_BYTES, SYNTAX, decode};
pub use suggest::{did_you_mean, nearest};
pub use table::{Entry, TableReader, UNKNOWN_KEY};
