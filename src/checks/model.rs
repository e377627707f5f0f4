//! What a rule gets to see, and what it says.

use crate::diagnostic::{Code, Severity};
use crate::kubernetes::Spot;
use crate::manifest::{Path, Value};

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
}

/// Objects that are looked at together, and what is around them.
pub struct Group<'a> {
    /// The objects that are checked: those of an instance, or all of some files.
    pub objects: &'a [Object<'a>],
    /// Objects that they may refer to besides: those of the instance's environment.
    pub around: &'a [Object<'a>],
    /// Secrets that are not among the objects, with their keys.
    pub secrets: &'a [(String, Vec<String>)],
    /// What exists outside.
    pub outside: &'a Outside,
    /// `true` if an object that is neither here nor outside does not exist.
    pub is_closed: bool,
    /// What the environment asks for.
    pub policy: &'a Policy,
}

impl<'a> Group<'a> {
    /// Objects here and around.
    pub fn all(&self) -> impl Iterator<Item = &Object<'a>> {
        self.objects.iter().chain(self.around)
    }

    /// The object of `kind` called `name`, here or around.
    #[must_use]
    pub fn find(&self, kind: &str, name: &str) -> Option<&Object<'a>> {
        self.all().find(|object| object.kind == kind && object.name == name)
    }
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
    /// What the Gateway can do; `None` without a declared Gateway.
    pub gateway_features: Option<Vec<String>>,
}

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Stable code.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// Index into [`Group::objects`].
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
    /// Index into [`Group::objects`].
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
