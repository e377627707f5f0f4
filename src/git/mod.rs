//! The fleet's Git repository: reading a revision without a checkout, committing from bytes, publishing.
//!
//! Everything local goes through libgit2, everything that talks to a remote through the program `git`, which
//! brings credentials, SSH and proxies and reports what the server said. Besides `cluster` the only module that starts programs.

mod between;
mod build;
mod commit;
mod compare;
mod error;
mod foreign;
mod history;
mod identity;
mod index;
mod listing;
mod merge;
mod object;
mod owned;
mod pack;
mod program;
mod publish;
mod range;
mod remote;
mod repository;
mod snapshot;
mod staged;
mod state;
mod text;

pub use error::{Error, Exit};
pub use history::Reach;
pub use publish::{
    ChangeKind, Changed, Destination, Files, Landed, Options, Proposal, Published, Rendered, SignOff, Signing,
    SourcePolicy, SourceWrite, Verdict, Workspace,
};
pub use range::{Entity, Stage, Touched, Unmerged};
pub use repository::{Repository, Revision};
pub use staged::StagedFile;
pub use state::Problem;
