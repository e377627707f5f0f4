//! The index, brought up to date with a commit: only the fleet's own changed paths, everything else as it was.
//!
//! Entries carry the real data of the files on disk, so that `git status` need not read them again. A lock is
//! reported and never removed.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use git2::{ErrorCode, IndexEntry, IndexTime, ObjectType, Oid};
use rayon::prelude::*;

use super::object::{self, FILE, PROGRAM};
use super::{Error, Repository};
use crate::names::RelPath;

/// `CE_SKIP_WORKTREE` in the second word of flags.
const SKIP_WORKTREE: u16 = 1 << 14;
/// `CE_VALID`, set by `git update-index --assume-unchanged`.
const ASSUME_UNCHANGED: u16 = 1 << 15;

/// What the index should say of a path.
pub(super) struct Wanted {
    /// From the work tree's top.
    pub path: String,
    /// Id and size; `None` if the path is gone.
    pub new: Option<(Oid, usize)>,
    /// The file holds that, or did a moment ago: its size is all that is looked at.
    pub just_written: bool,
}

impl Repository {
    /// The index as it is on disk now.
    pub(super) fn index(&self) -> Result<git2::Index, Error> {
        let mut index = self.git.index().map_err(Error::library("read the index"))?;
        index.read(true).map_err(Error::library("read the index"))?;
        Ok(index)
    }

    /// Those of `paths` that the index knows and a sparse checkout keeps off the disk.
    pub(super) fn hidden(&self, paths: &[RelPath]) -> Result<Vec<RelPath>, Error> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let index = self.index()?;
        let is_hidden = |path: &RelPath| {
            let entry = index.get_path(Path::new(&self.in_repository(path.as_str())), 0);
            entry.is_some_and(|entry| entry.flags_extended & SKIP_WORKTREE != 0)
        };
        Ok(paths.iter().filter(|path| is_hidden(path)).cloned().collect())
    }

    /// Anything at all stands at `path`.
    pub(super) fn is_on_disk(&self, path: &RelPath) -> bool {
        self.workdir.join(self.in_repository(path.as_str())).symlink_metadata().is_ok()
    }

    /// The file at `path`, from the work tree's top, can be run, and the repository cares.
    pub(super) fn is_program(&self, path: &str) -> bool {
        let cares = || self.git.config().and_then(|config| config.get_bool("core.fileMode")).unwrap_or(true);
        let data = self.workdir.join(path).symlink_metadata();
        data.is_ok_and(|data| data.is_file() && data.mode() & 0o111 != 0) && cares()
    }

    /// Brings the index up to date with `wanted`.
    pub(super) fn update_index(&self, wanted: &[Wanted]) -> Result<(), Error> {
        if wanted.is_empty() {
            return Ok(());
        }
        let workdir = self.workdir.as_path();
        let fresh: Vec<(&Wanted, Option<IndexEntry>)> =
            wanted.par_iter().map(|one| (one, one.new.map(|new| entry(workdir, one, new)))).collect();
        let failed = || Error::library("update the index");
        let mut index = self.index()?;
        for (one, entry) in fresh {
            let path = Path::new(&one.path);
            match entry {
                Some(mut entry) => {
                    if let Some(old) = index.get_path(path, 0) {
                        entry.mode = if object::is_file(old.mode) { old.mode } else { entry.mode };
                        entry.flags |= old.flags & ASSUME_UNCHANGED;
                        entry.flags_extended = old.flags_extended & SKIP_WORKTREE;
                    }
                    index.add(&entry).map_err(failed())?;
                }
                None => match index.remove(path, 0) {
                    Err(error) if error.code() != ErrorCode::NotFound => return Err(failed()(error)),
                    _ => {}
                },
            }
        }
        index.write().map_err(|error| self.locked_or(error, "update the index"))
    }

    /// Names the lock when that is what libgit2 stumbled over.
    pub(super) fn locked_or(&self, error: git2::Error, doing: &str) -> Error {
        let lock = self.git.path().join("index.lock");
        if error.code() == ErrorCode::Locked && lock.exists() {
            return locked(lock);
        }
        Error::Library { doing: doing.into(), source: error }
    }

    /// Paths whose index entry differs from the tree `head`: what `git commit` would commit. From the work
    /// tree's top.
    pub(super) fn staged(&self, head: Option<Oid>) -> Result<BTreeSet<String>, Error> {
        let tree = head.map_or_else(|| object::id(ObjectType::Tree, b"").to_string(), |oid| oid.to_string());
        let ran = self
            .program("diff-index")
            .args(["--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z", &tree, "--"])
            .run()?;
        Ok(names(&ran.stdout()?))
    }

    /// Tracked files outside the fleet's own folders that are changed or staged. From the work tree's top.
    pub(super) fn changed_elsewhere(&self) -> Result<BTreeSet<String>, Error> {
        let own = self.own_roots().map(|root| format!(":(top,exclude,literal){root}"));
        let ran = self
            .program("status")
            .args(["--porcelain=v1", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=dirty"])
            .args(["--", ":(top)"])
            .args(own)
            .run()?;
        // Two letters and a space stand before each name.
        Ok(names(&ran.stdout()?).into_iter().filter_map(|line| line.get(3..).map(str::to_owned)).collect())
    }

    /// The fleet's own file and folders, from the work tree's top.
    pub(super) fn own_roots(&self) -> impl Iterator<Item = String> {
        Self::SOURCES.into_iter().chain([Self::OUTPUT]).map(|root| self.in_repository(root))
    }

    /// The part of `path`, given from the work tree's top, below the fleet's root, if it is the fleet's own.
    pub(super) fn own<'p>(&self, path: &'p str) -> Option<&'p str> {
        let below = match &self.prefix {
            Some(prefix) => path.strip_prefix(prefix.as_str())?.strip_prefix('/')?,
            None => path,
        };
        let top = below.split('/').next()?;
        (top == Self::OUTPUT || Self::SOURCES.contains(&top)).then_some(below)
    }
}

fn names(stdout: &[u8]) -> BTreeSet<String> {
    let names = stdout.split(|&b| b == 0).filter(|name| !name.is_empty());
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// [`Error::Locked`] for a lock file that exists.
pub(super) fn locked(path: PathBuf) -> Error {
    let made = path.symlink_metadata().and_then(|data| data.modified()).ok();
    let made = made.and_then(|time| jiff::Timestamp::try_from(time).ok());
    let since =
        made.map_or_else(|| "an unknown time".into(), |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    Error::Locked { path, since }
}

/// An entry with the file's data if what is on disk is the content of `oid`, else with none, so that Git looks.
///
/// Output was written or compared byte by byte just now, so its size says enough; a source may be in somebody's editor.
fn entry(workdir: &Path, wanted: &Wanted, (oid, size): (Oid, usize)) -> IndexEntry {
    let mut entry = IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: FILE,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: oid,
        flags: 0,
        flags_extended: 0,
        path: wanted.path.as_bytes().to_vec(),
    };
    let full = workdir.join(&wanted.path);
    let Ok(data) = full.symlink_metadata() else { return entry };
    let same_size = usize::try_from(data.len()) == Ok(size);
    let same = || wanted.just_written || Oid::hash_file(ObjectType::Blob, &full).ok() == Some(oid);
    if !data.is_file() || !same_size || !same() {
        return entry;
    }
    // The index keeps the lowest 32 bits of each.
    let low = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
    let time = |seconds: i64, nanoseconds: i64| {
        IndexTime::new(i32::try_from(seconds).unwrap_or(0), u32::try_from(nanoseconds).unwrap_or(0))
    };
    entry.ctime = time(data.ctime(), data.ctime_nsec());
    entry.mtime = time(data.mtime(), data.mtime_nsec());
    entry.dev = low(data.dev());
    entry.ino = low(data.ino());
    entry.uid = data.uid();
    entry.gid = data.gid();
    entry.file_size = low(data.len());
    if data.mode() & 0o111 != 0 {
        entry.mode = PROGRAM;
    }
    entry
}
