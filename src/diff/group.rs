//! The same change in many instances, once: changes that occur in exactly the same instances become one group.
//!
//! Loses nothing: every change of every owner is in exactly one group.

use std::collections::{BTreeMap, HashMap};

use super::object::Found;
use super::{Effect, Group, ObjectChange, Owner, Risk, What};

/// Groups the changes of objects, and of the instances that came or went as a whole.
pub(super) fn groups(found: Vec<Found>, what: impl Fn(&Owner) -> What) -> Vec<Group> {
    let mut single = Vec::new();
    let mut whole: BTreeMap<(Owner, What), Vec<Found>> = BTreeMap::new();
    for one in found {
        match what(&one.owner) {
            What::Objects => single.push(one),
            what => whole.entry((one.owner.clone(), what)).or_default().push(one),
        }
    }
    let mut groups = by_instances(units(single));
    groups.extend(whole_instances(whole));
    groups.sort_by_cached_key(|group| {
        let first = group.objects.first().map(|object| (object.kind.clone(), object.name.clone()));
        (alarm(group.risk), group.instances.len(), group.environment.clone(), group.instances[0].clone(), first)
    });
    groups
}

/// Worse risks stand apart; what merely rolls out is ordered by how rare it is.
fn alarm(risk: Risk) -> Risk {
    if risk == Risk::Quiet { Risk::Rollout } else { risk }
}

/// The smallest part of a change that is grouped by itself, and everybody who has it.
struct Unit {
    object: ObjectChange,
    risk: Risk,
    owners: Vec<Owner>,
}

/// Splits changes into units and joins the equal ones. A change that the API server rejects stays whole: none of its
/// fields takes effect.
fn units(found: Vec<Found>) -> Vec<Unit> {
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut units: Vec<Unit> = Vec::new();
    for one in found {
        for part in parts(one.object) {
            let key = key(&one.owner.environment, &part);
            let at = *index.entry(key).or_insert(units.len());
            if at == units.len() {
                units.push(Unit { risk: alarm(part.effect.risk()), object: part, owners: Vec::new() });
            }
            units[at].owners.push(one.owner.clone());
        }
    }
    for unit in &mut units {
        unit.owners.sort();
    }
    units
}

fn parts(object: ObjectChange) -> Vec<ObjectChange> {
    if object.fields.is_empty() || object.effect == Effect::Rejected || object.action != super::Action::Changed {
        return vec![object];
    }
    let head = ObjectChange { fields: Vec::new(), ..object.clone() };
    let part = |field: super::FieldChange| ObjectChange { effect: field.effect, fields: vec![field], ..head.clone() };
    object.fields.into_iter().map(part).collect()
}

/// A text that is equal for equal changes only.
fn key(environment: &str, object: &ObjectChange) -> String {
    serde_json::to_string(&(environment, object)).expect("a change holds strings, lists and maps only")
}

/// Joins the units that have the same owners and the same sort of risk, and within them the fields of one object.
fn by_instances(units: Vec<Unit>) -> Vec<Group> {
    let mut index: HashMap<(Risk, Vec<Owner>), usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for unit in units {
        let at = *index.entry((unit.risk, unit.owners.clone())).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Group {
                risk: unit.object.effect.risk(),
                what: What::Objects,
                environment: unit.owners[0].environment.clone(),
                instances: unit.owners,
                objects: Vec::new(),
                cause: None,
                stays: false,
            });
        }
        let group = &mut groups[at];
        group.risk = group.risk.min(unit.object.effect.risk());
        match group.objects.iter_mut().find(|object| same_object(object, &unit.object)) {
            Some(object) => {
                object.effect = object.effect.min(unit.object.effect);
                object.fields.extend(unit.object.fields);
            }
            None => group.objects.push(unit.object),
        }
    }
    groups
}

fn same_object(a: &ObjectChange, b: &ObjectChange) -> bool {
    let head = |one: &ObjectChange| ObjectChange { effect: Effect::RestartsNothing, fields: Vec::new(), ..one.clone() };
    a.action == super::Action::Changed && head(a) == head(b)
}

/// Instances that came or went with equal sets of objects.
fn whole_instances(whole: BTreeMap<(Owner, What), Vec<Found>>) -> Vec<Group> {
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for ((owner, what), found) in whole {
        let mut objects: Vec<ObjectChange> = found.into_iter().map(|one| one.object).collect();
        objects.sort_by_key(|object| (object.effect, object.kind.clone(), object.name.clone()));
        let key = serde_json::to_string(&(&owner.environment, what, &objects)).expect("as in `key`");
        let at = *index.entry(key).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Group {
                risk: objects.iter().map(|object| object.effect.risk()).min().unwrap_or(Risk::Quiet),
                what,
                environment: owner.environment.clone(),
                instances: Vec::new(),
                objects,
                cause: None,
                stays: false,
            });
        }
        groups[at].instances.push(owner);
    }
    groups
}
