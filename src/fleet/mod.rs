//! A fleet: `lmsgen.toml`, environments, stacks and clients, from raw files to a [`Fleet`] that cannot be wrong.
//!
//! Reads through `files` only; renders nothing.

mod model;

pub use model::{
    Client, Contact, Environment, EnvironmentPart, Fleet, Gateway, GitConfig, Instance, Policy, SecretDecl,
    SecretKeyDecl, SecretSource, Stack, TemplateFile,
};
