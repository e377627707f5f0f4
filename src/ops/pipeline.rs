//! `ci`: the pipelines kept in `ci/`, for the place where a fleet lies in its repository. Writes one file, and never over another.

use crate::files::{Durability, Root};
use crate::git::Repository;
use crate::names::RelPath;

use super::Error;

/// A pipeline is no longer than this; what is there may be anything.
const MOST: u64 = 1 << 20;

/// What runs a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// GitLab CI.
    Gitlab,
    /// GitHub Actions.
    Github,
}

impl Runner {
    const fn text(self) -> &'static str {
        match self {
            Self::Gitlab => include_str!("../../ci/gitlab.yml"),
            Self::Github => include_str!("../../ci/github.yml"),
        }
    }

    /// Where it reads its pipeline, from the repository's top.
    const fn path(self) -> &'static str {
        match self {
            Self::Gitlab => ".gitlab-ci.yml",
            Self::Github => ".github/workflows/lmsgen.yml",
        }
    }
}

/// The line that says where the fleet is.
const FLEET: &str = "  LMSGEN_FLEET: \".\"\n";

/// The pipeline for a fleet in `folder`, from the repository's top; `None` at the top itself.
#[must_use]
pub fn pipeline(runner: Runner, folder: Option<&str>) -> String {
    let Some(folder) = folder else { return runner.text().to_owned() };
    // A string of JSON is one of YAML.
    let folder = serde_json::Value::from(folder).to_string();
    let folder = match runner {
        // A dollar sign begins a variable's name.
        Runner::Gitlab => folder.replace('$', "$$"),
        Runner::Github => folder,
    };
    runner.text().replacen(FLEET, &format!("  LMSGEN_FLEET: {folder}\n"), 1)
}

/// What became of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipelineFile {
    /// It was not there.
    Created(RelPath),
    /// It was there, byte for byte.
    AsItIs(RelPath),
}

/// Writes the pipeline where its runner reads it.
///
/// # Errors
/// [`Error::Guard`] if another file is there; a broken operation.
pub fn write_pipeline(root: &Root, runner: Runner) -> Result<PipelineFile, Error> {
    let repository = Repository::open(root.path())?;
    let prefix = repository.fleet_prefix();
    let text = pipeline(runner, prefix.strip_suffix('/'));
    let top = Root::open(repository.workdir())?;
    let path = RelPath::new(runner.path()).expect("a relative path");
    match top.read(&path, MOST)? {
        None => {
            top.create_new(&path, text.as_bytes(), Durability::Durable)?;
            Ok(PipelineFile::Created(path))
        }
        Some(there) if there == text.as_bytes() => Ok(PipelineFile::AsItIs(path)),
        Some(_) => Err(Error::Guard {
            message: format!("{path} is there and differs; it was left as it is"),
            help: "print the pipeline without --write, and take over what you want of it".into(),
        }),
    }
}
