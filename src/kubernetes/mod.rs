//! What the API server's validation rejects in one object, beyond its schema. One file a subject, named after the
//! functions of `k8s.io/kubernetes/pkg/apis/*/validation` that it follows.
//!
//! Pure: one object in, faults out. Knows no file, no template and no other object.

mod check;
mod fault;
mod metadata;
mod quantity;
mod spot;
mod words;

pub use check::{Release, check};
pub use fault::{Fault, Faults};
pub use quantity::Quantity;
pub use spot::Spot;
