//! `lmsgen secrets`: one file per command.

mod generate;
mod scan;
mod set;

use clap::Subcommand;

use lmsgen::files::Root;

use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// Set one value, read from a prompt or from stdin
    Set(set::Set),
    /// Generate what is missing; touch nothing else
    Generate(generate::Generate),
    /// Look for secrets in the clear; for a pre-commit hook
    Scan(scan::Scan),
}

pub fn run(command: Secrets, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    match command {
        Secrets::Set(command) => set::run(command, root, ui),
        Secrets::Generate(command) => generate::run(command, root, ui),
        Secrets::Scan(command) => command.run(Some(root), ui),
    }
}
