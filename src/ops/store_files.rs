//! Where the files of the secret store come from: the disk, as a whole or one by one, or memory. Reads bytes and judges
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::files::{self, Dir, Kind, Lock, Root};
use crate::names::RelPath;

/// The folder of the store.
pub const STORE: &str = "secrets";
/// Flux refuses larger files.
pub const MAX_FILE: u64 = 5 << 20;
/// Deeper folders are named, not read: the store has two levels.
const MAX_DEPTH: usize = 8;
/// Folders with fewer sub-folders are read by one thread: handles stay few, and so do hand-overs.
const WORTH_SHARING: usize = 16;

/// Takes the fleet's lock, and finishes what a killed run has begun in the store.
///
/// # Errors
/// Another run holds the lock, or the disk refuses.
pub fn lock(root: &Root) -> Result<Lock<'_>, files::Error> {
    let lock = root.lock()?;
    lock.finish(&folder())?;
    Ok(lock)
}

/// The folder of the store.
pub fn folder() -> RelPath {
    RelPath::new(STORE).expect("a plain name")
}

/// Where the store's files are.
#[derive(Clone, Copy)]
pub enum StoreFiles<'a> {
    /// On disk.
    Disk(&'a Root),
    /// On disk, and read already.
    Read(&'a Root, &'a WholeStore),
    /// In memory, by path: while publishing, merged with what changed upstream.
    Memory(&'a BTreeMap<RelPath, Arc<[u8]>>),
}

impl StoreFiles<'_> {
    /// The bytes at `path`; `None` if nothing is there.
    pub fn read(&self, path: &RelPath) -> Result<Option<Arc<[u8]>>, files::Error> {
        match self {
            Self::Disk(root) => Ok(root.read(path, MAX_FILE)?.map(Into::into)),
            Self::Read(root, whole) => match whole.files.get(path) {
                None if whole.others.contains(path.as_str()) => Ok(root.read(path, MAX_FILE)?.map(Into::into)),
                known => Ok(known.cloned()),
            },
            Self::Memory(files) => Ok(files.get(path).cloned()),
        }
    }

    /// Every file of the store that is known without another look at the disk.
    pub fn paths(&self) -> Vec<&str> {
        match self {
            Self::Disk(_) => Vec::new(),
            Self::Read(_, whole) => {
                whole.files.keys().map(RelPath::as_str).chain(whole.others.iter().map(String::as_str)).collect()
            }
            Self::Memory(files) => {
                let ours = |path: &&str| path.strip_prefix(STORE).is_some_and(|rest| rest.starts_with('/'));
                files.keys().map(RelPath::as_str).filter(ours).collect()
            }
        }
    }
}

/// The store as it is on disk.
#[derive(Debug, Default)]
pub struct WholeStore {
    /// Its files.
    pub files: BTreeMap<RelPath, Arc<[u8]>>,
    /// What stands there besides: links and special files, files that are too large.
    pub others: BTreeSet<String>,
}

impl WholeStore {
    /// Reads every file, on all threads and through the handles of their folders: from the root, each file would open
    /// all folders on its way.
    ///
    /// # Errors
    /// A folder or file that the system refuses to read.
    pub fn read(root: &Root) -> Result<Self, files::Error> {
        let path = folder();
        let mut found = Found::default();
        if let Some(dir) = root.dir(&path)? {
            found = below(&dir, 1)?;
        }
        Ok(Self { files: found.files.into_iter().collect(), others: found.others.into_iter().collect() })
    }
}

#[derive(Default)]
struct Found {
    files: Vec<(RelPath, Arc<[u8]>)>,
    others: Vec<String>,
}

fn below(dir: &Dir<'_>, depth: usize) -> Result<Found, files::Error> {
    let mut found = Found::default();
    let mut folders = Vec::new();
    for entry in dir.list()? {
        let Some(name) = entry.name() else { continue };
        let path = dir.path_of(name);
        match (entry.kind, RelPath::new(&path)) {
            (Kind::Folder, _) if depth < MAX_DEPTH => folders.push(name.to_owned()),
            (Kind::File, Ok(known)) => match dir.read(name, MAX_FILE) {
                Ok(bytes) => found.files.extend(bytes.map(|bytes| (known, bytes.into()))),
                Err(files::Error::Kind { .. } | files::Error::TooLarge { .. }) => found.others.push(path),
                Err(error) => return Err(error),
            },
            _ => found.others.push(path),
        }
    }
    let one = |name: &String| match dir.sub(name) {
        Ok(Some(folder)) => below(&folder, depth + 1),
        Ok(None) => Ok(Found::default()),
        Err(files::Error::Kind { path, .. }) => Ok(Found { others: vec![path], ..Found::default() }),
        Err(error) => Err(error),
    };
    let parts: Vec<Found> = if folders.len() < WORTH_SHARING {
        folders.iter().map(one).collect::<Result<_, _>>()?
    } else {
        folders.par_iter().map(one).collect::<Result<_, _>>()?
    };
    for mut part in parts {
        found.files.append(&mut part.files);
        found.others.append(&mut part.others);
    }
    Ok(found)
}
