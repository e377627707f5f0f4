//! Volumes that containers get as block devices (`ValidateVolumeDevices`), and the Pod's claims of other devices
//! (`validatePodResourceClaims`).

use crate::kubernetes::check::Release;
use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::words::{dns_label, dns_subdomain, path_without_steps_up};

use super::mounts::{MOUNTS, Source};
use super::pod_spec::{Container, PodSpec};
use super::spec::POD;

/// `volumeDevices` of one container.
pub(super) fn check(pod: PodSpec<'_, '_>, container: Container<'_, '_>, faults: &mut Faults) {
    for (nth, device) in container.at.items("volumeDevices").enumerate() {
        let name = device.text_or_empty("name");
        let path = device.text_or_empty("devicePath");
        let before = || container.at.items("volumeDevices").take(nth);
        let mut fields = Fields::of(device, MOUNTS, &container, faults);
        let shown = name.escape_debug();
        if fields.required("name").is_some() {
            match Source::of(pod, name) {
                Source::Missing | Source::Forgotten => {
                    fields.add("name", format_args!("there is no volume `{shown}`"));
                }
                Source::Other => {
                    fields.add("name", format_args!("volume `{shown}` must be a claim to be a device"));
                }
                Source::Claim => {}
            }
            if before().any(|other| other.text("name") == Some(name)) {
                fields.add("name", format_args!("volume `{shown}` is in volumeDevices twice"));
            }
        }
        if fields.required("devicePath").is_some() {
            fields.matches("devicePath", path_without_steps_up);
            if before().any(|other| other.text("devicePath") == Some(path)) {
                fields.add("devicePath", format_args!("another device is at `{}`", path.escape_debug()));
            }
        }
        if !pod.has_host_users() {
            fields.add_here("volumeDevices do not go with `hostUsers: false`");
        }
    }
}

/// `resourceClaims` of the Pod.
pub(super) fn claims(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    if pod.release < Release(34) {
        return;
    }
    for (nth, claim) in pod.spec.items("resourceClaims").enumerate() {
        let name = claim.text_or_empty("name");
        let whose = format_args!("claim `{}`", name.escape_debug());
        let mut fields = Fields::of(claim, POD, &whose, faults);
        fields.required_match("name", dns_label);
        if !name.is_empty() && pod.spec.items("resourceClaims").take(nth).any(|it| it.text("name") == Some(name)) {
            fields.add("name", "another claim has this name");
        }
        if claim.has("resourceClaimName") == claim.has("resourceClaimTemplateName") {
            fields.add_here("must have either resourceClaimName or resourceClaimTemplateName");
        }
        fields.matches_set("resourceClaimName", dns_subdomain);
        fields.matches_set("resourceClaimTemplateName", dns_subdomain);
    }
}
