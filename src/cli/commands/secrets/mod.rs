//! `lmsgen secrets`: one file per command.

mod generate;
mod set;
mod status;

use clap::Subcommand;

use lmsgen::files::Root;

use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// Say what the store holds and what it lacks; needs no key
    Status(status::Status),
    /// Set one value, read from a prompt or from stdin
    Set(set::Set),
    /// Generate what is missing; touch nothing else
    Generate(generate::Generate),
}

pub fn run(command: Secrets, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    match command {
        Secrets::Status(command) => status::run(command, root, ui),
        Secrets::Set(command) => set::run(command, root, ui),
        Secrets::Generate(command) => generate::run(command, root, ui),
    }
}
