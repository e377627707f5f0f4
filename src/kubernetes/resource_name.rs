//! Names of resources that are counted or limited: `cpu`, `requests.cpu`, `pods`, `nvidia.com/gpu`.
//!
//! After `k8s.io/kubernetes/pkg/apis/core/helper`.

use super::words::{Broken, qualified_name};

const COMPUTE: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
const COUNTS: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];
const UNKNOWN: Broken = "is no resource of Kubernetes, and has no domain as those of vendors have";

/// What a quota can count (`ValidateResourceQuotaResourceName`).
pub(super) fn in_quota(name: &str) -> Result<(), Broken> {
    qualified_name(name)?;
    if name.contains('/') || is_quota(name) { Ok(()) } else { Err(UNKNOWN) }
}

/// What a container can ask for (`validateContainerResourceName`).
pub(super) fn in_container(name: &str) -> Result<(), Broken> {
    qualified_name(name)?;
    let is_known = if name.contains('/') {
        is_native(name) || is_extended(name)
    } else {
        COMPUTE.contains(&name) || is_huge(name)
    };
    if is_known { Ok(()) } else { Err("is no resource of containers") }
}

/// Any resource (`validateResourceName`).
pub(super) fn any(name: &str) -> Result<(), Broken> {
    qualified_name(name)?;
    if name.contains('/') || is_quota(name) || name == "storage" { Ok(()) } else { Err(UNKNOWN) }
}

/// A name without a domain that a quota knows (`IsStandardQuotaResourceName`).
pub(super) fn is_quota(name: &str) -> bool {
    let asked = name.strip_prefix("requests.");
    let limited = name.strip_prefix("limits.").unwrap_or(name);
    COUNTS.contains(&name)
        || COMPUTE.contains(&limited)
        || asked.is_some_and(|asked| COMPUTE.contains(&asked) || asked == "storage")
        || is_huge(asked.unwrap_or(name))
}

/// `true` for what is counted in whole numbers (`IsIntegerResourceName`).
pub(super) fn is_whole(name: &str) -> bool {
    COUNTS.contains(&name) || is_extended(name)
}

/// `true` if containers may get less than their limit (`IsOvercommitAllowed`).
pub(super) fn can_overcommit(name: &str) -> bool {
    is_native(name) && !is_huge(name)
}

fn is_huge(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// A resource of a vendor; `requests.` before it must leave a name that a quota can have.
fn is_extended(name: &str) -> bool {
    const MOST: usize = 253 - "requests.".len();
    !is_native(name) && !name.starts_with("requests.") && name.find('/').is_some_and(|at| at <= MOST)
}
