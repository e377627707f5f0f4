//! `lmsgen secrets show`.

use std::io::IsTerminal;

use clap::Args;

use lmsgen::files::Root;
use lmsgen::ops::{self, SecretRef, Shown};

use crate::cli::environment::is_ci;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::show::{failed, outcome};
use crate::cli::terminal::Terminal;
use crate::cli::ui::Ui;

/// Print one value, exactly as it is.
///
/// Needs a private key. On a terminal it asks first; in a pipeline, where output is kept and read by others, it refuses.
#[derive(Debug, Args)]
pub struct Show {
    /// The instance, or the environment for a Secret of its own: `lms-dev/C42`, `lms-dev`
    place: String,
    /// The Secret's name in the stack
    secret: String,
    /// The key; may be left out if there is only one
    key: Option<String>,
    #[command(flatten)]
    keys: Keys,
}

pub fn run(command: Show, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    if is_ci() {
        ui.complain(
            "error: no secret value is shown in a pipeline, whose log is kept (CI is set)\n  = help: run this on your own \
             machine",
        );
        return Err(Exit::Guard);
    }
    let identities = command.keys.load(root, ui)?;
    let Show { place, secret, key, .. } = command;
    let which = SecretRef { place, name: secret };
    let shown = ops::show_secret(root, &which, key.as_deref(), &identities).map_err(|error| failed(ui, &error))?;
    let SecretRef { place, name } = &which;
    let value = match outcome(ui, shown)? {
        Shown::Value(value) => value,
        Shown::Keys(keys) => {
            let keys = keys.join("`, `");
            ui.complain(&format!("error: {place} {name} has several keys: `{keys}`\n  = help: name one of them"));
            return Err(Exit::Usage);
        }
        Shown::Gone(path) => {
            ui.complain(&format!(
                "error: {path} is in the last commit, but not on disk\n  = help: restore it with `git checkout -- {path}`"
            ));
            return Err(Exit::Secrets);
        }
        Shown::Nothing => {
            let help = "make it with `lmsgen secrets generate` or `lmsgen secrets set`";
            ui.complain(&format!("error: the store has no file for {place} {name}\n  = help: {help}"));
            return Err(Exit::Secrets);
        }
    };
    if std::io::stdout().is_terminal() {
        let question = format!("Show a value of {place} {name} on this terminal?");
        let Some(terminal) = Terminal::open() else { return Err(Exit::Usage) };
        if !terminal.confirm(&question).map_err(|error| error.exit(ui))? {
            ui.say("Not shown");
            return Ok(Exit::Done);
        }
    }
    ui.print_value(&value)?;
    Ok(Exit::Done)
}
