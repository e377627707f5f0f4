//! Deployments, ReplicaSets, StatefulSets and DaemonSets (`k8s.io/kubernetes/pkg/apis/apps/validation`).

use crate::diagnostic::{Class, Code};
use crate::manifest::{Map, Value};

use super::check::Release;
use super::claim;
use super::fault::Faults;
use super::field::Fields;
use super::pod::{self, POD, PodSpec, VOLUMES};
use super::selector;
use super::spot::Spot;
use super::words::{dns_label, percent};

/// A selector that is written wrong, asks for nothing, or does not match the template's labels.
pub(super) const SELECTOR: Code = Code::new("LMS725", Class::Input);
/// A strategy, a number of replicas or another field of a workload that Kubernetes refuses.
const WORKLOAD: Code = Code::new("LMS726", Class::Input);

/// A Deployment.
pub(super) fn deployment(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let Some(spec) = spec_of(&object, WORKLOAD, faults) else { return };
    common(spec, release, None, faults);
    let mut fields = Fields::of(spec, WORKLOAD, &"the Deployment", faults);
    for key in ["revisionHistoryLimit", "progressDeadlineSeconds"] {
        fields.not_negative(key);
    }
    let deadline = spec.int("progressDeadlineSeconds").unwrap_or(600);
    if deadline <= spec.int("minReadySeconds").unwrap_or_default() {
        fields.add("progressDeadlineSeconds", format_args!("{deadline} seconds must be more than minReadySeconds"));
    }
    let Some(strategy) = spec.get("strategy") else { return };
    let mut fields = Fields::of(strategy, WORKLOAD, &"the strategy", faults);
    match strategy.text_or_empty("type") {
        "" | "RollingUpdate" => {
            if let Some(update) = strategy.get("rollingUpdate") {
                rolling_deployment(update, faults);
            }
        }
        "Recreate" => {
            if strategy.has("rollingUpdate") {
                fields.add("rollingUpdate", "rollingUpdate does not go with type `Recreate`");
            }
        }
        _ => fields.one_of("type", &["RollingUpdate", "Recreate"]),
    }
}

/// A ReplicaSet.
pub(super) fn replica_set(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let Some(spec) = spec_of(&object, WORKLOAD, faults) else { return };
    common(spec, release, None, faults);
}

/// A `ReplicationController`, which selects by labels alone; without a selector, by those of its template.
pub(super) fn replication_controller(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let Some(spec) = spec_of(&object, WORKLOAD, faults) else { return };
    let Some(template) = counted(&spec, faults) else { return };
    let labels = template.value().at(&["metadata", "labels"]).and_then(Value::as_map);
    let label = |name: &str| labels?.get(name).and_then(Value::as_str);
    let mut missed = spec.entries("selector").filter(|(name, value)| label(name) != value.value().as_str());
    if let Some((name, value)) = missed.next() {
        let message = format!("the selector does not match the template's labels: see label `{}`", name.escape_debug());
        faults.add(SELECTOR, value.path(), message).help("give the template every label that the selector asks for");
    } else if spec.entries("selector").next().is_none() && labels.is_none_or(Map::is_empty) {
        let message = "there is no selector, and the template has no labels";
        faults.add(SELECTOR, spec.path_to("selector"), message).help("give the template labels");
    }
    endless(template, None, release, faults);
}

/// A StatefulSet.
pub(super) fn stateful_set(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let Some(spec) = spec_of(&object, WORKLOAD, faults) else { return };
    common(spec, release, Some(spec), faults);
    let mut fields = Fields::of(spec, WORKLOAD, &"the StatefulSet", faults);
    fields.one_of("podManagementPolicy", &["OrderedReady", "Parallel"]);
    if release >= Release(33) {
        fields.matches("serviceName", dns_label);
    }
    if let Some(ordinals) = spec.get("ordinals") {
        Fields::of(ordinals, WORKLOAD, &"ordinals", faults).not_negative("start");
    }
    if let Some(policy) = spec.get("persistentVolumeClaimRetentionPolicy") {
        let mut fields = Fields::of(policy, WORKLOAD, &"persistentVolumeClaimRetentionPolicy", faults);
        for key in ["whenDeleted", "whenScaled"] {
            fields.one_of(key, &["Retain", "Delete"]);
        }
    }
    for template in spec.items("volumeClaimTemplates") {
        let name = template.get("metadata").and_then(|metadata| metadata.text("name")).unwrap_or_default();
        let whose = format_args!("volumeClaimTemplate `{}`", name.escape_debug());
        match template.get("metadata") {
            Some(metadata) => Fields::of(metadata, VOLUMES, &whose, faults).required_match("name", dns_label),
            None => {
                let path = template.path_to("metadata").field("name");
                faults.add(VOLUMES, path, "a volumeClaimTemplate has no `name`");
            }
        }
        if release >= Release(34) {
            claim::template(template, release, &whose, faults);
        }
    }
    let Some(strategy) = spec.get("updateStrategy") else { return };
    let mut fields = Fields::of(strategy, WORKLOAD, &"the updateStrategy", faults);
    fields.one_of("type", &["RollingUpdate", "OnDelete"]);
    let Some(update) = strategy.get("rollingUpdate") else { return };
    if strategy.text("type") == Some("OnDelete") {
        fields.add("rollingUpdate", "rollingUpdate does not go with type `OnDelete`");
        return;
    }
    Fields::of(update, WORKLOAD, &"the updateStrategy", faults).not_negative("partition");
    // Before 1.37 clusters forget maxUnavailable.
    if release >= Release(37) && share(update, "maxUnavailable", true, faults) == Some(0) {
        faults.add(WORKLOAD, update.path_to("maxUnavailable"), "maxUnavailable must not be 0");
    }
}

/// A DaemonSet.
pub(super) fn daemon_set(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let Some(spec) = spec_of(&object, WORKLOAD, faults) else { return };
    common(spec, release, None, faults);
    Fields::of(spec, WORKLOAD, &"the DaemonSet", faults).not_negative("revisionHistoryLimit");
    let Some(strategy) = spec.get("updateStrategy") else { return };
    Fields::of(strategy, WORKLOAD, &"the updateStrategy", faults).one_of("type", &["RollingUpdate", "OnDelete"]);
    let Some(update) = strategy.get("rollingUpdate") else { return };
    if !matches!(strategy.text_or_empty("type"), "" | "RollingUpdate") {
        return;
    }
    let unavailable =
        if update.has("maxUnavailable") { share(update, "maxUnavailable", true, faults) } else { Some(1) };
    let surge = if update.has("maxSurge") { share(update, "maxSurge", true, faults) } else { Some(0) };
    match (unavailable, surge) {
        (Some(0), Some(0)) => {
            faults.add(WORKLOAD, update.path_to("maxUnavailable"), "maxUnavailable and maxSurge must not both be 0");
        }
        (Some(unavailable), Some(surge)) if unavailable != 0 && surge != 0 => {
            let fault = faults.add(WORKLOAD, update.path_to("maxSurge"), "maxSurge needs maxUnavailable to be 0");
            fault.help("add `maxUnavailable: 0`");
        }
        _ => {}
    }
}

/// The spec, which must be there.
pub(super) fn spec_of<'v, 's>(object: &'s Spot<'v, '_>, code: Code, faults: &mut Faults) -> Option<Spot<'v, 's>> {
    let spec = object.get("spec");
    if spec.is_none() {
        faults.add(code, object.path_to("spec"), format!("the {} has no spec", object.text_or_empty("kind")));
    }
    spec
}

fn rolling_deployment(update: Spot<'_, '_>, faults: &mut Faults) {
    let unavailable =
        if update.has("maxUnavailable") { share(update, "maxUnavailable", true, faults) } else { Some(25) };
    let surge = if update.has("maxSurge") { share(update, "maxSurge", false, faults) } else { Some(25) };
    if (unavailable, surge) == (Some(0), Some(0)) {
        faults.add(WORKLOAD, update.path_to("maxUnavailable"), "maxUnavailable and maxSurge must not both be 0");
    }
}

/// A number of Pods or a share of them, `25%`; what cannot be read is a fault, and nothing.
fn share(at: Spot<'_, '_>, key: &str, is_limited: bool, faults: &mut Faults) -> Option<i64> {
    let mut fields = Fields::of(at, WORKLOAD, &"the strategy", faults);
    if let Some(text) = at.text(key) {
        let Some(share) = percent(text) else {
            fields
                .add(key, format_args!("{key} `{}` is no share", text.escape_debug()))
                .help("write a number, `1`, or a share, `25%`");
            return None;
        };
        if is_limited && share > 100 {
            fields.add(key, format_args!("{key} must not be more than 100%"));
        }
        return i64::try_from(share).ok();
    }
    fields.not_negative(key);
    at.int(key)
}

/// What all of them have: replicas, selector and template.
fn common(spec: Spot<'_, '_>, release: Release, stateful_set: Option<Spot<'_, '_>>, faults: &mut Faults) {
    if let Some(template) = counted(&spec, faults) {
        select(spec, template, faults);
        endless(template, stateful_set, release, faults);
    }
}

/// How many Pods there are; gives their template, which must be there.
fn counted<'v, 's>(spec: &'s Spot<'v, '_>, faults: &mut Faults) -> Option<Spot<'v, 's>> {
    let mut fields = Fields::of(*spec, WORKLOAD, &"the workload", faults);
    fields.not_negative("replicas");
    fields.not_negative("minReadySeconds");
    let template = spec.get("template");
    if template.is_none() {
        faults.add(WORKLOAD, spec.path_to("template"), "there is no template of Pods");
    }
    template
}

/// A template of Pods that run until they are stopped.
fn endless(template: Spot<'_, '_>, stateful_set: Option<Spot<'_, '_>>, release: Release, faults: &mut Faults) {
    template_of(template, stateful_set, release, faults);
    let Some(pod) = template.get("spec") else { return };
    if matches!(pod.text("restartPolicy"), Some("OnFailure" | "Never")) {
        let message = "the Pod's restartPolicy must be `Always`, as only Jobs end";
        faults.add(POD, pod.path_to("restartPolicy"), message).help("remove restartPolicy");
    }
    if pod.has("activeDeadlineSeconds") {
        let message = "the Pod cannot have activeDeadlineSeconds, as only Jobs end";
        faults.add(POD, pod.path_to("activeDeadlineSeconds"), message);
    }
}

/// A template of Pods.
pub(super) fn template_of(
    template: Spot<'_, '_>,
    stateful_set: Option<Spot<'_, '_>>,
    release: Release,
    faults: &mut Faults,
) {
    let metadata = template.get("metadata");
    match template.get("spec") {
        Some(spec) => pod::check(PodSpec { spec, metadata, stateful_set, is_pod: false, release }, faults),
        None => {
            faults.add(POD, template.path_to("spec"), "the template of Pods has no spec");
        }
    }
}

/// The selector must be there, ask for something, and match the labels of the template.
fn select(spec: Spot<'_, '_>, template: Spot<'_, '_>, faults: &mut Faults) {
    let Some(wanted) = spec.get("selector") else {
        let fault = faults.add(SELECTOR, spec.path_to("selector"), "there is no selector");
        fault.help("write the labels of the template under `selector.matchLabels`");
        return;
    };
    selector::check(wanted, SELECTOR, &"the selector", faults);
    if selector::is_empty(wanted) {
        faults.add(SELECTOR, wanted.path(), "the selector is empty").help("write labels of the template there");
    } else {
        matches_template(wanted, template, faults);
    }
}

/// A selector must match the labels of the template.
pub(super) fn matches_template(wanted: Spot<'_, '_>, template: Spot<'_, '_>, faults: &mut Faults) {
    let labels = template.value().at(&["metadata", "labels"]).and_then(Value::as_map);
    let label = |name: &str| labels?.get(name).map(|value| value.as_str().unwrap_or_default());
    if let Some(missed) = selector::first_unmatched(wanted, label) {
        let missed = missed.escape_debug();
        let message = format!("the selector does not match the template's labels: see label `{missed}`");
        faults
            .add(SELECTOR, template.path_to("metadata").field("labels"), message)
            .help("give the template every label that the selector asks for");
    }
}
