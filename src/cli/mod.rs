//! The command line: arguments, terminal and exit codes; one file per command.

#[allow(dead_code, reason = "the commands are being written")]
pub mod exit;
#[allow(dead_code, reason = "the commands are being written")]
pub mod ui;
