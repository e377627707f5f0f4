//! `lmsgen secrets bind`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::fleet::Selection;
use lmsgen::ops::{self, Change};
use lmsgen::report::counted;

use crate::cli::app::Select;
use crate::cli::clock;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::show::{Bar, failed, outcome};
use crate::cli::ui::Ui;

/// Take over files that plain sops made or changed.
///
/// They say afterwards which place they belong to, so that a copy of another client's file is found; and where a value differs
/// from the last commit, the revision is raised, which plain sops does not do, so that Pods and Jobs follow. Needs one of the
/// environment's private keys.
#[derive(Debug, Args)]
pub struct Bind {
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    keys: Keys,
}

pub fn run(command: Bind, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let identities = command.keys.load(root, ui)?;
    let bar = Bar::new(ui);
    let places = Selection::from(command.select).into();
    let change = Change::new(root, &places, "Binding", &bar);
    let checked = ops::bind_secrets(change, &identities, &clock::now()).map_err(|error| failed(ui, &error))?;
    let done = outcome(ui, checked)?;
    ui.say(&match done.changed.len() {
        0 => "Nothing to bind: every file says its place, and its revision follows its values".to_owned(),
        n => format!("Bound {}\nNext: lmsgen render", counted(n, "file")),
    });
    for file in &done.changed {
        ui.detail(&format!("  {}", file.path));
    }
    Ok(Exit::Done)
}
