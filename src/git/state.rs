//! Is the repository in a state that publishing can start from? All reasons against it, at once.

use std::path::Path;

use git2::RepositoryState as State;

use super::index::locked;
use super::object::SUBMODULE;
use super::{Error, Exit, Repository};

/// One reason not to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The class of the fault.
    pub exit: Exit,
    /// What is wrong: a lower-case sentence without a final period.
    pub message: String,
    /// What to do, in the imperative.
    pub help: Option<String>,
}

impl Problem {
    fn new(exit: Exit, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: Some(help.into()) }
    }
}

impl Repository {
    /// The branch that is checked out, born or not; `None` when HEAD is detached.
    ///
    /// # Errors
    /// HEAD cannot be read.
    pub fn branch(&self) -> Result<Option<String>, Error> {
        let head = self.git.find_reference("HEAD").map_err(Error::library("read HEAD"))?;
        let target = head.symbolic_target().map_err(Error::library("read HEAD"))?;
        Ok(target.and_then(|name| name.strip_prefix("refs/heads/")).map(str::to_owned))
    }

    /// Everything that keeps publishing from starting, as far as this clone alone can tell. `wanted` is the only
    /// branch to publish from, if there is one.
    ///
    /// # Errors
    /// The repository cannot be read.
    pub fn problems(&self, wanted: Option<&str>) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        let branch = self.branch()?;
        let operation = operation(self.git.state());
        if let Some((what, continue_with)) = operation {
            let help = format!("finish it (`git {continue_with} --continue`) or give it up (`--abort`)");
            let help = if continue_with == "bisect" { "end it with `git bisect reset`".into() } else { help };
            problems.push(Problem::new(Exit::Git, format!("{what} is in progress"), help));
        }
        match (&branch, wanted) {
            // A rebase detaches HEAD itself; one sentence is enough.
            (None, _) if operation.is_some() => {}
            (None, _) => {
                let help = format!("run `git switch {}`", wanted.unwrap_or("<branch>"));
                problems.push(Problem::new(Exit::Git, "HEAD is detached: no branch would hold the commit", help));
            }
            (Some(branch), Some(wanted)) if branch != wanted => {
                let message = format!("branch `{branch}` is checked out; this fleet is published from `{wanted}`");
                let born = self.git.refname_to_id("HEAD").is_ok();
                let command = if born { "git switch" } else { "git branch -m" };
                problems.push(Problem::new(Exit::Git, message, format!("run `{command} {wanted}`")));
            }
            _ => {}
        }
        self.locks(branch.as_deref(), &mut problems);
        self.index_problems(&mut problems)?;
        self.nested_repositories(&mut problems);
        Ok(problems)
    }

    fn locks(&self, branch: Option<&str>, problems: &mut Vec<Problem>) {
        let own = self.git.path();
        let common = self.git.commondir();
        let branch = branch.map(|branch| common.join(format!("refs/heads/{branch}.lock")));
        for lock in [own.join("index.lock"), own.join("HEAD.lock")].into_iter().chain(branch) {
            if lock.symlink_metadata().is_ok() {
                let error = locked(lock);
                problems.push(Problem { exit: Exit::Busy, message: error.to_string(), help: error.help() });
            }
        }
    }

    fn index_problems(&self, problems: &mut Vec<Problem>) -> Result<(), Error> {
        let index = self.index()?;
        let mut conflicted = false;
        for entry in index.iter() {
            // Bits 12 and 13 hold the stage: more than 0 while a conflict is not resolved.
            conflicted |= entry.flags & 0x3000 != 0;
            let Ok(path) = std::str::from_utf8(&entry.path) else { continue };
            let Some(own) = self.own(path) else { continue };
            if entry.mode == SUBMODULE {
                let help = "keep the fleet's files in one repository: `git rm` the submodule";
                problems.push(Problem::new(Exit::Guard, format!("`{own}` is a submodule"), help));
            }
            if is_output_setting(own) {
                problems.push(output_setting(own));
            }
        }
        if conflicted && operation(self.git.state()).is_none() {
            let help = "resolve them and `git add` the files";
            problems.push(Problem::new(Exit::Git, "the index holds unresolved conflicts", help));
        }
        let untracked = format!("{}/.gitattributes", Self::OUTPUT);
        let tracked = index.get_path(Path::new(&self.in_repository(&untracked)), 0).is_some();
        if !tracked && self.workdir.join(self.in_repository(&untracked)).symlink_metadata().is_ok() {
            problems.push(output_setting(&untracked));
        }
        Ok(())
    }

    /// A repository of its own in one of the fleet's folders: files there are not this repository's.
    fn nested_repositories(&self, problems: &mut Vec<Problem>) {
        for root in self.own_roots() {
            if self.workdir.join(&root).join(".git").symlink_metadata().is_ok() {
                let help = "keep the fleet's files in one repository: remove the inner `.git`";
                problems.push(Problem::new(Exit::Guard, format!("`{root}` is a Git repository of its own"), help));
            }
        }
    }

    /// What Git would do to a commit and lmsgen does not: one sentence each.
    pub(super) fn notes(&self, signed: bool) -> Vec<String> {
        let mut notes = Vec::new();
        let Ok(config) = self.git.config().and_then(|mut config| config.snapshot()) else { return notes };
        if !signed && config.get_bool("commit.gpgsign").unwrap_or(false) {
            notes.push("`commit.gpgsign` is set, but the commit is not signed; publish with `--sign`".into());
        }
        let folder = config.get_path("core.hooksPath").unwrap_or_else(|_| self.git.commondir().join("hooks"));
        for hook in ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit"] {
            if self.workdir.join(&folder).join(hook).is_file() {
                notes.push(format!("the hook `{hook}` is not run"));
            }
        }
        notes
    }
}

fn is_output_setting(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.starts_with(Repository::OUTPUT) && matches!(name, ".gitattributes" | ".gitmodules")
}

fn output_setting(path: &str) -> Problem {
    let message = format!("`{path}` could change rendered files on their way into a work tree");
    Problem::new(Exit::Guard, message, format!("remove it; put attributes outside `{}/`", Repository::OUTPUT))
}

/// What is going on, and the command that ends it.
fn operation(state: State) -> Option<(&'static str, &'static str)> {
    Some(match state {
        State::Clean => return None,
        State::Merge => ("a merge", "merge"),
        State::Revert | State::RevertSequence => ("a revert", "revert"),
        State::CherryPick | State::CherryPickSequence => ("a cherry-pick", "cherry-pick"),
        State::Bisect => ("a bisection", "bisect"),
        State::Rebase | State::RebaseInteractive | State::RebaseMerge => ("a rebase", "rebase"),
        State::ApplyMailbox => ("an application of patches", "am"),
        State::ApplyMailboxOrRebase => ("a rebase or an application of patches", "rebase"),
    })
}
