//! `lmsgen`: see [`lmsgen`] for what happens.

mod cli;

fn main() {}
