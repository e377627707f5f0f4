//! Volumes of drivers that were built into Kubernetes: NFS, iSCSI and those of clouds.

use std::fmt::Display;

use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::{Broken, dns_label, relative_path};

use super::volumes::VOLUMES;

/// Fields that a volume of each kind must have.
const REQUIRED: [(&str, &[&str]); 14] = [
    ("nfs", &["server", "path"]),
    ("gcePersistentDisk", &["pdName"]),
    ("awsElasticBlockStore", &["volumeID"]),
    ("glusterfs", &["endpoints", "path"]),
    ("cinder", &["volumeID"]),
    ("rbd", &["image"]),
    ("flexVolume", &["driver"]),
    ("azureFile", &["secretName", "shareName"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("vsphereVolume", &["volumePath"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("scaleIO", &["gateway", "system", "volumeName"]),
    ("gitRepo", &["repository"]),
];

/// Kinds with fields that not all volumes of the kind must have.
const OTHERS: [&str; 6] = ["iscsi", "fc", "cephfs", "quobyte", "flocker", "storageos"];

/// `true` if there is a driver called `kind`.
pub(super) fn is_one(kind: &str) -> bool {
    OTHERS.contains(&kind) || REQUIRED.iter().any(|(known, _)| *known == kind)
}

/// A volume of `kind`.
pub(super) fn check(kind: &str, name: &str, source: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    let mut fields = Fields::of(source, VOLUMES, whose, faults);
    for key in REQUIRED.iter().filter(|(known, _)| *known == kind).flat_map(|(_, keys)| *keys) {
        fields.required(key);
    }
    match kind {
        "nfs" if !source.text_or_empty("path").starts_with('/') => {
            fields.add("path", "path must be absolute, beginning with `/`");
        }
        "gcePersistentDisk" | "awsElasticBlockStore" => fields.in_range("partition", 0..=255),
        "gitRepo" => fields.matches("directory", relative_path),
        "rbd" | "cephfs" if source.count("monitors") == 0 => {
            fields.add("monitors", "there are no monitors");
        }
        "iscsi" => iscsi(source, name, &mut fields),
        "fc" => fibre(source, &mut fields),
        "azureDisk" => azure_disk(source, &mut fields),
        "quobyte" => quobyte(source, &mut fields),
        "flocker" => flocker(source, &mut fields),
        "storageos" => {
            fields.required_match("volumeName", dns_label);
            fields.matches("volumeNamespace", dns_label);
        }
        "flexVolume" => flex(source, whose, faults),
        _ => {}
    }
    if matches!(kind, "cinder" | "storageos")
        && let Some(secret) = source.get("secretRef")
    {
        Fields::of(secret, VOLUMES, whose, faults).required("name");
    }
}

fn iscsi(source: Spot<'_, '_>, name: &str, fields: &mut Fields<'_, '_, '_>) {
    fields.required("targetPortal");
    fields.required_match("iqn", initiator);
    fields.in_range("lun", 0..=255);
    if (source.is("chapAuthDiscovery") || source.is("chapAuthSession")) && !source.has("secretRef") {
        fields.add("secretRef", "CHAP needs a secretRef");
    }
    if source.has("initiatorName") {
        fields.matches_set("initiatorName", initiator);
        if name.len() + 1 + source.text_or_empty("targetPortal").len() > 64 {
            fields.add("initiatorName", "needs a shorter name of the volume: with the portal at most 63 characters");
        }
    }
}

/// The name of an iSCSI initiator or target.
fn initiator(text: &str) -> Result<(), Broken> {
    let alphanumeric = |rest: &str, length| rest.len() == length && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_right = match text.get(..3) {
        Some("iqn") => is_qualified(text),
        Some("eui") => text.get(4..).is_some_and(|rest| alphanumeric(rest, 16)),
        Some("naa") => text.get(4..).is_some_and(|rest| alphanumeric(rest, 32)),
        _ => false,
    };
    if is_right { Ok(()) } else { Err("must be such as `iqn.2001-04.com.example:storage.disk1`") }
}

/// `iqn.2001-04.com.example:storage`
fn is_qualified(text: &str) -> bool {
    let Some((authority, unique)) = text.split_once(':') else { return false };
    let Some(rest) = authority.strip_prefix("iqn.") else { return false };
    let Some((date, domain)) = rest.split_once('.') else { return false };
    let is_date =
        date.len() == 7 && date.bytes().enumerate().all(|(at, b)| if at == 4 { b == b'-' } else { b.is_ascii_digit() });
    is_date
        && !domain.is_empty()
        && domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
        && !unique.is_empty()
        && !unique.contains([',', ';', '*', '&', '$', '|'])
        && !unique.contains(char::is_whitespace)
}

fn fibre(source: Spot<'_, '_>, fields: &mut Fields<'_, '_, '_>) {
    let (targets, wwids) = (source.count("targetWWNs"), source.count("wwids"));
    if (targets == 0) == (wwids == 0) {
        fields.add("targetWWNs", "must have either targetWWNs or wwids");
    }
    if targets > 0 {
        if !source.has("lun") {
            fields.add("lun", "targetWWNs need a lun");
        }
        fields.in_range("lun", 0..=255);
    }
}

fn azure_disk(source: Spot<'_, '_>, fields: &mut Fields<'_, '_, '_>) {
    fields.one_of_set("cachingMode", &["None", "ReadOnly", "ReadWrite"]);
    fields.one_of_set("kind", &["Shared", "Dedicated", "Managed"]);
    let kind = source.text("kind").unwrap_or("Shared");
    let start = if kind == "Managed" { "/subscriptions/" } else { "https://" };
    if !source.text_or_empty("diskURI").starts_with(start) {
        fields.add("diskURI", format_args!("diskURI must begin with `{start}`"));
    }
}

fn quobyte(source: Spot<'_, '_>, fields: &mut Fields<'_, '_, '_>) {
    fields.required("volume");
    let Some(registry) = fields.required("registry") else { return };
    if source.text_or_empty("tenant").len() > 64 {
        fields.add("tenant", "tenant is longer than 64 characters");
    } else if registry.split(',').any(|pair| !pair.contains(':')) {
        fields.add("registry", "registry must be `host:port`, or several with commas between them");
    }
}

fn flocker(source: Spot<'_, '_>, fields: &mut Fields<'_, '_, '_>) {
    let name = source.text_or_empty("datasetName");
    if name.is_empty() == source.text_or_empty("datasetUUID").is_empty() {
        fields.add_here("must have either datasetName or datasetUUID");
    }
    if name.contains('/') {
        fields.add("datasetName", "datasetName must not contain `/`");
    }
}

fn flex(source: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    for (key, option) in source.entries("options") {
        let owner = key.split('/').next().unwrap_or_default().to_lowercase();
        let is_in =
            |domain: &str| owner.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if is_in("kubernetes.io") || is_in("k8s.io") {
            let message = format!("{whose}: option `{}` belongs to Kubernetes", key.escape_debug());
            faults.add(VOLUMES, option.path(), message);
        }
    }
}
