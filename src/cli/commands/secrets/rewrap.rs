//! `lmsgen secrets rewrap`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;

use lmsgen::files::Root;
use lmsgen::fleet::Selection;
use lmsgen::ops::{self, Change, ChangedFile, RecipientChange};
use lmsgen::report::{count, counted};
use lmsgen::secret::NewDataKey;
use lmsgen::sops::short;

use crate::cli::app::Select;
use crate::cli::clock;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::show::{Bar, failed, next, outcome};
use crate::cli::ui::Ui;

/// Places that a line names.
const NAMED: usize = 4;

/// Make the recipients of store files the declared ones.
///
/// Change `[secrets] recipients` of the environment first. Who is added gets the data key that there is; no value changes. When
/// somebody is removed, the file gets a new data key and is encrypted anew, and the values that they could read are
/// listed: whoever has the old files can still decrypt them, until the values are rotated. Needs one of the private keys
/// that the files have now; `--dry-run` needs none.
#[derive(Debug, Args)]
pub struct Rewrap {
    #[command(flatten)]
    select: Select,
    /// Say what would be done, and stop
    #[arg(long)]
    dry_run: bool,
    /// Give every file a new data key, whether or not somebody is removed
    #[arg(long)]
    rekey: bool,
    #[command(flatten)]
    keys: Keys,
}

type File = ChangedFile<RecipientChange>;

pub fn run(command: Rewrap, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let identities = command.keys.load(root, ui)?;
    let bar = Bar::new(ui);
    let places = Selection::from(command.select).into();
    let when = if command.rekey { NewDataKey::Always } else { NewDataKey::WhenNeeded };
    let change = Change { dry_run: command.dry_run, ..Change::new(root, &places, "Encrypting", &bar) };
    let checked = ops::rewrap_secrets(change, when, &identities, &clock::now()).map_err(|error| failed(ui, &error))?;
    let done = outcome(ui, checked)?;
    if done.changed.is_empty() {
        ui.say(match done.unchanged {
            0 => "Nothing to rewrap: the store has no file here",
            _ => "Nothing to rewrap: every file has the recipients that its environment declares",
        });
        return Ok(Exit::Done);
    }
    let unchanged = if done.unchanged > 0 { format!("; {} unchanged", count(done.unchanged)) } else { String::new() };
    let verb = if command.dry_run { "Would rewrap" } else { "Rewrapped" };
    ui.say(&format!("{verb} {}{unchanged}", counted(done.changed.len(), "file")));
    ui.print(&told(&done.changed))?;
    for file in &done.changed {
        ui.detail(&format!("  {}", file.path));
    }
    if !command.dry_run {
        ui.say(&next(done.anew));
    }
    Ok(Exit::Done)
}

/// Who was added and removed, by environment, and what a removed recipient could read.
fn told(files: &[File]) -> String {
    let mut changes: BTreeMap<(&str, &str, bool), Vec<&File>> = BTreeMap::new();
    for file in files {
        for recipient in &file.note.added {
            changes.entry((&file.environment, recipient, true)).or_default().push(file);
        }
        for recipient in &file.note.removed {
            changes.entry((&file.environment, recipient, false)).or_default().push(file);
        }
    }
    let mut text = String::new();
    for ((environment, recipient, is_added), files) in changes {
        let who = short(recipient);
        if is_added {
            text.push_str(&format!("{environment}  + {who}… can now decrypt {}\n", counted(files.len(), "file")));
            continue;
        }
        let values: usize = files.iter().map(|file| file.note.keys.len()).sum();
        text.push_str(&format!(
            "{environment}  - {who}… could read {} in {}, and still can in the history of the repository:\n",
            counted(values, "value"),
            counted(files.len(), "file")
        ));
        let mut secrets: BTreeMap<&str, Readable<'_>> = BTreeMap::new();
        for file in files {
            let Readable { keys, generated, places } = secrets.entry(&file.note.secret).or_default();
            keys.extend(file.note.keys.iter().map(String::as_str));
            generated.extend(file.note.generated.iter().map(String::as_str));
            places.push(&file.place);
        }
        for (secret, readable) in secrets {
            let todo = renewed_by(environment, secret, &readable);
            let Readable { keys, places, .. } = readable;
            let keys: Vec<&str> = keys.into_iter().collect();
            let first = places.iter().take(NAMED).copied().collect::<Vec<_>>().join(" ");
            let more =
                if places.len() > NAMED { format!(" and {} more", count(places.len() - NAMED)) } else { String::new() };
            text.push_str(&format!("    {secret} {}: {first}{more}   -> {todo}\n", keys.join(", ")));
        }
    }
    text
}

/// What somebody could read of one Secret.
#[derive(Default)]
struct Readable<'a> {
    keys: BTreeSet<&'a str>,
    generated: BTreeSet<&'a str>,
    places: Vec<&'a str>,
}

/// The commands that give it new values: what only people know is theirs to renew, place by place.
fn renewed_by(environment: &str, secret: &str, Readable { keys, generated, places }: &Readable<'_>) -> String {
    let several = format!("'{environment}/*'");
    let (all, each) = match places.as_slice() {
        [place] => (*place, *place),
        _ => (several.as_str(), "PLACE"),
    };
    let rotate = (!generated.is_empty()).then(|| format!("lmsgen secrets rotate {all} {secret}"));
    let set = keys.difference(generated).map(|key| format!("lmsgen secrets set {each} {secret} {key}"));
    rotate.into_iter().chain(set).collect::<Vec<_>>().join(", and ")
}
