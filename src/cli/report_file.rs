//! Writing a report to a file that somebody named, anywhere: whole or not at all, over an older one, and over nothing else.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lmsgen::files::Root;
use lmsgen::git::Repository;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, openat, renameat, statat, unlinkat};
use rustix::io::{Errno, retry_on_intr};

/// Less what the user's mask takes away, as with every program.
const FILE_MODE: Mode = Mode::from_bits_retain(0o644);

/// Why a report was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder to write to.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// A folder, link, pipe or device.
    #[error("{} is no regular file", .0.display())]
    Special(PathBuf),
    /// A file of the fleet.
    #[error("{} is, or would be, a file of the fleet itself", .0.display())]
    Fleet(PathBuf),
    /// The system refused.
    #[error("cannot write {}: {source}", path.display())]
    System {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A place that a report can be written to.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
    name: OsString,
    folder: OwnedFd,
}

impl ReportFile {
    /// Looks at the place; writes nothing.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn at(path: &Path) -> Result<Self, WriteError> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let special = || WriteError::Special(path.to_owned());
        let system = |errno: Errno| WriteError::System { path: path.to_owned(), source: errno.into() };
        let name = path.file_name().ok_or_else(special)?.to_owned();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = retry_on_intr(|| openat(CWD, parent, flags, Mode::empty())).map_err(|errno| match errno {
            Errno::NOENT | Errno::NOTDIR => WriteError::NoFolder(parent.to_owned()),
            errno => system(errno),
        })?;
        match statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile => return Err(special()),
            Ok(_) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(system(errno)),
        }
        if is_of_a_fleet(parent, &name) {
            return Err(WriteError::Fleet(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), name, folder })
    }

    /// Writes it, and replaces what was there.
    ///
    /// # Errors
    /// [`WriteError::System`].
    pub fn write(&self, bytes: &[u8]) -> Result<(), WriteError> {
        let mut staged = OsString::from(".");
        staged.push(&self.name);
        staged.push(format!(".{}", std::process::id()));
        let written =
            self.stage(&staged, bytes).and_then(|()| renameat(&self.folder, &staged, &self.folder, &self.name));
        written.map_err(|errno| {
            // The first error is the one to tell.
            let _ = unlinkat(&self.folder, &staged, AtFlags::empty());
            WriteError::System { path: self.path.clone(), source: errno.into() }
        })
    }

    fn stage(&self, name: &OsString, bytes: &[u8]) -> rustix::io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = retry_on_intr(|| openat(self.folder.as_fd(), name, flags, FILE_MODE))?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let n = retry_on_intr(|| rustix::io::write(&file, rest))?;
            rest = &rest[n..];
        }
        Ok(())
    }
}

/// `true` for what a fleet reads, writes or commits: a report over `clients/C7.toml` is a slip of the hand.
fn is_of_a_fleet(folder: &Path, name: &OsString) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let Ok(Some(root)) = Root::find(&folder, "lmsgen.toml") else { return false };
    let path = folder.join(name);
    let below = path.strip_prefix(root.path()).unwrap_or(&path);
    let first = below.components().next().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let own = [Repository::OUTPUT, lmsgen::files::STATE, ".git"];
    first.is_some_and(|first| Repository::SOURCES.iter().chain(&own).any(|known| *known == first))
}
