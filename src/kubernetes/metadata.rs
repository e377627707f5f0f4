//! `metadata`: names, labels, annotations (`ValidateObjectMeta`).

use crate::diagnostic::{Class, Code};

use super::fault::Faults;
use super::spot::Spot;
use super::words::{Broken, dns_1035_label, dns_label, dns_subdomain, label_value, qualified_name};

/// A name that the object's kind cannot have.
const NAME: Code = Code::new("LMS710", Class::Input);
/// A label's key or value that Kubernetes refuses.
pub(super) const LABEL: Code = Code::new("LMS711", Class::Input);
/// An annotation's key that Kubernetes refuses, or too many bytes of annotations.
const ANNOTATION: Code = Code::new("LMS712", Class::Input);

/// Bytes of all annotations together, keys and values.
const MAX_ANNOTATIONS: usize = 256 << 10;

/// `metadata` of an object of any kind.
pub fn check(object: Spot<'_, '_>, faults: &mut Faults) {
    let Some(metadata) = object.get("metadata") else { return };
    let name = metadata.text_or_empty("name");
    if let Err(rule) = name_rule(object.text_or_empty("kind"))(name)
        && !name.is_empty()
    {
        faults.add(NAME, metadata.path_to("name"), format!("the name `{}` {rule}", name.escape_debug()));
    }
    labels(metadata, faults);
    annotations(metadata, faults);
}

/// The rule for names of objects of `kind`.
fn name_rule(kind: &str) -> fn(&str) -> Result<(), Broken> {
    match kind {
        "Service" => dns_1035_label,
        "Namespace" => dns_label,
        _ => dns_subdomain,
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
