//! `lmsgen secrets edit`.

use clap::Args;

use lmsgen::files::Root;
use lmsgen::ops::{self, EditOutcome, Editing, SecretRef};
use lmsgen::secret::TextFault;
use lmsgen::sops::Identities;

use crate::cli::clock;
use crate::cli::cluster::token_variables_at;
use crate::cli::editor::{Editor, EditorError, Signals};
use crate::cli::environment::is_ci;
use crate::cli::exit::Exit;
use crate::cli::identities::Keys;
use crate::cli::memory_file::MemoryFile;
use crate::cli::outside::into_text;
use crate::cli::show::{failed, outcome};
use crate::cli::terminal::Terminal;
use crate::cli::ui::Ui;

/// More than any Secret: a value takes at most four times its size.
const MAX_TEXT: usize = 8 << 20;

/// Edit a Secret's values in $VISUAL or $EDITOR, in a file in memory.
///
/// What changed is encrypted in one write; nothing is written when nothing changed. Editors that return at once need their
/// flag for waiting: `EDITOR="code --wait"`.
#[derive(Debug, Args)]
pub struct Edit {
    /// The instance, or the environment for a Secret of its own: `lms-dev/C42`, `lms-dev`
    place: String,
    /// The Secret's name in the stack
    secret: String,
    #[command(flatten)]
    keys: Keys,
}

pub fn run(command: Edit, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    if is_ci() {
        ui.complain(
            "error: nobody edits in a pipeline (CI is set)\n  = help: pipe the value into `lmsgen secrets set`",
        );
        return Err(Exit::Guard);
    }
    let identities = command.keys.load(root, ui)?;
    let editor = Editor::find(token_variables_at(root)).map_err(|error| said(ui, &error))?;
    let which = SecretRef { place: command.place, name: command.secret };
    let editing = ops::open_for_edit(root, &which, &identities).map_err(|error| failed(ui, &error))?;
    let editing = outcome(ui, editing)?;
    // From here on no signal ends the program before the file is removed.
    let signals = Signals::install().map_err(|error| {
        ui.complain(&format!("error: cannot prepare for signals: {error}"));
        Exit::Io
    })?;
    let file = MemoryFile::new(&format!("{}.yaml", which.name), editing.text.as_bytes()).map_err(|error| {
        ui.complain(&format!("error: {error}\n  = help: pipe values into `lmsgen secrets set`"));
        Exit::Io
    })?;
    loop {
        editor.edit(&file, &signals).map_err(|error| said(ui, &error))?;
        let text = file.read(MAX_TEXT).map_err(|error| {
            ui.complain(&format!("error: what the editor left {error}"));
            Exit::Io
        })?;
        // Whatever stands in the way, the text that was typed is not dropped before its author says so.
        let exit = match into_text(text) {
            Ok(text) => match apply(root, &editing, &text, &identities, ui) {
                Ok(EditOutcome::Refused(faults)) => refused(&faults, Exit::Input, ui),
                Ok(EditOutcome::Overtaken(faults)) => refused(&faults, Exit::Busy, ui),
                Ok(done) => return Ok(told(&which, &done, ui)),
                Err(exit) => exit,
            },
            Err(_) => refused(&[TextFault { line: 0, message: "the text is not UTF-8".to_owned() }], Exit::Input, ui),
        };
        if let Some(exit) = signals.exit() {
            return Err(exit);
        }
        let again = match Terminal::open() {
            Some(terminal) => {
                terminal.confirm("Edit again?").map_err(|error| signals.exit().unwrap_or(error.exit(ui)))?
            }
            None => false,
        };
        if !again {
            ui.complain("error: nothing was written");
            return Err(exit);
        }
    }
}

fn apply(root: &Root, editing: &Editing, text: &str, identities: &Identities, ui: &Ui) -> Result<EditOutcome, Exit> {
    let done = ops::apply_edit(root, editing, text, (identities, &clock::now())).map_err(|error| failed(ui, &error))?;
    outcome(ui, done)
}

fn refused(faults: &[TextFault], exit: Exit, ui: &Ui) -> Exit {
    for fault in faults {
        let line = if fault.line > 0 { format!("line {}: ", fault.line) } else { String::new() };
        ui.complain(&format!("error: {line}{}", fault.message));
    }
    exit
}

fn told(which: &SecretRef, done: &EditOutcome, ui: &Ui) -> Exit {
    match done {
        EditOutcome::Written(done) if done.changed => {
            ui.say(&format!("Changed {} {} in {}, revision {}", which.place, which.name, done.path, done.revision));
            ui.say("Next: lmsgen render");
        }
        _ => ui.say("Nothing changed; nothing was written"),
    }
    Exit::Done
}

fn said(ui: &Ui, error: &EditorError) -> Exit {
    if let EditorError::Signal(number) = error {
        return Exit::Signal(*number);
    }
    ui.complain(&format!("error: {error}"));
    match error {
        EditorError::None | EditorError::Split(_) => Exit::Usage,
        _ => Exit::Io,
    }
}
