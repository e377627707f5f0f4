//! lmsgen renders one Kubernetes environment per client from a Git repository of TOML files.
//!
//! The pipeline, in reading order: [`fleet`] reads `lmsgen.toml`, environments, stacks and clients with
//! [`document`] and [`params`]; [`render`] turns every instance into objects through [`template`] and
//! [`manifest`], next to the encrypted files of [`secret`], and [`delivery`] adds what an engine needs; the result is a [`tree`] that is planned
//! against the disk ([`files`]), compared with a commit ([`diff`]) and committed and pushed ([`git`]).
//! [`ops`] holds one use case a file; [`report`] puts results into words and formats.
//!
//! The library never prints, exits, or reads the environment or the clock: it returns values.

pub mod diagnostic;
pub mod names;

pub mod cluster;
pub mod document;
pub mod files;
pub mod manifest;

pub mod guard;
pub mod params;
pub mod rules;
pub mod schema;
pub mod secret;
pub mod sops;
pub mod template;
pub mod tree;

pub mod adopt;
pub mod checks;
pub mod fleet;
pub mod kubernetes;

pub mod delivery;
pub mod diff;
pub mod git;
pub mod render;
pub mod status;

pub mod ops;
pub mod report;
