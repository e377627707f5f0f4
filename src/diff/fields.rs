//! Two values of one object: which fields differ. Knows no kind and hides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::manifest::{Map, Value};

/// One step from a value to a value inside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Step {
    /// The value under a key of a mapping.
    Key(String),
    /// The item of a list that holds this text under its identifying key.
    Item(String),
    /// The item of a list at this place: in the new list, for a removed item in the old one.
    Index(usize),
}

/// What differs at one place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Difference<'v> {
    /// Another value; `None` where there is none.
    Value {
        /// Before.
        old: Option<&'v Value>,
        /// Now.
        new: Option<&'v Value>,
    },
    /// The same items in another order.
    Order {
        /// Their keys before.
        old: Vec<String>,
        /// Their keys now.
        new: Vec<String>,
    },
}

/// A difference and its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field<'v> {
    /// From the object's root.
    pub(super) path: Vec<Step>,
    /// What differs there.
    pub(super) difference: Difference<'v>,
}

/// Keys that identify an item of a list, where every item has one: what Kubernetes merges lists by, and what people
/// take for the item's name.
const IDENTIFYING: [&str; 10] =
    ["name", "mountPath", "devicePath", "key", "containerPort", "port", "host", "path", "ip", "type"];

/// Lists are aligned item by item up to this many; longer ones that nothing identifies are compared as a whole.
const LONGEST_ALIGNED: usize = 2_000;

/// Every field that differs, in the order of the old value, what is new at the end of its mapping or list.
pub(super) fn differences<'v>(old: &'v Value, new: &'v Value) -> Vec<Field<'v>> {
    let mut walk = Walk { path: Vec::new(), found: Vec::new() };
    walk.values(old, new);
    walk.found
}

struct Walk<'v> {
    path: Vec<Step>,
    found: Vec<Field<'v>>,
}

impl<'v> Walk<'v> {
    fn push(&mut self, difference: Difference<'v>) {
        self.found.push(Field { path: self.path.clone(), difference });
    }

    fn at(&mut self, step: Step, old: Option<&'v Value>, new: Option<&'v Value>) {
        self.path.push(step);
        match (old, new) {
            (Some(old), Some(new)) => self.values(old, new),
            _ => self.push(Difference::Value { old, new }),
        }
        self.path.pop();
    }

    fn values(&mut self, old: &'v Value, new: &'v Value) {
        match (old, new) {
            (Value::Map(old), Value::Map(new)) => self.maps(old, new),
            (Value::List(old_items), Value::List(new_items)) => self.lists((old, old_items), (new, new_items)),
            _ if old == new => {}
            _ => self.push(Difference::Value { old: Some(old), new: Some(new) }),
        }
    }

    fn maps(&mut self, old: &'v Map, new: &'v Map) {
        for (key, value) in old.iter() {
            self.at(Step::Key(key.into()), Some(value), new.get(key));
        }
        for (key, value) in new.iter().filter(|(key, _)| old.get(key).is_none()) {
            self.at(Step::Key(key.into()), None, Some(value));
        }
    }

    fn lists(&mut self, (whole_old, old): (&'v Value, &'v [Value]), (whole_new, new): (&'v Value, &'v [Value])) {
        if old == new {
            return;
        }
        let keyed = IDENTIFYING.iter().find_map(|key| Some((keys(old, key)?, keys(new, key)?)));
        if let Some((old_keys, new_keys)) = keyed {
            self.keyed_lists((old, &old_keys), (new, &new_keys));
        } else if old.len().max(new.len()) > LONGEST_ALIGNED || [old, new].iter().any(|list| list.iter().all(is_scalar))
        {
            // Lists of scalars are short and read as one value: `[ALL] -> [ALL, NET_RAW]`.
            self.push(Difference::Value { old: Some(whole_old), new: Some(whole_new) });
        } else {
            self.aligned_lists(old, new);
        }
    }

    fn keyed_lists(&mut self, (old, old_keys): (&'v [Value], &[String]), (new, new_keys): (&'v [Value], &[String])) {
        let places: BTreeMap<&String, usize> = new_keys.iter().zip(0..).collect();
        for (value, key) in old.iter().zip(old_keys) {
            self.at(Step::Item(key.clone()), Some(value), places.get(key).map(|&at| &new[at]));
        }
        let known: BTreeSet<&String> = old_keys.iter().collect();
        for (value, key) in new.iter().zip(new_keys).filter(|(_, key)| !known.contains(key)) {
            self.at(Step::Item(key.clone()), None, Some(value));
        }
        let common = |keys: &[String], other: &[String]| -> Vec<String> {
            let other: BTreeSet<&String> = other.iter().collect();
            keys.iter().filter(|key| other.contains(key)).cloned().collect()
        };
        let (old, new) = (common(old_keys, new_keys), common(new_keys, old_keys));
        if old != new {
            self.push(Difference::Order { old, new });
        }
    }

    fn aligned_lists(&mut self, old: &'v [Value], new: &'v [Value]) {
        let text = |items: &[Value]| items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>();
        for op in capture_diff_slices(Algorithm::Myers, &text(old), &text(new)) {
            let (removed, added) = match op {
                DiffOp::Equal { .. } => continue,
                DiffOp::Delete { old_index, old_len, new_index } => {
                    (old_index..old_index + old_len, new_index..new_index)
                }
                DiffOp::Insert { old_index, new_index, new_len } => {
                    (old_index..old_index, new_index..new_index + new_len)
                }
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    (old_index..old_index + old_len, new_index..new_index + new_len)
                }
            };
            let paired = removed.len().min(added.len());
            for (from, to) in removed.clone().zip(added.clone()) {
                self.at(Step::Index(to), Some(&old[from]), Some(&new[to]));
            }
            for from in removed.skip(paired) {
                self.at(Step::Index(from), Some(&old[from]), None);
            }
            for to in added.skip(paired) {
                self.at(Step::Index(to), None, Some(&new[to]));
            }
        }
    }
}

/// The keys of all items under `key`: `None` unless every item is a mapping with a scalar there and no two are equal.
fn keys(items: &[Value], key: &str) -> Option<Vec<String>> {
    let keys: Vec<String> = items.iter().map(|item| scalar(item.as_map()?.get(key)?)).collect::<Option<_>>()?;
    let distinct: BTreeSet<&String> = keys.iter().collect();
    (distinct.len() == keys.len()).then_some(keys)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) | Value::Number(text) => Some(text.clone()),
        Value::Bool(_) | Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::List(_) | Value::Map(_))
}

/// A path as people write it: `spec.containers[lms].env[0]`, `metadata.annotations["lmsgen.dev/revision"]`.
pub(super) struct Shown<'p>(pub(super) &'p [Step]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '{' | '}'))
        };
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if plain(key) && at == 0 => f.write_str(key)?,
                Step::Key(key) if plain(key) => write!(f, ".{key}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Item(key) if key.contains([']', '[', '"', '\\']) || key.chars().any(char::is_control) => {
                    write!(f, "[{key:?}]")?;
                }
                Step::Item(key) => write!(f, "[{key}]")?,
                Step::Index(at) => write!(f, "[{at}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse_documents;

    /// Each difference as `path: old -> new`.
    fn shown(old: &str, new: &str) -> Vec<String> {
        let read = |text: &str| parse_documents(text).unwrap().remove(0);
        let (old, new) = (read(old), read(new));
        let scalar = |value: Option<&Value>| match value {
            None => "none".to_owned(),
            Some(Value::String(text) | Value::Number(text)) => text.clone(),
            Some(Value::List(items)) => format!("{} items", items.len()),
            Some(other) => format!("{other:?}"),
        };
        differences(&old, &new)
            .iter()
            .map(|field| match &field.difference {
                Difference::Value { old, new } => {
                    format!("{}: {} -> {}", Shown(&field.path), scalar(*old), scalar(*new))
                }
                Difference::Order { old, new } => format!("{}: {old:?} -> {new:?}", Shown(&field.path)),
            })
            .collect()
    }

    #[test]
    fn items_are_paired_by_what_identifies_them() {
        assert_eq!(
            shown(
                "env: [{ name: A, value: 1 }, { name: B, value: 2 }, { name: C, value: 3 }]",
                "env: [{ name: N, value: 0 }, { name: A, value: 1 }, { name: C, value: 4 }]",
            ),
            [
                "env[B]: Map({\"name\": String(\"B\"), \"value\": Number(\"2\")}) -> none",
                "env[C].value: 3 -> 4",
                "env[N]: none -> Map({\"name\": String(\"N\"), \"value\": Number(\"0\")})",
            ]
        );
        assert_eq!(
            shown(
                "volumeMounts: [{ mountPath: /a, name: v }, { mountPath: /b, name: v }]",
                "volumeMounts: [{ mountPath: /a, name: w }, { mountPath: /b, name: v }]",
            ),
            ["volumeMounts[/a].name: v -> w"]
        );
        assert_eq!(shown("ports: [{ containerPort: 80 }]", "ports: [{ containerPort: 80, protocol: UDP }]").len(), 1);
    }

    #[test]
    fn the_order_of_items_is_a_difference_of_its_own() {
        assert_eq!(
            shown("env: [{ name: A }, { name: B }]", "env: [{ name: B }, { name: A }]"),
            ["env: [\"A\", \"B\"] -> [\"B\", \"A\"]"]
        );
    }

    #[test]
    fn lists_of_scalars_are_one_value_and_other_lists_are_aligned() {
        assert_eq!(shown("drop: [ALL]", "drop: [ALL, NET_RAW]"), ["drop: 1 items -> 2 items"]);
        let rule = |a: u8, b: u8| format!("rules: [{{ a: {a}, b: x }}, {{ a: {b}, b: x }}, {{ a: 9, b: x }}]");
        assert_eq!(shown(&rule(1, 2), &rule(1, 3)), ["rules[1].a: 2 -> 3"]);
        assert_eq!(
            shown("rules: [{ a: 1 }, { a: 2 }, { a: 3 }]", "rules: [{ a: 1 }, { a: 3 }]"),
            ["rules[1]: Map({\"a\": Number(\"2\")}) -> none"]
        );
    }

    #[test]
    fn a_string_is_not_the_number_that_looks_like_it() {
        assert_eq!(shown("a: 3", "a: '3'"), ["a: 3 -> 3"]);
        assert_eq!(shown("a: null", "{}"), ["a: Null -> none"]);
    }

    #[test]
    fn paths_read_well_and_are_unambiguous() {
        let key = |key: &str| Step::Key(key.into());
        let path = [key("metadata"), key("annotations"), key("a.b/c\"d")];
        assert_eq!(Shown(&path).to_string(), "metadata.annotations[\"a.b/c\\\"d\"]");
        let path = [key("a"), Step::Item("x]y".into()), Step::Index(3), key("b-c")];
        assert_eq!(Shown(&path).to_string(), "a[\"x]y\"][3].b-c");
    }
}
