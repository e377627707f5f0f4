//! `lmsgen secrets rotate`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::fleet::Selection;
use lmsgen::ops::{self, Change, RotateTarget};
use lmsgen::report::counted;

use crate::cli::clock;
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
    /// Say what would be rotated, and stop
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    keys: Keys,
}

pub fn run(command: Rotate, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let identities = command.keys.load(ui)?;
    let bar = Bar::new(ui);
    let selection = selection(&command.place);
    let change = Change {
        root,
        selection: &selection,
        secret: None,
        only_environments: !command.place.contains('/'),
        doing: "Rotating",
        dry_run: command.dry_run,
        watch: &bar,
    };
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
    for file in &done.changed {
        ui.detail(&format!("  {} {}", file.place, file.note.keys.join(", ")));
    }
    Ok(Exit::Done)
}

/// `lms-dev/C4*` is instances, `lms-dev` the environment's own.
fn selection(place: &str) -> Selection {
    match place.split_once('/') {
        Some((environment, client)) => Selection {
            environments: vec![environment.to_owned()],
            clients: vec![client.to_owned()],
            labels: Vec::new(),
        },
        None => Selection { environments: vec![place.to_owned()], ..Selection::default() },
    }
}
