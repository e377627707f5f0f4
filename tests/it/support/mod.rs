//! What several areas of tests need: a Git server with real hooks, a line to it that can be cut, a fleet to run the
//! program in, and a secret value to look for.

pub mod canary;
pub mod cluster;
pub mod fleet;
pub mod git_server;
pub mod proxy;
pub mod terminal;
