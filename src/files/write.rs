//! What changes a folder: files put, renamed and removed by name.

use super::dir::{check_name, kind_of};
use super::error::shown;
use super::{Dir, Durability, Error, Kind, Op};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, openat, statat, unlinkat};
use rustix::io::{Errno, retry_on_intr};

const NEW_FILE: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Less what the user's mask takes away, as with every program.
pub(super) const FILE_MODE: Mode = Mode::from_bits_retain(0o644);
pub(super) const DIR_MODE: Mode = Mode::from_bits_retain(0o755);

impl Dir<'_> {
    /// Opens the folder `name`, making it if it is missing.
    ///
    /// # Errors
    /// [`Error::Kind`] for anything but a folder; [`Error::System`].
    pub fn make(&self, name: &str) -> Result<Self, Error> {
        if let Some(dir) = self.sub(name)? {
            return Ok(dir);
        }
        self.make_dir(name, &self.path_of(name))?;
        self.sub(name)?.ok_or_else(|| Error::system("open", self.path_of(name), Errno::NOENT))
    }

    /// Makes the folder `name`, which messages call `path`: staged files fail under the name they are meant for.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn make_new(&self, name: &str, path: &str) -> Result<Self, Error> {
        check_name(name)?;
        self.make_dir(name, path)?;
        let mut dir = self.sub(name)?.ok_or_else(|| Error::system("open", path, Errno::NOENT))?;
        path.clone_into(&mut dir.path);
        Ok(dir)
    }

    fn make_dir(&self, name: &str, path: &str) -> Result<(), Error> {
        let made = self.hook(Op::MakeDir, path).and_then(|()| rustix::fs::mkdirat(&self.fd, name, DIR_MODE));
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

    /// Forces everything that was written to this folder's file system to the disk.
    ///
    /// # Errors
    /// [`Error::System`].
    pub fn sync_all(&self) -> Result<(), Error> {
        #[cfg(target_os = "linux")]
        let sync = || rustix::fs::syncfs(&self.fd);
        #[cfg(not(target_os = "linux"))]
        let sync = || {
            rustix::fs::sync();
            Ok(())
        };
        self.hook(Op::Sync, &self.path)
            .and_then(|()| retry_on_intr(sync))
            .map_err(|errno| Error::system("sync", &self.path, errno))
    }

    /// Moves `name` to `to_name` in the folder `to`, in one step, replacing a file there.
    ///
    /// # Errors
    /// [`Error::OtherDevice`]; [`Error::System`].
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
    /// [`Error::Exists`]; [`Error::OtherDevice`]; [`Error::System`].
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
