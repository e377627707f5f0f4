//! `lmsgen secrets rotate`.

use std::collections::BTreeMap;

use clap::Args;

use lmsgen::files::Root;
use lmsgen::ops::{self, Change, ChangedFile, Places, RotateTarget, Rotated};
use lmsgen::report::counted;

use crate::cli::clock;
use crate::cli::confirm::{confirm, environments, listed};
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::show::{Bar, failed, outcome};
use crate::cli::ui::Ui;

/// Give generated keys new values.
///
/// The revision goes up, so that Pods and the Jobs that use the Secret follow when it is rendered and published; digests of
/// the keys follow at once. Needs one of the environment's private keys. All files are written as one: after a kill at any
/// point, the next command finds them all old, or finishes.
#[derive(Debug, Args)]
pub struct Rotate {
    /// The instance, a pattern for several, or the environment for a Secret of its own: `lms-dev/C42`, `lms-dev/C4*`, `lms-dev`
    place: String,
    /// The Secret's name in the stack
    secret: String,
    /// Its keys [default: all that are generated]
    #[arg(value_name = "KEY")]
    keys_named: Vec<String>,
    /// Only of clients with this label
    #[arg(short = 'l', long = "selector", value_name = "KEY=VALUE")]
    labels: Vec<String>,
    /// Say what would be rotated, and stop
    #[arg(long)]
    dry_run: bool,
    /// Do not ask when several environments are meant
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    keys: Keys,
}

pub fn run(command: Rotate, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let identities = command.keys.load(root, ui)?;
    let bar = Bar::new(ui);
    let places = Places::typed(&command.place, command.labels);
    if !command.dry_run && !command.yes {
        confirm_several(&places, &command.secret, root, ui)?;
    }
    let change = Change { dry_run: command.dry_run, ..Change::new(root, &places, "Rotating", &bar) };
    let target = RotateTarget { secret: command.secret, keys: command.keys_named };
    let checked = ops::rotate_secrets(change, &target, (&identities, &clock::now()));
    let done = outcome(ui, checked.map_err(|error| failed(ui, &error))?)?;
    let values: usize = done.changed.iter().map(|file| file.note.keys.len()).sum();
    let (values, files) = (counted(values, "value"), counted(done.changed.len(), "file"));
    ui.say(&match (done.changed.as_slice(), command.dry_run) {
        ([], _) => "Nothing to rotate: there is no such file yet; `lmsgen secrets generate` makes it".to_owned(),
        (_, true) => format!("{values} in {files} would be rotated"),
        ([one], false) => {
            format!("Rotated {} of {} {}\nNext: lmsgen render", one.note.keys.join(", "), one.place, target.secret)
        }
        (_, false) => format!("Rotated {values} in {files}\nNext: lmsgen render"),
    });
    if let Some(left) = left_alone(&done.changed) {
        ui.say(&left);
    }
    for file in &done.changed {
        ui.detail(&format!("  {} {}", file.place, file.note.keys.join(", ")));
    }
    Ok(Exit::Done)
}

/// `Left alone, given by a person: api-token in 3 files   -> lmsgen secrets set`
fn left_alone(files: &[ChangedFile<Rotated>]) -> Option<String> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for key in files.iter().flat_map(|file| &file.note.left) {
        *left.entry(key).or_default() += 1;
    }
    let keys: Vec<String> = left.iter().map(|(key, n)| format!("{key} in {}", counted(*n, "file"))).collect();
    (!keys.is_empty()).then(|| format!("Left alone, given by a person: {}   -> lmsgen secrets set", keys.join(", ")))
}

/// A pattern that reaches into several environments is a slip of the hand more often than a wish.
fn confirm_several(places: &Places, secret: &str, root: &Root, ui: &Ui) -> Result<(), Exit> {
    if places.single().is_some() {
        return Ok(());
    }
    let found = ops::secret_places(root, places, secret, |_| Ok(())).map_err(|error| failed(ui, &error))?;
    let found = outcome(ui, found)?;
    let environments = environments(&found);
    if environments.len() < 2 {
        return Ok(());
    }
    let (places, names) = (counted(found.len(), "place"), listed(&environments));
    confirm(ui, &format!("rotate `{secret}` in {places} of {} environments: {names}", environments.len()))
}
