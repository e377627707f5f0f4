//! Publishing to a real server, and reading and comparing revisions.

mod compare;
mod fleet;
mod publish;
mod remote;
mod state;
