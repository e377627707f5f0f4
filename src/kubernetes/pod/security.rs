//! Security contexts of Pods and containers (`validatePodSpecSecurityContext`, `ValidateSecurityContext`).

use std::fmt::Display;

use crate::diagnostic::{Class, Code};
use crate::kubernetes::check::Release;
use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::{relative_path, sysctl_name};

use super::pod_spec::{Container, PodSpec};
use super::windows;

/// A security context whose settings are out of range or do not go together.
pub(super) const SECURITY: Code = Code::new("LMS722", Class::Input);

/// Users and groups of Linux.
const IDS: std::ops::RangeInclusive<i64> = 0..=i32::MAX as i64;
/// Kinds of profiles of seccomp and AppArmor.
const PROFILES: [&str; 3] = ["RuntimeDefault", "Localhost", "Unconfined"];

/// `securityContext` of one container.
pub(super) fn container(pod: PodSpec<'_, '_>, container: Container<'_, '_>, faults: &mut Faults) {
    let Some(context) = container.at.get("securityContext") else { return };
    let whose = &container;
    let mut fields = Fields::of(context, SECURITY, whose, faults);
    fields.in_range("runAsUser", IDS);
    fields.in_range("runAsGroup", IDS);
    if pod.release >= Release(33) {
        fields.one_of_set("procMount", &["Default", "Unmasked"]);
        if context.text("procMount") == Some("Unmasked") && pod.has_host_users() {
            fields.add("procMount", "`Unmasked` needs `hostUsers: false`");
        }
    }
    if context.is_false("allowPrivilegeEscalation") {
        if context.is("privileged") {
            fields
                .add("allowPrivilegeEscalation", "a privileged container cannot refuse to escalate privileges")
                .help("remove `privileged: true`, or set allowPrivilegeEscalation to true");
        }
        let adds_admin = |capabilities: Spot<'_, '_>| {
            capabilities
                .texts("add")
                .any(|(name, _)| name == "CAP_SYS_ADMIN" || (name == "SYS_ADMIN" && pod.release >= Release(37)))
        };
        if context.get("capabilities").is_some_and(adds_admin) {
            fields.add("allowPrivilegeEscalation", "must not be false with the capability SYS_ADMIN");
        }
    }
    profiles(context, whose, faults);
}

/// `securityContext` of the Pod.
pub(super) fn pod(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    windows::check(pod, faults);
    let Some(context) = pod.spec.get("securityContext") else { return };
    let whose = &"the Pod";
    let mut fields = Fields::of(context, SECURITY, whose, faults);
    for key in ["fsGroup", "runAsUser", "runAsGroup"] {
        fields.in_range(key, IDS);
    }
    fields.one_of_set("fsGroupChangePolicy", &["OnRootMismatch", "Always"]);
    if pod.release >= Release(33) {
        fields.one_of_set("supplementalGroupsPolicy", &["Merge", "Strict"]);
        fields.one_of_set("seLinuxChangePolicy", &["Recursive", "MountOption"]);
    }
    for group in context.items("supplementalGroups") {
        let number = match group.value() {
            crate::manifest::Value::Number(text) => text.parse::<i64>().ok(),
            _ => None,
        };
        if number.is_some_and(|number| !IDS.contains(&number)) {
            let message = format!("{whose}: a supplemental group must be between 0 and {}", IDS.end());
            faults.add(SECURITY, group.path(), message);
        }
    }
    sysctls(pod, context, faults);
    profiles(context, whose, faults);
}

fn sysctls(pod: PodSpec<'_, '_>, context: Spot<'_, '_>, faults: &mut Faults) {
    for (nth, sysctl) in context.items("sysctls").enumerate() {
        let name = sysctl.text_or_empty("name");
        let mut fields = Fields::of(sysctl, SECURITY, &"the Pod", faults);
        fields.required_match("name", sysctl_name);
        let shown = name.escape_debug();
        if !name.is_empty() && context.items("sysctls").take(nth).any(|other| other.text("name") == Some(name)) {
            fields.add("name", format_args!("sysctl `{shown}` is set twice"));
        }
        if pod.spec.is("hostNetwork") && is_in(name, &["net."]) {
            fields.add("name", format_args!("sysctl `{shown}` does not go with hostNetwork"));
        }
        if pod.spec.is("hostIPC") && is_in(name, &["kernel.sem", "kernel.shm", "kernel.msg", "fs.mqueue."]) {
            fields.add("name", format_args!("sysctl `{shown}` does not go with hostIPC"));
        }
    }
}

/// `true` if a sysctl, written with dots or with slashes, belongs to one of the families.
fn is_in(name: &str, families: &[&str]) -> bool {
    let is_slashed = name.find(['.', '/']).is_some_and(|at| name.as_bytes()[at] == b'/');
    families.iter().any(|family| {
        let mut bytes = name.bytes().map(|b| if is_slashed && b == b'/' { b'.' } else { b });
        family.bytes().all(|wanted| bytes.next() == Some(wanted))
    })
}

/// Profiles of seccomp and AppArmor, and options for Windows, that both kinds of contexts have.
fn profiles(context: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    if let Some(profile) = context.get("seccompProfile") {
        local_profile(profile, "seccomp", whose, faults);
        if profile.text("type") == Some("Localhost") {
            Fields::of(profile, SECURITY, whose, faults).matches("localhostProfile", relative_path);
        }
    }
    if let Some(profile) = context.get("appArmorProfile") {
        local_profile(profile, "AppArmor", whose, faults);
        let name = profile.text_or_empty("localhostProfile");
        let mut fields = Fields::of(profile, SECURITY, whose, faults);
        if profile.text("type") == Some("Localhost") && profile.has("localhostProfile") {
            if name.is_empty() {
                fields.required("localhostProfile");
            } else if name.trim() != name {
                fields.add("localhostProfile", "localhostProfile must not begin or end with a space");
            }
            if name.len() > 4095 {
                fields.add("localhostProfile", "localhostProfile is longer than 4095 characters");
            }
        }
    }
    if let Some(options) = context.get("windowsOptions") {
        windows::options(options, whose, faults);
    }
}

fn local_profile(profile: Spot<'_, '_>, kind: &str, whose: &dyn Display, faults: &mut Faults) {
    let whose = format_args!("{whose}: {kind} profile");
    let mut fields = Fields::of(profile, SECURITY, &whose, faults);
    if fields.required("type").is_some() {
        fields.one_of("type", &PROFILES);
    }
    match (profile.text_or_empty("type"), profile.has("localhostProfile")) {
        ("Localhost", false) => {
            fields.add("localhostProfile", "type `Localhost` needs localhostProfile");
        }
        ("Localhost", true) | (_, false) => {}
        (_, true) => {
            fields.add("localhostProfile", "localhostProfile goes only with type `Localhost`");
        }
    }
}
