//! Which rules an object must obey, by its kind.

use crate::diagnostic::{Class, Code};
use crate::manifest::{Path, Value};

use super::autoscaler;
use super::claim;
use super::config_data;
use super::cron_job;
use super::disruption_budget;
use super::fault::Faults;
use super::http_route;
use super::ingress;
use super::job;
use super::limit_range;
use super::metadata;
use super::namespace;
use super::network_policy;
use super::pod;
use super::rbac;
use super::resource_quota;
use super::service;
use super::spot::Spot;
use super::workload;

/// The Kubernetes release that an object is meant for: `35` of `1.35`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub u16);

impl Release {
    /// The newest release whose schemas lmsgen has.
    pub const NEWEST: Self = Self(37);
}

/// A list that rules would take too long for.
const TOO_LONG: Code = Code::new("LMS749", Class::Limit);

/// Items are compared with each other; of more than so many, nobody waits for the end.
const MOST_ITEMS: usize = 5_000;

/// `true` if there is a list that is too long, anywhere.
fn is_long(value: &Value) -> bool {
    match value {
        Value::List(items) => items.len() > MOST_ITEMS || items.iter().any(is_long),
        Value::Map(map) => map.iter().any(|(_, value)| is_long(value)),
        _ => false,
    }
}

/// The way to a list that is too long, of an object that runs Pods or serves them, or of anybody's owners.
fn long_list(root: Spot<'_, '_>) -> Option<Path> {
    let mut found = None;
    let mut look = |_: &str, field: Spot<'_, '_>| {
        if field.value().as_list().is_some_and(|items| items.len() > MOST_ITEMS) {
            found.get_or_insert_with(|| field.path());
        }
    };
    if let Some(metadata) = root.get("metadata") {
        metadata.each_field(&mut look);
    }
    let has_compared = matches!(
        root.text_or_empty("kind"),
        "Pod" | "ReplicationController" | "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob"
    ) || matches!(root.text_or_empty("kind"), "Service" | "HTTPRoute" | "LimitRange");
    if let Some(spec) = root.get("spec").filter(|_| has_compared) {
        spec.each_field(&mut look);
    }
    found
}

/// Finds what the API server of `release` would reject in `object` although its schema is right.
pub fn check(object: &Value, release: Release, faults: &mut Faults) {
    let root = Spot::root(object);
    if let Some(long) = is_long(object).then(|| long_list(root)).flatten() {
        let message = format!("a list of more than {MOST_ITEMS} items: no object that runs anything has one");
        faults.add(TOO_LONG, long, message);
        return;
    }
    metadata::check(root, release, faults);
    match (root.text_or_empty("apiVersion"), root.text_or_empty("kind")) {
        ("v1", "Pod") => pod::check_object(root, release, faults),
        ("v1", "ReplicationController") => workload::replication_controller(root, release, faults),
        ("apps/v1", "Deployment") => workload::deployment(root, release, faults),
        ("apps/v1", "ReplicaSet") => workload::replica_set(root, release, faults),
        ("apps/v1", "StatefulSet") => workload::stateful_set(root, release, faults),
        ("apps/v1", "DaemonSet") => workload::daemon_set(root, release, faults),
        ("batch/v1", "Job") => job::check(root, release, faults),
        ("batch/v1", "CronJob") => cron_job::check(root, release, faults),
        ("v1", "Service") => service::check(root, release, faults),
        ("v1", "ConfigMap") => config_data::config_map(root, faults),
        ("v1", "Secret") => config_data::secret(root, faults),
        ("v1", "PersistentVolumeClaim") => claim::check(root, release, faults),
        ("v1", "ResourceQuota") => resource_quota::check(root, faults),
        ("v1", "LimitRange") => limit_range::check(root, faults),
        ("v1", "Namespace") => namespace::check(root, faults),
        ("networking.k8s.io/v1", "Ingress") => ingress::check(root, release, faults),
        ("networking.k8s.io/v1", "NetworkPolicy") => network_policy::check(root, release, faults),
        ("rbac.authorization.k8s.io/v1", "Role") => rbac::role(root, faults),
        ("rbac.authorization.k8s.io/v1", "ClusterRole") => rbac::cluster_role(root, faults),
        ("rbac.authorization.k8s.io/v1", "RoleBinding") => rbac::binding(root, true, faults),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding") => rbac::binding(root, false, faults),
        ("autoscaling/v1", "HorizontalPodAutoscaler") => autoscaler::check_v1(root, release, faults),
        ("autoscaling/v2", "HorizontalPodAutoscaler") => autoscaler::check(root, release, faults),
        ("policy/v1", "PodDisruptionBudget") => disruption_budget::check(root, faults),
        ("gateway.networking.k8s.io/v1" | "gateway.networking.k8s.io/v1beta1", "HTTPRoute") => {
            http_route::check(root, faults);
        }
        _ => {}
    }
}
