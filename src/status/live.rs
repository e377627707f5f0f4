//! The cluster's objects by name and by owner.

use std::collections::HashMap;

use super::dump::Dump;
use super::expected::integer;
use super::time::parse_time;
use crate::manifest::Value;

/// Group, kind, namespace, name.
type Key<'d> = (&'d str, &'d str, &'d str, &'d str);

/// Objects of a dump, found quickly.
pub(super) struct Live<'d> {
    objects: HashMap<Key<'d>, &'d Value>,
    /// Namespace, kind and name of the owner.
    children: HashMap<(&'d str, &'d str, String), Vec<&'d Value>>,
    /// Warnings by namespace, kind and name of what they are about, the latest last.
    warnings: HashMap<(&'d str, &'d str, &'d str), Vec<&'d Value>>,
}

impl<'d> Live<'d> {
    pub(super) fn new(dump: &'d Dump) -> Self {
        let mut live = Self { objects: HashMap::new(), children: HashMap::new(), warnings: HashMap::new() };
        for object in dump.iter() {
            if kind(object) == "Event" {
                live.warn(object);
            } else {
                // Of an object that is there twice, the later one counts.
                live.objects.insert(key(object), object);
            }
        }
        let objects: Vec<&Value> = live.objects.values().copied().collect();
        for object in objects {
            for owner in owners(object) {
                let (Some(kind), Some(name)) = (owner.str_at(&["kind"]), owner.str_at(&["name"])) else { continue };
                live.children.entry((namespace(object), kind, name.to_owned())).or_default().push(object);
                if kind == "ReplicaSet" {
                    live.adopt_pod(object, name);
                }
            }
        }
        for children in live.children.values_mut() {
            children.sort_by_key(|object| (created(object), name(object)));
        }
        for warnings in live.warnings.values_mut() {
            warnings.sort_by_key(|event| event_time(event));
        }
        live
    }

    /// A dump without ReplicaSets still says by its Pods' names whose they are.
    fn adopt_pod(&mut self, pod: &'d Value, set: &str) {
        if self.objects.contains_key(&("apps", "ReplicaSet", namespace(pod), set)) {
            return;
        }
        let hash = label(pod, "pod-template-hash").map(|hash| format!("-{hash}"));
        if let Some(deployment) = hash.and_then(|hash| set.strip_suffix(&hash).map(str::to_owned)) {
            self.children.entry((namespace(pod), "Deployment", deployment)).or_default().push(pod);
        }
    }

    fn warn(&mut self, event: &'d Value) {
        let at = |key| event.str_at(&["involvedObject", key]);
        if let (Some("Warning"), Some(kind), Some(name)) = (event.str_at(&["type"]), at("kind"), at("name")) {
            let namespace = at("namespace").unwrap_or_else(|| namespace(event));
            self.warnings.entry((namespace, kind, name)).or_default().push(event);
        }
    }

    pub(super) fn get(&self, key: Key<'_>) -> Option<&'d Value> {
        // A key that lives shorter is as good to look with.
        self.objects.get(&key).copied()
    }

    /// Every object but events, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'d Value> {
        self.objects.values().copied()
    }

    /// Objects of `of` that name the owner, oldest first.
    pub(super) fn owned(&self, owner: &Value, of: &'static str) -> impl Iterator<Item = &'d Value> {
        let owner_key = (namespace(owner), kind(owner), name(owner).to_owned());
        let uid = owner.str_at(&["metadata", "uid"]).map(str::to_owned);
        let found: Vec<&'d Value> = self.children.get(&owner_key).cloned().unwrap_or_default();
        found.into_iter().filter(move |object| {
            // An object of the same name may have been there before.
            let is_other = |one: &Value| {
                one.str_at(&["kind"]) == Some(owner_key.1)
                    && uid.is_some()
                    && one.str_at(&["uid"]).is_some_and(|known| Some(known) != uid.as_deref())
            };
            kind(object) == of && !owners(object).iter().any(is_other)
        })
    }

    /// The latest warning about an object whose reason is one of `reasons`.
    pub(super) fn warning(&self, object: &Value, reasons: &[&str]) -> Option<&'d str> {
        let warnings = self.warnings.get(&(namespace(object), kind(object), name(object)))?;
        let is_one = |event: &&&Value| event.str_at(&["reason"]).is_some_and(|reason| reasons.contains(&reason));
        warnings.iter().rev().find(is_one)?.str_at(&["message"])
    }

    /// All warnings about an object with that reason, in one text.
    pub(super) fn warnings(&self, object: &Value, reason: &str) -> String {
        let warnings = self.warnings.get(&(namespace(object), kind(object), name(object)));
        let of_reason = warnings.into_iter().flatten().filter(|event| event.str_at(&["reason"]) == Some(reason));
        of_reason.filter_map(|event| event.str_at(&["message"])).collect::<Vec<_>>().join("\n")
    }
}

fn key(object: &Value) -> Key<'_> {
    (group(object), kind(object), namespace(object), name(object))
}

pub(super) fn group(object: &Value) -> &str {
    object.str_at(&["apiVersion"]).and_then(|version| version.split_once('/')).map_or("", |(group, _)| group)
}

pub(super) fn kind(object: &Value) -> &str {
    object.str_at(&["kind"]).unwrap_or_default()
}

pub(super) fn name(object: &Value) -> &str {
    object.str_at(&["metadata", "name"]).unwrap_or_default()
}

pub(super) fn namespace(object: &Value) -> &str {
    object.str_at(&["metadata", "namespace"]).unwrap_or_default()
}

pub(super) fn label<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    object.str_at(&["metadata", "labels", key])
}

pub(super) fn annotation<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    object.str_at(&["metadata", "annotations", key])
}

pub(super) fn created(object: &Value) -> Option<i64> {
    time_at(object, &["metadata", "creationTimestamp"])
}

pub(super) fn time_at(value: &Value, path: &[&str]) -> Option<i64> {
    value.str_at(path).and_then(parse_time)
}

pub(super) fn is_being_deleted(object: &Value) -> bool {
    object.str_at(&["metadata", "deletionTimestamp"]).is_some()
}

/// A number of the status; what is not said is 0.
pub(super) fn count_at(object: &Value, path: &[&str]) -> i64 {
    integer(object, path).unwrap_or(0)
}

/// `true` once the controller has seen the latest change of the object.
pub(super) fn is_observed(object: &Value) -> bool {
    let generation = integer(object, &["metadata", "generation"]);
    let observed = integer(object, &["status", "observedGeneration"]);
    generation.is_none_or(|generation| observed.is_some_and(|observed| observed >= generation))
}

pub(super) fn owners(object: &Value) -> &[Value] {
    object.at(&["metadata", "ownerReferences"]).and_then(Value::as_list).unwrap_or_default()
}

fn event_time(event: &Value) -> Option<i64> {
    let paths: [&[&str]; 4] =
        [&["series", "lastObservedTime"], &["lastTimestamp"], &["eventTime"], &["metadata", "creationTimestamp"]];
    paths.into_iter().find_map(|path| time_at(event, path))
}
