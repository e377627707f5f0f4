//! `lmsgen secrets set`.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use zeroize::Zeroizing;

use lmsgen::files::Root;
use lmsgen::ops::{self, SecretRef};
use lmsgen::report::counted;
use lmsgen::sops::Plaintext;

use crate::cli::clock;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::outside::{MAX_VALUE, ReadError, read_all, read_any};
use crate::cli::show::{failed, outcome};
use crate::cli::terminal::{NoAnswer, Terminal};
use crate::cli::ui::Ui;

/// Set one value, read from a prompt without echo, from stdin, or from a file.
///
/// A Secret that has no file yet gets all its generated values at the same time and needs no private key; setting a
/// value in an existing file needs one of the environment's private keys.
#[derive(Debug, Args)]
pub struct Set {
    /// The instance, or the environment for a Secret of its own: `lms-dev/C42`, `lms-dev`
    place: String,
    /// The Secret's name in the stack
    secret: String,
    /// The key
    key: String,
    /// Read the value from a file, every byte of it
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    #[command(flatten)]
    keys: Keys,
    /// What else stands on the command line: taken as a value by mistake, so that no message repeats it.
    #[arg(hide = true, allow_hyphen_values = true)]
    too_many: Vec<OsString>,
}

pub fn run(command: Set, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    if !command.too_many.is_empty() {
        ui.complain(
            "error: a value is not taken from the command line, where the shell's history and the list of processes \
             show it\n  = help: pipe it in, or type it at the prompt; what was typed now is known to others",
        );
        return Err(Exit::Usage);
    }
    let identities = command.keys.load(ui)?;
    let value = read_value(&command, ui)?;
    let Set { place, secret, key, .. } = command;
    let which = SecretRef { place, name: secret };
    let values = vec![(key.clone(), value)];
    let done =
        ops::set_secret(root, &which, values, (&identities, &clock::now())).map_err(|error| failed(ui, &error))?;
    let done = outcome(ui, done)?;
    let SecretRef { place, name } = &which;
    if !done.changed {
        ui.say(&format!("{place} {name} {key} has this value already; nothing was written"));
        return Ok(Exit::Done);
    }
    let along = match done.n_generated {
        0 => String::new(),
        n => format!("; generated {} along with it", counted(n, "value")),
    };
    ui.say(&format!("Set {place} {name} {key} in {}, revision {}{along}", done.path, done.revision));
    ui.say("Next: lmsgen render");
    Ok(Exit::Done)
}

/// The value from a file as it is, from a prompt without echo, or all of stdin but one newline at its end.
fn read_value(command: &Set, ui: &Ui) -> Result<Plaintext, Exit> {
    let refuse = |why: &str| {
        ui.complain(&format!("error: {why}"));
        Exit::Usage
    };
    let bytes = match &command.file {
        Some(path) => read_any(path, MAX_VALUE).map_err(|error| {
            ui.complain(&format!("error: {}: {error}", path.display()));
            if matches!(error, ReadError::TooLarge(_)) { Exit::Usage } else { Exit::Io }
        })?,
        None => typed_or_piped(command, ui, &refuse)?,
    };
    let value = Plaintext::from(bytes);
    if value.is_empty() {
        return Err(refuse("the value is empty: pipe it in, or type it at the prompt"));
    }
    Ok(value)
}

fn typed_or_piped(command: &Set, ui: &Ui, refuse: &dyn Fn(&str) -> Exit) -> Result<Zeroizing<Vec<u8>>, Exit> {
    let mut bytes = if std::io::stdin().is_terminal() {
        let prompt = format!("Value of {} {} {}: ", command.place, command.secret, command.key);
        let terminal = Terminal::open().ok_or_else(|| refuse("there is no terminal to ask at: pipe the value in"))?;
        let mut text = terminal.ask_hidden(&prompt).map_err(|error| match error {
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
