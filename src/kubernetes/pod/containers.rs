//! Containers: names, images, and everything that is judged in each (`validateContainers`, `validateInitContainers`,
//! `validateEphemeralContainers`).

use crate::diagnostic::{Class, Code};
use crate::kubernetes::check::Release;
use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::dns_label;

use super::pod_spec::{Container, PodSpec, Role};
use super::{devices, env, mounts, ports, probes, resources, security};

/// A container without name or image, a name twice, or a field that this kind of container cannot have.
const CONTAINERS: Code = Code::new("LMS716", Class::Input);

/// Fields that ephemeral containers cannot have.
const NOT_EPHEMERAL: [&str; 9] = [
    "ports",
    "resources",
    "resizePolicy",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "restartPolicy",
    "restartPolicyRules",
];

/// All containers of a Pod.
pub(super) fn check(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    if pod.spec.items("containers").next().is_none() {
        faults.add(CONTAINERS, pod.spec.path_to("containers"), "the Pod has no containers");
        return;
    }
    for (at, container) in pod.containers().enumerate() {
        common(pod, container, faults);
        name_twice(pod, container, at, faults);
        match container.role {
            Role::Main => {
                probes::check(pod, container, faults);
                restarts(pod, container, faults);
            }
            Role::Init | Role::Sidecar => init(pod, container, faults),
            Role::Ephemeral => ephemeral(pod, container, faults),
        }
    }
    ports::host_ports_twice(pod, faults);
}

fn common(pod: PodSpec<'_, '_>, container: Container<'_, '_>, faults: &mut Faults) {
    let at = container.at;
    let mut fields = Fields::of(at, CONTAINERS, &container, faults);
    fields.required_match("name", dns_label);
    if let Some(image) = fields.required("image")
        && (pod.is_pod || container.role == Role::Ephemeral)
        && image.trim() != image
    {
        fields.add("image", "image must not begin or end with a space");
    }
    fields.one_of("imagePullPolicy", &["Always", "IfNotPresent", "Never"]);
    fields.one_of("terminationMessagePolicy", &["File", "FallbackToLogsOnError"]);
    ports::check(container, faults);
    env::check(pod, container, faults);
    mounts::check(pod, container, faults);
    devices::check(pod, container, faults);
    resources::container(pod, container, faults);
    resize_policy(pod, container, faults);
    security::container(pod, container, faults);
}

fn name_twice(pod: PodSpec<'_, '_>, container: Container<'_, '_>, at: usize, faults: &mut Faults) {
    let name = container.at.text_or_empty("name");
    if !name.is_empty() && pod.containers().take(at).any(|other| other.at.text("name") == Some(name)) {
        let message = format!("{container}: another container has this name");
        faults.add(CONTAINERS, container.at.path_to("name"), message);
    }
}

fn init(pod: PodSpec<'_, '_>, container: Container<'_, '_>, faults: &mut Faults) {
    let at = container.at;
    if container.role == Role::Sidecar {
        probes::check(pod, container, faults);
    } else {
        let mut fields = Fields::of(at, CONTAINERS, &container, faults);
        for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
            if at.has(key) {
                fields.add(key, format_args!("{key} needs `restartPolicy: Always`, which makes it a sidecar"));
            }
        }
        if at.get("lifecycle").is_some_and(|lifecycle| probes::is_lifecycle_kept(lifecycle)) {
            fields.add("lifecycle", "lifecycle needs `restartPolicy: Always`, which makes it a sidecar");
        }
    }
    if pod.release >= Release(35) {
        restarts(pod, container, faults);
    } else {
        Fields::of(at, CONTAINERS, &container, faults).one_of_set("restartPolicy", &["Always"]);
    }
}

/// `restartPolicy` and `restartPolicyRules` of a container.
fn restarts(pod: PodSpec<'_, '_>, container: Container<'_, '_>, faults: &mut Faults) {
    let at = container.at;
    let mut fields = Fields::of(at, CONTAINERS, &container, faults);
    if pod.release < Release(35) {
        if at.has("restartPolicy") {
            fields.add("restartPolicy", "only init containers can have a restartPolicy before Kubernetes 1.35");
        }
        return;
    }
    fields.one_of_set("restartPolicy", &["Always", "OnFailure", "Never"]);
    let rules = at.count("restartPolicyRules");
    if rules > 0 && !at.has("restartPolicy") {
        fields.add("restartPolicy", "restartPolicyRules need a restartPolicy");
    }
    if rules > 20 {
        fields.add("restartPolicyRules", "there can be 20 restartPolicyRules");
    }
    let restarts_all = pod.release >= Release(36);
    if rules > 0 && container.role == Role::Sidecar && !restarts_all {
        fields.add("restartPolicyRules", "containers with `restartPolicy: Always` cannot have restartPolicyRules");
    }
    for rule in at.items("restartPolicyRules") {
        restart_rule(rule, container, restarts_all, faults);
    }
}

fn restart_rule(rule: Spot<'_, '_>, container: Container<'_, '_>, restarts_all: bool, faults: &mut Faults) {
    let actions: &[&str] = if restarts_all { &["Restart", "RestartAllContainers"] } else { &["Restart"] };
    let mut fields = Fields::of(rule, CONTAINERS, &container, faults);
    if fields.required("action").is_some() {
        fields.one_of("action", actions);
    }
    let Some(codes) = rule.get("exitCodes") else {
        fields.add("exitCodes", "a rule for restarts must have exitCodes");
        return;
    };
    let mut fields = Fields::of(codes, CONTAINERS, &container, faults);
    if fields.required("operator").is_some() {
        fields.one_of("operator", &["In", "NotIn"]);
    }
    if codes.count("values") > 255 {
        fields.add("values", "there can be 255 exit codes");
    }
}

fn ephemeral(pod: PodSpec<'_, '_>, container: Container<'_, '_>, faults: &mut Faults) {
    let at = container.at;
    let mut fields = Fields::of(at, CONTAINERS, &container, faults);
    for key in NOT_EPHEMERAL {
        if at.has(key) {
            fields.add(key, format_args!("ephemeral containers cannot have {key}"));
        }
    }
    let target = at.text_or_empty("targetContainerName");
    let is_known = pod.containers().any(|it| it.role != Role::Ephemeral && it.at.text("name") == Some(target));
    if !target.is_empty() && !is_known {
        fields.add("targetContainerName", format_args!("there is no container `{}`", target.escape_debug()));
    }
    for mount in at.items("volumeMounts") {
        for key in ["subPath", "subPathExpr"] {
            if !mount.text_or_empty(key).is_empty() {
                let message = format!("{container}: mounts of ephemeral containers cannot have {key}");
                faults.add(CONTAINERS, mount.path_to(key), message);
            }
        }
    }
}

/// What a change of resources does to the container (`validateResizePolicy`).
fn resize_policy(pod: PodSpec<'_, '_>, container: Container<'_, '_>, faults: &mut Faults) {
    if pod.release < Release(33) || container.role == Role::Ephemeral {
        return;
    }
    let never = pod.spec.text("restartPolicy") == Some("Never");
    for (nth, policy) in container.at.items("resizePolicy").enumerate() {
        let mut fields = Fields::of(policy, CONTAINERS, &container, faults);
        for (key, words) in
            [("resourceName", ["cpu", "memory"]), ("restartPolicy", ["NotRequired", "RestartContainer"])]
        {
            if fields.required(key).is_some() {
                fields.one_of(key, &words);
            }
        }
        let name = policy.text("resourceName");
        if container.at.items("resizePolicy").take(nth).any(|other| other.text("resourceName") == name) {
            fields.add("resourceName", "resizePolicy names this resource twice");
        }
        let restarts = policy.text("restartPolicy") == Some("RestartContainer");
        if restarts && never {
            fields.add("restartPolicy", "must be `NotRequired` when the Pod's restartPolicy is `Never`");
        }
        if restarts && container.role == Role::Init && pod.release >= Release(36) {
            fields.add("restartPolicy", "must be `NotRequired` for init containers that are no sidecars");
        }
    }
}
