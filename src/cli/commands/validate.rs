//! `lmsgen validate`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::ops;
use lmsgen::report::{count, counted, diagnostics_json};

use crate::cli::app::Select;
use crate::cli::clock::Watch;
use crate::cli::exit::Exit;
use crate::cli::format::Format;
use crate::cli::show::{failed, outcome};
use crate::cli::ui::Ui;

/// Say everything that is wrong, at once; write nothing.
///
/// Reads every file, renders in memory and checks the result. Needs no key, no cluster and no network.
#[derive(Debug, Args)]
pub struct Validate {
    #[command(flatten)]
    select: Select,
    /// How to say it
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

pub fn run(command: Validate, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let watch = Watch::start();
    let checked = ops::validate(root, &command.select.into()).map_err(|error| failed(ui, &error))?;
    if let Format::Json = command.output {
        ui.print(&diagnostics_json(&checked.found, &checked.sources))?;
        return Ok(Exit::of(&checked.found));
    }
    let sums = format!(" in {}, {}", counted(checked.n_instances, "instance"), objects(checked.n_objects));
    // Warnings end with a line that counts the same.
    let sums = if checked.found.is_empty() { sums } else { String::new() };
    outcome(ui, checked)?;
    ui.say(&format!("No errors{sums} ({})", watch.shown()));
    Ok(Exit::Done)
}

fn objects(n: usize) -> String {
    format!("{} object{}", count(n), if n == 1 { "" } else { "s" })
}
