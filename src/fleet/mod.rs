//! A fleet: `lmsgen.toml`, environments, stacks and clients, from raw files to a [`Fleet`] that cannot be wrong.
//!
//! Reads through `files` only; renders nothing.

mod edit;
mod explain;
mod load;
mod model;
mod select;
mod sources;

pub use edit::{NewClient, new_client_text};
pub use explain::{Explanation, Step, UnknownParameter};
pub use load::{Loaded, load};
pub use model::{
    Client, Contact, Environment, EnvironmentPart, Fleet, Gateway, GitConfig, Instance, Policy, SecretDecl,
    SecretKeyDecl, SecretSource, Stack, TemplateFile,
};
pub use select::{Selection, SelectionError};
pub use sources::{Content, Sources};
