//! One writer at a time: a lock that the system releases however its holder ends.

use super::stage::clear;
use super::write::FILE_MODE;
use super::{Error, Root};
use rustix::fd::OwnedFd;
use rustix::fs::{FlockOperation, OFlags, flock, ftruncate, openat};
use rustix::io::{Errno, retry_on_intr};

const FLAGS: OFlags = OFlags::RDWR.union(OFlags::CREATE).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The right to write below a root. Released when dropped or when the process ends, even by a kill.
#[derive(Debug)]
pub struct Lock<'r> {
    root: &'r Root,
    fd: OwnedFd,
}

impl Root {
    /// Takes the lock without waiting, and removes what a killed run has staged.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process holds it; [`Error::System`] where locks cannot be made.
    pub fn lock(&self) -> Result<Lock<'_>, Error> {
        const NAME: &str = "lock";
        let state = self.state()?;
        let fail = |errno| Error::system("lock", state.path_of(NAME), errno);
        let fd = openat(&state, NAME, FLAGS, FILE_MODE).map_err(fail)?;
        match retry_on_intr(|| flock(&fd, FlockOperation::NonBlockingLockExclusive)) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(Error::Busy { holder: holder(&fd) }),
            Err(errno) => return Err(fail(errno)),
        }
        // Only a courtesy to whoever finds it held.
        let pid = format!("{}\n", rustix::process::getpid().as_raw_nonzero());
        let _ = ftruncate(&fd, 0).and_then(|()| rustix::io::write(&fd, pid.as_bytes()));
        clear(&state, |name| name.starts_with("tmp-"))?;
        Ok(Lock { root: self, fd })
    }
}

impl<'r> Lock<'r> {
    /// The root that is locked.
    pub fn root(&self) -> &'r Root {
        self.root
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // Closing is not enough: a program that is being started at this moment still shares the handle.
        let _ = flock(&self.fd, FlockOperation::Unlock);
    }
}

fn holder(fd: &OwnedFd) -> String {
    let mut buffer = [0; 16];
    let n = rustix::io::read(fd, &mut buffer).unwrap_or(0);
    let text = String::from_utf8_lossy(&buffer[..n]);
    let pid = text.trim();
    if !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit()) { format!(" (process {pid})") } else { String::new() }
}
