//! A fleet and its templates become the tree of output files. Pure: the same inputs give the same bytes, on any
//! number of threads; no file, clock, environment or randomness.

mod collect;
mod engine_keys;
mod engines;
mod external;
mod facts;
mod inspect;
mod object;
mod place;
mod run;
mod secrets;
mod sentry;
mod state;
mod steering;
mod together;

pub use collect::Rendered;
pub use engines::Engines;
pub use external::external_secret;
pub use facts::object_name;
pub use inspect::Inspector;
pub use run::{OUTPUT, Origins, Watch, origins, render};
pub use secrets::{SecretFile, SecretPlace, Secrets};
pub use sentry::Sentry;
pub use state::may_be_database;
