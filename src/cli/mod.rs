//! The command line: arguments, terminal and exit codes; one file per command.

mod app;
mod clock;
mod commands;
mod exit;
mod identities;
mod show;
mod ui;

pub use app::run;
