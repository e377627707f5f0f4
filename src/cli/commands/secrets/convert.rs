//! `lmsgen secrets convert`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::fleet::Selection;
use lmsgen::ops::{self, Change};
use lmsgen::report::counted;

use crate::cli::app::Select;
use crate::cli::clock;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::show::{Bar, failed, next, outcome};
use crate::cli::ui::Ui;

/// Write store files in the form that their environment declares.
///
/// Change `form` under `[secrets]` of the environment first: `sops` for Secrets, `sopssecret` for the objects of
/// sops-secrets-operator. SOPS binds values to where they stand, so that this needs a private key and encrypts them
/// anew. Values and revisions stay. For the form `external` nothing is converted: put the values into your own store,
/// then remove the files with `git rm -r secrets/ENV`.
#[derive(Debug, Args)]
pub struct Convert {
    #[command(flatten)]
    select: Select,
    /// Say what would be converted, and stop
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    keys: Keys,
}

pub fn run(command: Convert, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let identities = command.keys.load(root, ui)?;
    let bar = Bar::new(ui);
    let places = Selection::from(command.select).into();
    let change = Change { dry_run: command.dry_run, ..Change::new(root, &places, "Converting", &bar) };
    let checked = ops::convert_secrets(change, &identities, &clock::now()).map_err(|error| failed(ui, &error))?;
    let done = outcome(ui, checked)?;
    ui.say(&match (done.changed.len(), command.dry_run) {
        (0, _) => "Nothing to convert: every file is in the form that its environment declares".to_owned(),
        (n, true) => format!("{} would be converted", counted(n, "file")),
        (n, false) => format!("Converted {}\n{}", counted(n, "file"), next(done.anew)),
    });
    for file in &done.changed {
        ui.detail(&format!("  {}", file.path));
    }
    Ok(Exit::Done)
}
