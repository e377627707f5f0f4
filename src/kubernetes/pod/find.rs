//! Where the Pod's spec is in objects of kinds that run Pods.

use crate::kubernetes::spot::Spot;

/// Gives `look` the Pod's spec in an object of any kind that runs Pods; `None` for other kinds.
pub fn with_pod_spec<'v, T>(object: Spot<'v, '_>, look: impl FnOnce(Spot<'v, '_>) -> T) -> Option<T> {
    let spec = object.get("spec")?;
    let api = object.text_or_empty("apiVersion");
    match (api, object.text_or_empty("kind")) {
        ("v1", "Pod") => Some(look(spec)),
        ("apps/v1", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet")
        | ("batch/v1", "Job")
        | ("v1", "ReplicationController") => in_template(spec, look),
        ("batch/v1", "CronJob") => {
            let job = spec.get("jobTemplate")?;
            in_template(job.get("spec")?, look)
        }
        _ => None,
    }
}

fn in_template<'v, T>(spec: Spot<'v, '_>, look: impl FnOnce(Spot<'v, '_>) -> T) -> Option<T> {
    let template = spec.get("template")?;
    Some(look(template.get("spec")?))
}
