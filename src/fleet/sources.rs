//! The files a fleet is read from, wherever they come from: the disk, a commit, or a merge in memory.
//!
//! Holds `lmsgen.toml`, `environments/**`, `clients/**` and `templates/**`; secrets and output are read
//! elsewhere. Judges no content: that is what loading does.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::document::MAX_FILE_BYTES;
use crate::files;
use crate::names::RelPath;

/// The deepest folder that is looked into; nothing of a fleet lies deeper than `templates/<stack>/<phase>`.
const MAX_FOLDERS: usize = 6;
/// The most files that are read.
const MAX_FILES: usize = 200_000;
/// The most bytes that are read in all: 1 GiB.
const MAX_BYTES: usize = 1 << 30;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A regular file's bytes.
    File(Arc<[u8]>),
    /// A symbolic link, device, socket or pipe: refused, never followed.
    NotRegular,
    /// A file over the limit: not read.
    TooLarge,
}

/// A fleet's source files by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: BTreeMap<RelPath, Content>,
    refused: Vec<String>,
    excess: Option<String>,
}

impl Sources {
    /// The folders and the file that make up a fleet's sources.
    pub const ROOTS: [&'static str; 5] = ["clients", "environments", "lmsgen.toml", "schemas", "templates"];

    /// Sources of `files`, in any order; what lies outside [`Sources::ROOTS`] is left out.
    #[must_use]
    pub fn new(files: impl IntoIterator<Item = (RelPath, Content)>) -> Self {
        let files = files.into_iter().filter(|(path, _)| Self::holds(path)).collect();
        Self { files, ..Self::default() }
    }

    /// Reads the sources below `root`, on all threads. Symbolic links are not followed; files over the limit are
    /// not read; [`super::load`] reports both.
    ///
    /// # Errors
    /// When the system refuses to list or read something.
    pub fn from_disk(root: &files::Root) -> Result<Self, files::Error> {
        let mut walk = Walk::default();
        let top = root.top()?;
        for name in Self::ROOTS {
            if let Some(kind) = top.kind(name)? {
                walk.entries(&top, vec![(name.to_owned(), kind)])?;
            }
        }
        Ok(walk.sources)
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

    /// `true` for a path in one of [`Sources::ROOTS`].
    #[must_use]
    pub fn holds(path: &RelPath) -> bool {
        path.as_str().split('/').next().is_some_and(|first| Self::ROOTS.contains(&first))
    }

    /// Takes the regular files out and leaves everything that loading refuses.
    pub fn take_files(&mut self) -> BTreeMap<RelPath, Arc<[u8]>> {
        let mut taken = BTreeMap::new();
        for (path, content) in std::mem::take(&mut self.files) {
            match content {
                Content::File(bytes) => {
                    taken.insert(path, bytes);
                }
                other => {
                    self.files.insert(path, other);
                }
            }
        }
        taken
    }

    /// Paths that cannot be named, escaped: no UTF-8, control characters, too deep.
    pub(super) fn refused(&self) -> &[String] {
        &self.refused
    }

    /// Which limit the sources as a whole are over.
    pub(super) fn excess(&self) -> Option<&str> {
        self.excess.as_deref()
    }
}

#[derive(Default)]
struct Walk {
    sources: Sources,
    n_files: usize,
    n_bytes: usize,
}

impl Walk {
    /// Takes what `dir` holds under `names`, and what lies below.
    fn entries(&mut self, dir: &files::Dir<'_>, names: Vec<(String, files::Kind)>) -> Result<(), files::Error> {
        let mut files = Vec::with_capacity(names.len());
        for (name, kind) in names {
            let text = dir.path_of(&name);
            let path = match RelPath::new(&text) {
                Ok(path) if text.split('/').count() <= MAX_FOLDERS => path,
                _ => {
                    self.sources.refused.push(text);
                    continue;
                }
            };
            match kind {
                files::Kind::File => files.push((name, path)),
                files::Kind::Folder => self.folder(dir, &name)?,
                files::Kind::Symlink | files::Kind::Special => drop(self.sources.insert(path, Content::NotRegular)),
            }
        }
        self.n_files += files.len();
        if self.n_files > MAX_FILES {
            self.sources.excess = Some(format!("more than {MAX_FILES} files"));
            return Ok(());
        }
        // Through the folder's handle: a path from the root would open every folder on the way again for each file.
        let read: Vec<(RelPath, Content)> = files
            .into_par_iter()
            .with_min_len(32)
            .filter_map(|(name, path)| {
                let found = read(dir, &name).transpose()?;
                Some(found.map(|content| (path, content)))
            })
            .collect::<Result<_, files::Error>>()?;
        let length = |content: &Content| if let Content::File(bytes) = content { bytes.len() } else { 0 };
        self.n_bytes += read.iter().map(|(_, content)| length(content)).sum::<usize>();
        if self.n_bytes > MAX_BYTES {
            self.sources.excess = Some(format!("more than {} MiB", MAX_BYTES >> 20));
            return Ok(());
        }
        self.sources.files.extend(read);
        Ok(())
    }

    fn folder(&mut self, dir: &files::Dir<'_>, name: &str) -> Result<(), files::Error> {
        let Some(folder) = dir.sub(name)? else { return Ok(()) };
        let mut names = Vec::new();
        for entry in folder.list()? {
            match entry.name() {
                Some(name) => names.push((name.to_owned(), entry.kind)),
                None => self.sources.refused.push(format!("{}/{}", folder.path(), entry.shown())),
            }
        }
        self.entries(&folder, names)
    }
}

/// What stands under `name`; `None` if it was removed since it was listed: as if it had never been there.
fn read(dir: &files::Dir<'_>, name: &str) -> Result<Option<Content>, files::Error> {
    match dir.read(name, MAX_FILE_BYTES) {
        Ok(bytes) => Ok(bytes.map(|bytes| Content::File(bytes.into()))),
        Err(files::Error::Kind { .. }) => Ok(Some(Content::NotRegular)),
        Err(files::Error::TooLarge { .. }) => Ok(Some(Content::TooLarge)),
        Err(other) => Err(other),
    }
}
