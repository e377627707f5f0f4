//! From changed files to a [`DiffReport`].

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::group::groups;
use super::object::Found;
use super::pair::{Pair, pair, pair_hashed};
use super::read::{RECORD, read_all};
use super::{Action, Counts, DiffReport, EnvironmentDiff, KindDiff, Owner, What};
use crate::tree::FileChange;

/// Compares two versions of the output.
///
/// `changes` are the files below `rendered/` that differ, `before` and `now` the instances of either version: they
/// decide what the headline counts and whether an instance came or went as a whole. To compare a selection, pass
/// the changes and the instances of the selection only.
#[must_use]
pub fn compare(changes: &[FileChange], before: &[Owner], now: &[Owner]) -> DiffReport {
    let mut counts = Counts { files: changes.len(), ..Counts::default() };
    let mut unreadable = Vec::new();
    let mut found = Vec::new();
    let mut rest = Vec::new();
    // Files that are about objects, and files in which a difference shows.
    let (mut read, mut touched) = (BTreeSet::new(), BTreeSet::new());
    for (at, (change, file)) in changes.iter().zip(read_all(changes)).enumerate() {
        match (file, Owner::of_change(change)) {
            _ if change.path.file_name() == RECORD => {}
            (Some(file), Some(owner)) => {
                read.insert(at);
                if !file.changed.is_empty() {
                    touched.insert(at);
                }
                found.extend(file.changed.into_iter().map(|object| Found { owner: owner.clone(), object }));
                rest.extend(file.rest);
            }
            _ => unreadable.push(change.path.to_string()),
        }
    }
    let moved: Vec<(Found, Vec<usize>)> = pair_hashed(pair(rest)).par_iter().filter_map(Pair::compare).collect();
    for (one, files) in moved {
        found.push(one);
        touched.extend(files);
    }
    counts.formatting = read.difference(&touched).count();
    let kinds = count(&mut counts, &found);
    let (before, now): (BTreeSet<&Owner>, BTreeSet<&Owner>) = (before.iter().collect(), now.iter().collect());
    let what = |owner: &Owner| match (before.contains(owner), now.contains(owner)) {
        (false, true) if owner.is_instance() => What::InstancesCreated,
        (true, false) if owner.is_instance() => What::InstancesDeleted,
        _ => What::Objects,
    };
    let environments = environments(&found, &before, &now);
    DiffReport { environments, groups: groups(found, what), kinds, counts, unreadable, held_back: Vec::new() }
}

/// Adds every change to the sums, and returns the sums by environment and kind.
fn count(counts: &mut Counts, found: &[Found]) -> Vec<KindDiff> {
    let mut kinds: BTreeMap<(&str, &str), KindDiff> = BTreeMap::new();
    for Found { owner, object } in found {
        let kind = kinds.entry((&owner.environment, &object.kind)).or_insert_with(|| KindDiff {
            environment: owner.environment.clone(),
            kind: object.kind.clone(),
            ..KindDiff::default()
        });
        let (sum, of_kind) = match object.action {
            Action::Created => (&mut counts.created, &mut kind.created),
            Action::Changed => (&mut counts.changed, &mut kind.changed),
            Action::Deleted => (&mut counts.deleted, &mut kind.deleted),
            Action::Replaced => (&mut counts.replaced, &mut kind.replaced),
        };
        *sum += 1;
        *of_kind += 1;
        counts.fields += object.fields.len();
        counts.secret_keys += object.secret_keys().count();
    }
    kinds.into_values().collect()
}

fn environments(found: &[Found], before: &BTreeSet<&Owner>, now: &BTreeSet<&Owner>) -> Vec<EnvironmentDiff> {
    let mut by_name: BTreeMap<&str, EnvironmentDiff> = BTreeMap::new();
    let changed: BTreeSet<&Owner> = found.iter().map(|one| &one.owner).collect();
    let known: BTreeSet<&Owner> = before.union(now).chain(&changed).copied().collect();
    for owner in known {
        let entry = by_name.entry(&owner.environment).or_default();
        entry.name.clone_from(&owner.environment);
        if !owner.is_instance() {
            continue;
        }
        entry.instances += 1;
        match (before.contains(owner), now.contains(owner)) {
            (false, true) => entry.created += 1,
            (true, false) => entry.deleted += 1,
            _ if changed.contains(owner) => entry.changed += 1,
            _ => {}
        }
    }
    for one in found.iter().filter(|one| !one.owner.is_instance()) {
        if let Some(entry) = by_name.get_mut(one.owner.environment.as_str()) {
            entry.environment_objects += 1;
        }
    }
    by_name.into_values().collect()
}
