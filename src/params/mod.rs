//! Parameters of a stack: declarations, and values that come from layers and remember where they were set.
//!
//! Reads no file and knows no client: `fleet` hands it the tables it found.

mod check;
mod decl;
mod declare;
mod layer;
mod merge;
mod names;
mod resolved;
mod shape;
mod trace;
mod value;
mod words;

pub use decl::{Field, Merge, ParamDecl, Pattern, SetBy, Shape, StringShape, Unique};
pub use declare::{Declarations, NOT_UNIQUE};
pub use layer::{LayerSource, Overlay, UNKNOWN_PARAMETER, read_shared};
pub use names::Placeholders;
pub use resolved::{Params, Resolved};
pub use trace::{Step, dig, trace};
pub use value::{Layer, Origin, ParamValue, Table};
pub use words::describe_declared;
