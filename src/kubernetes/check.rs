//! Which rules an object must obey, by its kind.

use crate::manifest::Value;

use super::cron_job;
use super::fault::Faults;
use super::job;
use super::metadata;
use super::pod;
use super::spot::Spot;
use super::workload;

/// The Kubernetes release that an object is meant for: `35` of `1.35`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub u16);

impl Release {
    /// The newest release whose schemas lmsgen has.
    pub const NEWEST: Self = Self(35);
}

/// Finds what the API server of `release` would reject in `object` although its schema is right.
pub fn check(object: &Value, release: Release, faults: &mut Faults) {
    let root = Spot::root(object);
    metadata::check(root, faults);
    match (root.text_or_empty("apiVersion"), root.text_or_empty("kind")) {
        ("v1", "Pod") => pod::check_object(root, release, faults),
        ("apps/v1", "Deployment") => workload::deployment(root, release, faults),
        ("apps/v1", "ReplicaSet") => workload::replica_set(root, release, faults),
        ("apps/v1", "StatefulSet") => workload::stateful_set(root, release, faults),
        ("apps/v1", "DaemonSet") => workload::daemon_set(root, release, faults),
        ("batch/v1", "Job") => job::check(root, release, faults),
        ("batch/v1", "CronJob") => cron_job::check(root, release, faults),
        _ => {}
    }
}
