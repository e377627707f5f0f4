//! `metadata`: names, labels, annotations, owners, finalizers (`ValidateObjectMeta`).

use crate::diagnostic::{Class, Code};

use super::check::Release;
use super::fault::Faults;
use super::field::Fields;
use super::spot::Spot;
use super::words::{
    Broken, dns_1035_label, dns_label, dns_subdomain, finalizer, label_value, path_segment, qualified_name,
};

/// A name that the object's kind cannot have, or none.
const NAME: Code = Code::new("LMS710", Class::Input);
/// A label's key or value that Kubernetes refuses.
pub(super) const LABEL: Code = Code::new("LMS711", Class::Input);
/// An annotation's key that Kubernetes refuses, or too many bytes of annotations.
const ANNOTATION: Code = Code::new("LMS712", Class::Input);
/// An owner or a finalizer that Kubernetes refuses.
const OWNER: Code = Code::new("LMS713", Class::Input);

/// Bytes of all annotations together, keys and values.
const MAX_ANNOTATIONS: usize = 256 << 10;

/// The label of a Namespace that the API server writes itself, over what is there.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// `metadata` of an object of any kind.
pub fn check(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let kind = Kind::of(object);
    let Some(metadata) = object.get("metadata") else {
        if kind.needs_name() {
            nameless(object.path_to("metadata").field("name"), faults);
        }
        return;
    };
    names(metadata, kind, release, faults);
    if !kind.is_cluster_scoped() {
        let namespace = metadata.text_or_empty("namespace");
        if let Err(rule) = dns_label(namespace)
            && !namespace.is_empty()
        {
            let message = format!("the namespace `{}` {rule}", namespace.escape_debug());
            faults.add(NAME, metadata.path_to("namespace"), message);
        }
    }
    let is_named_by_server = kind.is_namespace() && !metadata.text_or_empty("name").is_empty();
    labels_but(metadata, if is_named_by_server { NAMESPACE_NAME } else { "" }, faults);
    annotations(metadata, faults);
    if kind.keeps_generation(release) {
        Fields::of(metadata, NAME, &"metadata", faults).not_negative("generation");
    }
    owners(metadata, faults);
    finalizers(metadata, kind, faults);
}

/// What an object is, as far as the rules for `metadata` differ.
#[derive(Clone, Copy)]
struct Kind<'v> {
    group: &'v str,
    kind: &'v str,
}

impl<'v> Kind<'v> {
    fn of(object: Spot<'v, '_>) -> Self {
        let group = object.text_or_empty("apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
        Self { group, kind: object.text_or_empty("kind") }
    }

    fn is_namespace(self) -> bool {
        (self.group, self.kind) == ("", "Namespace")
    }

    fn is_budget(self) -> bool {
        (self.group, self.kind) == ("policy", "PodDisruptionBudget")
    }

    /// `true` for kinds whose namespace the API server drops.
    fn is_cluster_scoped(self) -> bool {
        self.kind.starts_with("Cluster")
            || self.kind.ends_with("Class")
            || matches!(self.group, "admissionregistration.k8s.io" | "apiextensions.k8s.io" | "apiregistration.k8s.io")
            || matches!(self.group, "certificates.k8s.io" | "flowcontrol.apiserver.k8s.io")
            || matches!(self.kind, "Namespace" | "Node" | "PersistentVolume" | "CSIDriver" | "CSINode")
            || matches!(self.kind, "VolumeAttachment" | "IPAddress" | "ServiceCIDR" | "ResourceSlice")
    }

    /// `true` for kinds whose finalizers without a domain must be those of Kubernetes itself.
    fn has_strict_finalizers(self) -> bool {
        const GROUPS: [&str; 13] = [
            "",
            "apps",
            "autoscaling",
            "batch",
            "certificates.k8s.io",
            "coordination.k8s.io",
            "discovery.k8s.io",
            "flowcontrol.apiserver.k8s.io",
            "networking.k8s.io",
            "node.k8s.io",
            "rbac.authorization.k8s.io",
            "scheduling.k8s.io",
            "storage.k8s.io",
        ];
        GROUPS.contains(&self.group)
    }

    /// `false` for LimitRanges, which the API server names, and for questions to it, which are not kept.
    fn needs_name(self) -> bool {
        !matches!(self.group, "authentication.k8s.io" | "authorization.k8s.io")
            && (self.group, self.kind) != ("", "LimitRange")
    }

    /// `true` for kinds whose `generation` the API server does not set to 1.
    fn keeps_generation(self, release: Release) -> bool {
        match (self.group, self.kind) {
            ("", "Pod" | "PodTemplate" | "ReplicationController") => false,
            ("" | "rbac.authorization.k8s.io" | "storage.k8s.io" | "coordination.k8s.io", _) => true,
            ("autoscaling", _) => release < Release(37),
            _ => false,
        }
    }

    fn name_rule(self, release: Release) -> fn(&str) -> Result<(), Broken> {
        match (self.group, self.kind) {
            ("", "Service") if release < Release(36) => dns_1035_label,
            ("", "Service" | "Namespace") | ("apps", "StatefulSet") => dns_label,
            ("rbac.authorization.k8s.io" | "apiregistration.k8s.io" | "certificates.k8s.io", _) => path_segment,
            _ if self.is_budget() => path_segment,
            _ => dns_subdomain,
        }
    }
}

fn nameless(path: crate::manifest::Path, faults: &mut Faults) {
    faults.add(NAME, path, "the object has no name").help("write `metadata.name`");
}

/// `name`, or what a name is made from.
fn names(metadata: Spot<'_, '_>, kind: Kind<'_>, release: Release, faults: &mut Faults) {
    let rule = kind.name_rule(release);
    let (name, prefix) = (metadata.text_or_empty("name"), metadata.text_or_empty("generateName"));
    if name.is_empty() && prefix.is_empty() && kind.needs_name() {
        nameless(metadata.path_to("name"), faults);
    }
    if !name.is_empty()
        && let Err(rule) = rule(name)
    {
        faults.add(NAME, metadata.path_to("name"), format!("the name `{}` {rule}", name.escape_debug()));
    }
    // A name made from it has more behind it.
    let made = if name.is_empty() { prefix.trim_end_matches('-') } else { "a" };
    if !prefix.is_empty()
        && let Err(rule) = of_prefix(prefix, rule).and_then(|()| rule(made))
    {
        let message = format!("generateName `{}` {rule}", prefix.escape_debug());
        faults.add(NAME, metadata.path_to("generateName"), message);
    }
}

/// The rule for a name's beginning, which may end in `-` (`maskTrailingDash`).
fn of_prefix(prefix: &str, rule: fn(&str) -> Result<(), Broken>) -> Result<(), Broken> {
    match prefix.strip_suffix('-').filter(|rest| !rest.is_empty()) {
        Some(rest) => match rest.char_indices().next_back() {
            Some((at, last)) if last.is_ascii() => rule(&format!("{}a", &rest[..at])),
            _ => rule(rest),
        },
        None => rule(prefix),
    }
}

/// `labels` in `metadata`, of an object or of a Pod template.
pub(super) fn labels(metadata: Spot<'_, '_>, faults: &mut Faults) {
    labels_but(metadata, "", faults);
}

fn labels_but(metadata: Spot<'_, '_>, ignored: &str, faults: &mut Faults) {
    for (key, value) in metadata.entries("labels").filter(|(key, _)| ignored.is_empty() || *key != ignored) {
        if let Err(rule) = qualified_name(key) {
            faults.add(LABEL, value.path(), format!("the label key `{}` {rule}", key.escape_debug()));
        }
        if let Some(text) = value.value().as_str()
            && let Err(rule) = label_value(text)
        {
            let message = format!("the value `{}` of label `{}` {rule}", text.escape_debug(), key.escape_debug());
            faults.add(LABEL, value.path(), message);
        }
    }
}

/// `annotations` in `metadata`, of an object or of a Pod template.
pub(super) fn annotations(metadata: Spot<'_, '_>, faults: &mut Faults) {
    let mut bytes = 0;
    for (key, value) in metadata.entries("annotations") {
        // Keys may be in any case.
        let is_lower = !key.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii());
        let rule = if is_lower { qualified_name(key) } else { qualified_name(&key.to_lowercase()) };
        if let Err(rule) = rule {
            faults.add(ANNOTATION, value.path(), format!("the annotation key `{}` {rule}", key.escape_debug()));
        }
        bytes += key.len() + value.value().as_str().map_or(0, str::len);
    }
    if bytes > MAX_ANNOTATIONS {
        let message = format!("annotations have {bytes} bytes; {MAX_ANNOTATIONS} are allowed");
        faults.add(ANNOTATION, metadata.path_to("annotations"), message).help("keep large values in a ConfigMap");
    }
}

/// `ownerReferences` (`ValidateOwnerReferences`).
fn owners(metadata: Spot<'_, '_>, faults: &mut Faults) {
    let mut has_controller = false;
    for (nth, owner) in metadata.items("ownerReferences").enumerate() {
        let mut fields = Fields::of(owner, OWNER, &"an owner", faults);
        for key in ["kind", "name", "uid"] {
            fields.required(key);
        }
        let version = owner.text_or_empty("apiVersion");
        if version.is_empty() || version.ends_with('/') || version.matches('/').count() > 1 {
            fields
                .add("apiVersion", format_args!("`{}` is no apiVersion", version.escape_debug()))
                .help("write a group and a version, `apps/v1`, or a version, `v1`");
        }
        if matches!(version, "v1" | "/v1") && owner.text("kind") == Some("Event") {
            fields.add("kind", "an Event cannot own anything");
        }
        // The API server drops an owner that is listed twice.
        let is_again = metadata.items("ownerReferences").take(nth).any(|other| other.value() == owner.value());
        if owner.is("controller") && !is_again {
            if has_controller {
                fields.add("controller", "another owner is the controller already").help("keep one `controller: true`");
            }
            has_controller = true;
        }
    }
}

/// `finalizers` (`ValidateFinalizers`).
fn finalizers(metadata: Spot<'_, '_>, kind: Kind<'_>, faults: &mut Faults) {
    let rule = if kind.has_strict_finalizers() { finalizer } else { qualified_name };
    for (name, at) in metadata.texts("finalizers") {
        if let Err(rule) = rule(name) {
            faults.add(OWNER, at.path(), format!("the finalizer `{}` {rule}", name.escape_debug()));
        }
    }
    let has = |wanted: &str| metadata.texts("finalizers").any(|(name, _)| name == wanted);
    if has("orphan") && has("foregroundDeletion") {
        let message = "the finalizers `orphan` and `foregroundDeletion` exclude each other";
        faults.add(OWNER, metadata.path_to("finalizers"), message).help("keep one of them");
    }
}
