//! A file for an editor, in memory: in a folder that nobody else can enter, on a file system that has no disk of its own, and
//! removed when the run ends. The system may move memory to its swap space, which must be encrypted or off; what a run that
//! was killed leaves behind goes with the next one.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, flock, mkdirat, openat, statat, unlinkat};
use rustix::process::geteuid;

use super::environment::variable;
use super::outside::read_all;

const PREFIX: &str = "lmsgen-edit-";
const OPEN_DIR: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// How often a folder is begun: another run may take a new one for a leftover before it is locked.
const TRIES: usize = 3;

/// Why there is no file in memory.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// No folder is known to be in memory.
    #[error("there is no folder in memory to edit in: neither $XDG_RUNTIME_DIR nor /dev/shm is on a tmpfs")]
    NoFolder,
    /// The system refused.
    #[error("cannot make a file in memory: {0}")]
    System(#[from] io::Error),
}

/// A folder in memory with one file in it. Dropping it removes both, and whatever the editor left beside.
pub struct MemoryFile {
    folder: PathBuf,
    name: String,
    /// Holds the lock that says that somebody is at work here.
    fd: OwnedFd,
}

impl MemoryFile {
    /// Makes the file, for nobody but this user.
    ///
    /// # Errors
    /// [`MemoryError`].
    pub fn new(name: &str, text: &[u8]) -> Result<Self, MemoryError> {
        let base = bases().next().ok_or(MemoryError::NoFolder)?;
        let mut made = Self::make(&base, name, text);
        for _ in 1..TRIES {
            if made.is_err() {
                made = Self::make(&base, name, text);
            }
        }
        Ok(made?)
    }

    fn make(base: &Path, name: &str, text: &[u8]) -> io::Result<Self> {
        let random = || getrandom::u64().map_err(io::Error::other);
        let (high, low) = (random()?, random()?);
        let folder = base.join(format!("{PREFIX}{}-{high:016x}{low:016x}", geteuid().as_raw()));
        mkdirat(CWD, &folder, Mode::RWXU)?;
        let fd = openat(CWD, &folder, OPEN_DIR, Mode::empty())?;
        flock(&fd, FlockOperation::NonBlockingLockExclusive)?;
        let file = Self { folder, name: name.to_owned(), fd };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let out = openat(&file.fd, name, flags, Mode::RUSR | Mode::WUSR)?;
        let mut rest = text;
        while !rest.is_empty() {
            let n = rustix::io::write(&out, rest)?;
            rest = &rest[n..];
        }
        Ok(file)
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// The folder it is in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the editor left in it.
    ///
    /// # Errors
    /// It is gone, too large, or something else.
    pub fn read(&self, limit: usize) -> Result<zeroize::Zeroizing<Vec<u8>>, super::outside::ReadError> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        read_all(openat(&self.fd, self.name.as_str(), flags, Mode::empty())?, limit)
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        remove(&self.fd, &self.folder);
    }
}

/// Folders that are surely in memory and that this user may write in.
fn bases() -> impl Iterator<Item = PathBuf> {
    let of_user = variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let candidates = of_user.into_iter().chain([PathBuf::from("/dev/shm")]);
    candidates.filter(|path| is_in_memory(path) && may_write(path))
}

#[cfg(target_os = "linux")]
fn is_in_memory(path: &Path) -> bool {
    const TMPFS: u32 = 0x0102_1994;
    const RAMFS: u32 = 0x8584_58f6;
    rustix::fs::statfs(path)
        .is_ok_and(|stat| [TMPFS, RAMFS].iter().any(|&kind| i128::from(stat.f_type) == i128::from(kind)))
}

/// No other system is asked: none has such a folder at a known place.
#[cfg(not(target_os = "linux"))]
fn is_in_memory(_: &Path) -> bool {
    false
}

fn may_write(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok()
}

/// Removes what runs of this user left in memory that were killed. Every command on secrets does it first, so that no value
/// waits there for the next edit.
pub fn remove_leftovers() {
    bases().for_each(|base| remove_leftovers_in(&base));
}

/// Removes folders of this user that no run holds: only SIGKILL or a crash of the system leaves one.
fn remove_leftovers_in(base: &Path) {
    let own = format!("{PREFIX}{}-", geteuid().as_raw());
    let Ok(dir) = openat(CWD, base, OPEN_DIR.difference(OFlags::NOFOLLOW), Mode::empty()) else { return };
    let Ok(entries) = rustix::fs::Dir::read_from(&dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !name.to_bytes().starts_with(own.as_bytes()) {
            continue;
        }
        let is_own = statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| stat.st_uid == geteuid().as_raw());
        let Ok(fd) = openat(&dir, name, OPEN_DIR, Mode::empty()) else { continue };
        if is_own && flock(&fd, FlockOperation::NonBlockingLockExclusive).is_ok() {
            remove(&fd, &base.join(name.to_string_lossy().as_ref()));
        }
    }
}

/// Removes a folder with everything in it. Best effort: it ends by itself with the memory.
fn remove(fd: &OwnedFd, path: &Path) {
    empty(fd);
    let _ = unlinkat(CWD, path, AtFlags::REMOVEDIR);
}

fn empty(fd: &OwnedFd) {
    let Ok(entries) = rustix::fs::Dir::read_from(fd) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_bytes() == b"." || name.to_bytes() == b".." {
            continue;
        }
        if unlinkat(fd, name, AtFlags::empty()).is_err()
            && let Ok(inner) = openat(fd, name, OPEN_DIR, Mode::empty())
        {
            empty(&inner);
            let _ = unlinkat(fd, name, AtFlags::REMOVEDIR);
        }
    }
}
