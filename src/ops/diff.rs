//! `diff`: a fresh rendering against a commit, without a checkout.

use crate::diff::{DiffReport, HeldBack, Owner, compare};
use crate::files::Root;
use crate::fleet::{Selection, Sources};
use crate::git::{ChangeKind, Changed, Proposal, Repository, Revision};
use crate::names::RelPath;
use crate::render::OUTPUT;
use crate::tree::{FileChange, Scope};

use super::Error;
use super::causes::add_causes;
use super::committed::{Committed, warn_unraised};
use super::interrupted::warn_interrupted;
use super::prepare::{Checked, Prepared, prepare};
use super::publish_guards::{Guards, Now, refuse_data_loss};
use super::publish_message::Summary;
use super::render::{Strictness, require_secrets};
use super::secret_place::place_name;
use super::store::Missing;
use super::store_files::StoreFiles;

/// What differs.
#[derive(Debug)]
pub struct DiffOutcome {
    /// The commit compared with; `None` before the first one.
    pub base: Option<Revision>,
    /// Changes of objects.
    pub report: DiffReport,
    /// The files behind it, for [`crate::diff::unified`].
    pub changes: Vec<FileChange>,
    /// Places whose missing secrets the next `render` generates, and how many values.
    pub to_generate: Vec<(String, usize)>,
}

/// Compares the selection with `base`, HEAD without one.
///
/// # Errors
/// A broken operation; faults in files are in the result.
pub fn diff(root: &Root, selection: &Selection, base: Option<&str>) -> Result<Checked<DiffOutcome>, Error> {
    let repository = Repository::open(root.path())?;
    let base = match base {
        Some(text) => Some(repository.resolve(text)?),
        None => repository.head()?,
    };
    let files = Sources::from_disk(root)?;
    let mut prepared = match prepare(StoreFiles::Disk(root), files.clone(), selection)? {
        Ok(prepared) => prepared,
        Err(faults) => return Ok(faults.with(None)),
    };
    let committed = require_secrets(root, &mut prepared, Strictness::Lenient)?;
    warn_unraised(root, &mut prepared)?;
    warn_interrupted(root, &mut prepared.sources, &mut prepared.found)?;
    if prepared.found.has_errors() {
        return Ok(prepared.finish(None));
    }
    let output = RelPath::new(OUTPUT).expect("a plain name");
    let scope = match prepared.scope() {
        Scope::All => vec![output.clone()],
        Scope::Folders(folders) => folders,
    };
    let mut changes = repository.changed_files(base.as_ref(), &prepared.rendered.tree, &scope)?;
    // A Secret that the next rendering makes anew does not go away.
    let to_come = to_come(&prepared);
    changes.retain(|change| !(change.new.is_none() && to_come.contains(change.path.as_str())));
    let in_scope = |environment: &str, client: &str| {
        RelPath::new(&format!("{OUTPUT}/{environment}/{client}"))
            .is_ok_and(|path| scope.iter().any(|one| path.is_within(one)))
    };
    let before: Vec<Owner> = repository
        .folders_below(base.as_ref(), &output)?
        .into_iter()
        .filter(|(environment, client)| in_scope(environment, client))
        .map(|(environment, client)| Owner::new(&environment, &client))
        .collect();
    let now = owners(&prepared);
    let mut report = compare(&changes, &before, &now);
    if let Some(base) = &base {
        add_causes(&mut report, (&repository, base), (&prepared, &files))?;
    }
    report.held_back = held_back(&repository, base.as_ref(), (&changes, &before), &prepared)?;
    let outcome = DiffOutcome { base, report, changes, to_generate: to_generate(&prepared, &committed) };
    Ok(prepared.finish(Some(outcome)))
}

/// What the guards of `publish` would say to `changes`.
fn held_back(
    repository: &Repository,
    base: Option<&Revision>,
    (changes, before): (&[FileChange], &[Owner]),
    prepared: &Prepared,
) -> Result<Vec<HeldBack>, Error> {
    let kind = |change: &FileChange| match (&change.old, &change.new) {
        (None, _) => ChangeKind::Created,
        (_, None) => ChangeKind::Deleted,
        _ => ChangeKind::Changed,
    };
    let changes: Vec<Changed> =
        changes.iter().map(|change| Changed { path: change.path.clone(), kind: kind(change) }).collect();
    let now = Now::of(&prepared.fleet, owners(prepared));
    let summary = Summary::of(&changes, before, &now.owners);
    let guards = Guards { summary: &summary, config: &prepared.fleet.git, allow_delete: false };
    // Of a part of the fleet it is not known how much of the whole goes.
    let is_whole = matches!(prepared.scope(), Scope::All);
    let many = if is_whole { guards.refuse_many(before) } else { Ok(()) };
    let lost = refuse_data_loss(repository, &Proposal { parent: base, changes: &changes, attempt: 1 }, &now);
    let mut held = Vec::new();
    for (flag, refused) in [("--allow-delete", many), ("--allow-data-loss", lost)] {
        match refused {
            Ok(()) => {}
            Err(Error::Guard { message, .. }) => held.push(HeldBack { flag, why: message }),
            Err(other) => return Err(other),
        }
    }
    Ok(held)
}

/// Everything in the fresh tree that owns a folder.
pub fn owners(prepared: &Prepared) -> Vec<Owner> {
    let mut owners: Vec<Owner> = Vec::new();
    for folder in prepared.rendered.tree.folders() {
        let mut parts = folder.path.as_str().split('/').skip(1);
        if let (Some(environment), Some(client)) = (parts.next(), parts.next()) {
            let owner = Owner::new(environment, client);
            if owners.last() != Some(&owner) {
                owners.push(owner);
            }
        }
    }
    owners
}

/// Output files of Secrets that are not in the store and will be generated.
fn to_come(prepared: &Prepared) -> std::collections::HashSet<String> {
    let missing = prepared.store.missing.iter().filter(|missing| missing.existing.is_none() && missing.has_generated());
    let path = |missing: &Missing| {
        let phase = prepared.fleet.stacks[missing.stack].phases.first();
        let folder = match (missing.place.client, phase) {
            (Some(_), Some(phase)) => format!("{}/{phase}", place_name(&prepared.fleet, missing.place)),
            _ => format!("{}/environment", place_name(&prepared.fleet, missing.place)),
        };
        format!("{OUTPUT}/{folder}/secret-{}.yaml", missing.object_name)
    };
    missing.map(path).collect()
}

fn to_generate(prepared: &Prepared, committed: &Committed) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    // What the last commit has is not made anew.
    let is_gone = |one: &Missing| one.existing.is_none() && committed.holds(&one.path);
    let made = prepared.store.missing.iter().filter(|one| one.has_generated() && !is_gone(one));
    for missing in made.filter(|one| committed.lost_keys(one).is_empty()) {
        let n = missing.keys.iter().filter(|key| matches!(key.source, crate::fleet::SecretSource::Generate(_))).count();
        *counts.entry(place_name(&prepared.fleet, missing.place)).or_insert(0) += n;
    }
    counts.into_iter().collect()
}
