//! What an object is called, and the order of its keys.

use std::fmt;

use super::Value;

/// Identifies an object in a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef {
    /// `apiVersion`: `apps/v1`.
    pub api_version: String,
    /// `kind`: `Deployment`.
    pub kind: String,
    /// `metadata.namespace`; `None` for cluster-scoped objects.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
}

impl ObjectRef {
    /// Reads the reference of an object; `None` without `apiVersion`, `kind` and `metadata.name`.
    #[must_use]
    pub fn of(object: &Value) -> Option<Self> {
        Some(Self {
            api_version: object.str_at(&["apiVersion"])?.into(),
            kind: object.str_at(&["kind"])?.into(),
            namespace: object.str_at(&["metadata", "namespace"]).map(Into::into),
            name: object.str_at(&["metadata", "name"])?.into(),
        })
    }

    /// The API group; empty for the core group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// The place of a key at the top of an object: `apiVersion`, `kind`, `metadata`, then the rest by their bytes.
#[must_use]
pub fn root_key_rank(key: &str) -> usize {
    match key {
        "apiVersion" => 0,
        "kind" => 1,
        "metadata" => 2,
        _ => 3,
    }
}

/// The place of a key anywhere else: `name`, `namespace`, then the rest by their bytes.
#[must_use]
pub fn key_rank(key: &str) -> usize {
    match key {
        "name" => 0,
        "namespace" => 1,
        _ => 2,
    }
}

/// Kinds in the order to apply them, as kustomize and Helm order them: what others need first, what refers to others last.
const APPLY_ORDER: [&str; 28] = [
    "namespace",
    "resourcequota",
    "limitrange",
    "storageclass",
    "customresourcedefinition",
    "serviceaccount",
    "role",
    "clusterrole",
    "rolebinding",
    "clusterrolebinding",
    "networkpolicy",
    "configmap",
    "secret",
    "sopssecret",
    "externalsecret",
    "persistentvolume",
    "persistentvolumeclaim",
    "service",
    "daemonset",
    "pod",
    "replicaset",
    "deployment",
    "statefulset",
    "job",
    "cronjob",
    "horizontalpodautoscaler",
    "ingress",
    "httproute",
];

/// The place of an object of `kind`, in any case, among those to be applied; other kinds come last.
#[must_use]
pub fn apply_rank(kind: &str) -> usize {
    APPLY_ORDER.iter().position(|known| known.eq_ignore_ascii_case(kind)).unwrap_or(APPLY_ORDER.len())
}

/// Puts the keys of an object in canonical order ([`root_key_rank`], [`key_rank`]). Lists keep their order.
pub fn canonical_order(object: &mut Value) {
    order(object, root_key_rank);
}

fn order(value: &mut Value, rank: fn(&str) -> usize) {
    match value {
        Value::Map(map) => {
            map.sort_by_rank(rank);
            map.values_mut().for_each(|value| order(value, key_rank));
        }
        Value::List(items) => items.iter_mut().for_each(|item| order(item, key_rank)),
        _ => {}
    }
}
