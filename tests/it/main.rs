//! End-to-end tests, one module per area.

mod files;
mod git;
mod support;
mod tree;
