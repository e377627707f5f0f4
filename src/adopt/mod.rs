//! Objects that run already, read backwards: which parameters of a stack would make them.
//!
//! Pure: takes objects and what rendering says of them; reads no file, and never sees a Secret's values.

mod clean;
mod invert;
mod matching;
mod model;
mod observe;

pub use clean::clean;
pub use invert::NAME;
pub use matching::{By, Found, candidates, find};
pub use model::{AdoptedClient, AdoptedSecret};
pub use observe::{Finding, Observed, observe, together};
