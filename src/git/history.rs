//! Earlier versions of files, from the newest commit back along first parents.

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
    /// Shows `visit` the content that each file below `folder` had at `from` and before, newest first. A file is followed
    /// back to the commit that brought it: what stood at its path before it was deleted and made anew is another file.
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
        let mut commit = self.git.find_commit(from.oid).map_err(doing())?;
        let mut commits = 1;
        let mut tree = self.fleet_tree_of(&commit)?;
        let present = self.between(None, tree, &[folder])?;
        let mut followed: HashSet<RelPath> = HashSet::with_capacity(present.len());
        let mut show = |versions: Vec<(RelPath, Option<git2::Oid>)>| -> Result<(), Error> {
            let ids: Vec<_> = versions.iter().map(|(_, oid)| *oid).collect();
            for ((path, _), data) in versions.iter().zip(self.read_blobs(&ids)?) {
                if let Some(data) = data {
                    visit(path, &data);
                }
            }
            Ok(())
        };
        followed.extend(present.keys().cloned());
        show(present.into_iter().map(|(path, (_, new))| (path, new)).collect())?;
        while let Some(parent) = commit.parents().next() {
            commits += 1;
            let older = self.fleet_tree_of(&parent)?;
            let changed = self.between(older, tree, &[folder])?;
            let mut versions = Vec::new();
            for (path, (old, _)) in changed {
                match old {
                    None => drop(followed.remove(&path)),
                    Some(_) if followed.contains(&path) => versions.push((path, old)),
                    Some(_) => {}
                }
            }
            show(versions)?;
            (commit, tree) = (parent, older);
        }
        Ok(Reach { commits, is_whole: !self.git.is_shallow() })
    }

    fn fleet_tree_of(&self, commit: &git2::Commit<'_>) -> Result<Option<git2::Oid>, Error> {
        self.fleet_tree(Some(&super::repository::revision(commit)))
    }
}
