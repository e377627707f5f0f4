//! What several areas of tests need: a Git server with real hooks, and a line to it that can be cut.

pub mod git_server;
pub mod proxy;
