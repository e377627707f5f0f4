//! What `publish` does without a person's flag: delete a few clients, and never what holds data.

use std::collections::BTreeSet;

use crate::diff::{Owner, drops_data};
use crate::fleet::GitConfig;
use crate::git::{ChangeKind, Proposal, Repository};
use crate::names::RelPath;
use crate::tree::FileChange;

use super::Error;
use super::publish_message::Summary;

/// Files of objects whose deletion loses what no commit brings back.
const HOLDS_DATA: [&str; 3] = ["namespace-", "persistentvolume-", "persistentvolumeclaim-"];

/// The end of a Kustomization's file that applies an instance's `deprovision/`.
const DROPPED: &str = "-deprovision.yaml";

/// The guard against deleting many instances.
pub struct Guards<'a> {
    /// What the commit does.
    pub summary: &'a Summary,
    /// How many may go.
    pub config: &'a GitConfig,
    /// A person allows more.
    pub allow_delete: bool,
}

impl Guards<'_> {
    /// A mistake in a selection or a merge must not take many clients away.
    ///
    /// # Errors
    /// [`Error::Guard`] with the instances.
    pub fn refuse_many(&self, before: &[Owner]) -> Result<(), Error> {
        let deleted = self.summary.deleted.len();
        let total = before.iter().filter(|owner| owner.is_instance()).count();
        // One client may leave, however many environments it is in.
        let clients: BTreeSet<&str> = self.summary.deleted.iter().filter_map(|name| name.rsplit('/').next()).collect();
        let limit = if deleted > self.config.max_deleted {
            format!("{} instances", self.config.max_deleted)
        } else if deleted * 100 > self.config.max_deleted_percent * total {
            format!("{} % of them", self.config.max_deleted_percent)
        } else {
            return Ok(());
        };
        if self.allow_delete || clients.len() < 2 {
            return Ok(());
        }
        let names = some_of(self.summary.deleted.iter().map(String::as_str));
        Err(Error::Guard {
            message: format!(
                "this would delete {deleted} of {total} instances ({names}), and that is more than {limit}"
            ),
            help: "if that is meant, run again with --allow-delete".into(),
        })
    }
}

/// Refuses a commit that deletes what holds data, drops a client's data, or makes Flux delete what should run on. `now`: who owns output after
/// it.
///
/// # Errors
/// [`Error::Guard`] with the files; the parent commit cannot be read.
pub fn refuse_data_loss(repository: &Repository, proposal: &Proposal<'_>, now: &[Owner]) -> Result<(), Error> {
    let gone = proposal.changes.iter().filter(|change| change.kind == ChangeKind::Deleted).map(|change| &change.path);
    let gone: Vec<&RelPath> = gone.filter(|path| path.as_str().starts_with("rendered/")).collect();
    // In another folder of the same owner it is the same object.
    let moves = |gone: &RelPath| {
        let made = proposal.changes.iter().filter(|change| change.kind == ChangeKind::Created);
        let mut made = made.filter(|change| change.path.file_name() == gone.file_name());
        made.any(|change| Owner::of_path(&change.path) == Owner::of_path(gone))
    };
    let holds_data = |path: &RelPath| HOLDS_DATA.iter().any(|kind| path.file_name().starts_with(kind));
    let held: Vec<&str> =
        gone.iter().filter(|path| holds_data(path) && !moves(path)).map(|path| path.as_str()).collect();
    if !held.is_empty() {
        return Err(Error::Guard {
            message: format!("this would delete what holds data: {}", some_of(held.iter().copied())),
            help: "if its data may be lost, run again with --allow-data-loss".into(),
        });
    }
    let made = proposal.changes.iter().filter(|change| change.kind == ChangeKind::Created && drops_data(&change.path));
    let mut dropped: Vec<String> = made.filter_map(|one| Some(Owner::of_path(&one.path)?.to_string())).collect();
    dropped.dedup();
    if !dropped.is_empty() {
        return Err(Error::Guard {
            message: format!("this would drop the data of {}", some_of(dropped.iter().map(String::as_str))),
            help: "if its databases may be dropped, run again with --allow-data-loss".into(),
        });
    }
    refuse_uncovered(repository, proposal, &gone, now)
}

/// A Kustomization that goes, or moves to another group, is deleted by the one that applied it, and takes its objects with it
/// if its policy says so.
fn refuse_uncovered(
    repository: &Repository,
    proposal: &Proposal<'_>,
    gone: &[&RelPath],
    now: &[Owner],
) -> Result<(), Error> {
    let Some(parent) = proposal.parent else { return Ok(()) };
    // What dropped a client's data runs on for nobody.
    let is_flux = |path: &&RelPath| {
        let name = path.file_name();
        path.as_str().contains("/delivery/flux/") && name.starts_with("kustomization-") && !name.ends_with(DROPPED)
    };
    let paths: Vec<RelPath> = gone.iter().filter(|path| is_flux(path)).map(|path| (*path).clone()).collect();
    let mut taken = Vec::new();
    for (path, old) in paths.iter().zip(repository.files_at(parent, &paths)?) {
        let deletes = old.as_deref().is_some_and(|old| has_line(old, "  deletionPolicy: Delete"));
        let change = FileChange { path: path.clone(), old, new: None };
        if let Some(owner) = Owner::of_change(&change).filter(|owner| deletes && now.contains(owner)) {
            taken.push(owner);
        }
    }
    taken.sort();
    taken.dedup();
    let Some(first) = taken.first() else { return Ok(()) };
    let names: Vec<String> = taken.iter().map(ToString::to_string).collect();
    Err(Error::Guard {
        message: format!(
            "Flux would delete what should run on: the Kustomizations of {} go or move, and say `deletionPolicy: Delete`",
            some_of(names.iter().map(String::as_str))
        ),
        help: format!(
            "first write `deletion = \"orphan\"` in environments/{}.toml, publish, and wait until Flux has applied it; or run \
             again with --allow-data-loss",
            first.environment
        ),
    })
}

fn has_line(bytes: &[u8], line: &str) -> bool {
    bytes.split(|&byte| byte == b'\n').any(|one| one == line.as_bytes())
}

/// The first ten, and how many more.
fn some_of<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let total = names.len();
    let shown: Vec<&str> = names.take(10).collect();
    let more = if total > shown.len() { format!(" and {} more", total - shown.len()) } else { String::new() };
    shown.join(", ") + &more
}
