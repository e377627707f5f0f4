//! Which object before is which object now.

use std::collections::{BTreeMap, HashMap};

use super::object::{Found, one_sided, two_sided};
use super::pattern::unhashed;
use super::{Action, Effect, Owner};
use crate::manifest::{ObjectRef, Value};

/// Which version an object is from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Old,
    New,
}

/// An object in a changed file.
pub(super) struct Object {
    pub(super) side: Side,
    pub(super) file: usize,
    pub(super) owner: Owner,
    pub(super) reference: ObjectRef,
    pub(super) value: Value,
    /// It drops a client's data once it is there.
    pub(super) drops: bool,
}

/// An object before and now.
#[derive(Default)]
pub(super) struct Pair {
    pub(super) old: Option<Object>,
    pub(super) new: Option<Object>,
}

impl Pair {
    /// The change, and the files it shows in.
    pub(super) fn compare(&self) -> Option<(Found, Vec<usize>)> {
        let files = self.old.iter().chain(&self.new).map(|object| object.file).collect();
        let mut found = match (&self.old, &self.new) {
            (Some(old), Some(new)) => {
                let action = if old.reference.name == new.reference.name { Action::Changed } else { Action::Replaced };
                two_sided(&new.owner, &new.reference, [&old.value, &new.value], action)?
            }
            (Some(old), None) => one_sided(&old.owner, &old.reference, &old.value, Action::Deleted),
            (None, Some(new)) => one_sided(&new.owner, &new.reference, &new.value, Action::Created),
            (None, None) => return None,
        };
        let is_made = matches!(found.object.action, Action::Created | Action::Replaced);
        if is_made && self.new.as_ref().is_some_and(|new| new.drops) {
            found.object.effect = Effect::DropsData;
            found.object.fields.iter_mut().for_each(|field| field.effect = Effect::DropsData);
        }
        Some((found, files))
    }
}

/// What makes two objects one in a cluster: the environment, the API group without its version, kind, namespace and name.
type Identity = (String, String, String, Option<String>, String);

/// Pairs objects by identity. Should a version say one identity several times, the first stand against each other, then
/// the second.
pub(super) fn pair(objects: Vec<Object>) -> Vec<Pair> {
    let mut seen: HashMap<(Identity, Side), usize> = HashMap::new();
    let mut pairs: BTreeMap<(Identity, usize), Pair> = BTreeMap::new();
    for object in objects {
        let ObjectRef { kind, namespace, name, .. } = object.reference.clone();
        let group = object.reference.group().to_owned();
        let identity = (object.owner.environment.clone(), group, kind, namespace, name);
        let nth = seen.entry((identity.clone(), object.side)).or_insert(0);
        let pair = pairs.entry((identity, *nth)).or_default();
        *nth += 1;
        match object.side {
            Side::Old => pair.old = Some(object),
            Side::New => pair.new = Some(object),
        }
    }
    pairs.into_values().collect()
}

/// Joins an object that is gone with the new one of the same owner, kind and stem, if there is exactly one of either.
pub(super) fn pair_hashed(pairs: Vec<Pair>) -> Vec<Pair> {
    let stem = |pair: &Pair| -> Option<(Owner, String, Option<String>, String, bool)> {
        let ((Some(object), None) | (None, Some(object))) = (&pair.old, &pair.new) else { return None };
        let ObjectRef { kind, namespace, name, .. } = &object.reference;
        // What holds data is never said to be replaced.
        let replaceable = !matches!(kind.as_str(), "PersistentVolumeClaim" | "PersistentVolume" | "Namespace");
        let stem = unhashed(name).filter(|_| replaceable)?;
        Some((object.owner.clone(), kind.clone(), namespace.clone(), stem.to_owned(), object.drops))
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
