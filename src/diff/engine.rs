//! From changed files to a [`DiffReport`]: reads them, pairs objects, and counts.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::group::groups;
use super::object::{Found, one_sided, two_sided};
use super::pattern::unhashed;
use super::{Action, Counts, DiffReport, EnvironmentDiff, KindDiff, Owner, What};
use crate::manifest::{ObjectRef, Value, parse_documents};
use crate::tree::FileChange;

/// The record of which files are owned; no object of the cluster.
pub(super) const RECORD: &str = "kustomization.yaml";

/// Compares two versions of the output.
///
/// `changes` are the files below `rendered/` that differ, `before` and `now` the instances of either version: they
/// decide what the headline counts and whether an instance came or went as a whole. To compare a selection, pass
/// the changes and the instances of the selection only.
#[must_use]
pub fn compare(changes: &[FileChange], before: &[Owner], now: &[Owner]) -> DiffReport {
    let mut counts = Counts { files: changes.len(), ..Counts::default() };
    let mut unreadable = Vec::new();
    let mut objects = Vec::new();
    let files: Vec<_> = changes.par_iter().enumerate().map(|(at, change)| read(at, change)).collect();
    for (change, file) in changes.iter().zip(files) {
        match file {
            Some(read) => objects.extend(read),
            None => unreadable.push(change.path.to_string()),
        }
    }
    let pairs = pair(objects);
    let found: Vec<(Found, Vec<usize>)> = pairs.into_par_iter().filter_map(Pair::compare).collect();

    let touched: BTreeSet<usize> = found.iter().flat_map(|(_, files)| files).copied().collect();
    let silent = |(at, change): &(usize, &FileChange)| {
        change.path.file_name() != RECORD
            && !touched.contains(at)
            && !unreadable.iter().any(|path| path == change.path.as_str())
    };
    counts.formatting = changes.iter().enumerate().filter(silent).count();
    let found: Vec<Found> = found.into_iter().map(|(found, _)| found).collect();
    let kinds = count(&mut counts, &found);
    let (before, now): (BTreeSet<&Owner>, BTreeSet<&Owner>) = (before.iter().collect(), now.iter().collect());
    let what = |owner: &Owner| match (before.contains(owner), now.contains(owner)) {
        (false, true) if owner.is_instance() => What::InstancesCreated,
        (true, false) if owner.is_instance() => What::InstancesDeleted,
        _ => What::Objects,
    };
    let environments = environments(&found, &before, &now);
    DiffReport { environments, groups: groups(found, what), kinds, counts, unreadable }
}

/// Which version an object is from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

struct Object {
    side: Side,
    file: usize,
    owner: Owner,
    reference: ObjectRef,
    value: Value,
}

/// The objects of a changed file; `None` if it holds anything else.
fn read(file: usize, change: &FileChange) -> Option<Vec<Object>> {
    if change.path.file_name() == RECORD {
        return Some(Vec::new());
    }
    let owner = Owner::of_path(&change.path)?;
    let mut objects = Vec::new();
    for (side, bytes) in [(Side::Old, &change.old), (Side::New, &change.new)] {
        let Some(bytes) = bytes else { continue };
        for value in documents(bytes)? {
            let reference = ObjectRef::of(&value)?;
            objects.push(Object { side, file, owner: owner.clone(), reference, value });
        }
    }
    Some(objects)
}

/// The objects of a file, those of a `List` by themselves; `None` if it cannot be read.
pub(super) fn documents(bytes: &[u8]) -> Option<Vec<Value>> {
    let documents = parse_documents(std::str::from_utf8(bytes).ok()?).ok()?;
    let items = |value: Value| match value.at(&["items"]).and_then(Value::as_list) {
        Some(items) if value.str_at(&["kind"]) == Some("List") => items.to_vec(),
        _ => vec![value],
    };
    Some(documents.into_iter().flat_map(items).collect())
}

/// An object before and now.
#[derive(Default)]
struct Pair {
    old: Option<Object>,
    new: Option<Object>,
}

impl Pair {
    /// The change, and the files it shows in.
    fn compare(self) -> Option<(Found, Vec<usize>)> {
        let files = self.old.iter().chain(&self.new).map(|object| object.file).collect();
        let found = match (&self.old, &self.new) {
            (Some(old), Some(new)) => {
                let action = if old.reference.name == new.reference.name { Action::Changed } else { Action::Replaced };
                two_sided(&new.owner, &new.reference, [&old.value, &new.value], action)?
            }
            (Some(old), None) => one_sided(&old.owner, &old.reference, &old.value, Action::Deleted),
            (None, Some(new)) => one_sided(&new.owner, &new.reference, &new.value, Action::Created),
            (None, None) => return None,
        };
        Some((found, files))
    }
}

/// What makes two objects one in a cluster: the API group without its version; and which of several, should a file say
/// the same twice.
type Identity = (String, String, String, Option<String>, String, usize);

/// Pairs objects by identity wherever in an environment their files are, and what is left of each owner by name but for
/// the content hash.
fn pair(objects: Vec<Object>) -> Vec<Pair> {
    let mut pairs: BTreeMap<Identity, Pair> = BTreeMap::new();
    for object in objects {
        let ObjectRef { kind, namespace, name, .. } = object.reference.clone();
        let group = object.reference.group().to_owned();
        let mut identity = (object.owner.environment.clone(), group, kind, namespace, name, 0);
        loop {
            let pair = pairs.entry(identity.clone()).or_default();
            let slot = if object.side == Side::Old { &mut pair.old } else { &mut pair.new };
            if slot.is_none() {
                *slot = Some(object);
                break;
            }
            identity.5 += 1;
        }
    }
    pair_hashed(pairs.into_values().collect())
}

/// Joins an object that is gone with the new one of the same owner, kind and stem, if there is exactly one of either.
fn pair_hashed(pairs: Vec<Pair>) -> Vec<Pair> {
    let stem = |pair: &Pair| -> Option<(Owner, String, Option<String>, String)> {
        let ((Some(object), None) | (None, Some(object))) = (&pair.old, &pair.new) else { return None };
        let ObjectRef { kind, namespace, name, .. } = &object.reference;
        // What holds data is never said to be replaced.
        let replaceable = !matches!(kind.as_str(), "PersistentVolumeClaim" | "PersistentVolume" | "Namespace");
        let stem = unhashed(name).filter(|_| replaceable)?;
        Some((object.owner.clone(), kind.clone(), namespace.clone(), stem.to_owned()))
    };
    let mut by_stem: BTreeMap<_, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (at, pair) in pairs.iter().enumerate() {
        if let Some(stem) = stem(pair) {
            let (gone, fresh) = by_stem.entry(stem).or_default();
            if pair.old.is_some() { gone.push(at) } else { fresh.push(at) }
        }
    }
    let mut pairs: Vec<Option<Pair>> = pairs.into_iter().map(Some).collect();
    for (gone, fresh) in by_stem.into_values() {
        if let ([gone], [fresh]) = (gone.as_slice(), fresh.as_slice()) {
            let old = pairs[*gone].take().and_then(|pair| pair.old);
            if let Some(pair) = &mut pairs[*fresh] {
                pair.old = old;
            }
        }
    }
    pairs.into_iter().flatten().collect()
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
