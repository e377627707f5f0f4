//! What every command does with faults and errors: show them, and choose the exit code.

use lmsgen::diagnostic::Diagnostic;
use lmsgen::ops::{Checked, Error, Watch};
use lmsgen::report::{Scope, count, diagnostics_text};
use lmsgen::{cluster, files, git};

use super::exit::Exit;
use super::ui::{Progress, Ui};

/// Shows the faults of a use case and returns its outcome, or the exit code they lead to.
///
/// # Errors
/// The exit code of the worst fault.
pub fn outcome<T>(ui: &Ui, checked: Checked<T>) -> Result<T, Exit> {
    outcome_after(ui, checked, None)
}

/// [`outcome`] of work that took so many milliseconds.
///
/// # Errors
/// The exit code of the worst fault.
pub fn outcome_after<T>(ui: &Ui, checked: Checked<T>, millis: Option<u64>) -> Result<T, Exit> {
    faults(ui, &checked, millis);
    let exit = Exit::of(&checked.found);
    checked.outcome.ok_or(if exit == Exit::Done { Exit::Bug } else { exit })
}

/// Shows faults on stderr; with `-q` only errors.
fn faults<T>(ui: &Ui, checked: &Checked<T>, millis: Option<u64>) {
    let scope = Scope { instances: checked.n_instances, objects: checked.n_objects, millis };
    let quiet = |found: &[Diagnostic]| found.iter().filter(|one| one.is_error()).cloned().collect::<Vec<_>>();
    let found = if ui.is_quiet() { &quiet(&checked.found) } else { &checked.found };
    let text = diagnostics_text(found, &checked.sources, scope, &ui.message_page());
    if !text.is_empty() {
        ui.complain(text.trim_end());
    }
}

/// Shows a broken operation and returns its exit code.
pub fn failed(ui: &Ui, error: &Error) -> Exit {
    ui.complain(&format!("error: {error}"));
    if let Some(help) = help(error) {
        ui.complain(&format!("  = help: {help}"));
    }
    exit_of(error)
}

fn help(error: &Error) -> Option<String> {
    match error {
        Error::Git(error) => error.help(),
        Error::Cluster(error) => error.help().map(Into::into),
        Error::Dump { .. } => Some("save it with `kubectl get … -o json`".into()),
        Error::Secret { source, .. } => source.help().map(Into::into),
        Error::Guard { help, .. } => Some(help.clone()),
        _ => None,
    }
}

fn exit_of(error: &Error) -> Exit {
    match error {
        Error::Files(files::Error::Busy { .. } | files::Error::Raced { .. } | files::Error::Overtaken { .. }) => {
            Exit::Busy
        }
        Error::Files(files::Error::TooLarge { .. }) | Error::Cluster(cluster::Error::TooLarge(_)) => Exit::Limit,
        Error::Files(_) => Exit::Io,
        Error::Git(error) => match error.exit() {
            git::Exit::Git => Exit::Git,
            git::Exit::Busy => Exit::Busy,
            git::Exit::Guard => Exit::Guard,
        },
        Error::Cluster(cluster::Error::NoToken) | Error::Selection(_) | Error::Parameter(_) | Error::Usage(_) => {
            Exit::Usage
        }
        Error::Cluster(_) => Exit::Git,
        Error::Secret { .. } | Error::Generate { .. } => Exit::Secrets,
        Error::Faults | Error::Dump { .. } | Error::Value(_) => Exit::Input,
        Error::Guard { .. } => Exit::Guard,
    }
}

/// What comes after a change of the store in which `anew` files were encrypted wholly anew.
pub fn next(anew: usize) -> String {
    match anew {
        0 => "Next: lmsgen render".to_owned(),
        n => format!(
            "Next: lmsgen render, then lmsgen publish --allow-secret-change   ({} encrypted wholly anew)",
            if n == 1 { "1 file is".to_owned() } else { format!("{} files are", count(n)) }
        ),
    }
}

/// Shows the progress of long work on a bar.
pub struct Bar<'a> {
    ui: &'a Ui,
    progress: std::sync::Mutex<Option<(Progress, usize)>>,
}

impl<'a> Bar<'a> {
    /// A bar that appears when work begins.
    pub const fn new(ui: &'a Ui) -> Self {
        Self { ui, progress: std::sync::Mutex::new(None) }
    }
}

impl Watch for Bar<'_> {
    fn begin(&self, doing: &str, total: usize) {
        if let Ok(mut progress) = self.progress.lock() {
            *progress = Some((self.ui.progress(doing, total), total));
        }
    }

    fn advance(&self, done: usize) {
        if let Ok(mut progress) = self.progress.lock() {
            let Some((bar, total)) = progress.as_ref() else { return };
            bar.advance(1);
            if done >= *total {
                *progress = None;
            }
        }
    }
}
