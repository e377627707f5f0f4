//! `lmsgen validate`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::ops;
use lmsgen::report::{Scope, nothing_text};

use crate::cli::app::Select;
use crate::cli::clock::Watch;
use crate::cli::exit::Exit;
use crate::cli::reports::{Reports, Said, prefix_of};
use crate::cli::show::{failed, outcome_after};
use crate::cli::ui::Ui;

/// Say everything that is wrong, at once; write nothing.
///
/// Reads every file, renders in memory and checks the result. Needs no key, no cluster and no network.
#[derive(Debug, Args)]
pub struct Validate {
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    reports: Reports,
}

pub fn run(command: Validate, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let watch = Watch::start();
    let reports = command.reports.plan(ui)?;
    let checked = ops::validate(root, &command.select.into()).map_err(|error| failed(ui, &error))?;
    if reports.write(&checked, &prefix_of(root), ui)? == Said::OnStdout {
        return Ok(Exit::of(&checked.found));
    }
    let millis = Some(watch.millis());
    let scope = Scope { instances: checked.n_instances, objects: checked.n_objects, millis };
    // Warnings end with a line that counts the same.
    let is_clean = checked.found.is_empty();
    outcome_after(ui, checked, millis)?;
    if is_clean {
        ui.say(&nothing_text(scope));
    }
    Ok(Exit::Done)
}
