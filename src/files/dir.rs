//! A handle on one folder: everything is named relative to it, and no symbolic link is followed.

use super::error::shown;
use super::{Error, Kind, Op, Root};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::{Errno, retry_on_intr};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// What a folder holds under one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name, which need not be UTF-8.
    pub name: OsString,
    /// What it is; symbolic links are not followed to find out.
    pub kind: Kind,
}

impl Entry {
    /// The name if it is UTF-8.
    pub fn name(&self) -> Option<&str> {
        self.name.to_str()
    }

    /// The name to show to a person, with control characters and bytes that are no text escaped.
    pub fn shown(&self) -> String {
        shown(self.name.display())
    }
}

/// An open folder. Files in it cost one system call to open, however deep it lies.
#[derive(Debug)]
pub struct Dir<'r> {
    root: &'r Root,
    pub(super) fd: OwnedFd,
    /// Relative to the root; empty for the root itself.
    pub(super) path: String,
}

pub(super) const OPEN_DIR: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// `NONBLOCK`: opening a FIFO must not wait for its writer.
const OPEN_FILE: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

impl<'r> Dir<'r> {
    pub(super) fn new(root: &'r Root, fd: OwnedFd, path: String) -> Self {
        Self { root, fd, path }
    }

    /// Where it is, relative to the root; empty for the root itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path of `name` in this folder, relative to the root.
    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}/{name}", self.path) }
    }

    /// For calls on the way of thousands of files: the path is made only if somebody listens.
    fn hook_at(&self, op: Op, name: &str) -> Result<(), Errno> {
        if self.root.has_hook() { self.root.hook(op, &self.path_of(name)) } else { Ok(()) }
    }

    pub(super) fn hook(&self, op: Op, path: &str) -> Result<(), Errno> {
        self.root.hook(op, path)
    }

    /// Opens a folder in this one; `None` if nothing has that name.
    ///
    /// # Errors
    /// [`Error::Kind`] for anything but a folder; [`Error::System`].
    pub fn sub(&self, name: &str) -> Result<Option<Self>, Error> {
        check_name(name)?;
        let path = self.path_of(name);
        let opened =
            self.hook(Op::Open, &path).and_then(|()| retry_on_intr(|| openat(&self.fd, name, OPEN_DIR, Mode::empty())));
        match opened {
            Ok(fd) => Ok(Some(Self::new(self.root, fd, path))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.refusal("open", name, Kind::Folder, errno)),
        }
    }

    /// What stands under `name`, not followed; `None` if nothing does.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn kind(&self, name: &str) -> Result<Option<Kind>, Error> {
        check_name(name)?;
        match retry_on_intr(|| statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)) {
            Ok(stat) => Ok(Some(kind_of(FileType::from_raw_mode(stat.st_mode)))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(Error::system("look at", self.path_of(name), errno)),
        }
    }

    /// What the folder holds, by the bytes of the names.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn list(&self) -> Result<Vec<Entry>, Error> {
        let fail = |errno| Error::system("list", if self.path.is_empty() { "." } else { &self.path }, errno);
        self.hook(Op::List, &self.path).map_err(fail)?;
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let kind = match entry.file_type() {
                // Some file systems do not say it in the listing.
                FileType::Unknown => match statat(&self.fd, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => kind_of(FileType::from_raw_mode(stat.st_mode)),
                    Err(Errno::NOENT) => continue,
                    Err(errno) => return Err(fail(errno)),
                },
                known => kind_of(known),
            };
            entries.push(Entry { name: OsString::from_vec(name.to_vec()), kind });
        }
        entries.sort_unstable();
        Ok(entries)
    }

    /// Reads a file of at most `limit` bytes; `None` if nothing has that name.
    ///
    /// # Errors
    /// [`Error::Kind`] for anything but a regular file; [`Error::TooLarge`]; [`Error::System`].
    pub fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some((fd, size, _)) = self.open_file(name)? else { return Ok(None) };
        let too_large = || Error::TooLarge { path: shown(self.path_of(name)), limit };
        if size > limit {
            return Err(too_large());
        }
        // One byte more than announced: the read that ends short has seen the end.
        let room = usize::try_from(size.saturating_add(1)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; room];
        let mut filled = 0;
        loop {
            if filled == bytes.len() {
                if filled as u64 > limit {
                    return Err(too_large());
                }
                bytes.resize(filled * 2, 0);
            }
            let n = retry_on_intr(|| rustix::io::read(&fd, &mut bytes[filled..]))
                .map_err(|errno| Error::system("read", self.path_of(name), errno))?;
            filled += n;
            if n == 0 || filled < bytes.len() {
                break;
            }
        }
        if filled as u64 > limit {
            return Err(too_large());
        }
        bytes.truncate(filled);
        Ok(Some(bytes))
    }

    /// `Some(true)` if the file holds exactly `bytes` and nobody may execute it; `None` if nothing has that name.
    ///
    /// # Errors
    /// [`Error::Kind`] for anything but a regular file; [`Error::System`].
    pub fn holds(&self, name: &str, bytes: &[u8]) -> Result<Option<bool>, Error> {
        let Some((fd, size, executable)) = self.open_file(name)? else { return Ok(None) };
        if size != bytes.len() as u64 || executable {
            return Ok(Some(false));
        }
        let mut buffer = [0; 8 * 1024];
        let mut rest = bytes;
        while !rest.is_empty() {
            let n = retry_on_intr(|| rustix::io::read(&fd, &mut buffer))
                .map_err(|errno| Error::system("read", self.path_of(name), errno))?;
            if n == 0 || n > rest.len() || buffer[..n] != rest[..n] {
                return Ok(Some(false));
            }
            rest = &rest[n..];
        }
        Ok(Some(true))
    }

    /// The open file, its size, and whether an executable bit is set.
    fn open_file(&self, name: &str) -> Result<Option<(OwnedFd, u64, bool)>, Error> {
        check_name(name)?;
        let opened = self
            .hook_at(Op::Open, name)
            .and_then(|()| retry_on_intr(|| openat(&self.fd, name, OPEN_FILE, Mode::empty())));
        let fd = match opened {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(self.refusal("read", name, Kind::File, errno)),
        };
        let stat = fstat(&fd).map_err(|errno| Error::system("read", self.path_of(name), errno))?;
        match kind_of(FileType::from_raw_mode(stat.st_mode)) {
            Kind::File => {
                let size = u64::try_from(stat.st_size).unwrap_or(0);
                Ok(Some((fd, size, stat.st_mode & 0o111 != 0)))
            }
            found => Err(Error::Kind { path: shown(self.path_of(name)), found, wanted: Kind::File }),
        }
    }

    /// Says what stands at `name` if that is why the system refused.
    fn refusal(&self, action: &'static str, name: &str, wanted: Kind, errno: Errno) -> Error {
        let by_kind = matches!(errno, Errno::LOOP | Errno::NOTDIR | Errno::NXIO | Errno::OPNOTSUPP | Errno::ISDIR);
        match self.kind(name) {
            Ok(Some(found)) if by_kind && found != wanted => {
                Error::Kind { path: shown(self.path_of(name)), found, wanted }
            }
            _ => Error::system(action, self.path_of(name), errno),
        }
    }
}

impl AsFd for Dir<'_> {
    fn as_fd(&self) -> rustix::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

pub(super) fn kind_of(kind: FileType) -> Kind {
    match kind {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Symlink,
        _ => Kind::Special,
    }
}

/// A single name, so that no handle is ever left upwards.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let bytes = OsStr::new(name).as_bytes();
    if matches!(name, "" | "." | "..") || bytes.iter().any(|b| matches!(b, b'/' | 0)) {
        return Err(Error::Name { name: name.escape_debug().to_string() });
    }
    Ok(())
}
