//! A fleet: `lmsgen.toml`, environments, stacks and clients, from raw files to a [`Fleet`] that cannot be wrong.
//!
//! Reads through `files` only; renders nothing.

mod allow;
mod client;
mod config;
mod definitions;
mod edit;
mod environment;
mod environment_cluster;
mod environment_delivery;
mod environment_policy;
mod environment_secrets;
mod explain;
mod layout;
mod limits;
mod load;
mod model;
mod resolve;
mod select;
mod sources;
mod stack;
mod stack_secrets;
mod state;
mod texts;
mod unique;

pub use allow::{Allow, PathPattern};
pub use edit::{NewClient, new_client_text};
pub use environment_cluster::{Cluster, TokenSource};
pub use environment_delivery::{ArgoCd, Deletion, Delivery, Flux, Layout};
pub use explain::{Explanation, UnknownParameter};
pub use layout::{is_ignored, is_note};
pub use limits::{MAX_INSTANCES, empty_fleet};
pub use load::{Loaded, load};
pub use model::{
    Client, Contact, Environment, EnvironmentPart, ExternalStore, Fleet, Gateway, GitConfig, Instance, Policy,
    SecretDecl, SecretForm, SecretKeyDecl, SecretSource, Stack, TemplateFile,
};
pub use select::{Selection, SelectionError};
pub use sources::{Content, Sources};
pub use state::{DEPROVISION, State};
