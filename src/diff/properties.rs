//! Laws of the comparison, over random objects.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::fields::{Difference, Field, Step, differences};
use super::*;
use crate::manifest::{Map, Value, emit_document};
use crate::names::RelPath;
use crate::tree::FileChange;

/// Scalars, mappings, lists of scalars, and lists whose items have names.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0..5_u8).prop_map(|n| Value::Number(n.to_string())),
        "[a-c\n]{0,4}".prop_map(Value::String),
    ];
    scalar.clone().prop_recursive(4, 32, 4, move |inner| {
        let map = prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|map| map.into_iter().collect::<Map>());
        let named = prop::collection::btree_map("[w-z]", map.clone(), 1..4).prop_map(|items| {
            let named = |(name, mut map): (String, Map)| {
                map.insert("name", Value::String(name));
                Value::Map(map)
            };
            Value::List(items.into_iter().map(named).collect())
        });
        let plain = prop::collection::vec(scalar.clone(), 0..4).prop_map(Value::List);
        prop_oneof![3 => map.prop_map(Value::Map), 1 => named.prop_shuffle_items(), 1 => plain]
    })
}

/// Lists in random order.
trait Shuffle: Strategy<Value = Value> + Sized {
    fn prop_shuffle_items(self) -> impl Strategy<Value = Value> {
        (self, any::<bool>()).prop_map(|(value, turn)| match value {
            Value::List(mut items) if turn => {
                items.reverse();
                Value::List(items)
            }
            value => value,
        })
    }
}

impl<S: Strategy<Value = Value>> Shuffle for S {}

/// Puts a difference into the old value.
fn apply(value: &mut Value, path: &[Step], new: Option<&Value>) {
    let Some((step, rest)) = path.split_first() else {
        *value = new.expect("a root is never removed").clone();
        return;
    };
    match (value, step) {
        (Value::Map(map), Step::Key(key)) => match (map.get_mut(key), new) {
            (Some(inner), _) if !rest.is_empty() => apply(inner, rest, new),
            (_, Some(new)) => drop(map.insert(key, new.clone())),
            (_, None) => drop(map.remove(key)),
        },
        (Value::List(items), Step::Item(key)) => {
            let at = items.iter().position(|item| item.str_at(&["name"]) == Some(key));
            match (at, new) {
                (Some(at), _) if !rest.is_empty() => apply(&mut items[at], rest, new),
                (Some(at), None) => drop(items.remove(at)),
                (_, Some(new)) => items.push(new.clone()),
                (None, None) => panic!("no item {key}"),
            }
        }
        (value, step) => panic!("{step:?} into {value:?}"),
    }
}

/// Keys and named items in the order of their names: the order is a difference of its own.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Map(map) => {
            let sorted: BTreeMap<String, Value> = map.iter().map(|(key, value)| (key.into(), sorted(value))).collect();
            Value::Map(sorted.into_iter().collect())
        }
        Value::List(items) if items.iter().all(|item| item.str_at(&["name"]).is_some()) => {
            let mut items: Vec<Value> = items.iter().map(sorted).collect();
            items.sort_by_key(|item| item.str_at(&["name"]).map(str::to_owned));
            Value::List(items)
        }
        other => other.clone(),
    }
}

fn text(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    emit_document(&mut out, value);
    out.into_bytes()
}

fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn object(kind: &str, name: &str, parts: Vec<(&str, Value)>) -> Value {
    let head =
        vec![("apiVersion", string("v1")), ("kind", string(kind)), ("metadata", map(vec![("name", string(name))]))];
    map(head.into_iter().chain(parts).collect())
}

fn string(text: &str) -> Value {
    Value::String(text.into())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_value_does_not_differ_from_itself(value in value()) {
        prop_assert_eq!(differences(&value, &value), vec![]);
    }

    #[test]
    fn the_differences_lead_from_the_old_value_to_the_new(old in value(), new in value()) {
        let mut patched = old.clone();
        for Field { path, difference } in differences(&old, &new) {
            if let Difference::Value { new, .. } = difference {
                apply(&mut patched, &path, new);
            }
        }
        prop_assert_eq!(sorted(&patched), sorted(&new));
    }

    #[test]
    fn every_change_is_in_exactly_one_group(
        objects in prop::collection::vec((0..6_usize, 0..4_usize, prop::option::of(value()), prop::option::of(value())), 0..24),
        gone in 0..6_usize,
    ) {
        let clients = ["C1", "C2", "C3", "C4", "C5", "environment"];
        let mut changes = BTreeMap::new();
        for (client, name, old, new) in objects {
            let client = clients[client];
            let path = format!("rendered/e/{client}/app/{name}.yaml");
            let kind = ["ConfigMap", "Deployment", "Job", "Secret"][name];
            let side = |value: Option<Value>| {
                let name = format!("{kind}-{client}").to_lowercase();
                value.map(|value| text(&object(kind, &name, vec![("spec", value)])))
            };
            let change = FileChange { path: RelPath::new(&path).unwrap(), old: side(old), new: side(new) };
            if change.old != change.new {
                changes.insert(path, change);
            }
        }
        let changes: Vec<FileChange> = changes.into_values().collect();
        let owners: Vec<Owner> = clients[..5].iter().map(|client| Owner::new("e", client)).collect();
        let now: Vec<Owner> = owners.iter().filter(|owner| owner.client != clients[gone]).cloned().collect();
        let report = compare(&changes, &owners, &now);
        let sum = |of: &dyn Fn(&ObjectChange) -> usize| -> usize {
            let group = |group: &Group| group.instances.len() * group.objects.iter().map(of).sum::<usize>();
            report.groups.iter().map(group).sum()
        };
        let with = |action: Action| sum(&|object| usize::from(object.action == action));
        prop_assert_eq!(sum(&|object| object.fields.len()), report.counts.fields);
        prop_assert_eq!(with(Action::Created), report.counts.created);
        prop_assert_eq!(with(Action::Deleted), report.counts.deleted);
        prop_assert_eq!(with(Action::Replaced), report.counts.replaced);
        for group in &report.groups {
            prop_assert!(group.instances.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
