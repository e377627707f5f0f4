//! The fleet's root folder, and its files by path.

use super::dir::OPEN_DIR;
use super::write::DIR_MODE;
use super::{Dir, Entry, Error, Hook, Kind, Op};
use crate::names::RelPath;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, mkdirat, openat, statat};
use rustix::io::Errno;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// lmsgen's own folder below the root: the lock, staged files, the journal. Git ignores it.
pub const STATE: &str = ".lmsgen";

/// How sure a write must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Survives the end of the process, at any point.
    Cached,
    /// Survives a power cut too: the file and the folder are forced to the disk.
    Durable,
}

/// The folder that everything happens below. Only the path to it may contain symbolic links.
pub struct Root {
    fd: OwnedFd,
    path: PathBuf,
    hook: Option<Hook>,
    /// Makes the names of staged files hard to guess.
    nonce: u64,
    staged: AtomicU64,
}

impl Root {
    /// Opens the folder at `path`.
    ///
    /// # Errors
    /// [`Error::System`] if it is missing or no folder.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let fd = openat(CWD, path, OPEN_DIR.difference(OFlags::NOFOLLOW), Mode::empty())
            .map_err(|errno| Error::system("open", path.display(), errno))?;
        let nonce = getrandom::u64().map_err(|_| Error::system("stage files in", path.display(), Errno::IO))?;
        Ok(Self { fd, path: path.to_owned(), hook: None, nonce, staged: AtomicU64::new(0) })
    }

    /// Opens the folder at `path`, making it and its parents where they are missing.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn create(path: &Path) -> Result<Self, Error> {
        let mut missing: Vec<&Path> = path.ancestors().filter(|p| !p.as_os_str().is_empty()).collect();
        missing.reverse();
        for folder in missing {
            match mkdirat(CWD, folder, DIR_MODE) {
                Ok(()) | Err(Errno::EXIST | Errno::ISDIR) => {}
                // A parent on a read-only file system is no hindrance if it is there.
                Err(_) if statat(CWD, folder, AtFlags::empty()).is_ok() => {}
                Err(errno) => return Err(Error::system("make the folder", folder.display(), errno)),
            }
        }
        Self::open(path)
    }

    /// Opens `start` or the nearest folder above it that holds the file `marker`; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::System`] if such a folder cannot be opened.
    pub fn find(start: &Path, marker: &str) -> Result<Option<Self>, Error> {
        for folder in start.ancestors().filter(|p| !p.as_os_str().is_empty()) {
            if statat(CWD, folder.join(marker), AtFlags::empty()).is_ok() {
                return Self::open(folder).map(Some);
            }
        }
        Ok(None)
    }

    /// Calls `hook` before every system call: tests make runs fail or stop anywhere.
    #[must_use]
    pub fn with_hook(mut self, hook: Hook) -> Self {
        self.hook = Some(hook);
        self
    }

    /// The path it was opened at, for messages and for programs that need one.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn has_hook(&self) -> bool {
        self.hook.is_some()
    }

    pub(super) fn hook(&self, op: Op, path: &str) -> Result<(), Errno> {
        self.hook.as_ref().map_or(Ok(()), |hook| hook(op, path))
    }

    /// A name that no other run has used.
    pub(super) fn staged_name(&self) -> String {
        format!("tmp-{:016x}-{}", self.nonce, self.staged.fetch_add(1, Ordering::Relaxed))
    }

    /// A handle on the root folder itself.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn top(&self) -> Result<Dir<'_>, Error> {
        let fd = openat(&self.fd, ".", OPEN_DIR, Mode::empty())
            .map_err(|errno| Error::system("open", self.path.display(), errno))?;
        Ok(Dir::new(self, fd, String::new()))
    }

    /// Opens a folder; `None` if it or one above it is missing.
    ///
    /// # Errors
    /// [`Error::Kind`] if a step of the path is anything but a folder; [`Error::System`].
    pub fn dir(&self, path: &RelPath) -> Result<Option<Dir<'_>>, Error> {
        let mut dir = self.top()?;
        for name in path.as_str().split('/') {
            match dir.sub(name)? {
                Some(sub) => dir = sub,
                None => return Ok(None),
            }
        }
        Ok(Some(dir))
    }

    /// Opens a folder, making it and those above it where they are missing.
    ///
    /// # Errors
    /// [`Error::Kind`] if a step of the path is anything but a folder; [`Error::System`].
    pub fn make_dir(&self, path: &RelPath) -> Result<Dir<'_>, Error> {
        let mut dir = self.top()?;
        for name in path.as_str().split('/') {
            dir = dir.make(name)?;
        }
        Ok(dir)
    }

    fn parent(&self, path: &RelPath) -> Result<Option<Dir<'_>>, Error> {
        match path.parent() {
            Some(parent) => self.dir(&parent),
            None => self.top().map(Some),
        }
    }

    /// Reads a file of at most `limit` bytes; `None` if it or a folder above it is missing.
    ///
    /// # Errors
    /// [`Error::Kind`] for anything but a regular file; [`Error::TooLarge`]; [`Error::System`].
    pub fn read(&self, path: &RelPath, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        self.parent(path)?.map_or(Ok(None), |dir| dir.read(path.file_name(), limit))
    }

    /// What a folder holds, by the bytes of the names; `None` if it is missing.
    ///
    /// # Errors
    /// [`Error::Kind`] for anything but a folder; [`Error::System`].
    pub fn list(&self, path: &RelPath) -> Result<Option<Vec<Entry>>, Error> {
        self.dir(path)?.map(|dir| dir.list()).transpose()
    }

    /// What stands at `path`; `None` if nothing does.
    ///
    /// # Errors
    /// [`Error::Kind`] if a step of the path is anything but a folder; [`Error::System`].
    pub fn kind(&self, path: &RelPath) -> Result<Option<Kind>, Error> {
        self.parent(path)?.map_or(Ok(None), |dir| dir.kind(path.file_name()))
    }

    /// Writes a file in one step: readers see the old bytes or the new, never a part. Missing folders are made.
    ///
    /// # Errors
    /// [`Error::Kind`] where something else than a regular file stands; [`Error::System`].
    pub fn write(&self, path: &RelPath, bytes: &[u8], durability: Durability) -> Result<(), Error> {
        match self.kind(path)? {
            None | Some(Kind::File) => {}
            Some(found) => {
                return Err(Error::Kind { path: path.to_string(), found, wanted: Kind::File });
            }
        }
        self.stage_one(path, bytes, durability, |state, name, dir| state.rename_over(name, dir, path.file_name()))
    }

    /// Writes a file in one step where none may be. Missing folders are made.
    ///
    /// # Errors
    /// [`Error::Exists`]; [`Error::System`].
    pub fn create_new(&self, path: &RelPath, bytes: &[u8], durability: Durability) -> Result<(), Error> {
        if self.kind(path)?.is_some() {
            return Err(Error::Exists { path: path.to_string() });
        }
        self.stage_one(path, bytes, durability, |state, name, dir| state.rename_new(name, dir, path.file_name()))
    }

    fn stage_one(
        &self,
        path: &RelPath,
        bytes: &[u8],
        durability: Durability,
        publish: impl Fn(&Dir<'_>, &str, &Dir<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let state = self.state()?;
        let name = self.staged_name();
        state.put_shown(&name, bytes, durability, path.as_str())?;
        let published = (|| {
            let dir = match path.parent() {
                Some(parent) => self.make_dir(&parent)?,
                None => self.top()?,
            };
            publish(&state, &name, &dir)?;
            match durability {
                Durability::Durable => dir.sync(),
                Durability::Cached => Ok(()),
            }
        })();
        published.inspect_err(|_| {
            // The first error is the one to tell; a leftover is removed by the next run that takes the lock.
            let _ = state.remove(&name);
        })
    }

    /// Forces everything on the root's file system to the disk, whoever wrote it: many files for the price of one wait.
    ///
    /// # Errors
    /// [`Error::System`], also for a write that failed since the root was opened.
    pub fn sync(&self) -> Result<(), Error> {
        self.hook(Op::Sync, "")
            .and_then(|()| sync_file_system(&self.fd))
            .map_err(|errno| Error::system("sync", self.path.display(), errno))
    }

    /// Removes a file; `false` if nothing was there.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn remove(&self, path: &RelPath) -> Result<bool, Error> {
        self.parent(path)?.map_or(Ok(false), |dir| dir.remove(path.file_name()))
    }

    /// Removes a folder if it is empty; `false` if it is not, or nothing was there.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn remove_empty_dir(&self, path: &RelPath) -> Result<bool, Error> {
        self.parent(path)?.map_or(Ok(false), |dir| dir.remove_empty_dir(path.file_name()))
    }

    /// The folder [`STATE`], made if missing, with the `.gitignore` that keeps it out of commits.
    pub(super) fn state(&self) -> Result<Dir<'_>, Error> {
        let state = self.top()?.make(STATE)?;
        if state.kind(".gitignore")?.is_none() {
            let name = self.staged_name();
            state.put_shown(&name, b"*\n", Durability::Cached, &state.path_of(".gitignore"))?;
            match state.rename_new(&name, &state, ".gitignore") {
                Ok(()) => {}
                Err(Error::Exists { .. }) => {
                    state.remove(&name)?;
                }
                Err(error) => {
                    let _ = state.remove(&name);
                    return Err(error);
                }
            }
        }
        Ok(state)
    }
}

#[cfg(target_os = "linux")]
fn sync_file_system(fd: &OwnedFd) -> Result<(), Errno> {
    rustix::io::retry_on_intr(|| rustix::fs::syncfs(fd))
}

/// Elsewhere there is only the call for all file systems.
#[cfg(not(target_os = "linux"))]
fn sync_file_system(_: &OwnedFd) -> Result<(), Errno> {
    rustix::fs::sync();
    Ok(())
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root").field("path", &self.path).finish_non_exhaustive()
    }
}
