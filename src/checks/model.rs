//! What a rule gets to see, and what it says.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::diagnostic::{Code, Severity};
use crate::kubernetes::Spot;
use crate::manifest::{Map, Path, Value};

use super::secret_names::{Provided, provided};

/// An object and what it is called.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    /// The whole object.
    pub value: &'a Value,
    /// `apiVersion`.
    pub api_version: &'a str,
    /// `kind`.
    pub kind: &'a str,
    /// `metadata.name`.
    pub name: &'a str,
    /// `metadata.namespace`, empty when there is none.
    pub namespace: &'a str,
}

impl<'a> Object<'a> {
    /// Reads the names of `value`; `None` if it is no object.
    #[must_use]
    pub fn of(value: &'a Value) -> Option<Self> {
        Some(Self {
            value,
            api_version: value.str_at(&["apiVersion"])?,
            kind: value.str_at(&["kind"])?,
            name: value.str_at(&["metadata", "name"]).unwrap_or_default(),
            namespace: value.str_at(&["metadata", "namespace"]).unwrap_or_default(),
        })
    }

    /// The object as a spot.
    #[must_use]
    pub const fn spot(&self) -> Spot<'a, 'a> {
        Spot::root(self.value)
    }

    /// `true` for an object of this kind of Kubernetes.
    #[must_use]
    pub fn is(&self, api_version: &str, kind: &str) -> bool {
        self.kind == kind && self.api_version == api_version
    }
}

/// What a group is made of.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// The objects that are checked: those of an instance, or all of some files.
    pub objects: &'a [Object<'a>],
    /// Objects that they may refer to besides: those of the instance's environment.
    pub around: &'a [Object<'a>],
    /// Secrets that are not among the objects.
    pub secrets: &'a [StoredSecret],
    /// What exists outside.
    pub outside: &'a Outside,
    /// `true` if an object that is neither here nor outside does not exist.
    pub is_closed: bool,
    /// What the environment asks for.
    pub policy: &'a Policy,
}

/// A Secret that no template writes: the fleet keeps its values.
#[derive(Clone, Debug, Default)]
pub struct StoredSecret {
    /// The object's name.
    pub name: String,
    /// Its keys.
    pub keys: Vec<String>,
    /// Raised whenever a value changes.
    pub revision: u64,
}

/// Objects that are looked at together, and what is around them.
pub struct Group<'a> {
    parts: Parts<'a>,
    /// Objects by kind and name, positions in [`Group::all`].
    by_name: HashMap<(&'a str, &'a str), Vec<usize>>,
    provided: OnceCell<Vec<Provided<'a>>>,
    by_label: OnceCell<HashMap<(&'a str, &'a str), Vec<usize>>>,
}

impl<'a> std::ops::Deref for Group<'a> {
    type Target = Parts<'a>;

    fn deref(&self) -> &Parts<'a> {
        &self.parts
    }
}

impl<'a> Group<'a> {
    /// A group of `parts`.
    #[must_use]
    pub fn new(parts: Parts<'a>) -> Self {
        let mut by_name: HashMap<_, Vec<usize>> = HashMap::with_capacity(parts.objects.len() + parts.around.len());
        for (at, object) in parts.objects.iter().chain(parts.around).enumerate() {
            by_name.entry((object.kind, object.name)).or_default().push(at);
        }
        Self { parts, by_name, provided: OnceCell::new(), by_label: OnceCell::new() }
    }

    /// Objects here and around.
    pub fn all(&self) -> impl Iterator<Item = &'a Object<'a>> + use<'a> {
        self.parts.objects.iter().chain(self.parts.around)
    }

    /// The object of `kind` called `name` in the namespace of `near`, here or around.
    #[must_use]
    pub fn find(&self, near: &Object<'_>, kind: &str, name: &str) -> Option<&'a Object<'a>> {
        let list = self.by_name.get(&(kind, name))?;
        list.iter().map(|&at| self.nth(at)).find(|object| object.namespace == near.namespace)
    }

    /// Every Secret that the objects are or make, and those that are stored.
    pub fn provided(&self) -> &[Provided<'a>] {
        self.provided.get_or_init(|| provided(&self.parts))
    }

    /// Keys of the `ConfigMap` or Secret called `name`; `None` if it is not here or its keys cannot be known.
    #[must_use]
    pub fn keys_of(&self, near: &Object<'_>, kind: &str, name: &str) -> Option<Vec<&'a str>> {
        let mut keys: Option<Vec<&'a str>> = None;
        if kind == "Secret" {
            let is_near = |secret: &&Provided<'_>| secret.namespace.is_none_or(|other| other == near.namespace);
            for secret in self.provided().iter().filter(|secret| secret.name == name).filter(is_near) {
                keys.get_or_insert_default().extend(secret.keys.as_ref()?);
            }
            return keys;
        }
        for &at in self.by_name.get(&(kind, name))? {
            let object = self.nth(at);
            if object.namespace == near.namespace {
                let fields = ["data", "binaryData"].map(|field| object.value.at(&[field]).and_then(Value::as_map));
                keys.get_or_insert_default()
                    .extend(fields.into_iter().flatten().flat_map(Map::iter).map(|(key, _)| key));
            }
        }
        keys
    }

    /// Workloads in the namespace of `near` whose Pods have all labels of `selector`, here and around.
    pub fn selected(&self, near: &Object<'_>, selector: Spot<'_, '_>) -> Vec<&'a Object<'a>> {
        let index = self.by_label.get_or_init(|| self.labels());
        let mut rarest: Option<&[usize]> = None;
        let wanted: Vec<(&str, &str)> =
            selector.fields().filter_map(|(key, value)| Some((key, value.value().as_str()?))).collect();
        for pair in &wanted {
            let list = index.get(pair).map_or(&[] as &[usize], Vec::as_slice);
            rarest = Some(rarest.filter(|other| other.len() <= list.len()).unwrap_or(list));
        }
        let has_all = |object: &&Object<'_>| {
            let labels = pod_labels(object);
            object.namespace == near.namespace && wanted.iter().all(|pair| labels.contains(pair))
        };
        rarest.unwrap_or_default().iter().map(|&at| self.nth(at)).filter(has_all).collect()
    }

    /// Position among the checked objects; `None` for one around.
    #[must_use]
    pub fn position(&self, object: &Object<'_>) -> Option<usize> {
        let list = self.by_name.get(&(object.kind, object.name))?;
        list.iter().copied().find(|&at| std::ptr::eq(self.nth(at).value, object.value) && at < self.objects.len())
    }

    fn nth(&self, at: usize) -> &'a Object<'a> {
        let n = self.parts.objects.len();
        if at < n { &self.parts.objects[at] } else { &self.parts.around[at - n] }
    }

    fn labels(&self) -> HashMap<(&'a str, &'a str), Vec<usize>> {
        let mut index: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, object) in self.all().enumerate() {
            for pair in pod_labels(object) {
                index.entry(pair).or_default().push(at);
            }
        }
        index
    }
}

/// Labels of the Pods that `object` runs.
fn pod_labels<'a>(object: &Object<'a>) -> Vec<(&'a str, &'a str)> {
    let path: &[&str] = match (object.api_version, object.kind) {
        ("v1", "Pod") => &["metadata", "labels"],
        ("apps/v1", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch/v1", "Job") => {
            &["spec", "template", "metadata", "labels"]
        }
        ("batch/v1", "CronJob") => &["spec", "jobTemplate", "spec", "template", "metadata", "labels"],
        _ => return Vec::new(),
    };
    let labels = object.value.at(path).and_then(Value::as_map);
    labels.into_iter().flat_map(Map::iter).filter_map(|(key, value)| Some((key, value.as_str()?))).collect()
}

/// Objects that exist in the cluster and that nobody here renders: kind and name.
#[derive(Clone, Debug, Default)]
pub struct Outside(pub Vec<(String, String)>);

impl Outside {
    /// `true` if an object of `kind` called `name` is declared.
    #[must_use]
    pub fn has(&self, kind: &str, name: &str) -> bool {
        self.0.iter().any(|(known, other)| known == kind && other == name)
    }
}

/// What an environment's `[policy]`, `[gateway]` and `[quota]` ask of objects.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Where images may come from; anywhere if empty.
    pub registries: Vec<String>,
    /// Hosts that routes may take, `*.example.com` for all below; any if empty.
    pub hosts: Vec<String>,
    /// Every image must be named by its digest.
    pub requires_digest: bool,
    /// Every container must have requests and a memory limit.
    pub requires_resources: bool,
    /// Keys of annotations that no object may have; `example.com/*` is everything under a prefix.
    pub forbidden_annotations: Vec<String>,
    /// Replicas that one workload may have.
    pub max_replicas: Option<i64>,
    /// What all containers of a client may request together, by resource: `cpu`, `memory`.
    pub max_requests: Vec<(String, String)>,
    /// The Pod Security Standard that every Pod must meet, whatever its Namespace says.
    pub pod_security: Option<Standard>,
    /// `true` if a controller makes again what is deleted in the cluster.
    pub is_reconciled: bool,
    /// What the Gateway can do; `None` without a declared Gateway.
    pub gateway_features: Option<Vec<String>>,
}

/// A Pod Security Standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standard {
    /// No known way to more rights.
    Baseline,
    /// What is good practice besides.
    Restricted,
}

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Stable code.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// Index into [`Parts::objects`].
    pub object: usize,
    /// The value it is about.
    pub path: Path,
    /// What is wrong: a lower-case fragment that names what it is about.
    pub message: String,
    /// What to do, in the imperative.
    pub help: Option<String>,
    /// Another place that belongs to it.
    pub related: Option<Related>,
}

/// Another place that belongs to something found.
#[derive(Clone, Debug, PartialEq)]
pub struct Related {
    /// Index into [`Parts::objects`].
    pub object: usize,
    /// The value.
    pub path: Path,
    /// A few words beside it.
    pub text: &'static str,
}

impl Found {
    /// An error in object `object` at `path`.
    #[must_use]
    pub fn error(code: Code, object: usize, path: Path, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, object, path, message: message.into(), help: None, related: None }
    }

    /// A warning in object `object` at `path`.
    #[must_use]
    pub fn warning(code: Code, object: usize, path: Path, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, object, path, message) }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names another place.
    #[must_use]
    pub fn also(mut self, object: usize, path: Path, text: &'static str) -> Self {
        self.related = Some(Related { object, path, text });
        self
    }
}
