//! The Pod's own fields, and the order in which its parts are judged (`ValidatePodSpec`).

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::diagnostic::{Class, Code};
use crate::kubernetes::check::Release;
use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::metadata;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::{dns_label, dns_subdomain, qualified_name, search_domain};
use crate::manifest::Value;

use super::pod_spec::PodSpec;
use super::{annotations, containers, devices, resources, scheduling, security, volumes};

/// A field of the Pod itself that Kubernetes refuses: DNS, names, restart policy, deadlines.
pub(in crate::kubernetes) const POD: Code = Code::new("LMS724", Class::Input);

/// An object of kind Pod.
pub(in crate::kubernetes) fn check_object(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let metadata = object.get("metadata");
    match object.get("spec") {
        Some(spec) => check(PodSpec { spec, metadata, stateful_set: None, is_pod: true, release }, faults),
        None => {
            faults.add(POD, object.path_to("spec"), "the Pod has no spec");
        }
    }
}

/// A Pod or a template of Pods.
pub(in crate::kubernetes) fn check(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    if let Some(metadata) = pod.metadata
        && !pod.is_pod
    {
        metadata::labels(metadata, faults);
        metadata::annotations(metadata, faults);
    }
    annotations::check(pod, faults);
    volumes::check(pod, faults);
    devices::claims(pod, faults);
    containers::check(pod, faults);
    resources::pod(pod, faults);
    security::pod(pod, faults);
    scheduling::check(pod, faults);
    words(pod, faults);
    namespaces(pod, faults);
    dns(pod, faults);
    gates(pod, faults);
    host_aliases(pod, faults);
    if pod.spec.count("ephemeralContainers") > 0 {
        let path = pod.spec.path_to("ephemeralContainers");
        faults.add(POD, path, "ephemeral containers can only be added to a Pod that runs");
    }
}

/// Fields that are one word.
fn words(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    let spec = pod.spec;
    let mut fields = Fields::of(spec, POD, &"the Pod", faults);
    fields.one_of("restartPolicy", &["Always", "OnFailure", "Never"]);
    fields.one_of("dnsPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]);
    fields.one_of_set("preemptionPolicy", &["PreemptLowerPriority", "Never"]);
    for key in ["serviceAccountName", "serviceAccount", "nodeName", "priorityClassName"] {
        fields.matches(key, dns_subdomain);
    }
    fields.matches_set("runtimeClassName", dns_subdomain);
    fields.in_range("activeDeadlineSeconds", 1..=i64::from(i32::MAX));
    if pod.stateful_set.is_none() {
        fields.matches("hostname", dns_label);
        fields.matches("subdomain", dns_label);
    }
    if pod.is_pod && !spec.text_or_empty("nodeName").is_empty() && spec.count("schedulingGates") > 0 {
        fields.add("nodeName", "nodeName does not go with schedulingGates");
    }
}

/// Namespaces of the node, and names of the host.
fn namespaces(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    let spec = pod.spec;
    let mut fields = Fields::of(spec, POD, &"the Pod", faults);
    if spec.is("shareProcessNamespace") && spec.is("hostPID") {
        fields.add("shareProcessNamespace", "cannot have both shareProcessNamespace and hostPID");
    }
    if !pod.has_host_users() {
        for key in ["hostNetwork", "hostPID", "hostIPC"] {
            if spec.is(key) {
                fields.add(key, format_args!("{key} does not go with `hostUsers: false`"));
            }
        }
    }
    if pod.release >= Release(35)
        && let Some(name) = spec.text("hostnameOverride")
    {
        for key in ["setHostnameAsFQDN", "hostNetwork"] {
            if spec.is(key) {
                fields.add("hostnameOverride", format_args!("hostnameOverride does not go with {key}"));
            }
        }
        if name.len() > 64 {
            fields.add("hostnameOverride", "hostnameOverride is longer than 64 characters");
        } else {
            fields.matches_set("hostnameOverride", dns_subdomain);
        }
    }
}

fn gates(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    for gate in pod.spec.items("readinessGates") {
        Fields::of(gate, POD, &"a readinessGate", faults).required_match("conditionType", qualified_name);
    }
    for (nth, gate) in pod.spec.items("schedulingGates").enumerate() {
        let mut fields = Fields::of(gate, POD, &"a schedulingGate", faults);
        fields.required_match("name", qualified_name);
        let name = gate.text("name");
        if name.is_some() && pod.spec.items("schedulingGates").take(nth).any(|other| other.text("name") == name) {
            fields.add("name", "another schedulingGate has this name");
        }
    }
}

fn host_aliases(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    for alias in pod.spec.items("hostAliases") {
        if Fields::of(alias, POD, &"a hostAlias", faults).required("ip").is_some()
            && let Some(ip) = alias.get("ip")
        {
            address(pod.release, ip, "a hostAlias: ip", faults);
        }
        for (name, at) in alias.texts("hostnames") {
            if let Err(rule) = dns_subdomain(name) {
                faults.add(POD, at.path(), format!("a hostAlias: the host name `{}` {rule}", name.escape_debug()));
            }
        }
    }
}

/// `dnsConfig` (`validatePodDNSConfig`).
fn dns(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    let is_none = pod.spec.text("dnsPolicy") == Some("None");
    let Some(config) = pod.spec.get("dnsConfig") else {
        if is_none {
            faults.add(POD, pod.spec.path_to("dnsConfig"), "the Pod: `dnsPolicy: None` needs dnsConfig");
        }
        return;
    };
    let mut fields = Fields::of(config, POD, &"dnsConfig", faults);
    match config.count("nameservers") {
        0 if is_none => {
            fields.add("nameservers", "`dnsPolicy: None` needs nameservers");
        }
        4.. => {
            fields.add("nameservers", "there can be 3 nameservers");
        }
        _ => {}
    }
    let searches = config.count("searches");
    let length = config.texts("searches").map(|(text, _)| text.len() + 1).sum::<usize>();
    if searches > 32 {
        fields.add("searches", "there can be 32 searches");
    } else if length > 2049 {
        fields.add("searches", "searches can have 2048 characters together");
    }
    for option in config.items("options") {
        Fields::of(option, POD, &"an option of dnsConfig", faults).required("name");
    }
    for server in config.items("nameservers") {
        address(pod.release, server, "a nameserver", faults);
    }
    let rule = if pod.release >= Release(33) { search_domain } else { dns_subdomain };
    for (text, at) in config.texts("searches").filter(|(text, _)| *text != "." || pod.release < Release(33)) {
        if let Err(broken) = rule(text.strip_suffix('.').unwrap_or(text)) {
            faults.add(POD, at.path(), format!("dnsConfig: search `{}` {broken}", text.escape_debug()));
        }
    }
}

/// An address; leading zeros, and addresses of version 4 written as version 6, are taken until Kubernetes 1.36.
fn address(release: Release, at: Spot<'_, '_>, what: &str, faults: &mut Faults) {
    let text = match at.value() {
        Value::String(text) => text.as_str(),
        Value::Null => "",
        _ => return,
    };
    let is_right = if release >= Release(36) {
        let six = text.parse::<Ipv6Addr>().is_ok_and(|address| address.to_ipv4_mapped().is_none());
        six || text.parse::<Ipv4Addr>().is_ok()
    } else {
        text.parse::<Ipv6Addr>().is_ok() || is_loose_version_four(text)
    };
    if !is_right {
        let message = format!("{what} `{}` is no IP address", text.escape_debug());
        faults.add(POD, at.path(), message).help("write it as `10.9.8.7` or `2001:db8::1`");
    }
}

fn is_loose_version_four(text: &str) -> bool {
    let is_part = |part: &str| {
        let digits = part.trim_start_matches('0');
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (digits.is_empty() || digits.parse::<u8>().is_ok())
    };
    text.split('.').count() == 4 && text.split('.').all(is_part)
}
