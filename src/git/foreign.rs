//! Files of the repository that are not the fleet's: moved along with the branch, by Git itself, and never lost.

use git2::Oid;

use super::object::{FOLDER, id};
use super::{Error, Repository};

/// A step from one tree to another that changes only files outside the fleet.
#[derive(Debug)]
pub(super) struct Step {
    from: Oid,
    to: Oid,
}

impl Repository {
    /// What the work tree outside the fleet's own folders needs to get from commit tree `head` to that of the
    /// remote's `tip`. `None` if nothing.
    pub(super) fn foreign_step(&self, head: Option<Oid>, tip: Oid) -> Result<Option<Step>, Error> {
        let empty = id(git2::ObjectType::Tree, b"");
        let from = head.unwrap_or(empty);
        let head_tree = head.map(|oid| self.git.find_tree(oid)).transpose().map_err(Error::library("read a tree"))?;
        let mut grafts = Vec::new();
        for root in self.own_roots() {
            let entry = head_tree.as_ref().and_then(|tree| tree.get_path(root.as_ref()).ok());
            let entry = entry.and_then(|entry| Some((u32::try_from(entry.filemode_raw()).ok()?, entry.id())));
            grafts.push((root, entry.map(|(mode, oid)| (if mode & 0o170_000 == FOLDER { FOLDER } else { mode }, oid))));
        }
        let to = self.graft_tree(tip, &grafts)?;
        if head.is_none() {
            // Git knows the empty tree by name only if it is an object here.
            self.odb()?.write(git2::ObjectType::Tree, b"").map_err(Error::library("write a tree"))?;
        }
        Ok((from != to).then_some(Step { from, to }))
    }

    /// Would [`Repository::take_step`] overwrite somebody's changes?
    pub(super) fn check_step(&self, step: &Step, remote: &str) -> Result<(), Error> {
        self.read_tree(step, &["-n"], remote)
    }

    /// Updates index and work tree.
    pub(super) fn take_step(&self, step: &Step, remote: &str) -> Result<(), Error> {
        self.read_tree(step, &[], remote)
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
