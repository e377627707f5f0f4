//! Publishing to a real server, and reading and comparing revisions.

mod fleet;
mod publish;
