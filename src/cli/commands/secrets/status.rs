//! `lmsgen secrets status`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::ops;
use lmsgen::report::{secret_status_json, secret_status_text};
use lmsgen::secret::EnvironmentStatus;

use crate::cli::app::Select;
use crate::cli::exit::Exit;
use crate::cli::format::Format;
use crate::cli::show::{failed, outcome};
use crate::cli::ui::Ui;

/// Say what the store holds and what it lacks, by environment; needs no key.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    select: Select,
    /// Exit with 1 if anything is missing, stale or broken
    #[arg(long)]
    exit_code: bool,
    /// How to say it
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

pub fn run(command: Status, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let checked = ops::secret_status(root, &command.select.into()).map_err(|error| failed(ui, &error))?;
    let statuses = outcome(ui, checked)?;
    ui.print(&match command.output {
        Format::Text => secret_status_text(&statuses),
        Format::Json => secret_status_json(&statuses),
    })?;
    let in_order = statuses.iter().all(EnvironmentStatus::is_in_order);
    Ok(if command.exit_code && !in_order { Exit::Differences } else { Exit::Done })
}
