//! `-o FORMAT[=PATH]`: reports of what was found, for every command that only looks at a fleet.

use std::path::Path;

use clap::Args;
use lmsgen::files::Root;
use lmsgen::git::Repository;
use lmsgen::ops::Checked;
use lmsgen::report::{Format, Report, Scope};
use lmsgen::rules;

use super::exit::Exit;
pub use super::targets::Said;
use super::targets::{self, Target};
use super::ui::Ui;

/// The option.
#[derive(Clone, Debug, Args)]
pub struct Reports {
    /// How to say it, and where: text, json, sarif, junit, gitlab, github or markdown, to stdout or to a file; may be given
    /// several times
    #[arg(short, long, value_name = "FORMAT[=PATH]")]
    output: Vec<Target<Format>>,
}

/// Places that were looked at.
pub struct Planned(targets::Planned<Format>);

impl Reports {
    /// Files that reports go to.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.output.iter().filter_map(Target::path)
    }

    /// Looks at where the reports go.
    ///
    /// # Errors
    /// The exit code, after a message.
    pub fn plan(&self, ui: &Ui) -> Result<Planned, Exit> {
        targets::Planned::new(&self.output, ui).map(Planned)
    }
}

impl Planned {
    /// Writes the reports, files first.
    ///
    /// # Errors
    /// The exit code, after a message, when one was not written; the others were.
    pub fn write<T>(&self, checked: &Checked<T>, prefix: &str, ui: &Ui) -> Result<Said, Exit> {
        let scope = Scope { instances: checked.n_instances, objects: checked.n_objects, millis: None };
        self.0.write(
            |format, page| {
                let title = |code: &str| rules::find(code).map(|rule| rule.title);
                let found = &checked.found;
                Report { found, sources: &checked.sources, scope, prefix, title, page }.write(format)
            },
            Exit::of(&checked.found),
            ui,
        )
    }
}

/// What comes before a fleet's paths so that they begin at its repository's top, as GitLab and GitHub want them.
pub fn prefix_of(root: &Root) -> String {
    Repository::open(root.path()).map_or_else(|_| String::new(), |repository| repository.fleet_prefix())
}
