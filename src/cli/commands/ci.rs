//! `lmsgen ci`.

use clap::{Args, ValueEnum};

use lmsgen::files::Root;
use lmsgen::git::Repository;
use lmsgen::ops::{self, PipelineFile, Runner};

use crate::cli::exit::Exit;
use crate::cli::show::failed;
use crate::cli::ui::Ui;

/// Print a pipeline that judges merge requests, publishes the main branch and waits until it runs.
///
/// Merge requests need no key and no token, and may come from forks. The names at the top are yours to fill in.
#[derive(Debug, Args)]
pub struct Ci {
    /// What runs the pipeline
    #[arg(value_enum)]
    runner: Named,
    /// Write it where it is read, `.gitlab-ci.yml` or `.github/workflows/lmsgen.yml`, unless another file is there
    #[arg(long)]
    write: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Named {
    Gitlab,
    Github,
}

impl From<Named> for Runner {
    fn from(named: Named) -> Self {
        match named {
            Named::Gitlab => Self::Gitlab,
            Named::Github => Self::Github,
        }
    }
}

impl Ci {
    /// `true` if it needs a fleet.
    pub const fn writes(&self) -> bool {
        self.write
    }

    /// Prints the pipeline, for the fleet if there is one.
    pub fn print(&self, root: Option<&Root>, ui: &Ui) -> Result<Exit, Exit> {
        let repository = root.and_then(|root| Repository::open(root.path()).ok());
        let prefix = repository.map_or_else(String::new, |repository| repository.fleet_prefix());
        ui.print(&ops::pipeline(self.runner.into(), prefix.strip_suffix('/')))?;
        Ok(Exit::Done)
    }
}

pub fn run(command: &Ci, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    if !command.write {
        return command.print(Some(root), ui);
    }
    match ops::write_pipeline(root, command.runner.into()).map_err(|error| failed(ui, &error))? {
        PipelineFile::Created(path) => {
            ui.print(&format!("Created {path}\n"))?;
            ui.say("Next: fill in the names at its top, and commit it");
        }
        PipelineFile::AsItIs(path) => ui.say(&format!("{path} is there already and is the same")),
    }
    Ok(Exit::Done)
}
