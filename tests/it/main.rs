//! End-to-end tests, one module per area.

mod files;
mod git;
mod secret;
mod support;
mod tree;
