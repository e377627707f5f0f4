//! Publishing: one commit of the fleet's own files on top of the remote branch, pushed and read back.
//!
//! Knows nothing of clients or templates: a [`Workspace`] renders, judges and writes files. Never forces a
//! push, never merges output, and moves nothing local before the remote was seen at the new commit.

mod deliver;
mod engine;
mod land;
mod model;
mod sources;

pub use model::{
    ChangeKind, Changed, Destination, Files, Landed, Options, Proposal, Published, Rendered, SignOff, Signing,
    SourcePolicy, SourceWrite, Verdict, Workspace,
};
