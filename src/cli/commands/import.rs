//! `lmsgen import`.

use std::path::PathBuf;

use clap::Args;

use lmsgen::files::Root;
use lmsgen::ops::{self, AdoptOptions};
use lmsgen::report::{adoption_text, counted};

use crate::cli::clock;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::outside::{into_text, read_any};
use crate::cli::show::{failed, outcome};
use crate::cli::ui::Ui;

/// A namespace of thousands of clients, with what the API server adds.
const MAX_DUMP: usize = 512 << 20;

/// Take over what runs already: propose files of clients for a dump of their objects.
///
/// `kubectl get configmaps,deployments,services,ingresses,jobs,secrets -n lms-dev -o json > dump.json`. A client is found by its id in
/// the names of objects; a parameter by the place where its value is printed. What the layers below say already is left out. Shows
/// what would still differ. No value of the dump's Secrets is ever shown; with --write they go into the store, encrypted.
#[derive(Debug, Args)]
pub struct Import {
    /// The dump: a `List` in JSON or YAML
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Environments [default: those whose namespace the dump has]
    #[arg(short, long = "env", value_name = "ENV")]
    env: Vec<String>,
    /// The stack [default: the only one]
    #[arg(long)]
    stack: Option<String>,
    /// Write the files, none over another, and import the Secrets
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    keys: Keys,
}

impl Import {
    /// `true` if it writes files of the fleet.
    pub const fn writes(&self) -> bool {
        self.write
    }
}

pub fn run(command: &Import, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let refuse = |why: &dyn std::fmt::Display, exit| {
        ui.complain(&format!("error: {}: {why}", command.from.display()));
        exit
    };
    let bytes = read_any(&command.from, MAX_DUMP).map_err(|error| refuse(&error, Exit::Io))?;
    let text = into_text(bytes).map_err(|_| refuse(&"is no text", Exit::Input))?;
    let options = AdoptOptions { environments: command.env.clone(), stack: command.stack.clone() };
    let adoption = outcome(ui, ops::adopt(root, &text, &options).map_err(|error| failed(ui, &error))?)?;
    ui.print(&adoption_text(&adoption.clients, &adoption.unmatched, &adoption.remaining))?;
    let n = counted(adoption.clients.len(), "client");
    if !command.write {
        ui.say(&format!("Found {n}; with --write the files are written and the Secrets imported"));
        return Ok(Exit::Done);
    }
    let identities = command.keys.load(root, ui)?;
    let done = ops::write_adoption(root, &adoption, &text, (&identities, &clock::now()));
    let secrets = outcome(ui, done.map_err(|error| failed(ui, &error))?)?;
    ui.say(&format!("Wrote {n}, imported {}", counted(secrets, "Secret")));
    ui.say("Next: put the names in, lmsgen render, lmsgen diff; and remove the dump, which holds values in the clear");
    Ok(Exit::Done)
}
