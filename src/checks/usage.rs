//! What objects ask of their nodes: the sum of requests over containers and replicas, as a `ResourceQuota` counts it.

use std::collections::BTreeMap;

use super::model::{Group, Object};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::{Quantity, Spot, with_pod_spec};

/// More than the quota of an environment.
pub const QUOTA: Code = Code::new("LMS835", Class::Input);

/// Amounts by resource as a quota names them: `requests.cpu`, `limits.memory`, `pods`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage(pub BTreeMap<String, Quantity>);

impl Usage {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            let sum = self.0.entry(name.clone()).or_insert(Quantity::ZERO);
            *sum = sum.plus(*amount);
        }
    }

    /// The amount that a quota calls `name`; `cpu` and `memory` are requests.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<Quantity> {
        let name = if matches!(name, "cpu" | "memory") { format!("requests.{name}") } else { name.to_owned() };
        self.0.get(&name).copied()
    }

    fn raise(&mut self, name: String, by: Quantity) {
        let sum = self.0.entry(name).or_insert(Quantity::ZERO);
        *sum = sum.plus(by);
    }
}

/// What the workloads of `group` use once all their Pods run. Jobs end and `DaemonSets` depend on nodes: both are left
/// out.
#[must_use]
pub fn usage(group: &Group<'_>) -> Usage {
    let mut usage = Usage::default();
    for object in group.objects {
        let Some(replicas) = replicas(object) else { continue };
        with_pod_spec(object.spot(), |spec| {
            usage.raise("pods".into(), Quantity::ZERO.plus(ONE.times(replicas)));
            for (field, prefix) in [("requests", "requests"), ("limits", "limits")] {
                for (name, amount) in of_pod(spec, field) {
                    usage.raise(format!("{prefix}.{name}"), amount.times(replicas));
                }
            }
        });
    }
    usage
}

const ONE: Quantity = Quantity::whole(1);

/// How many Pods run for as long as the object is there.
pub fn replicas(object: &Object<'_>) -> Option<u32> {
    match (object.api_version, object.kind) {
        ("v1", "Pod") => Some(1),
        ("apps/v1", "Deployment" | "StatefulSet" | "ReplicaSet") => {
            let root = object.spot();
            u32::try_from(root.get("spec")?.int("replicas").unwrap_or(1)).ok()
        }
        _ => None,
    }
}

/// The containers' sum, or what the largest that runs before them asks for if that is more.
fn of_pod(spec: Spot<'_, '_>, field: &'static str) -> BTreeMap<String, Quantity> {
    let mut sum: BTreeMap<String, Quantity> = BTreeMap::new();
    for container in spec.items("containers") {
        for (name, amount) in amounts(container, field) {
            let all = sum.entry(name).or_insert(Quantity::ZERO);
            *all = all.plus(amount);
        }
    }
    for container in spec.items("initContainers") {
        for (name, amount) in amounts(container, field) {
            let all = sum.entry(name).or_insert(Quantity::ZERO);
            *all = if container.text("restartPolicy") == Some("Always") { all.plus(amount) } else { amount.max(*all) };
        }
    }
    sum
}

fn amounts(container: Spot<'_, '_>, field: &'static str) -> Vec<(String, Quantity)> {
    let Some(resources) = container.get("resources") else { return Vec::new() };
    let own =
        |field| resources.entries(field).filter_map(|(name, at)| Some((name.to_owned(), Quantity::of(at.value())?)));
    let mut list: Vec<(String, Quantity)> = own(field).collect();
    if field == "requests" {
        // A limit without request is the request, too.
        for (name, amount) in own("limits") {
            if !list.iter().any(|(known, _)| *known == name) {
                list.push((name, amount));
            }
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::usage;
    use crate::checks::testing::{Given, deployment, object};
    use crate::kubernetes::Quantity;

    #[test]
    fn requests_add_up() {
        let spec = "initContainers: [{name: i, resources: {requests: {memory: 3Gi}}}]\ncontainers: [{name: a, resources: {requests: {cpu: 250m, memory: 1Gi}}}, {name: b, resources: {limits: {cpu: 250m}}}]\n";
        let job = object(
            "batch/v1",
            "Job",
            "j",
            "spec: {template: {spec: {containers: [{resources: {requests: {cpu: 9}}}]}}}\n",
        );
        let sum = Given::open(&[&deployment("replicas: 2", spec), &job]).with_group(usage).0;
        let is = |name: &str, text: &str| assert_eq!(sum.get(name).copied(), Quantity::parse(text), "{name}");
        is("requests.cpu", "1");
        is("requests.memory", "6Gi");
        is("limits.cpu", "500m");
        is("pods", "2");
    }
}
