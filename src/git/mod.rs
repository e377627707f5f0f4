//! The fleet's Git repository: reading a revision without a checkout, committing from bytes, publishing.
//!
//! Everything local goes through libgit2, everything that talks to a remote through the program `git`, which
//! brings credentials, SSH and proxies and reports what the server said. The only module that starts programs.

mod build;
mod compare;
mod error;
mod object;
mod owned;
mod pack;
mod publish;
mod repository;
mod snapshot;
mod state;

pub use error::{Error, Exit};
pub use publish::{
    Destination, Files, Landed, Options, Proposal, Published, Rendered, SignOff, Signing, SourcePolicy, SourceWrite,
    Verdict, Workspace,
};
pub use repository::{Repository, Revision};
pub use state::Problem;
