//! The files a fleet is read from, wherever they come from: the disk, a commit, or a merge in memory.
//!
//! Holds `lmsgen.toml`, `environments/**`, `clients/**` and `templates/**`; secrets and output are read
//! elsewhere. Judges no content: that is what loading does.

use std::collections::BTreeMap;

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
    File(Vec<u8>),
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
    pub const ROOTS: [&'static str; 4] = ["clients", "environments", "lmsgen.toml", "templates"];

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
        let mut walk = Walk { sources: Self::default(), files: Vec::new() };
        let top = root.top()?;
        for name in Self::ROOTS {
            if let Some(kind) = top.kind(name)? {
                walk.entry(&top, name, kind)?;
            }
        }
        let Walk { mut sources, files } = walk;
        if files.len() > MAX_FILES {
            sources.excess = Some(format!("more than {MAX_FILES} files"));
            return Ok(sources);
        }
        let read: Vec<(RelPath, Content)> = files
            .into_par_iter()
            .with_min_len(32)
            .map(|path| {
                Ok(match root.read(&path, MAX_FILE_BYTES) {
                    Ok(Some(bytes)) => Some((path, Content::File(bytes))),
                    // Removed since it was listed: as if it had never been there.
                    Ok(None) => None,
                    Err(files::Error::Kind { .. }) => Some((path, Content::NotRegular)),
                    Err(files::Error::TooLarge { .. }) => Some((path, Content::TooLarge)),
                    Err(other) => return Err(other),
                })
            })
            .filter_map(Result::transpose)
            .collect::<Result<_, files::Error>>()?;
        let length = |content: &Content| if let Content::File(bytes) = content { bytes.len() } else { 0 };
        if read.iter().map(|(_, content)| length(content)).sum::<usize>() > MAX_BYTES {
            sources.excess = Some(format!("more than {} MiB of files", MAX_BYTES >> 20));
            return Ok(sources);
        }
        sources.files.extend(read);
        Ok(sources)
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
    pub fn take_files(&mut self) -> BTreeMap<RelPath, Vec<u8>> {
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

struct Walk {
    sources: Sources,
    files: Vec<RelPath>,
}

impl Walk {
    fn entry(&mut self, dir: &files::Dir<'_>, name: &str, kind: files::Kind) -> Result<(), files::Error> {
        let text = dir.path_of(name);
        let path = match RelPath::new(&text) {
            Ok(path) if text.split('/').count() <= MAX_FOLDERS => path,
            _ => {
                self.sources.refused.push(text);
                return Ok(());
            }
        };
        match kind {
            files::Kind::File => self.files.push(path),
            files::Kind::Folder => {
                let Some(folder) = dir.sub(name)? else { return Ok(()) };
                for entry in folder.list()? {
                    match entry.name() {
                        Some(name) => self.entry(&folder, name, entry.kind)?,
                        None => self.sources.refused.push(format!("{text}/{}", entry.shown())),
                    }
                }
            }
            files::Kind::Symlink | files::Kind::Special => drop(self.sources.insert(path, Content::NotRegular)),
        }
        Ok(())
    }
}
