//! `lmsgen secrets set`.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use zeroize::Zeroizing;

use lmsgen::files::Root;
use lmsgen::ops::{self, Change, Places, SecretRef, SetTarget};
use lmsgen::report::{count, counted};
use lmsgen::sops::{Identities, Plaintext};

use crate::cli::clock;
use crate::cli::confirm::{confirm, listed};
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::outside::{MAX_VALUE, ReadError, read_all, read_any};
use crate::cli::show::{Bar, failed, outcome};
use crate::cli::terminal::{NoAnswer, Terminal};
use crate::cli::typed_value;
use crate::cli::ui::Ui;

/// Set one value, read from a prompt without echo, from stdin, or from a file.
///
/// A Secret that has no file yet gets all its generated values at the same time and needs no private key; setting a
/// value in an existing file needs one of the environment's private keys. With a pattern, all files are written as one: after a
/// kill at any point, the next command finds them all old, or finishes.
#[derive(Debug, Args)]
pub struct Set {
    /// The instance, a pattern for several, or the environment for a Secret of its own: `lms-dev/C42`, `lms-dev/C4*`, `lms-dev`
    place: String,
    /// The Secret's name in the stack
    secret: String,
    /// The key
    key: String,
    /// Read the value from a file, every byte of it
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Only of clients with this label
    #[arg(short = 'l', long = "selector", value_name = "KEY=VALUE")]
    labels: Vec<String>,
    /// Do not ask when several places are meant
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    keys: Keys,
    /// What else stands on the command line: taken as a value by mistake, so that no message repeats it.
    #[arg(hide = true, allow_hyphen_values = true)]
    too_many: Vec<OsString>,
}

pub fn run(command: &Set, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let words = [&command.place, &command.secret, &command.key].map(String::as_str);
    if !command.too_many.is_empty() || typed_value::is_assigned(words) {
        return Err(typed_value::refuse(ui));
    }
    let identities = command.keys.load(root, ui)?;
    let Set { place, secret, key, labels, .. } = command;
    let places = Places::typed(place, labels.clone());
    let target = SetTarget { places, secret: secret.clone(), key: key.clone() };
    // First, so that nobody types a value for nothing.
    let found = ops::settable_places(root, &target, &identities).map_err(|error| failed(ui, &error))?;
    let found = outcome(ui, found)?;
    if target.places.single().is_some() {
        let value = read_value(command, &format!("Value of {place} {secret} {key}: "), ui)?;
        return set_one(root, command, value, &identities, ui);
    }
    let names: Vec<&str> = found.iter().map(|place| place.name.as_str()).collect();
    if let ([_, _, ..], false) = (&*names, command.yes) {
        let (places, names) = (counted(names.len(), "place"), listed(&names));
        confirm(ui, &format!("give `{key}` of `{secret}` one value in {places}: {names}"))?;
    }
    let value = read_value(command, &format!("Value of {secret} {key} in {}: ", counted(names.len(), "place")), ui)?;
    set_many(root, &target, &value, &identities, ui)
}

fn set_one(root: &Root, command: &Set, value: Plaintext, identities: &Identities, ui: &Ui) -> Result<Exit, Exit> {
    let Set { place, secret, key, .. } = command;
    let which = SecretRef { place: place.clone(), name: secret.clone() };
    let values = vec![(key.clone(), value)];
    let done =
        ops::set_secret(root, &which, values, (identities, &clock::now())).map_err(|error| failed(ui, &error))?;
    let done = outcome(ui, done)?;
    if !done.changed {
        ui.say(&format!("{place} {secret} {key} has this value already; nothing was written"));
        return Ok(Exit::Done);
    }
    let along = generated_along(done.n_generated);
    ui.say(&format!("Set {place} {secret} {key} in {}, revision {}{along}", done.path, done.revision));
    ui.say("Next: lmsgen render");
    Ok(Exit::Done)
}

fn set_many(
    root: &Root,
    target: &SetTarget,
    value: &Plaintext,
    identities: &Identities,
    ui: &Ui,
) -> Result<Exit, Exit> {
    let SetTarget { places, secret, key } = target;
    let bar = Bar::new(ui);
    let change = Change { secret: Some(secret), ..Change::new(root, places, "Setting", &bar) };
    let done = ops::set_everywhere(change, key, value, (identities, &clock::now()));
    let done = outcome(ui, done.map_err(|error| failed(ui, &error))?)?;
    if done.changed.is_empty() {
        ui.say(&format!("{secret} {key} has this value already in all {}", counted(done.unchanged, "place")));
        return Ok(Exit::Done);
    }
    let along = generated_along(done.changed.iter().map(|file| file.note).sum());
    let already = match done.unchanged {
        0 => String::new(),
        n => format!("; {} had this value already", count(n)),
    };
    ui.say(&format!("Set {secret} {key} in {}{already}{along}", counted(done.changed.len(), "file")));
    for file in &done.changed {
        ui.detail(&format!("  {}", file.place));
    }
    ui.say("Next: lmsgen render");
    Ok(Exit::Done)
}

fn generated_along(n: usize) -> String {
    if n == 0 { String::new() } else { format!("; generated {} along with it", counted(n, "value")) }
}

/// The value from a file as it is, from a prompt without echo, or all of stdin but one newline at its end.
fn read_value(command: &Set, prompt: &str, ui: &Ui) -> Result<Plaintext, Exit> {
    let refuse = |why: &str| {
        ui.complain(&format!("error: {why}"));
        Exit::Usage
    };
    let bytes = match &command.file {
        Some(path) => read_any(path, MAX_VALUE).map_err(|error| {
            let named = typed_value::named_file(path, "the file that `--file` names");
            ui.complain(&format!("error: {named}: {error}"));
            if matches!(error, ReadError::TooLarge(_)) { Exit::Usage } else { Exit::Io }
        })?,
        None => typed_or_piped(prompt, ui, &refuse)?,
    };
    let value = Plaintext::from(bytes);
    if value.is_empty() {
        return Err(refuse("the value is empty: pipe it in, or type it at the prompt"));
    }
    if std::str::from_utf8(value.expose()).is_err() {
        return Err(refuse(
            "the value is not text (UTF-8), and SOPS' YAML holds text: encode it, for example by base64",
        ));
    }
    Ok(value)
}

fn typed_or_piped(prompt: &str, ui: &Ui, refuse: &dyn Fn(&str) -> Exit) -> Result<Zeroizing<Vec<u8>>, Exit> {
    let mut bytes = if std::io::stdin().is_terminal() {
        let terminal = Terminal::open().ok_or_else(|| refuse("there is no terminal to ask at: pipe the value in"))?;
        let mut text = terminal.ask_hidden(prompt).map_err(|error| match error {
            NoAnswer::Interrupted(_) => error.exit(ui),
            NoAnswer::SeveralLines => refuse(&format!("{error}: use --file or a pipe")),
            error => refuse(&format!("no value was read: {error}")),
        })?;
        Zeroizing::new(std::mem::take(&mut *text).into_bytes())
    } else {
        read_all(rustix::stdio::stdin(), MAX_VALUE).map_err(|error| match error {
            ReadError::TooLarge(_) => refuse("the value is larger than 1 MiB, the most a Secret can hold"),
            error => refuse(&format!("stdin {error}")),
        })?
    };
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    Ok(bytes)
}
