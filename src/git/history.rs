//! Versions of files in the history of a commit.

use std::collections::HashSet;

use super::{Error, Repository, Revision};
use crate::names::RelPath;

/// How far a look into history went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Commits looked at.
    pub commits: usize,
    /// `false` in a shallow clone, whose oldest commit is not the first one.
    pub is_whole: bool,
}

impl Repository {
    /// Shows `visit` every content that a file below `folder` ever had in `from` or a commit before it, each once and in no
    /// order; all parents of a merge count, and what was deleted in between.
    ///
    /// # Errors
    /// A commit or file that cannot be read.
    pub fn versions_below(
        &self,
        from: &Revision,
        folder: &str,
        visit: &mut dyn FnMut(&RelPath, &[u8]),
    ) -> Result<Reach, Error> {
        let doing = || Error::library("read the history");
        let mut walk = self.git.revwalk().map_err(doing())?;
        walk.push(from.oid).map_err(doing())?;
        let mut seen: HashSet<(RelPath, git2::Oid)> = HashSet::new();
        let mut commits = 0;
        for oid in walk {
            commits += 1;
            let commit = self.git.find_commit(oid.map_err(doing())?).map_err(doing())?;
            let tree = self.fleet_tree_of(&commit)?;
            // What a commit shares with a parent is shown there.
            let parent = commit.parents().next().map(|parent| self.fleet_tree_of(&parent)).transpose()?.flatten();
            let changed = self.between(parent, tree, &[folder])?;
            let new: Vec<(RelPath, git2::Oid)> =
                changed.into_iter().filter_map(|(path, (_, new))| Some((path, new?))).collect();
            let new: Vec<_> = new.into_iter().filter(|version| seen.insert(version.clone())).collect();
            let ids: Vec<_> = new.iter().map(|(_, oid)| Some(*oid)).collect();
            for ((path, _), data) in new.iter().zip(self.read_blobs(&ids)?) {
                if let Some(data) = data {
                    visit(path, &data);
                }
            }
        }
        Ok(Reach { commits, is_whole: !self.git.is_shallow() })
    }

    fn fleet_tree_of(&self, commit: &git2::Commit<'_>) -> Result<Option<git2::Oid>, Error> {
        self.fleet_tree(Some(&super::repository::revision(commit)))
    }

    /// What this clone last saw of `branch` of `remote`; `None` if it never did.
    ///
    /// # Errors
    /// The commit cannot be read.
    pub fn last_seen(&self, remote: &str, branch: &str) -> Result<Option<Revision>, Error> {
        let Ok(oid) = self.git.refname_to_id(&format!("refs/remotes/{remote}/{branch}")) else { return Ok(None) };
        let commit = self.git.find_commit(oid).map_err(Error::library("read what was last seen of the remote"))?;
        Ok(Some(super::repository::revision(&commit)))
    }
}
