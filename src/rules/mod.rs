//! The book of rules: what every fault code means, why, what to do, and whether it can be allowed.
//!
//! The text is `docs/rules/*.md`, one section a code, embedded. Raises nothing itself: codes are declared by the modules
//! that raise them, and a test holds both together.

mod book;
mod section;

pub use book::{all, find};
pub use section::{Allowed, Example, Rule, Verdict};
