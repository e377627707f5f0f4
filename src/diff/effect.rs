//! What a change does in the cluster. Facts of Kubernetes, as the API server and the controllers behave from 1.30 on.

use super::Effect;
use super::fields::Step;
use crate::manifest::Value;

/// The object a change belongs to.
#[derive(Clone, Copy)]
pub(super) struct Changed<'v> {
    pub(super) kind: &'v str,
    pub(super) old: &'v Value,
    pub(super) new: &'v Value,
}

/// Fields that nobody may change after creation, by kind; the validation of each kind in
/// `k8s.io/kubernetes/pkg/apis/*/validation`. A field covers what lies below it.
const IMMUTABLE: &[(&str, &[&[&str]])] = &[
    ("DaemonSet", &[&["spec", "selector"]]),
    ("Deployment", &[&["spec", "selector"]]),
    ("ReplicaSet", &[&["spec", "selector"]]),
    (
        "Job",
        &[
            &["spec", "template"],
            &["spec", "selector"],
            &["spec", "completionMode"],
            &["spec", "podFailurePolicy"],
            &["spec", "successPolicy"],
            &["spec", "backoffLimitPerIndex"],
            &["spec", "managedBy"],
            &["spec", "manualSelector"],
        ],
    ),
    ("ClusterRoleBinding", &[&["roleRef"]]),
    ("RoleBinding", &[&["roleRef"]]),
    ("IngressClass", &[&["spec", "controller"]]),
    ("PriorityClass", &[&["value"], &["preemptionPolicy"]]),
    ("Secret", &[&["type"]]),
    ("Service", &[&["spec", "clusterIP"], &["spec", "clusterIPs"], &["spec", "loadBalancerClass"]]),
    ("StorageClass", &[&["provisioner"], &["parameters"], &["reclaimPolicy"], &["volumeBindingMode"]]),
];

/// What may change in the spec of kinds whose spec is otherwise immutable.
const MUTABLE_SPEC: &[(&str, &[&str])] = &[
    (
        "StatefulSet",
        &[
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ],
    ),
    ("PersistentVolumeClaim", &["resources", "volumeAttributesClassName"]),
];

/// What the change of one field does.
pub(super) fn of_field(object: Changed<'_>, path: &[Step]) -> Effect {
    if is_immutable(object, path) {
        return Effect::Rejected;
    }
    let below = |prefix: &[&str]| starts_with(path, prefix);
    match object.kind {
        "Deployment" | "StatefulSet" | "DaemonSet" if below(&["spec", "template"]) => rollout(object),
        "Deployment" | "StatefulSet" if below(&["spec", "replicas"]) => scaling(object),
        "Pod" if below(&["spec"]) => Effect::RestartsPodsWithDowntime,
        "CronJob" if below(&["spec"]) => Effect::NextRun,
        "ConfigMap" | "Secret" | "SopsSecret" if !below(&["metadata"]) => Effect::AtNextRestart,
        _ => Effect::RestartsNothing,
    }
}

/// What the creation of an object does.
pub(super) fn of_creation(kind: &str, object: &Value) -> Effect {
    match kind {
        "Job" => Effect::Runs,
        "Pod" | "DaemonSet" => Effect::StartsPods,
        "Deployment" | "StatefulSet" | "ReplicaSet" if replicas(object) > 0 => Effect::StartsPods,
        _ => Effect::RestartsNothing,
    }
}

/// What the deletion of an object does.
pub(super) fn of_deletion(kind: &str, object: &Value) -> Effect {
    if is_kept(object) {
        return Effect::RestartsNothing;
    }
    match kind {
        "PersistentVolumeClaim" | "PersistentVolume" | "Namespace" | "CustomResourceDefinition" => Effect::LosesData,
        "StatefulSet"
            if object.str_at(&["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"]) == Some("Delete") =>
        {
            Effect::LosesData
        }
        "Deployment" | "StatefulSet" | "ReplicaSet" if replicas(object) > 0 => Effect::StopsPods,
        "DaemonSet" | "Pod" => Effect::StopsPods,
        "Service" | "Ingress" | "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute" | "Gateway" => Effect::StopsTraffic,
        _ => Effect::RestartsNothing,
    }
}

/// `true` if Flux or Argo CD are told to leave the object when it is gone from Git.
fn is_kept(object: &Value) -> bool {
    let note = |key: &str| object.str_at(&["metadata", "annotations", key]).unwrap_or_default();
    let options = note("argocd.argoproj.io/sync-options");
    note("kustomize.toolkit.fluxcd.io/prune").eq_ignore_ascii_case("disabled")
        || options.split(',').any(|option| option.trim() == "Prune=false")
}

fn is_immutable(object: Changed<'_>, path: &[Step]) -> bool {
    let spec_key = match path {
        [Step::Key(spec), Step::Key(key), ..] if spec == "spec" => Some(key.as_str()),
        _ => None,
    };
    if let Some((_, mutable)) = MUTABLE_SPEC.iter().find(|(kind, _)| *kind == object.kind) {
        if object.kind == "PersistentVolumeClaim" && spec_key == Some("resources") {
            return shrinks(object);
        }
        return spec_key.is_some_and(|key| !mutable.contains(&key));
    }
    match object.kind {
        "ConfigMap" | "Secret" if object.old.at(&["immutable"]) == Some(&Value::Bool(true)) => {
            return !starts_with(path, &["metadata"]);
        }
        // Elastic indexed Jobs may change `completions` together with `parallelism`.
        "Job" if spec_key == Some("completions") => {
            return object.old.str_at(&["spec", "completionMode"]) != Some("Indexed");
        }
        // Before it becomes ExternalName, and after, a Service has no address of its own.
        "Service" if is_external(object.old) || is_external(object.new) => return false,
        _ => {}
    }
    let fields = IMMUTABLE.iter().find(|(kind, _)| *kind == object.kind).map_or(&[][..], |(_, fields)| fields);
    fields.iter().any(|field| starts_with(path, field))
}

fn is_external(service: &Value) -> bool {
    service.str_at(&["spec", "type"]) == Some("ExternalName")
}

/// `true` if a claim asks for less storage than before; sizes that cannot be read count as no change.
fn shrinks(object: Changed<'_>) -> bool {
    let size = |value: &Value| quantity(value.at(&["spec", "resources", "requests", "storage"])?);
    matches!((size(object.old), size(object.new)), (Some(old), Some(new)) if new < old)
}

/// A Kubernetes quantity of bytes: `10Gi`, `500M`, `1e9`.
fn quantity(value: &Value) -> Option<f64> {
    const UNITS: [(&str, f64); 12] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("Ei", 1_152_921_504_606_846_976.0),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
    ];
    let (Value::String(text) | Value::Number(text)) = value else { return None };
    if let Ok(plain) = text.parse() {
        return Some(plain);
    }
    UNITS.iter().find_map(|(unit, factor)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor))
}

/// What happens to the Pods when their template changes.
fn rollout(object: Changed<'_>) -> Effect {
    let replicas = replicas(object.new);
    let strategy = |key: &str| object.new.str_at(&["spec", key, "type"]);
    match object.kind {
        _ if replicas == 0 && object.kind != "DaemonSet" => Effect::RestartsNothing,
        "Deployment" if strategy("strategy") == Some("Recreate") => Effect::RestartsPodsWithDowntime,
        "Deployment" if unavailable(object.new, replicas) >= replicas => Effect::RestartsPodsWithDowntime,
        "StatefulSet" | "DaemonSet" if strategy("updateStrategy") == Some("OnDelete") => Effect::AtNextRestart,
        // Pods of a StatefulSet are stopped before their successor starts.
        "StatefulSet" if replicas == 1 => Effect::RestartsPodsWithDowntime,
        _ => Effect::RestartsPods,
    }
}

/// How many Pods a Deployment may miss during a rollout: `maxUnavailable` rounded down, `maxSurge` rounded up, 25% each
/// by default; if both come to none, the Deployment controller takes one Pod away.
fn unavailable(deployment: &Value, replicas: u64) -> u64 {
    let of = |key: &str, round: fn(f64) -> f64| match deployment.at(&["spec", "strategy", "rollingUpdate", key]) {
        Some(Value::Number(count)) => count.parse().unwrap_or(0),
        Some(Value::String(share)) => percent(share, replicas, round),
        _ => percent("25%", replicas, round),
    };
    let (missing, surge) = (of("maxUnavailable", f64::floor), of("maxSurge", f64::ceil));
    if missing == 0 && surge == 0 { 1 } else { missing }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small counts"
)]
fn percent(share: &str, replicas: u64, round: fn(f64) -> f64) -> u64 {
    let share: f64 = share.trim_end_matches('%').parse().unwrap_or(0.0);
    round(share * replicas as f64 / 100.0) as u64
}

fn scaling(object: Changed<'_>) -> Effect {
    match (replicas(object.old), replicas(object.new)) {
        (1.., 0) => Effect::StopsPods,
        (0, 1..) => Effect::StartsPods,
        _ => Effect::RestartsNothing,
    }
}

/// `spec.replicas`, one by default.
fn replicas(object: &Value) -> u64 {
    match object.at(&["spec", "replicas"]) {
        Some(Value::Number(count)) => count.parse().unwrap_or(1),
        _ => 1,
    }
}

fn starts_with(path: &[Step], prefix: &[&str]) -> bool {
    path.len() >= prefix.len()
        && path.iter().zip(prefix).all(|(step, key)| matches!(step, Step::Key(this) if this == key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::fields::differences;
    use crate::manifest::parse_documents;

    /// The worst effect of the change from `old` to `new`, both without `kind`.
    fn effect(kind: &str, old: &str, new: &str) -> Effect {
        let read = |text: &str| parse_documents(text).unwrap().remove(0);
        let (old, new) = (read(old), read(new));
        let object = Changed { kind, old: &old, new: &new };
        let found = differences(&old, &new);
        found.iter().map(|field| of_field(object, &field.path)).min().unwrap()
    }

    fn deployment(rest: &str, image: u8) -> String {
        format!("spec: {{ {rest}, template: {{ spec: {{ containers: [{{ name: a, image: i{image} }}] }} }} }}")
    }

    #[test]
    fn a_rollout_keeps_pods_if_the_strategy_does() {
        for (rest, effect_expected) in [
            ("replicas: 1", Effect::RestartsPods),
            ("replicas: 1, strategy: { type: Recreate }", Effect::RestartsPodsWithDowntime),
            ("replicas: 1, strategy: { rollingUpdate: { maxUnavailable: 1 } }", Effect::RestartsPodsWithDowntime),
            ("replicas: 1, strategy: { rollingUpdate: { maxUnavailable: 50% } }", Effect::RestartsPods),
            ("replicas: 1, strategy: { rollingUpdate: { maxSurge: 0 } }", Effect::RestartsPodsWithDowntime),
            ("replicas: 3, strategy: { rollingUpdate: { maxUnavailable: 2 } }", Effect::RestartsPods),
            ("replicas: 3, strategy: { rollingUpdate: { maxUnavailable: 100% } }", Effect::RestartsPodsWithDowntime),
            ("replicas: 0", Effect::RestartsNothing),
        ] {
            assert_eq!(effect("Deployment", &deployment(rest, 1), &deployment(rest, 2)), effect_expected, "{rest}");
        }
        let one = deployment("replicas: 1", 1);
        assert_eq!(effect("StatefulSet", &one, &deployment("replicas: 1", 2)), Effect::RestartsPodsWithDowntime);
        let two = deployment("replicas: 2", 1);
        assert_eq!(effect("StatefulSet", &two, &deployment("replicas: 2", 2)), Effect::RestartsPods);
        let on_delete = |image| deployment("updateStrategy: { type: OnDelete }", image);
        assert_eq!(effect("DaemonSet", &on_delete(1), &on_delete(2)), Effect::AtNextRestart);
    }

    #[test]
    fn scaling_stops_and_starts_only_from_and_to_none() {
        for (old, new, expected) in
            [(1, 2, Effect::RestartsNothing), (2, 0, Effect::StopsPods), (0, 1, Effect::StartsPods)]
        {
            let text = |n| format!("spec: {{ replicas: {n} }}");
            assert_eq!(effect("Deployment", &text(old), &text(new)), expected);
        }
    }

    #[test]
    fn immutable_fields_are_rejected() {
        for (kind, old, new) in [
            (
                "Deployment",
                "spec: { selector: { matchLabels: { a: b } } }",
                "spec: { selector: { matchLabels: { a: c } } }",
            ),
            ("StatefulSet", "spec: { serviceName: a }", "spec: { serviceName: b }"),
            ("Job", "spec: { template: { a: 1 } }", "spec: { template: { a: 2 } }"),
            ("Job", "spec: { completions: 1 }", "spec: { completions: 2 }"),
            ("Service", "spec: { clusterIP: None }", "spec: { clusterIP: 10.0.0.1 }"),
            (
                "PersistentVolumeClaim",
                "spec: { accessModes: [ReadWriteOnce] }",
                "spec: { accessModes: [ReadWriteMany] }",
            ),
            (
                "PersistentVolumeClaim",
                "spec: { resources: { requests: { storage: 10Gi } } }",
                "spec: { resources: { requests: { storage: 9000Mi } } }",
            ),
            ("ConfigMap", "{ immutable: true, data: { a: b } }", "{ immutable: true, data: { a: c } }"),
            ("ConfigMap", "immutable: true", "immutable: false"),
            ("Secret", "type: Opaque", "type: kubernetes.io/tls"),
            ("RoleBinding", "roleRef: { name: a }", "roleRef: { name: b }"),
        ] {
            assert_eq!(effect(kind, old, new), Effect::Rejected, "{kind}: {old} -> {new}");
        }
    }

    #[test]
    fn what_may_change_is_not_rejected() {
        for (kind, old, new, expected) in [
            (
                "Job",
                "spec: { ttlSecondsAfterFinished: 1 }",
                "spec: { ttlSecondsAfterFinished: 2 }",
                Effect::RestartsNothing,
            ),
            (
                "Job",
                "spec: { completionMode: Indexed, completions: 1 }",
                "spec: { completionMode: Indexed, completions: 2 }",
                Effect::RestartsNothing,
            ),
            ("Service", "spec: { type: ExternalName }", "spec: { clusterIP: 10.0.0.1 }", Effect::RestartsNothing),
            (
                "PersistentVolumeClaim",
                "spec: { resources: { requests: { storage: 1Gi } } }",
                "spec: { resources: { requests: { storage: 2Gi } } }",
                Effect::RestartsNothing,
            ),
            (
                "ConfigMap",
                "{ immutable: true, metadata: { a: 1 } }",
                "{ immutable: true, metadata: { a: 2 } }",
                Effect::RestartsNothing,
            ),
            ("ConfigMap", "data: { a: b }", "data: { a: c }", Effect::AtNextRestart),
            ("CronJob", "spec: { schedule: a }", "spec: { schedule: b }", Effect::NextRun),
            ("Ingress", "spec: { a: b }", "spec: { a: c }", Effect::RestartsNothing),
        ] {
            assert_eq!(effect(kind, old, new), expected, "{kind}: {old} -> {new}");
        }
    }

    #[test]
    fn deletion_loses_data_unless_it_is_kept() {
        let read = |text: &str| parse_documents(text).unwrap().remove(0);
        let plain = read("a: 1");
        let kept = read("metadata: { annotations: { kustomize.toolkit.fluxcd.io/prune: disabled } }");
        let argo =
            read("metadata: { annotations: { argocd.argoproj.io/sync-options: 'ServerSideApply=true, Prune=false' } }");
        assert_eq!(of_deletion("PersistentVolumeClaim", &plain), Effect::LosesData);
        assert_eq!(of_deletion("Namespace", &plain), Effect::LosesData);
        assert_eq!(of_deletion("Namespace", &kept), Effect::RestartsNothing);
        assert_eq!(of_deletion("PersistentVolumeClaim", &argo), Effect::RestartsNothing);
        assert_eq!(of_deletion("Deployment", &plain), Effect::StopsPods);
        assert_eq!(of_deletion("Ingress", &plain), Effect::StopsTraffic);
        assert_eq!(of_deletion("Job", &plain), Effect::RestartsNothing);
        assert_eq!(of_creation("Job", &plain), Effect::Runs);
    }
}
