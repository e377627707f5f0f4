//! The Git repository that holds a fleet, and its revisions. Changes nothing.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, ObjectType, Oid};

use super::Error;
use crate::names::RelPath;

/// A Git work tree with a fleet in it, at its top or in a sub-folder.
pub struct Repository {
    pub(super) git: git2::Repository,
    pub(super) workdir: PathBuf,
    /// The fleet's folder below the work tree; `None` at the top.
    pub(super) prefix: Option<RelPath>,
    /// Set for every run of `git`.
    pub(super) variables: Vec<(String, String)>,
}

/// A commit, with what a headline says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub(super) oid: Oid,
    /// The author's name.
    pub author: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
    /// The committer's distance from UTC, in minutes.
    pub offset: i32,
    /// The first line of the message.
    pub summary: String,
}

impl Revision {
    /// The id, 40 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        self.oid.to_string()
    }

    /// The first seven digits of the id.
    #[must_use]
    pub fn short(&self) -> String {
        short(self.oid)
    }
}

pub(super) fn short(oid: Oid) -> String {
    let mut text = oid.to_string();
    text.truncate(7);
    text
}

impl Repository {
    /// What a fleet's sources are: the file and the folders whose content [`Repository::publish`] commits as given.
    pub const SOURCES: [&'static str; 6] =
        [".sops.yaml", "lmsgen.toml", "clients", "environments", "secrets", "templates"];

    /// The folder of rendered output.
    pub const OUTPUT: &'static str = "rendered";

    /// Opens the repository whose work tree holds `fleet`, a folder that exists.
    ///
    /// # Errors
    /// No repository, a bare one, one of another user, or one with extensions that libgit2 cannot read.
    pub fn open(fleet: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io { path: fleet.into(), source };
        let fleet = fleet.canonicalize().map_err(io)?;
        let git = git2::Repository::discover(&fleet).map_err(|error| refused(&fleet, error))?;
        let Some(workdir) = git.workdir() else { return Err(Error::Bare(git.path().into())) };
        let workdir = workdir.canonicalize().map_err(io)?;
        // From inside `.git`, discovery finds the repository all the same.
        if git.path().canonicalize().is_ok_and(|inner| fleet.starts_with(inner)) {
            return Err(Error::NotARepository(fleet));
        }
        let below = fleet.strip_prefix(&workdir).map_err(|_| Error::NotARepository(fleet.clone()))?;
        let prefix = match below.to_str() {
            Some("") => None,
            Some(text) => Some(RelPath::new(text).map_err(|e| path_error(text.as_bytes(), &e))?),
            None => return Err(path_error(below.as_os_str().as_encoded_bytes(), &"is not UTF-8")),
        };
        Ok(Self { git, workdir, prefix, variables: Vec::new() })
    }

    /// Sets an environment variable for every run of the program `git`, over the process' own.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The work tree's top folder.
    #[must_use]
    pub fn workdir(&self) -> &Path {
        &self.workdir
    }

    /// `true` if Git ignores `path`, an absolute one in the work tree, which need not be there.
    #[must_use]
    pub fn ignores(&self, path: &Path) -> bool {
        path.strip_prefix(&self.workdir).is_ok_and(|below| self.git.is_path_ignored(below).unwrap_or(false))
    }

    /// The commit that is checked out; `None` before the first one.
    ///
    /// # Errors
    /// HEAD is broken.
    pub fn head(&self) -> Result<Option<Revision>, Error> {
        match self.git.head() {
            Ok(head) => {
                let commit = head.peel_to_commit().map_err(Error::library("read HEAD"))?;
                Ok(Some(revision(&commit)))
            }
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => Ok(None),
            Err(source) => Err(Error::Library { doing: "read HEAD".into(), source }),
        }
    }

    /// The commit that `text` names: an id, branch, tag or expression such as `HEAD~3`.
    ///
    /// # Errors
    /// [`Error::UnknownRevision`] if it names none.
    pub fn resolve(&self, text: &str) -> Result<Revision, Error> {
        let unknown = |_| Error::UnknownRevision(text.into());
        let object = self.git.revparse_single(text).map_err(unknown)?;
        let commit = object.peel_to_commit().map_err(unknown)?;
        Ok(revision(&commit))
    }

    pub(super) fn revision(&self, oid: Oid) -> Result<Revision, Error> {
        let commit = self.git.find_commit(oid).map_err(Error::library(format!("read commit {}", short(oid))))?;
        Ok(revision(&commit))
    }

    /// A path of the fleet as the repository knows it.
    pub(super) fn in_repository(&self, path: &str) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}/{path}"),
            None => path.into(),
        }
    }

    /// The id of the tree at the fleet's folder in `revision`; `None` without a revision or such a folder.
    pub(super) fn fleet_tree(&self, revision: Option<&Revision>) -> Result<Option<Oid>, Error> {
        let Some(revision) = revision else { return Ok(None) };
        let doing = || Error::library(format!("read the tree of {}", revision.short()));
        let tree = self.git.find_commit(revision.oid).and_then(|commit| commit.tree()).map_err(doing())?;
        let Some(prefix) = &self.prefix else { return Ok(Some(tree.id())) };
        match tree.get_path(Path::new(prefix.as_str())) {
            Ok(entry) if entry.kind() == Some(ObjectType::Tree) => Ok(Some(entry.id())),
            Ok(_) => Ok(None),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(doing()(error)),
        }
    }
}

pub(super) fn revision(commit: &git2::Commit<'_>) -> Revision {
    let time = commit.time();
    Revision {
        oid: commit.id(),
        author: String::from_utf8_lossy(commit.author().name_bytes()).into_owned(),
        time: time.seconds(),
        offset: time.offset_minutes(),
        summary: commit.summary_bytes().map(String::from_utf8_lossy).unwrap_or_default().into_owned(),
    }
}

pub(super) fn path_error(path: &[u8], why: &dyn std::fmt::Display) -> Error {
    Error::Path { path: String::from_utf8_lossy(path).escape_debug().to_string(), why: why.to_string() }
}

/// Puts libgit2's refusal to open a repository into words; the code alone says too little.
fn refused(fleet: &Path, error: git2::Error) -> Error {
    if error.code() == ErrorCode::NotFound {
        return Error::NotARepository(fleet.into());
    }
    if error.code() == ErrorCode::Owner {
        return Error::Owner(fleet.into());
    }
    let text = error.message();
    if let Some(name) = text.strip_prefix("unsupported extension name ") {
        return Error::Extension { extension: name.into() };
    }
    if text.starts_with("unknown object format") || text.contains("objectformat") {
        return Error::Extension { extension: "extensions.objectFormat".into() };
    }
    Error::Library { doing: format!("open the repository around `{}`", fleet.display()), source: error }
}
