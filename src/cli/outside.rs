//! Reading what may be secret from outside of the fleet: key files, standard input, pipes. Everything goes into memory that
//! is cleared, and never into a buffer that grows: growing leaves copies behind.

use std::io;
use std::path::Path;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use rustix::io::{Errno, retry_on_intr};
use zeroize::Zeroizing;

/// Kubernetes keeps no Secret larger than this.
pub const MAX_VALUE: usize = 1 << 20;

const OPEN: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NOCTTY);

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing has that name.
    #[error("no such file")]
    Missing,
    /// A folder, pipe or device, where only a file can be.
    #[error("is no regular file")]
    Special,
    /// More than the limit.
    #[error("is larger than {}", size(*.0))]
    TooLarge(usize),
    /// The system refused.
    #[error("cannot be read: {0}")]
    System(io::Error),
}

impl From<Errno> for ReadError {
    fn from(errno: Errno) -> Self {
        if errno == Errno::NOENT { Self::Missing } else { Self::System(errno.into()) }
    }
}

fn size(bytes: usize) -> String {
    format!("{} MiB", bytes >> 20)
}

/// Reads a regular file. Never waits: opening a pipe would, for ever.
///
/// # Errors
/// [`ReadError`].
pub fn read_regular(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let fd = retry_on_intr(|| openat(CWD, path, OPEN.union(OFlags::NONBLOCK), Mode::empty()))?;
    let stat = fstat(&fd)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(ReadError::Special);
    }
    let size = usize::try_from(stat.st_size).unwrap_or(usize::MAX);
    // Files that the system makes up, as in `/proc`, say that they are empty.
    if size > limit { Err(ReadError::TooLarge(limit)) } else { read_all(&fd, limit) }
}

/// Reads whatever `path` names, a pipe too.
///
/// # Errors
/// [`ReadError`].
pub fn read_any(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let fd: OwnedFd = retry_on_intr(|| openat(CWD, path, OPEN, Mode::empty()))?;
    read_all(&fd, limit)
}

/// Reads to the end.
///
/// # Errors
/// [`ReadError`].
pub fn read_all(fd: impl AsFd, limit: usize) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    // One byte more than may come: a read that ends before has seen the end.
    let mut bytes = Zeroizing::new(vec![0; limit + 1]);
    let mut filled = 0;
    while filled < bytes.len() {
        match retry_on_intr(|| rustix::io::read(&fd, &mut bytes[filled..]))? {
            0 => break,
            n => filled += n,
        }
    }
    if filled > limit {
        return Err(ReadError::TooLarge(limit));
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// As text.
///
/// # Errors
/// It is none; the bytes are cleared.
pub fn into_text(mut bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, NotText> {
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        NotText
    })
}

/// Bytes that are not UTF-8.
#[derive(Debug)]
pub struct NotText;
