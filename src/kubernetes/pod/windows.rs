//! What Pods for Windows have and cannot have (`validateWindows`, `validateLinux`, `validateWindowsHostProcessPod`).

use std::fmt::Display;

use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::dns_subdomain;

use super::pod_spec::PodSpec;
use super::security::SECURITY;

/// What the security context of a Pod for Windows cannot have.
const NOT_IN_POD: [&str; 11] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
];

/// What the security context of a container for Windows cannot have.
const NOT_IN_CONTAINER: [&str; 10] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
];

/// The Pod's operating system against what it sets.
pub(super) fn check(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    host_processes(pod, faults);
    let Some(os) = pod.spec.get("os") else { return };
    Fields::of(os, SECURITY, &"the Pod's os", faults).required("name");
    match os.text_or_empty("name") {
        "linux" => each_context(pod, &["windowsOptions"], &["windowsOptions"], "linux", faults),
        "windows" => {
            each_context(pod, &NOT_IN_POD, &NOT_IN_CONTAINER, "windows", faults);
            for key in ["hostPID", "hostIPC"] {
                if pod.spec.is(key) {
                    faults.add(SECURITY, pod.spec.path_to(key), format!("a Pod for windows cannot have {key}"));
                }
            }
            for key in ["hostUsers", "shareProcessNamespace", "resources"] {
                if pod.spec.has(key) {
                    faults.add(SECURITY, pod.spec.path_to(key), format!("a Pod for windows cannot have {key}"));
                }
            }
        }
        _ => Fields::of(os, SECURITY, &"the Pod's os", faults).one_of("name", &["linux", "windows"]),
    }
}

fn each_context(pod: PodSpec<'_, '_>, of_pod: &[&str], of_container: &[&str], os: &str, faults: &mut Faults) {
    let mut forbid = |at: Spot<'_, '_>, keys: &[&str]| {
        let Some(context) = at.get("securityContext") else { return };
        for key in keys.iter().filter(|key| context.has(key)) {
            faults.add(SECURITY, context.path_to(key), format!("a Pod for {os} cannot have {key}"));
        }
    };
    forbid(pod.spec, of_pod);
    for container in pod.containers() {
        forbid(container.at, of_container);
    }
}

/// `hostProcess` where `at` is a Pod's spec or a container.
fn host_process(at: Spot<'_, '_>) -> Option<bool> {
    let context = at.get("securityContext")?;
    let options = context.get("windowsOptions")?;
    options.has("hostProcess").then(|| options.is("hostProcess"))
}

fn host_processes(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    let of_pod = host_process(pod.spec);
    let (mut has_some, mut has_others) = (false, false);
    for container in pod.containers() {
        let own = host_process(container.at);
        if let (Some(own), Some(of_pod)) = (own, of_pod)
            && own != of_pod
        {
            let message = format!("{container}: hostProcess must be the same as in the Pod");
            faults.add(SECURITY, container.at.path_to("securityContext"), message);
        }
        let is_on = own.or(of_pod).unwrap_or_default();
        has_some |= is_on;
        has_others |= !is_on;
    }
    if has_some && has_others {
        faults.add(SECURITY, pod.spec.path(), "the Pod: either all containers have hostProcess or none");
    }
    if has_some && !pod.spec.is("hostNetwork") {
        faults.add(SECURITY, pod.spec.path_to("hostNetwork"), "the Pod: hostProcess needs `hostNetwork: true`");
    }
}

/// `windowsOptions` (`validateWindowsSecurityContextOptions`).
pub(super) fn options(options: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    let mut fields = Fields::of(options, SECURITY, whose, faults);
    fields.matches_set("gmsaCredentialSpecName", dns_subdomain);
    match options.text("gmsaCredentialSpec").map(str::len) {
        Some(0) => {
            fields.add("gmsaCredentialSpec", "gmsaCredentialSpec must not be empty");
        }
        Some(65_537..) => {
            fields.add("gmsaCredentialSpec", "gmsaCredentialSpec is longer than 64 KiB");
        }
        _ => {}
    }
    fields.matches_set("runAsUserName", user_name);
}

/// `DOMAIN\user` or `user`.
fn user_name(text: &str) -> Result<(), &'static str> {
    if text.bytes().any(|b| b.is_ascii_control()) {
        return Err("must not have control characters");
    }
    let (domain, user) = text.split_once('\\').map_or((None, text), |(domain, user)| (Some(domain), user));
    if user.contains('\\') {
        return Err("must not have more than one backslash");
    }
    if domain.is_some_and(|domain| domain.len() >= 256 || !(is_net_bios(domain) || is_dns(domain))) {
        return Err("must have a domain of NetBIOS or DNS before the backslash");
    }
    if user.is_empty() || user.len() > 104 || user.chars().all(|c| matches!(c, '.' | ' ')) {
        return Err("must have a user of 1 to 104 characters, not only dots and spaces");
    }
    if user.contains(['"', '/', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']) {
        return Err("must not have any of `\"/:;|=,+*?<>@[]`");
    }
    Ok(())
}

fn is_net_bios(domain: &str) -> bool {
    let count = domain.chars().count();
    (1..=15).contains(&count)
        && !domain.starts_with('.')
        && !domain.contains(['\\', '/', ':', '*', '?', '"', '<', '>', '|'])
}

fn is_dns(domain: &str) -> bool {
    domain.split('.').all(|part| {
        let bytes = part.as_bytes();
        bytes.len() <= 63
            && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    })
}
