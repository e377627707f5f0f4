//! What `publish` does without a person's flag: delete a few clients, and never what holds data.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{Owner, drops_data};
use crate::fleet::{Delivery, Environment, Fleet, GitConfig};
use crate::git::{ChangeKind, Proposal, Repository};
use crate::manifest::{ObjectRef, parse_documents};
use crate::names::RelPath;
use crate::render::may_be_database;
use crate::tree::{FileChange, RECORD};

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

/// What the guards know of the fleet that is published.
#[derive(Debug, Default)]
pub struct Now {
    /// Who owns output.
    pub owners: Vec<Owner>,
    /// Custom kinds that stacks say hold no data.
    pub without_data: Vec<String>,
    /// Namespaces of Kustomizations, by environment.
    pub flux: BTreeMap<String, String>,
}

impl Now {
    /// Reads them off the fleet.
    #[must_use]
    pub fn of(fleet: &Fleet, owners: Vec<Owner>) -> Self {
        let flux = |environment: &Environment| match &environment.delivery {
            Delivery::Flux(flux) => Some((environment.name.to_string(), flux.namespace.clone())),
            Delivery::ArgoCd(_) | Delivery::Kubectl => None,
        };
        Self { owners, without_data: fleet.without_data(), flux: fleet.environments.iter().filter_map(flux).collect() }
    }
}

/// Refuses a commit that deletes what holds data, drops a client's data, or makes Flux delete what should run on. `now`: the fleet after
/// it.
///
/// # Errors
/// [`Error::Guard`] with the files; the parent commit cannot be read.
pub fn refuse_data_loss(repository: &Repository, proposal: &Proposal<'_>, now: &Now) -> Result<(), Error> {
    let gone = proposal.changes.iter().filter(|change| change.kind == ChangeKind::Deleted).map(|change| &change.path);
    let gone: Vec<&RelPath> = gone.filter(|path| path.as_str().starts_with("rendered/")).collect();
    // In another folder of the same owner it is the same object.
    let moves = |gone: &RelPath| {
        let made = proposal.changes.iter().filter(|change| change.kind == ChangeKind::Created);
        let mut made = made.filter(|change| change.path.file_name() == gone.file_name());
        made.any(|change| Owner::of_path(&change.path) == Owner::of_path(gone))
    };
    let holds_data = |path: &RelPath| HOLDS_DATA.iter().any(|kind| path.file_name().starts_with(kind));
    let operators = databases(repository, proposal, &gone, &now.without_data)?;
    let is_held = |path: &&&RelPath| (holds_data(path) || operators.contains(**path)) && !moves(path);
    let held: Vec<&str> = gone.iter().filter(is_held).map(|path| path.as_str()).collect();
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

/// Files of custom objects, some of which may be an operator's databases.
fn databases(
    repository: &Repository,
    proposal: &Proposal<'_>,
    gone: &[&RelPath],
    without_data: &[String],
) -> Result<BTreeSet<RelPath>, Error> {
    let Some(parent) = proposal.parent else { return Ok(BTreeSet::new()) };
    let is_object = |path: &&RelPath| !path.as_str().contains("/delivery/") && path.file_name() != RECORD;
    let paths: Vec<RelPath> = gone.iter().copied().filter(is_object).cloned().collect();
    let texts = repository.files_at(parent, &paths)?;
    let may_be = |bytes: &[u8]| {
        let documents = std::str::from_utf8(bytes).ok().and_then(|text| parse_documents(text).ok())?;
        let object = ObjectRef::of(documents.first()?)?;
        Some(may_be_database(&object.api_version, &object.kind, without_data))
    };
    let found = paths.into_iter().zip(texts).filter(|(_, text)| text.as_deref().and_then(may_be).unwrap_or_default());
    Ok(found.map(|(path, _)| path).collect())
}

/// A Kustomization that goes, or moves to another group or namespace, is deleted by the one that applied it, and takes its objects with it
/// if its policy says so.
fn refuse_uncovered(
    repository: &Repository,
    proposal: &Proposal<'_>,
    gone: &[&RelPath],
    now: &Now,
) -> Result<(), Error> {
    let Some(parent) = proposal.parent else { return Ok(()) };
    // What dropped a client's data runs on for nobody.
    let is_flux = |path: &&RelPath| {
        let name = path.file_name();
        path.as_str().contains("/delivery/flux/") && name.starts_with("kustomization-") && !name.ends_with(DROPPED)
    };
    let changed =
        proposal.changes.iter().filter(|change| change.kind == ChangeKind::Changed).map(|change| &change.path);
    let paths: Vec<RelPath> = gone.iter().copied().chain(changed).filter(is_flux).cloned().collect();
    let mut taken = Vec::new();
    for (path, old) in paths.iter().zip(repository.files_at(parent, &paths)?) {
        let deletes = old.as_deref().is_some_and(|old| has_line(old, "  deletionPolicy: Delete"));
        let namespace = Owner::of_path(path).and_then(|owner| now.flux.get(&owner.environment));
        let same_place =
            |namespace: &String| old.as_deref().is_some_and(|old| has_line(old, &format!("  namespace: {namespace}")));
        if !gone.contains(&path) && namespace.is_some_and(same_place) {
            continue;
        }
        let change = FileChange { path: path.clone(), old, new: None };
        if let Some(owner) = Owner::of_change(&change).filter(|owner| deletes && now.owners.contains(owner)) {
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
