//! Saved dumps of clusters, from files and standard input.

use std::path::{Path, PathBuf};

use lmsgen::ops::Error;
use lmsgen::status::Dump;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};

use super::exit::Exit;
use super::show::failed;
use super::ui::Ui;

/// More than the objects of any namespace.
const LARGEST: u64 = 4 << 30;

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

/// What was read, and when it was written, in seconds since 1970; `None` if nobody knows.
pub struct Dumps {
    pub dump: Dump,
    pub written: Option<i64>,
}

/// Reads all of them; `-` is standard input.
///
/// # Errors
/// The exit code, after a message.
pub fn read(paths: &[PathBuf], ui: &Ui) -> Result<Dumps, Exit> {
    let mut dumps = Dumps { dump: Dump::default(), written: None };
    for path in paths {
        let (name, bytes) = if path.as_os_str() == "-" {
            ("stdin".to_owned(), all(rustix::stdio::stdin(), LARGEST))
        } else {
            let (bytes, written) = file(path);
            dumps.written = dumps.written.max(written);
            (path.display().to_string(), bytes)
        };
        let bytes = bytes.map_err(|error| {
            ui.complain(&format!("error: {name}: {error}"));
            if error.kind() == std::io::ErrorKind::FileTooLarge { Exit::Limit } else { Exit::Io }
        })?;
        let dump = Dump::read(&bytes).map_err(|source| failed(ui, &Error::Dump { path: name, source }))?;
        dumps.dump.append(dump);
    }
    Ok(dumps)
}

fn file(path: &Path) -> (std::io::Result<Vec<u8>>, Option<i64>) {
    let opened: std::io::Result<(OwnedFd, Option<i64>)> = (|| {
        let fd = openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())?;
        let stat = fstat(&fd)?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        Ok((fd, is_file.then_some(stat.st_mtime)))
    })();
    match opened {
        Ok((fd, written)) => (all(fd, LARGEST), written),
        Err(error) => (Err(error), None),
    }
}

/// Reads to the end.
///
/// # Errors
/// The system's, and `FileTooLarge` for more than `largest` bytes.
pub fn all(fd: impl AsFd, largest: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let at = bytes.len();
        bytes.resize(at + PIECE, 0);
        let n = rustix::io::retry_on_intr(|| rustix::io::read(&fd, &mut bytes[at..]))?;
        bytes.truncate(at + n);
        if n == 0 {
            return Ok(bytes);
        }
        if bytes.len() as u64 > largest {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
    }
}
