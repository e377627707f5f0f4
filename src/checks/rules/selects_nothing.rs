//! A Service whose selector no Pod matches: it has no endpoints, and every request to it fails.

use crate::checks::model::{Found, Group, Object};
use crate::checks::secret_names::is_custom;
use crate::diagnostic::{Class, Code};
use crate::kubernetes::with_pod_spec;
use crate::manifest::Path;

/// A Service for no Pod.
const NOTHING: Code = Code::new("LMS803", Class::Input);

/// API groups whose objects run no Pods that a Service could select.
const WITHOUT_PODS: [&str; 9] = [
    "argoproj.io/v1alpha1",
    "bitnami.com/",
    "cert-manager.io/",
    "external-secrets.io/",
    "isindir.github.com/",
    "kustomize.toolkit.fluxcd.io/",
    "monitoring.coreos.com/",
    "notification.toolkit.fluxcd.io/",
    "source.toolkit.fluxcd.io/",
];

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    let has_services = group.objects.iter().any(|object| object.is("v1", "Service"));
    if !group.is_closed || !has_services || group.all().any(may_run_pods) {
        return;
    }
    for (at, object) in group.objects.iter().enumerate().filter(|(_, object)| object.is("v1", "Service")) {
        let root = object.spot();
        let Some(spec) = root.get("spec") else { continue };
        let Some(selector) = spec.get("selector").filter(|selector| selector.fields().next().is_some()) else {
            continue;
        };
        let has_workloads = group.all().any(|other| other.namespace == object.namespace && runs_pods(other));
        if spec.text("type") == Some("ExternalName") || !has_workloads || !group.selected(object, selector).is_empty() {
            continue;
        }
        let mut fault = Found::error(NOTHING, at, selector.path(), "no Pod has the labels of the selector")
            .help("give the Pod template these labels, or select by labels that it has");
        if let Some((other, path)) = only_template(group, object) {
            fault = fault.also(other, path, "the labels of Pods here");
        }
        found.push(fault);
    }
}

fn runs_pods(object: &Object<'_>) -> bool {
    with_pod_spec(object.spot(), |_| ()).is_some()
}

/// Some other controller may run Pods whose labels nobody here knows.
fn may_run_pods(object: &Object<'_>) -> bool {
    is_custom(object.api_version) && !WITHOUT_PODS.iter().any(|known| object.api_version.starts_with(known))
        || matches!(object.kind, "Rollout" | "Workflow" | "HelmRelease")
}

/// The labels of the one workload that is no Job, if there is just one.
fn only_template(group: &Group<'_>, near: &Object<'_>) -> Option<(usize, Path)> {
    let is_it = |object: &Object<'_>| {
        object.namespace == near.namespace && matches!(object.kind, "Deployment" | "StatefulSet" | "DaemonSet")
    };
    let mut list = group.objects.iter().enumerate().filter(|(_, object)| is_it(object));
    let (at, object) = list.next()?;
    let root = object.spot();
    let (spec, none_else) = (root.get("spec")?, list.next().is_none());
    let template = spec.get("template").filter(|_| none_else)?;
    let metadata = template.get("metadata")?;
    Some((at, metadata.path_to("labels")))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, deployment, object, service};

    const POD: &str = "containers: [{name: a, image: a/b:1}]\n";

    #[test]
    fn a_selector_matches_a_pod() {
        let other = deployment("", POD).replace("{app: a}", "{app: b}");
        let said = Given::closed(&[&service("[{port: 80}]"), &other]).look(check);
        assert_eq!(said, ["LMS803 spec.selector: no Pod has the labels of the selector"]);
        assert_eq!(Given::closed(&[&service("[{port: 80}]"), &deployment("", POD)]).look(check), [""; 0]);
    }

    #[test]
    fn pods_that_are_not_seen_may_match() {
        let other = deployment("", POD).replace("{app: a}", "{app: b}");
        let service = service("[{port: 80}]");
        assert_eq!(Given::open(&[&service, &other]).look(check), [""; 0], "others may run them");
        assert_eq!(Given::closed(&[&service]).look(check), [""; 0], "an environment's Service for its instances");
        let cluster = object("postgresql.cnpg.io/v1", "Cluster", "c", "spec: {instances: 3}\n");
        assert_eq!(Given::closed(&[&service, &other, &cluster]).look(check), [""; 0]);
        let around = Given::closed(&[&service, &other]).around(&[&deployment("", POD)]);
        assert_eq!(around.look(check), [""; 0]);
        let outside = service.replace("selector", "type: ExternalName, selector");
        assert_eq!(Given::closed(&[&outside, &other]).look(check), [""; 0]);
    }
}
