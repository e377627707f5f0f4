//! `lmsgen manifests`.

use std::io::IsTerminal as _;

use clap::Args;

use lmsgen::files::Root;
use lmsgen::ops::{self, Document, ManifestsOptions};
use lmsgen::report::counted;

use crate::cli::app::Select;
use crate::cli::environment::is_ci;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::show::{failed, outcome};
use crate::cli::ui::Ui;

/// Print the manifests of clients as one stream, in the order to apply them.
///
/// `lmsgen manifests C42 -e lms-dev --decrypt | kubectl apply --server-side -f -`. Phases come one after the other; encrypted
/// Secrets are left out unless `--decrypt` is given.
#[derive(Debug, Args)]
pub struct Manifests {
    #[command(flatten)]
    select: Select,
    /// Only this phase; `environment` for what clients share
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    /// Decrypt Secrets; stdout must be a pipe
    #[arg(long)]
    decrypt: bool,
    /// Decrypt in a pipeline, too: whatever reads stdout must not write it to the log
    #[arg(long, requires = "decrypt")]
    in_ci: bool,
    #[command(flatten)]
    keys: Keys,
}

pub fn run(command: Manifests, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    if command.decrypt {
        refuse_to_show(command.in_ci, ui)?;
    }
    let identities = if command.decrypt { Some(command.keys.load(root, ui)?) } else { None };
    let options =
        ManifestsOptions { selection: command.select.into(), phase: command.phase, decrypt: identities.as_ref() };
    let checked = ops::manifests(root, &options).map_err(|error| failed(ui, &error))?;
    let stream = outcome(ui, checked)?;
    for document in &stream.documents {
        ui.print("---\n")?;
        match document {
            Document::Rendered(bytes) => ui.print(&String::from_utf8_lossy(bytes))?,
            Document::Decrypted(text) => ui.print_value(text)?,
        }
    }
    if stream.left_out > 0 {
        let left_out = counted(stream.left_out, "encrypted Secret");
        ui.say(&format!("Left out {left_out}: add --decrypt, with a private key, to have them in the stream"));
    }
    Ok(Exit::Done)
}

/// Decrypted Secrets go to a program, never to where people or logs keep them.
fn refuse_to_show(in_ci: bool, ui: &Ui) -> Result<(), Exit> {
    let refuse = |why: &str, help: &str| {
        ui.complain(&format!("error: {why}\n  = help: {help}"));
        Err(Exit::Guard)
    };
    if std::io::stdout().is_terminal() {
        return refuse("Secrets are not decrypted onto a terminal", "pipe the stream into `kubectl apply -f -`");
    }
    if is_ci() && !in_ci {
        return refuse(
            "stdout of a pipeline's job is its log, which is kept (CI is set)",
            "pipe the stream into `kubectl apply -f -` and say so with --in-ci",
        );
    }
    Ok(())
}
