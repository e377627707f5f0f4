//! `lmsgen secrets generate`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::ops;
use lmsgen::report::counted;

use crate::cli::app::Select;
use crate::cli::clock;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::show::{Bar, failed, outcome};
use crate::cli::ui::Ui;

/// Generate what is missing; touch nothing else.
#[derive(Debug, Args)]
pub struct Generate {
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    keys: Keys,
}

pub fn run(command: Generate, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let identities = command.keys.load(root, ui)?;
    let bar = Bar::new(ui);
    let checked = ops::generate_secrets(root, &command.select.into(), (&identities, &clock::now()), &bar);
    let made = outcome(ui, checked.map_err(|error| failed(ui, &error))?)?;
    if made.files == 0 {
        ui.say("Nothing to generate: the store is complete");
    } else {
        ui.say(&format!("Generated {} in {}", counted(made.values, "secret"), counted(made.files, "file")));
    }
    Ok(Exit::Done)
}
