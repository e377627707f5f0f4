//! Parameters of a stack: declarations, and values that come from layers and remember where they were set.
//!
//! Reads no file and knows no client: `fleet` hands it the tables it found.

mod decl;
mod resolved;
mod value;

pub use decl::{Field, Merge, ParamDecl, Shape, StringShape};
pub use resolved::{Params, Resolved};
pub use value::{Layer, Origin, ParamValue, Table};
