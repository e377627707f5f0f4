//! All kinds that one release of Kubernetes knows, with common custom resources and those of the fleet.

use std::sync::OnceLock;

use super::check::{Check, Place};
use super::compile::Dialect;
use super::custom::{self, CrdError};
use super::minor::{Minor, UnknownMinor};
use super::mismatch::Mismatch;
use super::node::{Node, Shape};
use super::pack::{Entry, Set};
use crate::document::nearest;
use crate::manifest::Value;

const KUBERNETES: &[u8] = include_bytes!("../../schemas/kubernetes.jsonl.gz");
const CUSTOM_RESOURCES: &[u8] = include_bytes!("../../schemas/crds.jsonl.gz");

/// Kinds whose types the source does not have any more, with the first release that does not serve them and what to use.
const GONE: [(&str, &str, &str, Option<&str>); 4] = [
    ("batch/v2alpha1", "CronJob", "1.21", Some("batch/v1 CronJob")),
    ("extensions/v1beta1", "PodSecurityPolicy", "1.16", Some(POD_SECURITY)),
    ("policy/v1beta1", "PodSecurityPolicy", "1.25", Some(POD_SECURITY)),
    ("settings.k8s.io/v1alpha1", "PodPreset", "1.20", None),
];

const POD_SECURITY: &str = "the label `pod-security.kubernetes.io/enforce` of the Namespace";

/// The kinds of one release of Kubernetes.
pub struct Schemas {
    minor: Minor,
    /// The place of `minor` in the pack.
    release: usize,
    kubernetes: Set,
    /// Opened when a kind is asked for that Kubernetes does not have.
    custom: OnceLock<Set>,
    /// The fleet's own.
    added: Set,
}

/// A group, version and kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvk {
    /// `apps/v1`
    pub api_version: String,
    /// `Deployment`
    pub kind: String,
}

/// What is known of a kind.
#[derive(Clone, Copy)]
pub enum Lookup<'s> {
    /// It can be checked.
    Known(Kind<'s>),
    /// It is no longer served.
    Removed {
        /// The first release without it.
        since: &'s str,
        /// `apps/v1 Deployment`
        replacement: Option<&'s str>,
    },
    /// A later release serves it.
    NotYet {
        /// The first release with it.
        since: &'s str,
    },
    /// Nothing is known of it.
    Unknown,
}

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In the cluster as a whole.
    Cluster,
}

/// A kind that can be checked.
#[derive(Clone, Copy)]
pub struct Kind<'s> {
    schemas: &'s Schemas,
    set: &'s Set,
    entry: &'s Entry,
    release: usize,
    node: &'s Node,
}

impl Schemas {
    /// Releases that there are schemas of, oldest first.
    pub const MINORS: [Minor; 7] = [
        Minor::one(31),
        Minor::one(32),
        Minor::one(33),
        Minor::one(34),
        Minor::one(35),
        Minor::one(36),
        Minor::one(37),
    ];

    /// The release whose schemas stand in for those of `1.N`; `None` if it has its own, or is no release.
    #[must_use]
    pub fn nearest(release: &str) -> Option<Minor> {
        let wanted: Minor = release.parse().ok().filter(|wanted| !Self::MINORS.contains(wanted))?;
        let [oldest, .., newest] = Self::MINORS;
        Some(if wanted < oldest { oldest } else { newest })
    }

    /// The kinds of a release, and common custom resources.
    ///
    /// # Errors
    /// When there are no schemas of the release.
    pub fn builtin(minor: Minor) -> Result<Self, UnknownMinor> {
        let release = Self::MINORS.iter().position(|known| *known == minor);
        let release = release.ok_or_else(|| UnknownMinor(minor.to_string()))?;
        let kubernetes = Set::open(KUBERNETES, Dialect::BuiltIn);
        Ok(Self { minor, release, kubernetes, custom: OnceLock::new(), added: Set::empty() })
    }

    /// The release.
    pub const fn minor(&self) -> Minor {
        self.minor
    }

    /// Adds the kinds of a `CustomResourceDefinition`; they replace others of the same name.
    ///
    /// # Errors
    /// When it is none, or none that the API server would take.
    pub fn add_crd(&mut self, definition: &Value) -> Result<Vec<Gvk>, CrdError> {
        let mut names = Vec::new();
        for (entry, node) in custom::read(definition)? {
            names.push(Gvk { api_version: entry.api_version.clone(), kind: entry.kind.clone() });
            self.added.add(entry, node);
        }
        Ok(names)
    }

    /// What is known of a kind.
    pub fn kind(&self, api_version: &str, kind: &str) -> Lookup<'_> {
        if let Some(entry) = self.kubernetes.find(api_version, kind) {
            return self.of_kubernetes(entry);
        }
        for set in [&self.added, self.custom()] {
            if let Some(entry) = set.find(api_version, kind)
                && let Some(line) = entry.line(0)
            {
                return Lookup::Known(Kind { schemas: self, set, entry, release: 0, node: set.root(line) });
            }
        }
        let mut gone = GONE.iter().filter(|(known, name, ..)| (*known, *name) == (api_version, kind));
        match gone.next() {
            Some((.., since, replacement)) => Lookup::Removed { since, replacement: *replacement },
            None => Lookup::Unknown,
        }
    }

    fn of_kubernetes<'s>(&'s self, entry: &'s Entry) -> Lookup<'s> {
        let (set, release) = (&self.kubernetes, self.release);
        if let Some(line) = entry.line(release) {
            return Lookup::Known(Kind { schemas: self, set, entry, release, node: set.root(line) });
        }
        let served = |release: &usize| entry.line(*release).is_some();
        if let Some(last) = (0..release).rev().find(served) {
            let since = &self.kubernetes.index.minors[last + 1];
            return Lookup::Removed { since, replacement: entry.replacement.as_deref() };
        }
        match (release..Self::MINORS.len()).find(served) {
            Some(first) => Lookup::NotYet { since: &self.kubernetes.index.minors[first] },
            None => match &entry.removed {
                Some(since) => Lookup::Removed { since, replacement: entry.replacement.as_deref() },
                None => Lookup::Unknown,
            },
        }
    }

    /// A kind that may have been meant: of the same name in another group or version, else of a name that is near.
    pub fn did_you_mean(&self, api_version: &str, kind: &str) -> Option<String> {
        let served = |set: &'_ Set, release: usize| -> Vec<(String, String)> {
            let entries = set.index.kinds.iter().filter(|entry| entry.line(release).is_some());
            entries.map(|entry| (entry.name(), entry.kind.clone())).collect()
        };
        let mut known = served(&self.kubernetes, self.release);
        known.extend(served(&self.added, 0));
        known.extend(served(self.custom(), 0));
        let (meant, _) = known
            .iter()
            .find(|(_, other)| other == kind)
            .or_else(|| {
                let name = format!("{api_version} {kind}");
                let near = nearest(&name, known.iter().map(|(name, _)| name.as_str()))?;
                known.iter().find(|(name, _)| name == near)
            })
            .or_else(|| {
                let near = nearest(kind, known.iter().map(|(_, kind)| kind.as_str()))?;
                known.iter().find(|(_, kind)| kind == near)
            })?;
        Some(meant.clone())
    }

    /// Every kind that this release serves or that is added, in no order that means anything.
    pub fn kinds(&self) -> impl Iterator<Item = Gvk> {
        let of = |set: &'_ Set, release: usize| -> Vec<Gvk> {
            let entries = set.index.kinds.iter().filter(|entry| entry.line(release).is_some());
            entries.map(|entry| Gvk { api_version: entry.api_version.clone(), kind: entry.kind.clone() }).collect()
        };
        let mut all = of(&self.kubernetes, self.release);
        all.extend(of(self.custom(), 0));
        all.extend(of(&self.added, 0));
        all.into_iter()
    }

    fn custom(&self) -> &Set {
        self.custom.get_or_init(|| Set::open(CUSTOM_RESOURCES, Dialect::Custom))
    }

    /// The schema of every object's metadata.
    fn metadata(&self) -> Option<&Node> {
        let line = self.kubernetes.find("v1", "ConfigMap")?.line(self.release)?;
        match &self.kubernetes.root(line).shape {
            Shape::Object(fields) => fields.get("metadata").map(|field| &field.node),
            _ => None,
        }
    }
}

impl Kind<'_> {
    /// Where its objects live.
    pub const fn scope(&self) -> Scope {
        if self.entry.namespaced { Scope::Namespaced } else { Scope::Cluster }
    }

    /// The API server serves it without being told to; alpha and beta versions it does not.
    pub fn is_on_by_default(&self) -> bool {
        !self.entry.off.get(self.release).copied().unwrap_or(false)
    }

    /// The release that deprecated it, if it is no later than this one.
    pub fn deprecated(&self) -> Option<&str> {
        let since = self.entry.deprecated.as_deref()?;
        since.parse::<Minor>().map_or(true, |since| since <= self.schemas.minor).then_some(since)
    }

    /// The release that will not serve it any more.
    pub fn removed(&self) -> Option<&str> {
        self.entry.removed.as_deref()
    }

    /// The kind to use in its place, as `apps/v1 Deployment`.
    pub fn replacement(&self) -> Option<&str> {
        self.entry.replacement.as_deref()
    }

    /// CEL rules of its schema, which are not evaluated.
    pub const fn cel_rules(&self) -> usize {
        self.entry.rules
    }

    /// Compares an object with the schema and appends what is wrong.
    pub fn check(&self, object: &Value, faults: &mut Vec<Mismatch>) {
        let shows_values = !matches!(self.entry.kind.as_str(), "Secret" | "SopsSecret");
        let mut check = Check { set: self.set, dialect: self.set.dialect, shows_values, is_lenient: false, faults };
        check.value(self.node, object, &Place::ROOT);
        if self.set.dialect == Dialect::Custom {
            self.metadata(object, shows_values, faults);
        }
    }

    /// Custom resources have the metadata of all objects.
    fn metadata(&self, object: &Value, shows_values: bool, faults: &mut Vec<Mismatch>) {
        let (Some(node), Some(metadata)) = (self.schemas.metadata(), object.at(&["metadata"])) else { return };
        let set = &self.schemas.kubernetes;
        let mut check = Check { set, dialect: Dialect::BuiltIn, shows_values, is_lenient: false, faults };
        check.value(node, metadata, &Place::ROOT.field("metadata"));
    }
}
