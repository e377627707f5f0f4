//! `lmsgen secrets scan`.

use std::path::PathBuf;

use clap::Args;

use lmsgen::files::Root;
use lmsgen::ops::{self, ScanTarget, Scanned};
use lmsgen::report::counted;

use crate::cli::exit::Exit;
use crate::cli::reports::{Reports, Said, prefix_of};
use crate::cli::show::{failed, outcome};
use crate::cli::ui::Ui;

/// Look for secrets in the clear: private keys, tokens, passwords in URLs and under telling names, Secrets that are not
/// encrypted.
///
/// Without arguments in the fleet's own files. `[[allow]]` in lmsgen.toml names what is no leak. Exits with 4 when
/// something is found; shows where, never what.
#[derive(Clone, Debug, Args)]
pub struct Scan {
    /// Files and folders to look at; links are not followed
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What `git commit` would commit, in the whole repository: for a pre-commit hook
    #[arg(long, conflicts_with = "paths")]
    staged: bool,
    #[command(flatten)]
    reports: Reports,
}

impl Scan {
    /// `true` if it can do without a fleet.
    pub fn is_anywhere(&self) -> bool {
        self.staged || !self.paths.is_empty()
    }

    /// Runs it, with or without a fleet.
    #[expect(clippy::disallowed_methods, reason = "the command line reads the environment")]
    pub fn run(self, root: Option<&Root>, ui: &Ui) -> Result<Exit, Exit> {
        let reports = self.reports.plan(ui)?;
        // Other targets name their files as from the repository's top already, or as they were named.
        let is_fleet = !self.staged && self.paths.is_empty();
        let prefix = root.filter(|_| is_fleet).map(prefix_of).unwrap_or_default();
        let target = if self.staged {
            // Git names the index to its hooks: `git commit -a` has one of its own.
            ScanTarget::Staged { folder: PathBuf::from("."), index: std::env::var_os("GIT_INDEX_FILE").map(Into::into) }
        } else if self.paths.is_empty() {
            ScanTarget::Fleet
        } else {
            ScanTarget::Paths(self.paths)
        };
        let (checked, scanned) = ops::scan(root, &target).map_err(|error| failed(ui, &error))?;
        if reports.write(&checked, &prefix, ui)? == Said::OnStdout {
            return Ok(Exit::of(&checked.found));
        }
        let looked_at = looked_at(scanned);
        match outcome(ui, checked) {
            Ok(()) => {
                ui.say(&format!("Nothing in the clear in {looked_at}"));
                Ok(Exit::Done)
            }
            Err(exit) => {
                ui.say(&format!("Looked at {looked_at}"));
                Err(exit)
            }
        }
    }
}

/// `214 files (2 more are no text: only keys and tokens were looked for); left out: 1 over 5 MiB`
fn looked_at(scanned: Scanned) -> String {
    let files = counted(scanned.n_files, "file");
    let binary = match scanned.n_binary {
        0 => String::new(),
        n => format!(" ({n} more {} no text: only keys and tokens were looked for)", if n == 1 { "is" } else { "are" }),
    };
    let large = if scanned.n_large > 0 { format!("; left out: {} over 5 MiB", scanned.n_large) } else { String::new() };
    format!("{files}{binary}{large}")
}
