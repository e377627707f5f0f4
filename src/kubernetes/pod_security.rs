//! The Pod Security Standards, `baseline` and `restricted`, as `k8s.io/pod-security-admission` has them in its latest
//! version.
//!
//! Given a Pod's spec only: the annotations of AppArmor and seccomp that preceded fields are not looked at. Does not
//! know which namespace asks for which standard.

use std::fmt::Display;

use crate::diagnostic::{Class, Code};

use super::fault::Faults;
use super::spot::Spot;

/// What a namespace that enforces `baseline` does not admit.
const BASELINE: Code = Code::new("LMS740", Class::Input);
/// What a namespace that enforces `restricted` does not admit.
const RESTRICTED: Code = Code::new("LMS741", Class::Input);

/// Capabilities that `baseline` lets containers add.
const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Sysctls that `baseline` lets Pods set.
const SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];

/// Types of SELinux that `baseline` lets processes have.
const SE_LINUX: [&str; 5] = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

/// Kinds of volumes that `restricted` lets Pods have.
const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Lists of containers of a Pod.
const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Finds what `baseline` does not admit in a Pod's spec.
pub fn baseline(spec: Spot<'_, '_>, faults: &mut Faults) {
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        if spec.is(key) {
            faults.add(BASELINE, spec.path_to(key), format!("baseline does not admit {key}"));
        }
    }
    for volume in spec.items("volumes").filter(|volume| volume.has("hostPath")) {
        faults.add(BASELINE, volume.path_to("hostPath"), "baseline does not admit volumes of the node (hostPath)");
    }
    if let Some(context) = spec.get("securityContext") {
        context_baseline(context, &"the Pod", faults);
        for sysctl in context.items("sysctls").filter(|it| !SYSCTLS.contains(&it.text_or_empty("name"))) {
            let name = sysctl.text_or_empty("name").escape_debug();
            faults.add(BASELINE, sysctl.path_to("name"), format!("baseline does not admit sysctl `{name}`"));
        }
    }
    each_container(spec, |container| container_baseline(spec, container, faults));
}

/// Finds what `restricted` does not admit in a Pod's spec, and what `baseline` does not.
pub fn restricted(spec: Spot<'_, '_>, faults: &mut Faults) {
    baseline(spec, faults);
    for volume in spec.items("volumes") {
        // A volume of no kind is an emptyDir.
        let is_admitted = VOLUMES.iter().any(|kind| volume.has(kind)) || volume.fields().all(|(key, _)| key == "name");
        if !is_admitted && !volume.has("hostPath") {
            let name = volume.text_or_empty("name").escape_debug();
            faults.add(RESTRICTED, volume.path(), format!("restricted does not admit the kind of volume `{name}`"));
        }
    }
    let context = spec.get("securityContext");
    let is_windows = spec.get("os").is_some_and(|os| os.text("name") == Some("windows"));
    let is_own_users = spec.is_false("hostUsers");
    if let Some(context) = context
        && !is_own_users
    {
        root_user(context, &"the Pod", faults);
    }
    let is_non_root = context.is_some_and(|context| context.is("runAsNonRoot"));
    let has_profile = context.is_some_and(|context| context.has("seccompProfile"));
    each_container(spec, |container| {
        let whose = format_args!("container `{}`", container.text_or_empty("name").escape_debug());
        let own = container.get("securityContext");
        let has = |key: &str| own.is_some_and(|own| own.has(key));
        let path = container.path_to("securityContext");
        if let Some(own) = own
            && !is_own_users
        {
            root_user(own, &whose, faults);
        }
        if !is_own_users && !is_non_root && !has("runAsNonRoot") {
            let fault = faults.add(
                RESTRICTED,
                path.clone().field("runAsNonRoot"),
                format!("restricted wants `runAsNonRoot: true` for {whose} or for the Pod"),
            );
            fault.help("add `securityContext: {runAsNonRoot: true}` to the Pod's spec");
        }
        if own.is_some_and(|own| own.text("procMount").is_some_and(|kind| kind != "Default")) && is_own_users {
            faults.add(
                RESTRICTED,
                path.clone().field("procMount"),
                format!("restricted does not admit procMount of {whose}"),
            );
        }
        if is_windows {
            return;
        }
        if !own.is_some_and(|own| own.is_false("allowPrivilegeEscalation")) {
            faults.add(
                RESTRICTED,
                path.clone().field("allowPrivilegeEscalation"),
                format!("restricted wants `allowPrivilegeEscalation: false` for {whose}"),
            );
        }
        if !has_profile && !has("seccompProfile") {
            let fault = faults.add(
                RESTRICTED,
                path.clone().field("seccompProfile"),
                format!("restricted wants a seccompProfile for {whose} or for the Pod"),
            );
            fault.help("add `seccompProfile: {type: RuntimeDefault}` to the Pod's securityContext");
        }
        capabilities(container, &whose, faults);
    });
}

fn each_container<'v>(spec: Spot<'v, '_>, mut look: impl FnMut(Spot<'v, '_>)) {
    for list in LISTS {
        for container in spec.items(list) {
            look(container);
        }
    }
}

fn container_baseline(spec: Spot<'_, '_>, container: Spot<'_, '_>, faults: &mut Faults) {
    let whose = format_args!("container `{}`", container.text_or_empty("name").escape_debug());
    for port in container.items("ports").filter(|port| !matches!(port.int("hostPort"), None | Some(0))) {
        faults.add(BASELINE, port.path_to("hostPort"), format!("baseline does not admit hostPort of {whose}"));
    }
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get(key) {
            hosts(probe, &whose, faults);
        }
    }
    if let Some(lifecycle) = container.get("lifecycle") {
        for key in ["postStart", "preStop"] {
            if let Some(handler) = lifecycle.get(key) {
                hosts(handler, &whose, faults);
            }
        }
    }
    let Some(context) = container.get("securityContext") else { return };
    context_baseline(context, &whose, faults);
    if context.is("privileged") {
        faults.add(
            BASELINE,
            context.path_to("privileged"),
            format!("baseline does not admit that {whose} is privileged"),
        );
    }
    if context.text("procMount").is_some_and(|kind| kind != "Default") && !spec.is_false("hostUsers") {
        faults.add(BASELINE, context.path_to("procMount"), format!("baseline does not admit procMount of {whose}"));
    }
    let Some(capabilities) = context.get("capabilities") else { return };
    for (name, at) in capabilities.texts("add").filter(|(name, _)| !CAPABILITIES.contains(name)) {
        let message = format!("baseline does not admit that {whose} has capability `{}`", name.escape_debug());
        faults.add(BASELINE, at.path(), message);
    }
}

/// What contexts of Pods and containers both have.
fn context_baseline(context: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    for key in ["appArmorProfile", "seccompProfile"] {
        if let Some(profile) = context.get(key)
            && !matches!(profile.text("type"), Some("RuntimeDefault" | "Localhost"))
        {
            let message = format!("{whose}: baseline admits only the types RuntimeDefault and Localhost of {key}");
            faults.add(BASELINE, profile.path_to("type"), message);
        }
    }
    if let Some(options) = context.get("seLinuxOptions") {
        if !SE_LINUX.contains(&options.text_or_empty("type")) {
            faults.add(
                BASELINE,
                options.path_to("type"),
                format!("{whose}: baseline does not admit this type of SELinux"),
            );
        }
        for key in ["user", "role"] {
            if !options.text_or_empty(key).is_empty() {
                faults.add(
                    BASELINE,
                    options.path_to(key),
                    format!("{whose}: baseline does not admit seLinuxOptions.{key}"),
                );
            }
        }
    }
    if let Some(options) = context.get("windowsOptions")
        && options.is("hostProcess")
    {
        faults.add(BASELINE, options.path_to("hostProcess"), format!("{whose}: baseline does not admit hostProcess"));
    }
}

/// Another host that the node would be made to call.
fn hosts(handler: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    for key in ["httpGet", "tcpSocket"] {
        if let Some(action) = handler.get(key)
            && !action.text_or_empty("host").is_empty()
        {
            faults.add(
                BASELINE,
                action.path_to("host"),
                format!("baseline does not admit a host in probes of {whose}"),
            );
        }
    }
}

fn root_user(context: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    if context.is_false("runAsNonRoot") {
        let message = format!("restricted does not admit `runAsNonRoot: false` for {whose}");
        faults.add(RESTRICTED, context.path_to("runAsNonRoot"), message);
    }
    if context.int("runAsUser") == Some(0) {
        let message = format!("restricted does not admit `runAsUser: 0` for {whose}");
        faults.add(RESTRICTED, context.path_to("runAsUser"), message);
    }
}

fn capabilities(container: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    let context = container.get("securityContext");
    let capabilities = context.as_ref().and_then(|context| context.get("capabilities"));
    if !capabilities.is_some_and(|it| it.texts("drop").any(|(name, _)| name == "ALL")) {
        let path = container.path_to("securityContext").field("capabilities").field("drop");
        let message = format!("restricted wants {whose} to drop ALL capabilities");
        faults.add(RESTRICTED, path, message).help("add `capabilities: {drop: [ALL]}`");
    }
    let Some(capabilities) = capabilities else { return };
    for (name, at) in capabilities.texts("add").filter(|(name, _)| *name != "NET_BIND_SERVICE") {
        // What baseline does not admit is said already.
        if CAPABILITIES.contains(&name) {
            let message = format!("restricted does not admit that {whose} has capability `{name}`");
            faults.add(RESTRICTED, at.path(), message);
        }
    }
}
