//! `metadata`: names, labels, annotations (`ValidateObjectMeta`).

use crate::diagnostic::{Class, Code};

use super::fault::Faults;
use super::field::Fields;
use super::spot::Spot;
use super::words::{Broken, dns_1035_label, dns_label, dns_subdomain, label_value, path_segment, qualified_name};

/// A name that the object's kind cannot have.
const NAME: Code = Code::new("LMS710", Class::Input);
/// A label's key or value that Kubernetes refuses.
pub(super) const LABEL: Code = Code::new("LMS711", Class::Input);
/// An annotation's key that Kubernetes refuses, or too many bytes of annotations.
const ANNOTATION: Code = Code::new("LMS712", Class::Input);
/// An owner or a finalizer that Kubernetes refuses.
const OWNER: Code = Code::new("LMS713", Class::Input);

/// Bytes of all annotations together, keys and values.
const MAX_ANNOTATIONS: usize = 256 << 10;

/// Kinds whose `generation` the API server keeps; it sets that of others.
const KEPT_GENERATION: [&str; 8] =
    ["ConfigMap", "LimitRange", "ResourceQuota", "Role", "RoleBinding", "Secret", "Service", "ServiceAccount"];
/// Finalizers that need no domain before them.
const FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

/// `metadata` of an object of any kind.
pub fn check(object: Spot<'_, '_>, faults: &mut Faults) {
    let kind = object.text_or_empty("kind");
    let Some(metadata) = object.get("metadata") else {
        if is_named(object) {
            faults.add(NAME, object.path_to("metadata").field("name"), format!("the {kind} has no name"));
        }
        return;
    };
    names(object, metadata, faults);
    labels(metadata, faults);
    annotations(metadata, faults);
    owners(metadata, faults);
    finalizers(metadata, faults);
}

fn names(object: Spot<'_, '_>, metadata: Spot<'_, '_>, faults: &mut Faults) {
    let kind = object.text_or_empty("kind");
    let rule = name_rule(kind);
    let (name, start) = (metadata.text_or_empty("name"), metadata.text_or_empty("generateName"));
    if name.is_empty() && start.is_empty() {
        if metadata.text_or_number("name").is_empty() && is_named(object) {
            faults.add(NAME, metadata.path_to("name"), format!("the {kind} has no name"));
        }
    } else if !name.is_empty()
        && let Err(broken) = rule(name)
    {
        faults.add(NAME, metadata.path_to("name"), format!("the name `{}` {broken}", name.escape_debug()));
    }
    // More follows, so that the last character may be a dash.
    if !start.is_empty()
        && let Err(broken) = rule(start.strip_suffix('-').filter(|rest| !rest.is_empty()).unwrap_or(start))
    {
        let message = format!("generateName `{}` {broken}", start.escape_debug());
        faults.add(NAME, metadata.path_to("generateName"), message);
    }
    let namespace = metadata.text_or_empty("namespace");
    if !namespace.is_empty()
        && let Err(broken) = dns_label(namespace)
    {
        let message = format!("the namespace `{}` {broken}", namespace.escape_debug());
        faults.add(NAME, metadata.path_to("namespace"), message);
    }
    if KEPT_GENERATION.contains(&kind) && metadata.int("generation").is_some_and(|number| number < 0) {
        faults.add(NAME, metadata.path_to("generation"), "generation must not be negative");
    }
}

/// `false` for questions to the API server, which are answered and not kept.
fn is_named(object: Spot<'_, '_>) -> bool {
    let api = object.text_or_empty("apiVersion");
    !api.starts_with("authentication.k8s.io/") && !api.starts_with("authorization.k8s.io/")
}

/// The rule for names of objects of `kind`.
fn name_rule(kind: &str) -> fn(&str) -> Result<(), Broken> {
    match kind {
        "Service" => dns_1035_label,
        "Namespace" | "StatefulSet" => dns_label,
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" | "APIService" | "ClusterTrustBundle" => {
            path_segment
        }
        _ => dns_subdomain,
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
        if let Some(api) = fields.required("apiVersion")
            && (api.ends_with('/') || api.matches('/').count() > 1)
        {
            fields.add("apiVersion", "apiVersion has no version");
        }
        if owner.text("apiVersion") == Some("v1") && owner.text("kind") == Some("Event") {
            fields.add("kind", "an Event cannot own anything");
        }
        // The API server drops an owner that is listed twice.
        let is_again = metadata.items("ownerReferences").take(nth).any(|other| other.value() == owner.value());
        if owner.is("controller") && !is_again {
            if has_controller {
                fields.add("controller", "another owner is the controller");
            }
            has_controller = true;
        }
    }
}

fn finalizers(metadata: Spot<'_, '_>, faults: &mut Faults) {
    for (name, at) in metadata.texts("finalizers") {
        let shown = name.escape_debug();
        if let Err(rule) = qualified_name(name) {
            faults.add(OWNER, at.path(), format!("the finalizer `{shown}` {rule}"));
        } else if !name.contains('/') && !FINALIZERS.contains(&name) {
            faults.add(OWNER, at.path(), format!("the finalizer `{shown}` has no domain before `/`"));
        }
    }
    let has = |wanted| metadata.texts("finalizers").any(|(name, _)| name == wanted);
    if has("orphan") && has("foregroundDeletion") {
        let message = "the finalizers `orphan` and `foregroundDeletion` exclude each other";
        faults.add(OWNER, metadata.path_to("finalizers"), message);
    }
}

/// `labels` in `metadata`, of an object or of a Pod template.
pub(super) fn labels(metadata: Spot<'_, '_>, faults: &mut Faults) {
    for (key, value) in metadata.entries("labels") {
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
        if let Err(rule) = qualified_name(&key.to_lowercase()) {
            faults.add(ANNOTATION, value.path(), format!("the annotation key `{}` {rule}", key.escape_debug()));
        }
        bytes += key.len() + value.value().as_str().map_or(0, str::len);
    }
    if bytes > MAX_ANNOTATIONS {
        let message = format!("annotations have {bytes} bytes; {MAX_ANNOTATIONS} are allowed");
        faults.add(ANNOTATION, metadata.path_to("annotations"), message).help("keep large values in a ConfigMap");
    }
}
