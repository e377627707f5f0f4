//! Why a cluster was not read.

/// A broken operation. No text holds a token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `kubectl`.
    #[error("cannot start `kubectl`: {0}")]
    NoProgram(std::io::Error),
    /// What should be a token is none.
    #[error("the token is empty, or no token")]
    NoToken,
    /// No file in memory.
    #[error("a token cannot be handed to `kubectl` in memory: {0}")]
    Memory(std::io::Error),
    /// `kubectl` failed.
    #[error("the cluster cannot be read: {0}")]
    Failed(String),
    /// An answer without end.
    #[error("the cluster's answer is larger than {} GiB", .0 >> 30)]
    TooLarge(u64),
}

impl Error {
    /// What to do.
    #[must_use]
    pub const fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoProgram(_) => {
                Some("install kubectl, or save `kubectl get … -o json` elsewhere and name it with --from")
            }
            Self::Memory(_) => Some("use `context` of a kubeconfig in `[cluster]`"),
            Self::NoToken | Self::TooLarge(_) => None,
            Self::Failed(_) => Some("look at `[cluster]` of the environment; a token may have expired"),
        }
    }
}
