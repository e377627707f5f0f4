//! Broken operations of every use case.

use crate::{cluster, files, fleet, git, secret, status};

/// Why a use case could not run to its end. Faults in a fleet's files are diagnostics, not errors.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading or writing failed.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// Git or the remote.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// A cluster.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    /// What a cluster was said to hold.
    #[error("{path}: {source}")]
    Dump {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: status::DumpError,
    },
    /// Nothing was selected.
    #[error(transparent)]
    Selection(#[from] fleet::SelectionError),
    /// A parameter that does not exist.
    #[error(transparent)]
    Parameter(#[from] fleet::UnknownParameter),
    /// A secret could not be opened or written.
    #[error("{path}: {source}")]
    Secret {
        /// The store file.
        path: String,
        /// What went wrong.
        source: secret::StoreError,
    },
    /// A secret value could not be made.
    #[error("{path}: {source}")]
    Generate {
        /// The store file.
        path: String,
        /// What went wrong.
        source: secret::GenerateError,
    },
    /// A name typed on the command line.
    #[error("{0}")]
    Usage(String),
    /// A value that is not what the stack declares; the text never repeats it.
    #[error("{0}")]
    Value(String),
    /// Faults in the fleet's files stop a publication; whoever gets this has them.
    #[error("the fleet has faults")]
    Faults,
    /// A guard that only a person may lift.
    #[error("{message}")]
    Guard {
        /// What was about to happen.
        message: String,
        /// The flag that allows it, or another way.
        help: String,
    },
}
