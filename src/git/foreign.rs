//! Files of the repository that are not the fleet's: moved along with the branch, by Git itself, and never lost.

use git2::Oid;

use super::build::{Edit, Put};
use super::compare::Difference;
use super::{Error, Repository};

/// A step from one tree to another that changes only files outside the fleet.
#[derive(Debug)]
pub(super) struct Step {
    from: Oid,
    to: Oid,
}

impl Repository {
    /// What the work tree needs to get from the tree `head` to the tree `commit`, apart from `own`, the fleet's
    /// own files that differ between the two. `None` if nothing.
    pub(super) fn foreign_step(
        &self,
        head: Option<Oid>,
        commit: Oid,
        own: &[Difference<'_>],
    ) -> Result<Option<Step>, Error> {
        let undo = own.iter().map(|one| Edit {
            path: self.in_repository(one.path.as_str()),
            new: one.old.map(|(mode, oid)| Put { mode: Some(mode), oid, data: None }),
        });
        let to = self.build_tree(Some(commit), undo.collect())?;
        let from = match head {
            Some(head) => head,
            // Git knows the empty tree by its id only if it is an object here.
            None => self.build_tree(None, Vec::new())?,
        };
        Ok((from != to).then_some(Step { from, to }))
    }

    /// Would [`Repository::take_step`] overwrite somebody's changes?
    pub(super) fn check_step(&self, step: &Step, remote: &str) -> Result<(), Error> {
        self.read_tree(step, &["-n"], remote)
    }

    /// Updates index and work tree, after the push.
    pub(super) fn take_step(&self, step: &Step, remote: &str) -> Result<(), Error> {
        self.read_tree(step, &[], remote).map_err(|error| match error {
            Error::WouldOverwrite { remote, text } => Error::Behind { remote, text },
            other => other,
        })
    }

    fn read_tree(&self, step: &Step, more: &[&str], remote: &str) -> Result<(), Error> {
        // A file that was only touched counts as changed until Git has looked at it.
        self.program("update-index").args(["-q", "--refresh"]).run()?;
        let (from, to) = (step.from.to_string(), step.to.to_string());
        let ran = self.program("read-tree").args(["-m", "-u"]).args(more.iter().copied()).args([&from, &to]).run()?;
        if ran.ok {
            return Ok(());
        }
        let lock = self.git.path().join("index.lock");
        if lock.exists() {
            return Err(super::index::locked(lock));
        }
        Err(Error::WouldOverwrite { remote: remote.into(), text: ran.text })
    }
}
