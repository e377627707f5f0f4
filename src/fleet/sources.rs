//! The files a fleet is read from, wherever they come from: the disk, a commit, or a merge in memory.
//!
//! Holds `lmsgen.toml`, `environments/**`, `clients/**` and `templates/**`; secrets and output are read
//! elsewhere. Judges no content: that is what loading does.

use std::collections::BTreeMap;

use crate::names::RelPath;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A regular file's bytes.
    File(Vec<u8>),
    /// A symbolic link, device, socket or pipe: refused, never followed.
    NotRegular,
    /// A file of this many bytes, over the limit: not read.
    TooLarge(u64),
}

/// A fleet's source files by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: BTreeMap<RelPath, Content>,
}

impl Sources {
    /// The folders and the file that make up a fleet's sources.
    pub const ROOTS: [&'static str; 4] = ["lmsgen.toml", "environments", "clients", "templates"];

    /// Sources of `files`, in any order; what lies outside [`Sources::ROOTS`] is left out.
    #[must_use]
    pub fn new(files: impl IntoIterator<Item = (RelPath, Content)>) -> Self {
        let ours = |path: &RelPath| Self::ROOTS.iter().any(|root| path.as_str().split('/').next() == Some(*root));
        Self { files: files.into_iter().filter(|(path, _)| ours(path)).collect() }
    }

    /// Files by path.
    pub fn iter(&self) -> impl Iterator<Item = (&RelPath, &Content)> {
        self.files.iter()
    }

    /// What stands at `path`.
    #[must_use]
    pub fn get(&self, path: &RelPath) -> Option<&Content> {
        self.files.get(path)
    }

    /// Puts `content` at `path` and returns what stood there.
    pub fn insert(&mut self, path: RelPath, content: Content) -> Option<Content> {
        self.files.insert(path, content)
    }

    /// Removes `path` and returns what stood there.
    pub fn remove(&mut self, path: &RelPath) -> Option<Content> {
        self.files.remove(path)
    }
}
