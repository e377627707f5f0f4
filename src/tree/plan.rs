//! What differs between a tree and the disk.

use super::Tree;
use crate::diagnostic::Sink;
use crate::files::{Error, Lock, Root};
use crate::names::RelPath;

/// Which part of the output a run is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of it: folders of clients and environments that are gone are found too.
    All,
    /// What lies in these folders (`rendered/lms-dev/C7`); the others are not even read.
    Folders(Vec<RelPath>),
}

/// How many files a plan is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files that are not there yet.
    pub created: usize,
    /// Files with other bytes.
    pub updated: usize,
    /// Owned files that are rendered no longer.
    pub deleted: usize,
    /// Files that are right already; not touched.
    pub unchanged: usize,
}

/// What happens to one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// It is not there yet.
    Create,
    /// It has other bytes.
    Update,
    /// It is owned and rendered no longer.
    Delete,
}

/// What must happen so that the disk holds the tree.
#[derive(Clone, Debug)]
pub struct Plan<'t> {
    tree: &'t Tree,
}

impl Plan<'_> {
    /// The number of files, by what happens to them.
    pub fn counts(&self) -> Counts {
        let _ = self.tree;
        Counts::default()
    }

    /// Every file that changes, by path.
    pub fn changes(&self) -> Vec<(RelPath, Change)> {
        Vec::new()
    }
}

/// Compares the disk with `tree` below the folder `output` (`rendered`), within `scope`.
///
/// Foreign files are warnings. What must not be written over or cannot be told apart is an error in `sink`; then the
/// plan must not be applied, and [`apply`] does not.
///
/// # Errors
/// [`Error`] if something cannot be read; nothing can be said then.
pub fn plan<'t>(
    _root: &Root,
    _output: &RelPath,
    tree: &'t Tree,
    _scope: &Scope,
    _sink: &mut Sink,
) -> Result<Plan<'t>, Error> {
    Ok(Plan { tree })
}

/// Makes the disk hold what the plan says. Whenever this ends early, by an error or a kill, the next plan and apply
/// complete the work.
///
/// # Errors
/// [`Error`] with the path; what was not published yet is removed from the stage.
pub fn apply(_lock: &Lock<'_>, _plan: &Plan<'_>) -> Result<(), Error> {
    Ok(())
}
