//! A workload behind a Service that gets requests before it can answer, or whose node may run out of memory for it.

use crate::checks::model::{Found, Group, Object};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::{Spot, with_pod_spec};

/// A served workload without readiness probe or resources.
const UNREADY: Code = Code::new("LMS814", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    let mut served: Vec<usize> = Vec::new();
    for object in group.objects.iter().filter(|object| object.is("v1", "Service")) {
        let root = object.spot();
        let spec = root.get("spec");
        let Some(selector) = spec.as_ref().and_then(|spec| spec.get("selector")) else { continue };
        let is_long_lived =
            |object: &&&Object<'_>| matches!(object.kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet");
        let workloads = group.selected(object, selector);
        served.extend(workloads.iter().filter(is_long_lived).filter_map(|workload| group.position(workload)));
    }
    served.sort_unstable();
    served.dedup();
    for at in served {
        let defaults = Defaults::of(group, &group.objects[at]);
        with_pod_spec(group.objects[at].spot(), |spec| look(at, spec, &defaults, group, found));
    }
}

/// What a `LimitRange` gives to containers that say nothing.
struct Defaults {
    request: bool,
    limit: bool,
}

impl Defaults {
    fn of(group: &Group<'_>, near: &Object<'_>) -> Self {
        let mut defaults = Self { request: false, limit: false };
        for range in group.all().filter(|other| other.is("v1", "LimitRange") && other.namespace == near.namespace) {
            let root = range.spot();
            let Some(spec) = root.get("spec") else { continue };
            for limit in spec.items("limits").filter(|limit| limit.text("type") == Some("Container")) {
                let has_memory = |field| limit.get(field).is_some_and(|list| list.has("memory"));
                defaults.limit |= has_memory("default") || has_memory("max");
                defaults.request |= limit.has("defaultRequest") || limit.has("default");
            }
        }
        defaults
    }
}

fn look(at: usize, spec: Spot<'_, '_>, defaults: &Defaults, group: &Group<'_>, found: &mut Vec<Found>) {
    let mut lacks = Vec::new();
    if !spec.items("containers").any(|container| container.has("readinessProbe")) {
        lacks.push("readiness probe");
    }
    let whole = spec.get("resources");
    let says = |of: Option<&Spot<'_, '_>>, field, name: Option<&str>| {
        let list = of.and_then(|resources| resources.get(field));
        list.is_some_and(|list| name.is_none_or(|name| list.has(name)))
    };
    let lacks_one = |field, name| {
        !says(whole.as_ref(), field, name)
            && spec.items("containers").any(|container| !says(container.get("resources").as_ref(), field, name))
    };
    // Where the environment requires them, another rule says so.
    if !group.policy.requires_resources {
        let has_limit = !lacks_one("limits", Some("memory"));
        if !defaults.request && !has_limit && lacks_one("requests", None) {
            lacks.push("requests");
        }
        if !defaults.limit && !has_limit {
            lacks.push("memory limit");
        }
    }
    let Some((last, others)) = lacks.split_last() else { return };
    let listed = if others.is_empty() { (*last).to_owned() } else { format!("{} and no {last}", others.join(", no ")) };
    let message = format!("behind a Service, with no {listed}");
    let fault = Found::warning(UNREADY, at, spec.path_to("containers"), message);
    found.push(
        fault.help(
            "add `readinessProbe`, `resources.requests` and `resources.limits.memory` to the containers that serve",
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, deployment, object, service};

    const BARE: &str = "containers: [{name: a, image: a/b:1}]\n";
    const FULL: &str = "containers: [{name: a, image: a/b:1, readinessProbe: {tcpSocket: {port: 1}}, resources: {limits: {memory: 1Gi}, requests: {cpu: 1}}}]\n";

    #[test]
    fn what_serves_says_when_it_is_ready() {
        let look = |spec: &str, more: &[&str]| {
            let (deployment, service) = (deployment("", spec), service("[{port: 80}]"));
            let mut list = vec![deployment.as_str(), service.as_str()];
            list.extend(more);
            Given::open(&list).look(check)
        };
        let at = "warning LMS814 spec.template.spec.containers: behind a Service, with";
        assert_eq!(look(BARE, &[]), [format!("{at} no readiness probe, no requests and no memory limit")]);
        let range = object("v1", "LimitRange", "r", "spec: {limits: [{type: Container, default: {memory: 1Gi}}]}\n");
        assert_eq!(look(BARE, &[&range]), [format!("{at} no readiness probe")]);
        assert_eq!(look(FULL, &[]), [""; 0]);
        assert_eq!(Given::open(&[&deployment("", BARE)]).look(check), [""; 0], "nobody calls it");
    }
}
