//! The local side, once the remote holds the commit: files, index, branch, in this order, so that a run that is
//! cut short leaves something the next one completes.

use std::collections::BTreeSet;

use git2::Oid;

use super::Landed;
use super::Workspace;
use super::sources::Sources;
use crate::git::compare::{Difference, Scope};
use crate::git::foreign::Step;
use crate::git::index::Wanted;
use crate::git::remote::Remote;
use crate::git::{Error, Repository, Revision, owned};
use crate::names::RelPath;
use crate::tree::Tree;

/// What is to be made true here.
pub(super) struct Landing<'a> {
    /// The branch.
    pub branch: &'a str,
    /// Where it is.
    pub head: Option<&'a Revision>,
    /// Where it belongs.
    pub commit: Oid,
    /// The fleet's own files that differ between the two.
    pub own: &'a [Difference<'a>],
    /// What changes outside the fleet.
    pub step: Option<Step>,
    pub sources: &'a Sources,
    pub tree: &'a Tree,
    pub remote: Option<&'a Remote<'a>>,
}

impl Repository {
    pub(super) fn land<W: Workspace>(&self, workspace: &mut W, landing: &Landing<'_>) -> Result<(), W::Error> {
        if let (Some(step), Some(remote)) = (&landing.step, landing.remote) {
            self.take_step(step, &remote.name)?;
        }
        let writes = landing.sources.writes();
        workspace.write(&Landed { tree: landing.tree, sources: &writes })?;
        self.index_landing(landing)?;
        self.move_branch(landing)?;
        if let Some(remote) = landing.remote {
            remote.track(landing.commit);
        }
        Ok(())
    }

    /// Everything of the fleet's own that the commit changed, and everything of it that was staged.
    fn index_landing(&self, landing: &Landing<'_>) -> Result<(), Error> {
        let mut wanted: Vec<Wanted> = landing
            .own
            .iter()
            .map(|one| Wanted {
                path: self.in_repository(one.path.as_str()),
                new: one.new.map(|(oid, data)| (oid, data.len())),
                just_written: owned::is_output(one.path.as_str()),
            })
            .collect();
        let known: BTreeSet<String> = wanted.iter().map(|one| one.path.clone()).collect();
        let head = landing.head.map(|head| self.tree_of(head.oid)).transpose()?;
        let mut staged = self.staged(head)?;
        staged.retain(|path| self.own(path).is_some() && !known.contains(path));
        if !staged.is_empty() {
            let tree = self.git.find_tree(self.tree_of(landing.commit)?).map_err(Error::library("read the commit"))?;
            for path in staged {
                let entry =
                    tree.get_path(path.as_ref()).ok().filter(|entry| entry.kind() == Some(git2::ObjectType::Blob));
                let new = entry.map(|entry| entry.id());
                let size = new.map(|oid| self.odb()?.read_header(oid).map_err(Error::library("read an object")));
                let size = size.transpose()?.map(|(size, _)| size);
                wanted.push(Wanted { path, new: new.zip(size), just_written: false });
            }
        }
        self.update_index(&wanted)
    }

    pub(super) fn tree_of(&self, commit: Oid) -> Result<Oid, Error> {
        let commit = self.git.find_commit(commit).map_err(Error::library("read a commit"))?;
        Ok(commit.tree_id())
    }

    fn move_branch(&self, landing: &Landing<'_>) -> Result<(), Error> {
        let name = format!("refs/heads/{}", landing.branch);
        let log = "publish: rendered by lmsgen";
        let moved = match landing.head {
            Some(head) if head.oid == landing.commit => return Ok(()),
            Some(head) => self.git.reference_matching(&name, landing.commit, true, head.oid, log),
            None => self.git.reference(&name, landing.commit, false, log),
        };
        match moved.map_err(|error| (error.code(), error)) {
            Ok(_) => Ok(()),
            Err((git2::ErrorCode::Modified | git2::ErrorCode::Exists, _)) => {
                Err(Error::LocalMoved { branch: landing.branch.into() })
            }
            Err((_, source)) => Err(Error::Library { doing: format!("move branch `{}`", landing.branch), source }),
        }
    }
}

/// All that is the fleet's own.
pub(super) fn own_scope() -> Scope {
    scope_of(Repository::SOURCES.into_iter().chain([Repository::OUTPUT]))
}

/// Some of the fleet's own folders.
pub(super) fn scope_of(roots: impl IntoIterator<Item = &'static str>) -> Scope {
    Scope::new(
        roots.into_iter().map(|root| RelPath::new(root).expect("the names of the fleet's own folders are paths")),
    )
}
