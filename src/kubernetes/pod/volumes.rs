//! Volumes: names, and the sources that are in use today (`ValidateVolumes`, `validateVolumeSource`).

use std::fmt::Display;

use crate::diagnostic::{Class, Code};
use crate::kubernetes::check::Release;
use crate::kubernetes::claim;
use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::quantity::Quantity;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::{dns_label, dns_subdomain, path_without_steps_up, volume_file_path};

use super::pod_spec::PodSpec;
use super::{drivers, env, projected};

/// A volume's name or source that Kubernetes refuses.
pub(in crate::kubernetes) const VOLUMES: Code = Code::new("LMS720", Class::Input);

/// Kinds of volumes that are judged here.
const OWN_KINDS: [&str; 10] = [
    "emptyDir",
    "hostPath",
    "secret",
    "configMap",
    "downwardAPI",
    "projected",
    "persistentVolumeClaim",
    "ephemeral",
    "csi",
    "image",
];

/// All volumes of a Pod.
pub(super) fn check(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    let own_name = pod.metadata.filter(|_| pod.is_pod).map(|it| it.text_or_empty("name")).unwrap_or_default();
    for (nth, volume) in pod.spec.items("volumes").enumerate() {
        let name = volume.text_or_empty("name");
        // Kubernetes before 1.35 forgets volumes of images, and a StatefulSet's claims take the place of volumes.
        if is_forgotten(pod, volume) || claim_template(pod, name).is_some() {
            continue;
        }
        let whose = format_args!("volume `{}`", name.escape_debug());
        let mut fields = Fields::of(volume, VOLUMES, &whose, faults);
        fields.required_match("name", dns_label);
        if !name.is_empty() && pod.spec.items("volumes").take(nth).any(|other| other.text("name") == Some(name)) {
            fields.add("name", "another volume has this name");
        }
        sources(pod, volume, own_name, &whose, faults);
    }
}

/// `true` if the release takes no volumes of images and leaves this one out.
pub(super) fn is_forgotten(pod: PodSpec<'_, '_>, volume: Spot<'_, '_>) -> bool {
    pod.release < Release(35) && volume.has("image")
}

/// The template of a StatefulSet's claim called `name`.
pub(super) fn claim_template<'v>(pod: PodSpec<'v, '_>, name: &str) -> Option<&'v crate::manifest::Value> {
    let set = pod.stateful_set?;
    let found = set.items("volumeClaimTemplates").find(|template| {
        let metadata = template.get("metadata");
        metadata.is_some_and(|metadata| metadata.text("name") == Some(name))
    });
    found.map(|template| template.value())
}

fn sources(pod: PodSpec<'_, '_>, volume: Spot<'_, '_>, own_name: &str, whose: &dyn Display, faults: &mut Faults) {
    let name = volume.text_or_empty("name");
    let mut first = None;
    for (kind, source) in volume.fields().filter(|(key, _)| OWN_KINDS.contains(key) || drivers::is_one(key)) {
        if let Some(first) = first {
            let message = format!("{whose}: cannot be both `{first}` and `{}`", kind.escape_debug());
            faults.add(VOLUMES, source.path(), message);
            continue;
        }
        first = Some(kind);
        match kind {
            "emptyDir" => empty_dir(pod, source, whose, faults),
            "hostPath" => host_path(source, whose, faults),
            "secret" => keys(source, "secretName", whose, faults),
            "configMap" => keys(source, "name", whose, faults),
            "downwardAPI" => {
                Fields::of(source, VOLUMES, whose, faults).file_mode("defaultMode");
                downward(source, whose, faults);
            }
            "projected" => projected::check(pod, source, whose, faults),
            "persistentVolumeClaim" => persistent(pod, source, own_name, whose, faults),
            "ephemeral" => ephemeral(pod, source, name, own_name, faults),
            "csi" => csi(source, whose, faults),
            "image" => {
                let mut fields = Fields::of(source, VOLUMES, whose, faults);
                fields.one_of("pullPolicy", &["Always", "IfNotPresent", "Never"]);
                if pod.is_pod {
                    fields.required("reference");
                }
            }
            _ => drivers::check(kind, name, source, whose, faults),
        }
    }
}

fn empty_dir(pod: PodSpec<'_, '_>, source: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    let mut fields = Fields::of(source, VOLUMES, whose, faults);
    if fields.quantity("sizeLimit").is_some_and(Quantity::is_negative) {
        fields.add("sizeLimit", "sizeLimit must not be negative");
    }
    if pod.release >= Release(37) {
        fields.in_range("mode", 0..=0o1777);
    }
}

fn host_path(source: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    let mut fields = Fields::of(source, VOLUMES, whose, faults);
    fields.required_match("path", path_without_steps_up);
    let kinds = ["DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"];
    fields.one_of("type", &kinds);
}

/// A Secret or ConfigMap as files.
fn keys(source: Spot<'_, '_>, name: &'static str, whose: &dyn Display, faults: &mut Faults) {
    let mut fields = Fields::of(source, VOLUMES, whose, faults);
    fields.required(name);
    fields.file_mode("defaultMode");
    items(source, whose, faults);
}

/// `items`: which keys become which files (`validateKeyToPath`).
pub(super) fn items(source: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    for item in source.items("items") {
        let mut fields = Fields::of(item, VOLUMES, whose, faults);
        fields.required("key");
        fields.required_match("path", volume_file_path);
        fields.file_mode("mode");
    }
}

/// `items`: which fields of the Pod become which files (`validateDownwardAPIVolumeFile`).
pub(super) fn downward(source: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    for item in source.items("items") {
        let mut fields = Fields::of(item, VOLUMES, whose, faults);
        fields.required_match("path", volume_file_path);
        fields.file_mode("mode");
        match (item.get("fieldRef"), item.get("resourceFieldRef")) {
            (None, None) => {
                fields.add_here("a file must have fieldRef or resourceFieldRef");
            }
            (Some(reference), other) => {
                if other.is_some() {
                    fields.add_here("a file cannot have both fieldRef and resourceFieldRef");
                }
                env::file_field_reference(reference, &mut Fields::of(reference, VOLUMES, whose, faults));
            }
            (None, Some(reference)) => {
                env::resource_reference(reference, true, &mut Fields::of(reference, VOLUMES, whose, faults));
            }
        }
    }
}

fn persistent(pod: PodSpec<'_, '_>, source: Spot<'_, '_>, own_name: &str, whose: &dyn Display, faults: &mut Faults) {
    let mut fields = Fields::of(source, VOLUMES, whose, faults);
    let Some(claim) = fields.required("claimName") else { return };
    let Some(suffix) = claim.strip_prefix(own_name).and_then(|rest| rest.strip_prefix('-')) else { return };
    let is_made = |volume: Spot<'_, '_>| volume.has("ephemeral") && volume.text("name") == Some(suffix);
    if !own_name.is_empty() && pod.spec.items("volumes").any(is_made) {
        fields.add("claimName", "the claim is made by an ephemeral volume of this Pod");
    }
}

fn ephemeral(pod: PodSpec<'_, '_>, source: Spot<'_, '_>, name: &str, own_name: &str, faults: &mut Faults) {
    let whose = format_args!("volume `{}`", name.escape_debug());
    let mut fields = Fields::of(source, VOLUMES, &whose, faults);
    let Some(template) = source.get("volumeClaimTemplate") else {
        fields.add("volumeClaimTemplate", "an ephemeral volume must have a volumeClaimTemplate");
        return;
    };
    if !own_name.is_empty()
        && !name.is_empty()
        && let Err(rule) = dns_subdomain(&format!("{own_name}-{name}"))
    {
        fields.add_here(format_args!("the claim `{own_name}-{}` {rule}", name.escape_debug()));
    }
    if let Some(metadata) = template.get("metadata") {
        claim::template_metadata(metadata, &whose, faults);
    }
    claim::template(template, pod.release, &whose, faults);
}

fn csi(source: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    let mut fields = Fields::of(source, VOLUMES, whose, faults);
    if let Some(driver) = fields.required("driver") {
        if driver.len() > 63 {
            fields.add("driver", "driver is longer than 63 characters");
        } else if let Err(rule) = dns_subdomain(&driver.to_lowercase()) {
            fields.add("driver", format_args!("driver `{}` {rule}", driver.escape_debug()));
        }
    }
    if let Some(secret) = source.get("nodePublishSecretRef") {
        Fields::of(secret, VOLUMES, whose, faults).required_match("name", dns_subdomain);
    }
}
