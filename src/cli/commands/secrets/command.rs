//! Which command on secrets runs.

use clap::Subcommand;

use lmsgen::files::Root;

use crate::cli::exit::Exit;
use crate::cli::memory_file::remove_leftovers;
use crate::cli::ui::Ui;

use super::{bind, convert, edit, generate, import, keygen, rewrap, rotate, scan, set, show, status, verify};

#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// Say what the store holds and what it lacks; needs no key
    Status(status::Status),
    /// Generate what is missing; touch nothing else
    Generate(generate::Generate),
    /// Set one value, read from a prompt, from stdin or from a file
    Set(set::Set),
    /// Print one value
    Show(show::Show),
    /// Edit values in memory
    Edit(edit::Edit),
    /// Take over values that are in use already
    Import(import::Import),
    /// Give generated keys new values
    Rotate(rotate::Rotate),
    /// Make the recipients of store files the declared ones
    Rewrap(rewrap::Rewrap),
    /// Take over files that plain sops made or changed
    Bind(bind::Bind),
    /// Open every store file with a private key, and say everything that is wrong
    Verify(verify::Verify),
    /// Write store files in the form that their environment declares
    Convert(convert::Convert),
    /// Make a new private key
    Keygen(keygen::Keygen),
    /// Look for secrets in the clear; for a pre-commit hook
    Scan(scan::Scan),
}

impl Secrets {
    /// `true` if it may write files of the store.
    pub const fn writes(&self) -> bool {
        !matches!(self, Self::Status(_) | Self::Show(_) | Self::Keygen(_) | Self::Verify(_) | Self::Scan(_))
    }
}

pub fn run(command: Secrets, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    remove_leftovers();
    match command {
        Secrets::Status(command) => status::run(command, root, ui),
        Secrets::Generate(command) => generate::run(command, root, ui),
        Secrets::Set(command) => set::run(&command, root, ui),
        Secrets::Show(command) => show::run(command, root, ui),
        Secrets::Edit(command) => edit::run(command, root, ui),
        Secrets::Import(command) => import::run(command, root, ui),
        Secrets::Rotate(command) => rotate::run(command, root, ui),
        Secrets::Rewrap(command) => rewrap::run(command, root, ui),
        Secrets::Bind(command) => bind::run(command, root, ui),
        Secrets::Verify(command) => verify::run(command, root, ui),
        Secrets::Convert(command) => convert::run(command, root, ui),
        Secrets::Keygen(command) => keygen::run(command, ui),
        Secrets::Scan(command) => command.run(Some(root), ui),
    }
}
