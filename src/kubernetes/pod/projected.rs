//! Projected volumes: several sources in one folder (`validateProjectionSources`).

use std::fmt::Display;

use crate::kubernetes::check::Release;
use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::selector;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::{Broken, dns_label, dns_subdomain, volume_file_path};

use super::pod_spec::PodSpec;
use super::volumes::{self, VOLUMES};

/// Sources whose items name files.
const WITH_ITEMS: [&str; 3] = ["secret", "configMap", "downwardAPI"];
/// Paths of a certificate and its key.
const CERTIFICATE_PATHS: [&str; 3] = ["credentialBundlePath", "keyPath", "certificateChainPath"];

/// A projected volume.
pub(super) fn check(pod: PodSpec<'_, '_>, source: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    Fields::of(source, VOLUMES, whose, faults).file_mode("defaultMode");
    // Before, clusters forget both.
    let has_certificates = pod.release >= Release(37);
    for (nth, item) in source.items("sources").enumerate() {
        let mut count = 0;
        for (kind, at) in item.fields() {
            if matches!(kind, "clusterTrustBundle" | "podCertificate") && !has_certificates {
                continue;
            }
            count += 1;
            match kind {
                "secret" | "configMap" => {
                    Fields::of(at, VOLUMES, whose, faults).required("name");
                    volumes::items(at, whose, faults);
                }
                "downwardAPI" => volumes::downward(at, whose, faults),
                "serviceAccountToken" => {
                    let mut fields = Fields::of(at, VOLUMES, whose, faults);
                    fields.in_range("expirationSeconds", 600..=1 << 32);
                    fields.required_match("path", volume_file_path);
                }
                "clusterTrustBundle" => trust_bundle(at, whose, faults),
                "podCertificate" => certificate(at, whose, faults),
                _ => {}
            }
        }
        if count > 1 {
            faults.add(VOLUMES, item.path(), format!("{whose}: a source must be of one kind"));
        }
        paths_twice(source, nth, item, has_certificates, whose, faults);
    }
}

/// Files of a source that an earlier source, or an earlier item, has too.
fn paths_twice(
    source: Spot<'_, '_>,
    nth: usize,
    item: Spot<'_, '_>,
    has_certificates: bool,
    whose: &dyn Display,
    faults: &mut Faults,
) {
    let mut own = 0;
    each_path(item, has_certificates, &mut |path, at| {
        let mut is_taken = false;
        for earlier in source.items("sources").take(nth) {
            each_path(earlier, has_certificates, &mut |other, _| is_taken |= other == path);
        }
        let mut seen = 0;
        each_path(item, has_certificates, &mut |other, _| {
            is_taken |= seen < own && other == path;
            seen += 1;
        });
        own += 1;
        if is_taken {
            let message = format!("{whose}: another file has the path `{}`", path.escape_debug());
            faults.add(VOLUMES, at.path(), message);
        }
    });
}

fn each_path(item: Spot<'_, '_>, has_certificates: bool, look: &mut dyn FnMut(&str, Spot<'_, '_>)) {
    for kind in WITH_ITEMS {
        let Some(at) = item.get(kind) else { continue };
        for entry in at.items("items") {
            if let Some(path) = entry.get("path") {
                look(path.written(), path);
            }
        }
    }
    if has_certificates {
        for (kind, keys) in [("clusterTrustBundle", &["path"][..]), ("podCertificate", &CERTIFICATE_PATHS)] {
            let Some(at) = item.get(kind) else { continue };
            for key in keys {
                if let Some(path) = at.get(key).filter(|path| path.written() != "") {
                    look(path.written(), path);
                }
            }
        }
    }
}

fn trust_bundle(at: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    let mut fields = Fields::of(at, VOLUMES, whose, faults);
    fields.required_match("path", volume_file_path);
    match (at.text("name"), at.text("signerName")) {
        (None, None) => {
            fields.add_here("a clusterTrustBundle must have name or signerName");
        }
        (Some(_), Some(_)) => {
            fields.add_here("a clusterTrustBundle cannot have both name and signerName");
        }
        (Some(_), None) => {
            fields.required_match("name", bundle_name);
            if at.has("labelSelector") {
                fields.add("labelSelector", "a clusterTrustBundle with a name cannot have a labelSelector");
            }
        }
        (None, Some(_)) => {
            fields.required_match("signerName", signer_name);
            if let Some(labels) = at.get("labelSelector") {
                selector::check(labels, VOLUMES, whose, faults);
            }
        }
    }
}

fn bundle_name(text: &str) -> Result<(), Broken> {
    dns_subdomain(text.rsplit_once(':').map_or(text, |(_, name)| name))
}

/// `example.com/signer` (`ValidateSignerName`).
fn signer_name(text: &str) -> Result<(), Broken> {
    const RULE: Broken = "must be a domain, `/` and a name, such as `example.com/signer`";
    let (domain, name) = text.split_once('/').ok_or(RULE)?;
    if domain.len() > 253 || !domain.contains('.') || domain.split('.').any(|part| dns_label(part).is_err()) {
        return Err(RULE);
    }
    dns_subdomain(name).map_err(|_| RULE)
}

fn certificate(at: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    let mut fields = Fields::of(at, VOLUMES, whose, faults);
    fields.required_match("signerName", signer_name);
    if fields.required("keyType").is_some() {
        fields.one_of("keyType", &["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"]);
    }
    let is_kubernetes = at.text_or_empty("signerName").starts_with("kubernetes.io/");
    fields.in_range("maxExpirationSeconds", 3600..=if is_kubernetes { 86_400 } else { 7_862_400 });
    for key in CERTIFICATE_PATHS {
        fields.matches(key, volume_file_path);
    }
    if CERTIFICATE_PATHS.iter().all(|key| at.text_or_empty(key).is_empty()) {
        fields.add_here("a podCertificate must have credentialBundlePath, keyPath or certificateChainPath");
    }
}
