//! Reading a cluster through the program `kubectl`, and nothing but reading: it brings proxies, certificates and the ways of
//! logging in that people have set up.
//!
//! Besides `git` the only module that starts programs. A token reaches `kubectl` in memory only: never in arguments, the
//! environment, or a file.

mod access;
mod error;
mod kubeconfig;
mod program;

pub use access::{Access, Token};
pub use error::Error;
pub use program::{Cluster, Listed, Refused};
