//! What is asked before something that is done to many: at a terminal a question, elsewhere the flag `--yes`.

use std::io::IsTerminal;

use lmsgen::ops::Place;

use super::environment::is_ci;
use super::exit::Exit;
use super::terminal::Terminal;
use super::ui::Ui;

/// Names that a question lists.
const NAMED: usize = 4;

/// Asks whether to do `what` ("rotate … in 12 places"). Whoever cannot be asked is told of `--yes`.
///
/// # Errors
/// [`Exit::Guard`] after a message if the answer is no, or nobody can be asked.
pub fn confirm(ui: &Ui, what: &str) -> Result<(), Exit> {
    // Somebody must see the question: output that goes elsewhere is a script's.
    let terminal = if is_ci() || !std::io::stderr().is_terminal() { None } else { Terminal::open() };
    let Some(terminal) = terminal else {
        ui.complain(&format!("error: this would {what}\n  = help: if that is meant, run again with --yes"));
        return Err(Exit::Guard);
    };
    let mut question = what.to_owned();
    question[..1].make_ascii_uppercase();
    if terminal.confirm(&format!("{question}?")).map_err(|error| error.exit(ui))? {
        return Ok(());
    }
    ui.complain("error: nothing was written");
    Err(Exit::Guard)
}

/// The environments of places, each once.
pub fn environments(places: &[Place]) -> Vec<&str> {
    let mut names: Vec<&str> = places.iter().map(|place| place.environment.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The first names: `lms-dev, lms-prod and 3 more`.
pub fn listed(names: &[&str]) -> String {
    let first = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > NAMED { format!("{first} and {} more", names.len() - NAMED) } else { first }
}
