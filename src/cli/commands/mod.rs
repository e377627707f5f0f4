//! The commands, one file each: arguments, then one function that runs a use case and shows its outcome.

pub mod apply_plan;
pub mod ci;
pub mod client;
pub mod diff;
pub mod env;
pub mod explain;
pub mod import;
pub mod manifests;
pub mod publish;
pub mod render;
pub mod rules;
pub mod secrets;
pub mod status;
pub mod validate;
