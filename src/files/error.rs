//! What can go wrong with a file, named by its path below the root.

use std::fmt;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, wherever it leads.
    Symlink,
    /// A FIFO, socket or device.
    Special,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Symlink => "a symbolic link",
            Self::Special => "a special file",
        })
    }
}

/// Why an operation failed. Paths are relative to the fleet's root, with control characters escaped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused: no permission, no space, read-only, …
    #[error("cannot {action} `{path}`: {source}")]
    System {
        /// What was tried: `read`, `write`, `rename`, …
        action: &'static str,
        /// On what.
        path: String,
        /// What the system said, with its number.
        source: std::io::Error,
    },
    /// A file cannot be renamed from `.lmsgen` to where it belongs.
    #[error("cannot write `{path}`: it lies on another file system than `.lmsgen`")]
    OtherDevice {
        /// Which.
        path: String,
    },
    /// Something else stands where a file or folder is needed. Symbolic links are never followed.
    #[error("`{path}` is {found}, not {wanted}")]
    Kind {
        /// Where.
        path: String,
        /// What stands there.
        found: Kind,
        /// What is needed.
        wanted: Kind,
    },
    /// Something in `.lmsgen` that no run of lmsgen has left there.
    #[error("`{path}` was not made by lmsgen")]
    Foreign {
        /// Where.
        path: String,
    },
    /// A file was changed since a run was killed that had a new version of it staged.
    #[error(
        "`{path}` was changed after a run was interrupted that was about to replace it; to keep it and drop what is left of that \
         run, remove the folder `.lmsgen/batch`"
    )]
    Overtaken {
        /// Which.
        path: String,
    },
    /// A file over the caller's limit; nothing of it was kept.
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge {
        /// Which.
        path: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file that should be new is there already.
    #[error("`{path}` is there already")]
    Exists {
        /// Which.
        path: String,
    },
    /// A name that cannot be one: empty, `.`, `..`, or with `/` or a zero byte.
    #[error("`{name}` is not the name of a file")]
    Name {
        /// The name, escaped.
        name: String,
    },
    /// Somebody else changed the folder while it was written; nothing of theirs was overwritten.
    #[error("`{path}` was changed by somebody else while lmsgen was writing; run this again")]
    Raced {
        /// What is there, or is gone.
        path: String,
    },
    /// Another process holds the fleet's lock.
    #[error("another lmsgen{holder} is writing to this fleet; wait until it ends, then run this again")]
    Busy {
        /// ` (process 123)`, or empty if it has not said.
        holder: String,
    },
}

impl Error {
    pub(super) fn system(action: &'static str, path: impl fmt::Display, errno: rustix::io::Errno) -> Self {
        match errno {
            rustix::io::Errno::XDEV => Self::OtherDevice { path: shown(path) },
            _ => Self::System { action, path: shown(path), source: errno.into() },
        }
    }
}

/// `path` without anything that a terminal would act on.
pub(super) fn shown(path: impl fmt::Display) -> String {
    let text = path.to_string();
    if text.chars().any(char::is_control) { text.escape_debug().to_string() } else { text }
}
