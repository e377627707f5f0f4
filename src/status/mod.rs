//! Whether what is committed runs: objects of the tree against objects of a cluster, as a judgement for each instance.
//!
//! Pure: bytes of a `kubectl get -o json` and the time come in, values go out. Starts nothing, reads no clock, and keeps of a
//! cluster's answer only what the rules look at: neither Secret data nor environment variables.

mod claim;
mod compare;
mod condition;
mod delivery;
mod dump;
mod expected;
mod image;
mod job;
mod judge;
mod live;
mod missing;
mod model;
mod pod;
mod query;
mod route;
#[cfg(test)]
mod rules_tests;
mod speech;
mod time;
mod workload;

pub use dump::{Dump, DumpError};
pub use expected::{Expected, Owner};
pub use image::parts as image_parts;
pub use judge::{Asked, Asking, judge};
pub use model::{EnvironmentStatus, Foreign, Lacking, Part, State, Status, Trouble};
pub use query::{Query, Resource, Seen, queries};
pub use speech::Speech;
pub use time::{parse_time, shown_time};
