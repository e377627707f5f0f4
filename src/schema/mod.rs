//! What Kubernetes takes an object of a kind to look like: schemas of every built-in kind in each supported release, of
//! common custom resources, and of a fleet's own; and the comparison of an object with them.
//!
//! The comparison is that of the API server's reader and, for custom resources, of its schema validation: it must never
//! find fault with what the server accepts. What the server's validation code says of built-in kinds is not here. Reads
//! no file: the packed schemas are part of the program (`tools/schemas` makes them).

mod check;
mod compile;
mod custom;
mod document;
mod formats;
mod limits;
mod minor;
mod mismatch;
mod node;
mod pack;
mod pattern;
mod schemas;
#[cfg(test)]
mod tests;

pub use custom::CrdError;
pub use minor::{Minor, UnknownMinor};
pub use mismatch::{Found, Mismatch, What};
pub use schemas::{Gvk, Kind, Lookup, Schemas, Scope};
