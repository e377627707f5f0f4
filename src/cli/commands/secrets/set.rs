//! `lmsgen secrets set`.

use std::ffi::OsString;
use std::io::{IsTerminal, Read as _};

use clap::Args;

use lmsgen::files::Root;
use lmsgen::ops::{self, Target};
use lmsgen::report::counted;
use lmsgen::sops::Plaintext;

use crate::cli::clock;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::show::{failed, outcome};
use crate::cli::ui::Ui;

/// Kubernetes keeps no Secret larger than this.
const MAX_VALUE: u64 = 1 << 20;

/// Set one value, read from a prompt without echo, or from stdin.
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
    let target = Target { place: command.place, name: command.secret, key: command.key };
    let value = read_value(&target, ui)?;
    let done = ops::set_secret(root, &target, value, &identities, &clock::now()).map_err(|error| failed(ui, &error))?;
    let done = outcome(ui, done)?;
    let Target { place, name, key } = &target;
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

/// The value from a prompt without echo, or all of stdin but one newline at its end.
fn read_value(target: &Target, ui: &Ui) -> Result<Plaintext, Exit> {
    let refuse = |why: &str| {
        ui.complain(&format!("error: {why}"));
        Exit::Usage
    };
    let mut bytes = if std::io::stdin().is_terminal() {
        let prompt = format!("Value of {} {} {}: ", target.place, target.name, target.key);
        let text =
            rpassword::prompt_password(prompt).map_err(|error| refuse(&format!("no value was read: {error}")))?;
        text.into_bytes()
    } else {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().take(MAX_VALUE + 1).read_to_end(&mut bytes);
        read.map_err(|error| refuse(&format!("stdin cannot be read: {error}")))?;
        bytes
    };
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    let too_large = bytes.len() as u64 > MAX_VALUE;
    let value = Plaintext::new(bytes);
    if value.is_empty() {
        return Err(refuse("the value is empty: pipe it in, or type it at the prompt"));
    }
    if too_large {
        return Err(refuse("the value is larger than 1 MiB, the most a Secret can hold"));
    }
    Ok(value)
}
