//! A handle on one folder: everything is named relative to it, and no symbolic link is followed.

use super::error::shown;
use super::{Durability, Error, Kind, Op, Root};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, fstat, openat, statat, unlinkat};
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
    fd: OwnedFd,
    /// Relative to the root; empty for the root itself.
    path: String,
}

pub(super) const OPEN_DIR: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// `NONBLOCK`: opening a FIFO must not wait for its writer.
const OPEN_FILE: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);
const NEW_FILE: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
pub(super) const FILE_MODE: Mode = Mode::from_bits_retain(0o644);
pub(super) const DIR_MODE: Mode = Mode::from_bits_retain(0o755);

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

    /// The same folder, named otherwise in messages: staged files fail under the name they were meant for.
    #[must_use]
    pub fn shown_as(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    fn hook(&self, op: Op, path: &str) -> Result<(), Errno> {
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
        let mut buffer = [0; 16 * 1024];
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
        let opened =
            self.hook(Op::Open, name).and_then(|()| retry_on_intr(|| openat(&self.fd, name, OPEN_FILE, Mode::empty())));
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

    /// Opens the folder `name`, making it if it is missing.
    ///
    /// # Errors
    /// [`Error::Kind`] for anything but a folder; [`Error::System`].
    pub fn make(&self, name: &str) -> Result<Self, Error> {
        if let Some(dir) = self.sub(name)? {
            return Ok(dir);
        }
        self.make_dir(name)?;
        self.sub(name)?.ok_or_else(|| Error::system("open", self.path_of(name), Errno::NOENT))
    }

    /// Makes the folder `name` if it is missing.
    fn make_dir(&self, name: &str) -> Result<(), Error> {
        let path = self.path_of(name);
        let made = self.hook(Op::MakeDir, &path).and_then(|()| rustix::fs::mkdirat(&self.fd, name, DIR_MODE));
        match made {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(errno) => Err(Error::system("make the folder", path, errno)),
        }
    }

    /// Creates the file `name` in place: only for staged files, which nobody reads before they are renamed. A file that
    /// could not be written wholly is removed.
    ///
    /// # Errors
    /// [`Error::Exists`]; [`Error::System`].
    pub fn put(&self, name: &str, bytes: &[u8], durability: Durability) -> Result<(), Error> {
        let path = self.path_of(name);
        self.put_shown(name, bytes, durability, &path)
    }

    /// [`Dir::put`] with the name that errors show.
    pub(super) fn put_shown(&self, name: &str, bytes: &[u8], durability: Durability, path: &str) -> Result<(), Error> {
        check_name(name)?;
        let created =
            self.hook(Op::Create, path).and_then(|()| retry_on_intr(|| openat(&self.fd, name, NEW_FILE, FILE_MODE)));
        let fd = match created {
            Ok(fd) => fd,
            Err(Errno::EXIST) => return Err(Error::Exists { path: shown(path) }),
            Err(errno) => return Err(Error::system("create", path, errno)),
        };
        self.write_all(&fd, bytes, durability, path).inspect_err(|_| {
            // The first error is the one to tell; a leftover is removed by the next run that takes the lock.
            let _ = self.remove(name);
        })
    }

    fn write_all(&self, fd: &OwnedFd, bytes: &[u8], durability: Durability, path: &str) -> Result<(), Error> {
        let fail = |errno| Error::system("write", path, errno);
        self.hook(Op::Write, path).map_err(fail)?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let n = retry_on_intr(|| rustix::io::write(fd, rest)).map_err(fail)?;
            rest = &rest[n..];
        }
        if durability == Durability::Durable {
            self.hook(Op::Sync, path).and_then(|()| retry_on_intr(|| rustix::fs::fsync(fd))).map_err(fail)?;
        }
        Ok(())
    }

    /// Forces the folder's list of names to the disk.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn sync(&self) -> Result<(), Error> {
        self.hook(Op::Sync, &self.path)
            .and_then(|()| retry_on_intr(|| rustix::fs::fsync(&self.fd)))
            .map_err(|errno| Error::system("sync", &self.path, errno))
    }

    /// Moves `name` to `to_name` in the folder `to`, in one step, replacing a file there.
    ///
    /// # Errors
    /// [`Error::System`], on `EXDEV` too: `.lmsgen` must lie on the same file system as what it writes.
    pub fn rename_over(&self, name: &str, to: &Dir<'_>, to_name: &str) -> Result<(), Error> {
        check_name(to_name)?;
        let path = to.path_of(to_name);
        self.hook(Op::Rename, &path)
            .and_then(|()| rustix::fs::renameat(&self.fd, name, &to.fd, to_name))
            .map_err(|errno| Error::system("write", path, errno))
    }

    /// Moves `name` to `to_name` in the folder `to`, in one step, unless something stands there.
    ///
    /// # Errors
    /// [`Error::Exists`]; [`Error::System`].
    pub fn rename_new(&self, name: &str, to: &Dir<'_>, to_name: &str) -> Result<(), Error> {
        check_name(to_name)?;
        let path = to.path_of(to_name);
        let renamed = self.hook(Op::Rename, &path).and_then(|()| {
            match rustix::fs::renameat_with(&self.fd, name, &to.fd, to_name, RenameFlags::NOREPLACE) {
                // Not every file system knows the flag (NFS).
                Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => self.link_new(name, to, to_name),
                other => other,
            }
        });
        match renamed {
            Ok(()) => Ok(()),
            Err(Errno::EXIST | Errno::NOTEMPTY) => Err(Error::Exists { path: shown(path) }),
            Err(errno) => Err(Error::system("write", path, errno)),
        }
    }

    /// A link fails where something stands, for files; a folder only ever replaces an empty one.
    fn link_new(&self, name: &str, to: &Dir<'_>, to_name: &str) -> Result<(), Errno> {
        let stat = statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if kind_of(FileType::from_raw_mode(stat.st_mode)) == Kind::Folder {
            return rustix::fs::renameat(&self.fd, name, &to.fd, to_name);
        }
        rustix::fs::linkat(&self.fd, name, &to.fd, to_name, AtFlags::empty())?;
        unlinkat(&self.fd, name, AtFlags::empty())
    }

    /// Removes a file (or a symbolic link, not what it leads to); `false` if nothing has that name.
    ///
    /// # Errors
    /// [`Error::System`], for a folder too.
    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        check_name(name)?;
        let path = self.path_of(name);
        let removed = self.hook(Op::Unlink, &path).and_then(|()| unlinkat(&self.fd, name, AtFlags::empty()));
        match removed {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(Error::system("remove", path, errno)),
        }
    }

    /// Removes the folder `name` if it is empty; `false` if it is not, or nothing has that name.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn remove_empty_dir(&self, name: &str) -> Result<bool, Error> {
        check_name(name)?;
        let path = self.path_of(name);
        let removed = self.hook(Op::RemoveDir, &path).and_then(|()| unlinkat(&self.fd, name, AtFlags::REMOVEDIR));
        match removed {
            Ok(()) => Ok(true),
            Err(Errno::NOENT | Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
            Err(errno) => Err(Error::system("remove the folder", path, errno)),
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
fn check_name(name: &str) -> Result<(), Error> {
    let bytes = OsStr::new(name).as_bytes();
    if matches!(name, "" | "." | "..") || bytes.iter().any(|b| matches!(b, b'/' | 0)) {
        return Err(Error::Name { name: name.escape_debug().to_string() });
    }
    Ok(())
}
