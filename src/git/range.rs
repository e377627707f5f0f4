//! Everything that differs from where HEAD left another commit: committed, staged, or in the work tree only. Modes, links
//! and submodules count, other than in [`Repository::changed_files`].

use std::collections::BTreeMap;

use git2::{Delta, Diff, DiffDelta, DiffFile, DiffOptions, FileMode, Oid};

use super::{Error, Repository};

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// A file of mode 100644.
    File,
    /// A file of mode 100755.
    Program,
    /// A symbolic link.
    Link,
    /// A submodule, or a repository inside of this one.
    Submodule,
    /// Both sides of a conflict, a socket, a folder in a file's place.
    Other,
}

/// How far a change has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Between the other commit and HEAD.
    Committed,
    /// Between HEAD and the index.
    Staged,
    /// In the work tree only; Git knows the path.
    Unstaged,
    /// A path that Git does not know, and does not ignore.
    Untracked,
}

/// One change. A renamed file is two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// From the work tree's top, with bytes that are no UTF-8 replaced.
    pub path: String,
    /// What stood there.
    pub old: Option<Entity>,
    /// What stands there now.
    pub new: Option<Entity>,
    /// Whether it is committed.
    pub stage: Stage,
}

impl Repository {
    /// Everything that differs between the work tree and the commit where HEAD left `base`, by path.
    ///
    /// # Errors
    /// `base` names no commit or several, or there is no one commit to compare with: unrelated histories, several merge
    /// bases, a shallow clone.
    pub fn touched_since(&self, base: &str) -> Result<Vec<Touched>, Error> {
        let failed = || Error::library("compare the work tree with its base");
        let base = self.merge_base(base)?;
        let tree_of = |oid: Oid| self.git.find_commit(oid).and_then(|commit| commit.tree()).map_err(failed());
        let old = tree_of(base)?;
        let head = self.head()?.map(|head| tree_of(head.oid)).transpose()?;
        let index = self.index()?;
        let options = || {
            let mut options = DiffOptions::new();
            options.include_typechange(true).ignore_submodules(false);
            options
        };
        let mut found = BTreeMap::new();
        let diff = self.git.diff_tree_to_tree(Some(&old), head.as_ref(), Some(&mut options())).map_err(failed())?;
        collect(&diff, Stage::Committed, &mut found);
        let diff = self.git.diff_tree_to_index(head.as_ref(), Some(&index), Some(&mut options())).map_err(failed())?;
        collect(&diff, Stage::Staged, &mut found);
        let mut with_untracked = options();
        with_untracked.include_untracked(true).recurse_untracked_dirs(true).include_unreadable(true);
        let diff = self.git.diff_index_to_workdir(Some(&index), Some(&mut with_untracked)).map_err(failed())?;
        collect(&diff, Stage::Unstaged, &mut found);
        Ok(found.into_values().flatten().collect())
    }

    /// Paths that Git knows below `folder`, from the work tree's top, with bytes that are no UTF-8 replaced.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn tracked_below(&self, folder: &str) -> Result<Vec<String>, Error> {
        let index = self.index()?;
        let paths = index.iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned());
        Ok(paths.filter(|path| path.starts_with(folder)).collect())
    }

    /// The one commit where HEAD left `base`.
    fn merge_base(&self, base: &str) -> Result<Oid, Error> {
        let names = self.names_of(base);
        if let [first, second, ..] = &names[..] {
            let (name, meanings) = (base.into(), [first.clone(), second.clone()]);
            return Err(Error::Ambiguous { name, meanings });
        }
        let other = self.resolve(base)?;
        if self.git.is_shallow() {
            // What stands for the first commit here may hide where the two really part.
            return Err(Error::NoMergeBase { base: base.into(), why: Unmerged::Shallow });
        }
        let none = |why| Error::NoMergeBase { base: base.into(), why };
        let Some(head) = self.head()? else { return Err(none(Unmerged::Unrelated)) };
        match self.git.merge_bases(head.oid, other.oid) {
            Ok(found) if found.len() == 1 => Ok(found[0]),
            Ok(found) => Err(none(Unmerged::Several(found.len()))),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Err(none(Unmerged::Unrelated)),
            Err(error) => Err(Error::library("look for the merge base")(error)),
        }
    }

    /// Everything that `text` could name. Who may push a tag can give it the name of a remote's branch, and Git would
    /// take the tag.
    fn names_of(&self, text: &str) -> Vec<String> {
        let name = text.split(['~', '^', '@', ':']).next().unwrap_or_default();
        // What is written in full is meant as it is written.
        if name.starts_with("refs/") {
            return Vec::new();
        }
        let refs = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"].map(|prefix| format!("{prefix}{name}"));
        // `origin` is the branch that a remote's HEAD names.
        let refs = refs.into_iter().chain([format!("refs/remotes/{name}/HEAD")]);
        let mut found: Vec<String> = refs.filter(|name| self.git.refname_to_id(name).is_ok()).collect();
        // `v1.0-3-g89641ef`, as `git describe` writes a commit, is its id.
        let id = name.rsplit_once("-g").map_or(name, |(_, id)| id);
        let is_short_id = (4..40).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit());
        if is_short_id && let Ok(commit) = self.git.find_commit_by_prefix(id) {
            found.push(format!("commit {}", commit.id()));
        }
        found
    }
}

/// Why there is no one commit to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmerged {
    /// No commit is in both histories.
    Unrelated,
    /// So many are the last one in both.
    Several(usize),
    /// History is not all there.
    Shallow,
}

fn collect(diff: &Diff<'_>, stage: Stage, found: &mut BTreeMap<Vec<u8>, Vec<Touched>>) {
    for delta in diff.deltas() {
        let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
        let bytes = file.path_bytes().or_else(|| delta.old_file().path_bytes()).unwrap_or_default();
        let stage = if delta.status() == Delta::Untracked { Stage::Untracked } else { stage };
        let (old, new) = entities(&delta);
        let path = String::from_utf8_lossy(bytes).into_owned();
        found.entry(bytes.to_vec()).or_default().push(Touched { path, old, new, stage });
    }
}

fn entities(delta: &DiffDelta<'_>) -> (Option<Entity>, Option<Entity>) {
    match delta.status() {
        Delta::Added | Delta::Untracked => (None, Some(entity(&delta.new_file()))),
        Delta::Deleted => (Some(entity(&delta.old_file())), None),
        Delta::Modified | Delta::Typechange => (Some(entity(&delta.old_file())), Some(entity(&delta.new_file()))),
        _ => (Some(Entity::Other), Some(Entity::Other)),
    }
}

fn entity(file: &DiffFile<'_>) -> Entity {
    match file.mode() {
        FileMode::Blob | FileMode::BlobGroupWritable => Entity::File,
        FileMode::BlobExecutable => Entity::Program,
        FileMode::Link => Entity::Link,
        // A repository that is not tracked is shown as a folder.
        FileMode::Commit | FileMode::Tree => Entity::Submodule,
        FileMode::Unreadable => Entity::Other,
    }
}
