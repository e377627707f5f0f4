//! The command line: arguments, terminal and exit codes; one file per command.

mod app;
mod child;
mod clock;
mod cluster;
mod commands;
mod confirm;
mod dumps;
mod duration;
mod editor;
mod environment;
mod exit;
mod format;
mod harden;
mod identities;
mod memory_file;
mod outside;
mod report_file;
mod reports;
mod show;
mod targets;
mod terminal;
mod typed_value;
mod ui;

pub use app::run;
