//! The course of one publication, from the sources on disk to the commit on the remote and back.

use std::thread::sleep;
use std::time::Duration;

use git2::Oid;

use super::deliver::{Delivery, Ground};
use super::land::{Landing, own_scope};
use super::sources::Sources;
use super::{ChangeKind, Changed, Destination, Files, Options, Proposal, Published, Signing, Verdict, Workspace};
use crate::git::build::{Edit, Put};
use crate::git::commit::finish_message;
use crate::git::compare::Difference;
use crate::git::foreign::Step;
use crate::git::identity::People;
use crate::git::object::PROGRAM;
use crate::git::remote::Remote;
use crate::git::snapshot::Folder;
use crate::git::{Error, Repository, Revision, owned};
use crate::names::RelPath;
use crate::tree::Tree;

/// What one publication knows from its start.
struct Run<'r, 'o> {
    repository: &'r Repository,
    options: &'o Options,
    branch: String,
    head: Option<Revision>,
    remote: Option<Remote<'r>>,
    /// `None` when no commit will be made.
    people: Option<People>,
}

/// One attempt: sources and what they render to, on the ground they were merged with.
struct Attempt<'a> {
    /// From 1.
    number: u32,
    ground: Ground,
    sources: &'a Sources,
    tree: &'a Tree,
}

/// How an attempt ended.
enum End {
    Done(Verdict, Option<Oid>, String),
    /// Worth another attempt; the error is for when there is none left.
    Raced(Option<Error>),
}

impl Repository {
    /// Publishes `sources`, every file below [`Repository::SOURCES`] as it is on disk, and what they render to.
    ///
    /// Waits a fraction of a second between attempts when others publish at the same time.
    ///
    /// # Errors
    /// The workspace's own, and [`Error`] through it. Unless it is [`Error::LocalMoved`] or comes from
    /// [`Workspace::write`], no file, index entry or branch of this clone has changed. Publishing again is always
    /// safe: it makes no second commit of the same content.
    pub fn publish<W: Workspace>(
        &self,
        workspace: &mut W,
        sources: Files,
        options: &Options,
    ) -> Result<Published, W::Error> {
        let run = Run::start(self, options)?;
        let left_alone: Vec<String> = self.changed_elsewhere()?.into_iter().collect();
        let head_tree = self.fleet_tree(run.head.as_ref())?;
        let mut sources = Sources::new(self, sources, head_tree, options.sources)?;
        let mut tree: Option<Tree> = None;
        let mut changes = Vec::new();
        let mut last = None;
        for number in 1..=options.attempts.max(1) {
            if number > 1 {
                sleep(pause(number, options.jitter_seed));
            }
            let Some(ground) = run.ground()? else { continue };
            if run.rebase(&mut sources, ground)? {
                tree = None;
            }
            let rendered = if let Some(tree) = tree.take() {
                tree
            } else {
                let rendered = workspace.render(sources.files())?;
                sources.generate(rendered.generated);
                rendered.tree
            };
            let attempt = Attempt { number, ground, sources: &sources, tree: &rendered };
            match run.attempt(workspace, &attempt, &mut changes)? {
                End::Raced(error) => last = error,
                End::Done(verdict, commit, server_text) => {
                    return Ok(Published {
                        verdict,
                        commit: commit.map(|oid| self.revision(oid)).transpose()?,
                        changes,
                        branch: run.branch.clone(),
                        address: run.remote.as_ref().map(|remote| remote.address.clone()),
                        attempts: number,
                        merged: sources.merged.into_iter().collect(),
                        left_alone,
                        notes: self.notes(options.signing != Signing::None),
                        server_text,
                    });
                }
            }
            tree = Some(rendered);
        }
        let remote = options.remote.clone();
        let raced = Error::Raced { remote, branch: run.branch, attempts: options.attempts.max(1) };
        Err(last.unwrap_or(raced).into())
    }
}

impl<'r, 'o> Run<'r, 'o> {
    fn start(repository: &'r Repository, options: &'o Options) -> Result<Self, Error> {
        let problems = repository.problems(options.branch.as_deref())?;
        let branch = match repository.branch()? {
            Some(branch) if problems.is_empty() => branch,
            _ => return Err(Error::Problems(problems)),
        };
        let remote = match options.destination {
            Destination::Local => None,
            Destination::Remote | Destination::Nowhere => Some(repository.remote(&options.remote, &branch)?),
        };
        let people = match options.destination {
            Destination::Nowhere => None,
            _ => Some(repository.people(options.author.as_deref())?),
        };
        Ok(Self { repository, options, branch, head: repository.head()?, remote, people })
    }

    fn head_oid(&self) -> Option<Oid> {
        self.head.as_ref().map(|head| head.oid)
    }

    fn ground(&self) -> Result<Option<Ground>, Error> {
        let head = self.head_oid();
        match &self.remote {
            Some(remote) => self.repository.ground(remote, head),
            None => Ok(Some(Ground { parent: head, tip: head })),
        }
    }

    /// Merges the sources with those of `ground`; says whether they changed.
    fn rebase(&self, sources: &mut Sources, ground: Ground) -> Result<bool, Error> {
        let Some(parent) = ground.parent else { return Ok(false) };
        let revision = self.repository.revision(parent)?;
        let theirs = self.repository.fleet_tree(Some(&revision))?;
        let published = |path: &RelPath, version| self.repository.had_version(self.head_oid(), parent, path, version);
        let remote = self.remote.as_ref().map_or("upstream", |remote| &remote.name);
        sources.merge(self.repository, theirs, published, (remote, &self.branch))
    }

    fn attempt<W: Workspace>(
        &self,
        workspace: &mut W,
        attempt: &Attempt<'_>,
        changes: &mut Vec<Changed>,
    ) -> Result<End, W::Error> {
        let &Attempt { number, ground, sources, tree } = attempt;
        let repository = self.repository;
        let parent = ground.parent.map(|oid| repository.revision(oid)).transpose()?;
        let folder = Folder::new(Some(sources.files()), tree);
        let found = repository.compare(repository.fleet_tree(parent.as_ref())?, &folder, &own_scope())?;
        *changes = found.iter().map(changed).collect();
        let commit = if found.is_empty() {
            ground.parent
        } else {
            let message = workspace.approve(&Proposal { parent: parent.as_ref(), changes, attempt: number })?;
            match &self.people {
                None => return Ok(End::Done(Verdict::Proposed, None, String::new())),
                Some(people) => Some(self.commit(&found, parent.as_ref(), people, &message)?),
            }
        };
        let nothing_to_push = commit == ground.tip;
        if self.options.destination == Destination::Nowhere {
            let verdict = if nothing_to_push { Verdict::UpToDate } else { Verdict::Proposed };
            return Ok(End::Done(verdict, commit, String::new()));
        }
        let Some(commit) = commit else { return Ok(End::Done(Verdict::UpToDate, None, String::new())) };
        let here = match ground.parent {
            parent if parent == self.head_oid() => None,
            _ => Some(repository.compare(repository.fleet_tree(self.head.as_ref())?, &folder, &own_scope())?),
        };
        let own = here.as_deref().unwrap_or(&found);
        let step = self.foreign_step(ground, commit, own)?;
        let (verdict, text) = match &self.remote {
            _ if nothing_to_push => (Verdict::UpToDate, String::new()),
            None => (Verdict::Committed, String::new()),
            Some(remote) => match repository.deliver(remote, commit, ground.tip, &self.options.push_options)? {
                Delivery::Arrived(text) => (Verdict::Pushed, text),
                Delivery::Raced(error) => return Ok(End::Raced(error)),
            },
        };
        let landing = Landing {
            branch: &self.branch,
            head: self.head.as_ref(),
            commit,
            own,
            step,
            sources,
            tree,
            remote: self.remote.as_ref(),
        };
        repository.land(workspace, &landing)?;
        Ok(End::Done(verdict, Some(commit), text))
    }

    /// What upstream brings for the work tree outside the fleet; checked here, before anything is pushed.
    fn foreign_step(&self, ground: Ground, commit: Oid, own: &[Difference<'_>]) -> Result<Option<Step>, Error> {
        if ground.parent == self.head_oid() {
            return Ok(None);
        }
        let head = self.head_oid().map(|oid| self.repository.tree_of(oid)).transpose()?;
        let step = self.repository.foreign_step(head, self.repository.tree_of(commit)?, own)?;
        if let (Some(step), Some(remote)) = (&step, &self.remote) {
            self.repository.check_step(step, &remote.name)?;
        }
        Ok(step)
    }

    fn commit(
        &self,
        found: &[Difference<'_>],
        parent: Option<&Revision>,
        people: &People,
        message: &str,
    ) -> Result<Oid, Error> {
        let repository = self.repository;
        let edits = found.iter().map(|one| {
            let path = repository.in_repository(one.path.as_str());
            let mode = (one.old.is_none() && !owned::is_output(one.path.as_str()) && repository.is_program(&path))
                .then_some(PROGRAM);
            Edit { path, new: one.new.map(|(oid, data)| Put { mode, oid, data: Some(data) }) }
        });
        let parent = parent.map(|parent| parent.oid);
        let base = parent.map(|oid| repository.tree_of(oid)).transpose()?;
        let tree = repository.build_tree(base, edits.collect())?;
        let message = finish_message(message, self.options.sign_off, &people.committer);
        repository.write_commit(tree, parent, people, &message, &self.options.signing)
    }
}

impl Repository {
    /// `true` if a commit after `from`, up to `to`, holds this version of a file (`None`: lacks the file).
    fn had_version(&self, from: Option<Oid>, to: Oid, path: &RelPath, version: Option<Oid>) -> Result<bool, Error> {
        /// Farther back nobody's work is still waiting to be published.
        const COMMITS: usize = 1000;
        let failed = || Error::library("walk the history");
        let path = self.in_repository(path.as_str());
        let mut walk = self.git.revwalk().map_err(failed())?;
        walk.push(to).map_err(failed())?;
        if let Some(from) = from {
            walk.hide(from).map_err(failed())?;
        }
        for oid in walk.take(COMMITS) {
            let tree =
                self.git.find_commit(oid.map_err(failed())?).and_then(|commit| commit.tree()).map_err(failed())?;
            if tree.get_path(path.as_ref()).ok().map(|entry| entry.id()) == version {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn changed(one: &Difference<'_>) -> Changed {
    let kind = match (&one.old, &one.new) {
        (None, _) => ChangeKind::Created,
        (_, None) => ChangeKind::Deleted,
        _ => ChangeKind::Changed,
    };
    Changed { path: one.path.clone(), kind }
}

/// How long to wait before attempt number `attempt`: 100 ms at first, doubling to 1.6 s, half of it random.
fn pause(attempt: u32, seed: u64) -> Duration {
    let longest = 100_u64 << attempt.saturating_sub(2).min(4);
    // SplitMix64: one step is random enough to keep two publishers apart.
    let mut mixed = seed.wrapping_add(u64::from(attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    Duration::from_millis(longest / 2 + mixed % (longest / 2 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ() {
        for attempt in 2..10 {
            let longest = 100 << (attempt - 2).min(4);
            let pauses: Vec<u64> =
                (0..20).map(|seed| u64::try_from(pause(attempt, seed).as_millis()).unwrap()).collect();
            assert!(pauses.iter().all(|&ms| ms >= longest / 2 && ms <= longest), "{attempt}: {pauses:?}");
            assert!(pauses.iter().any(|&ms| ms != pauses[0]), "{attempt}");
        }
    }
}
