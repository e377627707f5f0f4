//! What can go wrong between a fleet and its Git repository, how the process should exit, and what to do.
//!
//! Texts hold no credentials: addresses are redacted before they get here.

use std::path::PathBuf;

use super::{Problem, Unmerged};
use crate::names::RelPath;

/// The class of a fault, which decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The repository or the remote is in a state that publishing cannot work with (exit code 6).
    Git,
    /// Someone else was faster or holds a lock; running again is safe (exit code 7).
    Busy,
    /// Only a person can say that this is meant (exit code 8).
    Guard,
}

/// A broken Git operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No Git repository around the fleet.
    #[error("`{0}` is not inside a Git repository")]
    NotARepository(PathBuf),
    /// A repository without files.
    #[error("`{0}` is a bare repository: it has no working tree")]
    Bare(PathBuf),
    /// The repository belongs to another user.
    #[error("the repository at `{0}` belongs to another user")]
    Owner(PathBuf),
    /// `extensions.*` of the repository that libgit2 cannot read.
    #[error("the repository uses `{extension}`, which lmsgen cannot read")]
    Extension {
        /// The setting as Git writes it: `extensions.objectFormat = sha256`.
        extension: String,
    },
    /// A path of the fleet that is not UTF-8 or not a [`RelPath`].
    #[error("`{path}` cannot be published: {why}")]
    Path {
        /// The path, with odd bytes replaced.
        path: String,
        /// The rule it breaks.
        why: String,
    },
    /// Nothing is called this.
    #[error("`{0}` names no commit of this repository")]
    UnknownRevision(String),
    /// Something may be called this, and so may something else.
    #[error("`{name}` can mean `{}` and `{}`", .meanings[0], .meanings[1])]
    Ambiguous {
        /// What was typed.
        name: String,
        /// Two of its meanings, in full.
        meanings: [String; 2],
    },
    /// There is no one commit to compare with.
    #[error("{}", unmerged(.base, *.why))]
    NoMergeBase {
        /// What was typed.
        base: String,
        /// Why not.
        why: Unmerged,
    },
    /// What was asked for is not a commit or not complete.
    #[error("cannot {doing}: {source}")]
    Library {
        /// What was being done, as an infinitive.
        doing: String,
        /// What libgit2 says.
        source: git2::Error,
    },
    /// A file of the working tree cannot be examined.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of the object store cannot be written.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A lock file stands in the way.
    #[error("`{path}` exists since {since}: another Git command is running, or one was interrupted")]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// When it was made, in UTC; `an unknown time` if the system does not say.
        since: String,
    },
    /// The program `git` is not there or cannot be started.
    #[error("cannot start the program `git`: {0}")]
    NoProgram(std::io::Error),
    /// `git` failed.
    #[error("`git {command}` failed{}", said(.text))]
    Program {
        /// Its first arguments.
        command: String,
        /// What it printed, without control characters and credentials.
        text: String,
    },
    /// `git` could not read the remote: no line, no access, no repository there.
    #[error("cannot read remote `{remote}` at `{address}`{}", said(.text))]
    Unreachable {
        /// The remote.
        remote: String,
        /// Its address, without credentials.
        address: String,
        /// What `git` said.
        text: String,
    },
    /// No name and address to sign a commit with.
    #[error("Git does not know who you are: no `user.name` and `user.email`")]
    NoIdentity,
    /// `--author` is not `Name <address>`.
    #[error("`{0}` is not an author: expected `Name <address>`")]
    BadAuthor(String),
    /// The remote is not configured.
    #[error("the repository has no remote `{0}`")]
    NoRemote(String),
    /// One name, several addresses: the push could succeed at one and fail at another.
    #[error("remote `{remote}` has {count} push addresses: lmsgen cannot confirm a push to several at once")]
    ManyAddresses {
        /// The remote.
        remote: String,
        /// How many.
        count: usize,
    },
    /// The branch was on the remote and is there no more.
    #[error("branch `{branch}` no longer exists on `{remote}`")]
    BranchGone {
        /// The branch.
        branch: String,
        /// The remote.
        remote: String,
    },
    /// HEAD has commits that the remote lacks, and the other way round.
    #[error("`{branch}` has {ahead} unpushed {}, and `{remote}` has {behind} that it lacks",
        if *.ahead == 1 { "commit" } else { "commits" })]
    Diverged {
        /// The branch.
        branch: String,
        /// The remote.
        remote: String,
        /// Commits only here.
        ahead: usize,
        /// Commits only there.
        behind: usize,
    },
    /// Commits that were on the remote are there no more.
    #[error("the history of `{branch}` on `{remote}` was rewritten: {lost} is no longer part of it")]
    Rewritten {
        /// The branch.
        branch: String,
        /// The remote.
        remote: String,
        /// The commit last seen there, shortened.
        lost: String,
    },
    /// The answer lies in history that a shallow clone lacks.
    #[error("this is a shallow clone: it lacks the commits that connect `{branch}` to `{remote}`")]
    Shallow {
        /// The branch.
        branch: String,
        /// The remote.
        remote: String,
    },
    /// The same source file was changed here and upstream, differently.
    #[error("{} changed both here and on `{remote}`", files(.paths))]
    Conflict {
        /// The remote.
        remote: String,
        /// The branch.
        branch: String,
        /// The files.
        paths: Vec<RelPath>,
    },
    /// A file outside the fleet changed upstream and has changes here, too.
    #[error("a file that changed on `{remote}` has changes here that would be overwritten{}", said(.text))]
    WouldOverwrite {
        /// The remote.
        remote: String,
        /// What Git says, naming the file.
        text: String,
    },
    /// As [`Error::WouldOverwrite`], but the change was made while the commit was being pushed.
    #[error("the commit is on `{remote}`, but a file that changed there was changed here meanwhile{}", said(.text))]
    Behind {
        /// The remote.
        remote: String,
        /// What Git says, naming the file.
        text: String,
    },
    /// Uncommitted sources while only output may be committed.
    #[error("{} not committed", files(.paths))]
    UncommittedSources {
        /// The files.
        paths: Vec<RelPath>,
    },
    /// A sparse checkout hides files of the fleet.
    #[error("{} in the index but not on disk (sparse checkout or `--skip-worktree`)", files(.paths))]
    Hidden {
        /// The files.
        paths: Vec<RelPath>,
    },
    /// The server refused the push.
    #[error("`{remote}` refused the push: {reason}{}", said(.text))]
    Refused {
        /// The remote.
        remote: String,
        /// Why, in the server's words.
        reason: String,
        /// What else the server said.
        text: String,
    },
    /// The push was reported as done and the branch did not move.
    #[error("`{remote}` reported success, but `{branch}` is at {found} there, not at {expected}")]
    NotMoved {
        /// The remote.
        remote: String,
        /// The branch.
        branch: String,
        /// What the remote says now.
        found: String,
        /// The commit that was pushed.
        expected: String,
    },
    /// Nobody knows whether the push arrived.
    #[error("the push was sent, but `{remote}` cannot be asked whether it arrived{}", said(.text))]
    Unconfirmed {
        /// The remote.
        remote: String,
        /// What `git` said.
        text: String,
    },
    /// Everybody else was faster, several times.
    #[error("`{branch}` moved on `{remote}` during each of {attempts} attempts")]
    Raced {
        /// The remote.
        remote: String,
        /// The branch.
        branch: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// The commit is on the remote; the local branch was moved by someone else meanwhile.
    #[error("the commit is on the remote, but `{branch}` moved in this clone meanwhile")]
    LocalMoved {
        /// The branch.
        branch: String,
    },
    /// Several faults of the repository at once.
    #[error("{}", list(.0))]
    Problems(Vec<Problem>),
}

/// ":\n  first line\n  second line", or nothing.
fn said(text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let lines: Vec<String> = text.trim_end().lines().map(|line| format!("\n  {line}")).collect();
    format!(":{}", lines.concat())
}

/// "`a` and `b` are", the first few files and a number.
fn files(paths: &[RelPath]) -> String {
    const SHOWN: usize = 5;
    let names: Vec<String> = paths.iter().take(SHOWN).map(|path| format!("`{path}`")).collect();
    let verb = if paths.len() == 1 { "is" } else { "are" };
    match paths.len() {
        n if n > SHOWN => format!("{} and {} more files {verb}", names.join(", "), n - SHOWN),
        _ => format!("{} {verb}", names.join(", ")),
    }
}

fn unmerged(base: &str, why: Unmerged) -> String {
    match why {
        Unmerged::Unrelated => format!("HEAD and `{base}` have no commit in common"),
        Unmerged::Several(n) => {
            format!("HEAD and `{base}` were merged both ways: {n} commits could be where they parted")
        }
        Unmerged::Shallow => format!("this is a shallow clone: it may lack the commit where HEAD left `{base}`"),
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("\n")
}

impl Error {
    /// Wraps an error of libgit2. A lock is told apart, because trying again helps.
    pub(super) fn library(doing: impl Into<String>) -> impl FnOnce(git2::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Library { doing, source }
    }

    /// How the process should exit.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Locked { .. }
            | Self::Conflict { .. }
            | Self::Raced { .. }
            | Self::Behind { .. }
            | Self::LocalMoved { .. } => Exit::Busy,
            Self::Rewritten { .. } | Self::UncommittedSources { .. } | Self::Hidden { .. } | Self::Ambiguous { .. } => {
                Exit::Guard
            }
            Self::Library { source, .. } if source.code() == git2::ErrorCode::Locked => Exit::Busy,
            Self::Problems(problems) => worst(problems),
            _ => Exit::Git,
        }
    }

    /// What to do, in the imperative; `None` where the message says it all.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotARepository(_) => "run `git init` in the fleet's folder".into(),
            Self::Bare(_) => "work in a clone of it: `git clone <address>`".into(),
            Self::Owner(path) => {
                format!("run `git config --global --add safe.directory {}` if you trust it", path.display())
            }
            Self::Extension { .. } => "work in a plain clone: full, with SHA-1 object ids and file references".into(),
            Self::UnknownRevision(_) => "name a commit, branch or tag; `git fetch` if it is on the remote only".into(),
            Self::Ambiguous { meanings, .. } => format!("write the one that is meant in full: `{}`", meanings[1]),
            Self::NoMergeBase { base, why } => match why {
                Unmerged::Unrelated => "name the branch that the merge request goes into".into(),
                Unmerged::Several(_) => format!("run `git rebase {base}`"),
                Unmerged::Shallow => "run `git fetch --unshallow`; in GitLab CI set `GIT_DEPTH: 0`".into(),
            },
            Self::Locked { path, .. } => format!("wait for it, or remove `{}` if no Git command runs", path.display()),
            Self::NoProgram(_) => "install Git and put it on the PATH".into(),
            Self::NoIdentity => "run `git config user.name 'Your Name'` and `git config user.email you@host`".into(),
            Self::BadAuthor(_) => "write it as `Anna Ivanova <anna@example.com>`".into(),
            Self::NoRemote(name) => format!("run `git remote add {name} <address>`"),
            Self::Unreachable { .. } => {
                "nothing was changed; check the network and the address in `git remote -v`, then publish again".into()
            }
            Self::ManyAddresses { .. } => "name a remote with one address under `[git] remote`".into(),
            Self::BranchGone { .. } => "push it there again by hand, or switch to the branch that replaced it".into(),
            Self::Diverged { branch, remote, .. } => {
                format!("run `git pull --rebase {remote} {branch}`, then publish again")
            }
            Self::Rewritten { branch, remote, .. } => {
                format!(
                    "look at `git log {remote}/{branch}`; then `git fetch` and `git reset --keep {remote}/{branch}`"
                )
            }
            Self::Shallow { .. } => "run `git fetch --unshallow`, then publish again".into(),
            Self::Conflict { remote, branch, .. } => format!(
                "nothing was pushed and your files are as they were; commit your changes (`git add -A`, `git commit -m wip`), \
                 `git pull --rebase {remote} {branch}`, settle the named files (under `rendered/` take either side), publish \
                 again: it renders anew"
            ),
            Self::WouldOverwrite { .. } => "commit or stash that file, then publish again; nothing was pushed".into(),
            Self::Behind { .. } => {
                "commit or stash that file, then publish again, which brings this clone forward".into()
            }
            Self::UncommittedSources { .. } => "commit them first, or publish without `--no-sources`".into(),
            Self::Hidden { .. } => "run `git sparse-checkout disable`, then publish again".into(),
            Self::Refused { .. } => "nothing was changed; put right what the server says and publish again".into(),
            Self::Unconfirmed { .. } => "publish again: it finds out, and makes no second commit".into(),
            Self::NotMoved { .. } => "ask whoever runs the server; nothing was changed here".into(),
            Self::Raced { .. } => "publish again".into(),
            Self::LocalMoved { branch } => format!("run `git pull --rebase` on `{branch}`"),
            Self::Problems(problems) => {
                problems.iter().filter_map(|problem| problem.help.as_deref()).collect::<Vec<_>>().join("\n")
            }
            Self::Path { .. } | Self::Library { .. } | Self::Io { .. } | Self::Write { .. } | Self::Program { .. } => {
                return None;
            }
        })
    }
}

/// The class that wins when several faults were found: a guard over a fault of Git over a lock.
fn worst(problems: &[Problem]) -> Exit {
    let has = |exit| problems.iter().any(|problem| problem.exit == exit);
    [Exit::Guard, Exit::Git].into_iter().find(|&exit| has(exit)).unwrap_or(Exit::Busy)
}
