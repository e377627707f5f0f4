//! Claims of volumes, and templates of those that a Pod or a StatefulSet makes (`ValidatePersistentVolumeClaimSpec`).

use std::fmt::Display;

use crate::diagnostic::{Class, Code};
use crate::manifest::Value;

use super::check::Release;
use super::fault::Faults;
use super::field::Fields;
use super::metadata;
use super::pod::VOLUMES;
use super::quantity::Quantity;
use super::selector;
use super::spot::Spot;
use super::words::{dns_label, dns_subdomain};

/// A PersistentVolumeClaim that Kubernetes refuses.
const CLAIM: Code = Code::new("LMS733", Class::Input);

/// A claim that is an object of its own.
pub(super) fn check(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    check_in(object, CLAIM, release, &"the PersistentVolumeClaim", faults);
}

/// A template of a claim: `metadata` and `spec`.
pub(super) fn template(template: Spot<'_, '_>, release: Release, whose: &dyn Display, faults: &mut Faults) {
    check_in(template, VOLUMES, release, whose, faults);
}

fn check_in(claim: Spot<'_, '_>, code: Code, release: Release, whose: &dyn Display, faults: &mut Faults) {
    let Some(spec) = claim.get("spec") else {
        let fault = faults.add(code, claim.path_to("spec"), format!("{whose} has no `spec`"));
        fault.help("a claim needs accessModes and resources.requests.storage");
        return;
    };
    modes(spec, code, whose, faults);
    storage(spec, code, whose, faults);
    if let Some(labels) = spec.get("selector") {
        selector::check(labels, code, whose, faults);
    }
    let mut fields = Fields::of(spec, code, whose, faults);
    fields.matches("storageClassName", dns_subdomain);
    fields.one_of_set("volumeMode", &["Block", "Filesystem"]);
    if release >= Release(34) {
        fields.matches("volumeAttributesClassName", dns_subdomain);
    }
    if !is_source_forgotten(spec, code) {
        sources(spec, code, whose, faults);
    }
}

/// `true` for a `dataSource` of an unknown kind, which clusters forget when it stands alone in a claim
/// (`EnforceDataSourceBackwardsCompatibility`).
fn is_source_forgotten(spec: Spot<'_, '_>, code: Code) -> bool {
    let Some(source) = spec.get("dataSource").filter(|_| code == CLAIM && !spec.has("dataSourceRef")) else {
        return false;
    };
    let known = [("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot")];
    !known.contains(&(source.text_or_empty("apiGroup"), source.text_or_empty("kind")))
}

fn modes(spec: Spot<'_, '_>, code: Code, whose: &dyn Display, faults: &mut Faults) {
    const MODES: [&str; 4] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];
    let mut fields = Fields::of(spec, code, whose, faults);
    if spec.count("accessModes") == 0 {
        fields.add("accessModes", "a claim must have accessModes").help("write `accessModes: [ReadWriteOnce]`");
    }
    let has = |wanted: fn(&str) -> bool| spec.texts("accessModes").any(|(mode, _)| wanted(mode));
    if has(|mode| mode == MODES[3]) && has(|mode| MODES[..3].contains(&mode)) {
        fields.add("accessModes", "ReadWriteOncePod does not go with other accessModes");
    }
    for (mode, at) in spec.texts("accessModes").filter(|(mode, _)| !MODES.contains(mode)) {
        let message = format!("{whose}: accessModes cannot have `{}`", mode.escape_debug());
        faults.add(code, at.path(), message).help(format!("write {}", super::field::choice(&MODES)));
    }
}

fn storage(spec: Spot<'_, '_>, code: Code, whose: &dyn Display, faults: &mut Faults) {
    let resources = spec.get("resources");
    let requests = resources.as_ref().and_then(|resources| resources.get("requests"));
    let found = requests.as_ref().and_then(|requests| requests.fields_with_null().find(|(key, _)| *key == "storage"));
    let Some((_, storage)) = found else {
        let path = spec.path_to("resources").field("requests").field("storage");
        faults.add(code, path, format!("{whose}: a claim must say how much storage it requests"));
        return;
    };
    if Quantity::of(storage.value()).is_some_and(|amount| amount <= Quantity::ZERO) {
        faults.add(code, storage.path(), format!("{whose}: storage must be more than 0"));
    }
}

/// What a volume begins with: `dataSource`, `dataSourceRef`.
fn sources(spec: Spot<'_, '_>, code: Code, whose: &dyn Display, faults: &mut Faults) {
    for key in ["dataSource", "dataSourceRef"] {
        let Some(source) = spec.get(key) else { continue };
        let mut fields = Fields::of(source, code, whose, faults);
        fields.required("name");
        fields.required("kind");
        fields.matches("apiGroup", dns_subdomain);
        fields.matches("namespace", dns_label);
        if source.text_or_empty("apiGroup").is_empty() && source.text_or_empty("kind") != "PersistentVolumeClaim" {
            fields.add("kind", format_args!("{key} without apiGroup must be a PersistentVolumeClaim"));
        }
    }
    let (Some(old), Some(new)) = (spec.get("dataSource"), spec.get("dataSourceRef")) else { return };
    if !new.text_or_empty("namespace").is_empty() {
        faults.add(code, old.path(), format!("{whose}: dataSource does not go with a namespace in dataSourceRef"));
    } else if ["apiGroup", "kind", "name"].iter().any(|key| old.text(key) != new.text(key)) {
        faults.add(code, old.path(), format!("{whose}: dataSource and dataSourceRef must be the same"));
    }
}

/// `metadata` of a claim that a Pod makes: labels and annotations, nothing else.
pub(super) fn template_metadata(metadata: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    metadata::labels(metadata, faults);
    metadata::annotations(metadata, faults);
    for (key, at) in metadata.fields() {
        let is_empty = match at.value() {
            Value::String(text) => text.is_empty(),
            Value::Number(text) => text == "0",
            _ => false,
        };
        if !matches!(key, "labels" | "annotations") && !is_empty {
            let message = format!("{whose}: metadata of a claim can have only labels and annotations");
            faults.add(VOLUMES, at.path(), message);
        }
    }
}
