//! What several areas of tests need: a Git server with real hooks, a line to it that can be cut, and a fleet to run the
//! program in.

pub mod fleet;
pub mod git_server;
pub mod proxy;
