//! What publishing takes and gives. Does nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::git::{Error, Revision};
use crate::names::RelPath;
use crate::tree::Tree;

/// Files below the fleet's root by path.
pub type Files = BTreeMap<RelPath, Arc<[u8]>>;

/// The fleet's side of publishing.
pub trait Workspace {
    /// What may go wrong on either side.
    type Error: From<Error>;

    /// Renders `sources`: everything below [`Repository::SOURCES`](crate::git::Repository::SOURCES), merged with what changed upstream.
    ///
    /// Called again with other sources when the remote moved; writes nothing.
    ///
    /// # Errors
    /// Any stops the publication; nothing was pushed and nothing local has changed.
    fn render(&mut self, sources: &Files) -> Result<Rendered, Self::Error>;

    /// Judges what is about to be committed and words it.
    ///
    /// Returns the commit message, without sign-off. Not called when nothing changes.
    ///
    /// # Errors
    /// As [`Workspace::render`].
    fn approve(&mut self, proposal: &Proposal<'_>) -> Result<String, Self::Error>;

    /// Puts on disk what is now on the remote. The engine updates the index afterwards.
    ///
    /// # Errors
    /// Any is returned to the caller; the commit is on the remote already, and publishing again completes this.
    fn write(&mut self, landed: &Landed<'_>) -> Result<(), Self::Error>;
}

/// What [`Workspace::render`] made of the sources.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// The whole output.
    pub tree: Tree,
    /// Source files that rendering created or extended: generated secrets. They are committed with the sources and
    /// are part of them when rendering has to be repeated, unless upstream has brought the same file.
    pub generated: Files,
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Created,
    /// It has other bytes.
    Changed,
    /// It goes.
    Deleted,
}

/// A file that a commit changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Below the fleet's root.
    pub path: RelPath,
    /// What happens to it.
    pub kind: ChangeKind,
}

/// A commit about to be made.
#[derive(Debug)]
pub struct Proposal<'a> {
    /// The commit it goes on top of; `None` for the first one.
    pub parent: Option<&'a Revision>,
    /// Every file that differs from the parent, sources and output, by path.
    pub changes: &'a [Changed],
    /// `1` at first, more when the remote moved.
    pub attempt: u32,
}

/// What is on the remote now and belongs on disk.
#[derive(Debug)]
pub struct Landed<'a> {
    /// The whole output.
    pub tree: &'a Tree,
    /// Source files that were merged from upstream or generated.
    pub sources: &'a [SourceWrite],
}

/// One source file to write. `Debug` leaves the bytes out.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceWrite {
    /// Where.
    pub path: RelPath,
    /// What was on disk when publishing began: do not overwrite anything else.
    pub expected: Option<Arc<[u8]>>,
    /// What belongs there; `None` for a file that upstream deleted.
    pub new: Option<Arc<[u8]>>,
}

impl std::fmt::Debug for SourceWrite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", if self.new.is_some() { "write" } else { "remove" }, self.path)
    }
}

/// Where the commit goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Destination {
    /// To the remote, then to the local branch.
    #[default]
    Remote,
    /// To the local branch only.
    Local,
    /// Nowhere: only say what would be committed. Upstream's commits may be fetched for that.
    Nowhere,
}

/// What to do with sources that differ from HEAD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourcePolicy {
    /// They are part of the commit.
    #[default]
    Commit,
    /// They are refused; only output and generated secrets are committed.
    Refuse,
}

/// How the commit is signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Signing {
    /// Not at all.
    #[default]
    None,
    /// With the key that Git is configured with.
    DefaultKey,
    /// With this key.
    Key(String),
}

/// Whether the message ends with a `Signed-off-by` line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignOff {
    /// It does not.
    #[default]
    Omit,
    /// It names the committer.
    Add,
}

/// How to publish.
#[derive(Clone, Debug)]
pub struct Options {
    /// The remote's name.
    pub remote: String,
    /// The branch that must be checked out; `None` for whichever is.
    pub branch: Option<String>,
    /// Where the commit goes.
    pub destination: Destination,
    /// What to do with uncommitted sources.
    pub sources: SourcePolicy,
    /// `Name <address>`; `None` for Git's own idea of the author.
    pub author: Option<String>,
    /// Whether to add `Signed-off-by`.
    pub sign_off: SignOff,
    /// How to sign.
    pub signing: Signing,
    /// Passed to the server: `ci.skip`.
    pub push_options: Vec<String>,
    /// How often to try when the remote moves.
    pub attempts: u32,
    /// Seeds the random waits between attempts, so that publishers that collided do not collide again.
    pub jitter_seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            remote: "origin".into(),
            branch: None,
            destination: Destination::default(),
            sources: SourcePolicy::default(),
            author: None,
            sign_off: SignOff::default(),
            signing: Signing::default(),
            push_options: Vec::new(),
            attempts: 5,
            jitter_seed: 0,
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The commit, or those made before by hand, are on the remote and the local branch.
    Pushed,
    /// The commit is on the local branch only, as asked.
    Committed,
    /// There would be a commit, or a push of earlier ones ([`Destination::Nowhere`]).
    Proposed,
    /// The branch holds all of it already; no commit was made.
    UpToDate,
}

/// What publishing did.
#[derive(Debug)]
pub struct Published {
    /// How it ended.
    pub verdict: Verdict,
    /// The commit that holds the fleet now; `None` for a proposed one, or for nothing at all in a new repository.
    pub commit: Option<Revision>,
    /// What the new commit changes against its parent, by path; empty if none was needed.
    pub changes: Vec<Changed>,
    /// The branch.
    pub branch: String,
    /// The remote's address as Git resolved it, without credentials; `None` when it was not asked.
    pub address: Option<String>,
    /// How many attempts it took.
    pub attempts: u32,
    /// Source files taken over from upstream.
    pub merged: Vec<RelPath>,
    /// Changed files outside the fleet's own, left as they are: paths from the work tree's root.
    pub left_alone: Vec<String>,
    /// Hooks and settings that Git would have applied to a commit and lmsgen does not, one sentence each.
    pub notes: Vec<String>,
    /// What the server said, without control characters and credentials.
    pub server_text: String,
}

impl Published {
    /// `true` if there was nothing to commit, only commits of the branch that the remote lacked; they were pushed,
    /// or would be.
    #[must_use]
    pub fn is_push_only(&self) -> bool {
        matches!(self.verdict, Verdict::Pushed | Verdict::Proposed) && self.changes.is_empty()
    }
}
