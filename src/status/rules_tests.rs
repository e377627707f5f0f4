//! The rules of kinds that the cases of `tests/cases/status` do not have: an object with its status, and the verdict.

use super::query::Seen;
use super::{Asked, Asking, Dump, Expected, Speech, State, judge, parse_time};
use crate::guard::Guard;

const NOW: &str = "2026-01-02T12:00:00Z";

/// Judges the first of the objects of a YAML list, which is what is committed, among the others.
fn verdict(yaml: &str) -> (State, String) {
    seen_as(yaml, Seen::in_dump)
}

fn seen_as(yaml: &str, seen: impl Fn(&Dump) -> Seen) -> (State, String) {
    let items: Vec<serde_json::Value> = serde_norway::from_str(yaml).unwrap();
    let first = serde_json::to_string(&items[0]).unwrap();
    let expected = [Expected::read("rendered/dev/C1/app/object.yaml", first.as_bytes()).unwrap()];
    let list = serde_json::json!({ "kind": "List", "items": items });
    let dump = Dump::read(list.to_string().as_bytes()).unwrap();
    let part =
        Asking { client: Some("C1".into()), title: String::new(), phases: vec!["app".into()], may_be_empty: false };
    let asked = Asked {
        name: "dev".into(),
        namespace: "n".into(),
        delivery: "flux",
        expected: &expected,
        parts: vec![part],
        is_whole: true,
        changed: &std::collections::HashMap::new(),
        commit: "",
    };
    let speech = Speech::new(Guard::default());
    let status = judge(&asked, &dump, &seen(&dump), &speech, parse_time(NOW).unwrap());
    let part = &status.parts[0];
    let first = part.troubles.first();
    (part.state, first.map(|one| format!("{}: {}", one.reason, one.message)).unwrap_or_default())
}

#[track_caller]
fn is(yaml: &str, state: State, text: &str) {
    assert_eq!(verdict(yaml), (state, text.to_owned()), "{yaml}");
}

fn object(version: &str, kind: &str, rest: &str) -> String {
    format!(
        "- apiVersion: {version}\n  kind: {kind}\n  metadata: {{ name: a, namespace: n, generation: 2, creationTimestamp: '2026-01-02T11:00:00Z' }}\n{rest}"
    )
}

#[test]
fn stateful_sets() {
    let set = |status: &str, spec: &str| {
        object("apps/v1", "StatefulSet", &format!("  spec: {{ replicas: 2{spec} }}\n  status: {status}\n"))
    };
    let same = "currentRevision: r1, updateRevision: r1";
    is(
        &set(&format!("{{ observedGeneration: 2, replicas: 2, readyReplicas: 2, currentReplicas: 2, {same} }}"), ""),
        State::Ready,
        "",
    );
    is(
        &set(&format!("{{ observedGeneration: 1, replicas: 2, readyReplicas: 2, currentReplicas: 2, {same} }}"), ""),
        State::Progressing,
        "RollingOut: 2 of 2 Pods ready",
    );
    let rolling = "{ observedGeneration: 2, replicas: 2, readyReplicas: 2, updatedReplicas: 1, currentRevision: r1, updateRevision: r2 }";
    is(&set(rolling, ""), State::Progressing, "RollingOut: 1 of 2 Pods updated");
    // What is held back is not waited for.
    is(&set(rolling, ", updateStrategy: { rollingUpdate: { partition: 1 } }"), State::Ready, "");
    is(&set(rolling, ", updateStrategy: { type: OnDelete }"), State::Ready, "");
    let refused = format!(
        "{}- apiVersion: v1\n  kind: Event\n  metadata: {{ name: e, namespace: n }}\n  type: Warning\n  reason: FailedCreate\n  \
         message: 'create Pod a-0 failed error: pods \"a-0\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot'\n  \
         involvedObject: {{ kind: StatefulSet, namespace: n, name: a }}\n",
        set(&format!("{{ observedGeneration: 2, replicas: 0, {same} }}"), "")
    );
    let (state, text) = verdict(&refused);
    assert!(state == State::Failed && text.starts_with("PodSecurity: the namespace's Pod security refuses"), "{text}");
}

#[test]
fn daemon_sets() {
    let set = |status: &str| object("apps/v1", "DaemonSet", &format!("  status: {status}\n"));
    let counts = |updated, available| {
        format!(
            "{{ observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: {updated}, numberAvailable: {available}, numberReady: {available} }}"
        )
    };
    is(&set(&counts(3, 3)), State::Ready, "");
    is(&set(&counts(2, 3)), State::Progressing, "RollingOut: 2 of 3 Pods updated");
    is(&set(&counts(3, 1)), State::Progressing, "RollingOut: 1 of 3 Pods available");
}

#[test]
fn deployments_without_replicas_and_paused_ones() {
    let deployment = |spec: &str, status: &str| {
        object(
            "apps/v1",
            "Deployment",
            &format!("  spec: {{ {spec} }}\n  status: {{ observedGeneration: 2{status} }}\n"),
        )
    };
    is(&deployment("replicas: 0", ""), State::Ready, "");
    is(&deployment("replicas: 0", ", replicas: 1"), State::Progressing, "RollingOut: old Pods are still there");
    is(&deployment("replicas: 1, paused: true", ""), State::Progressing, "Paused: is paused");
    is(&deployment("replicas: 1", ""), State::Progressing, "RollingOut: 0 of 1 Pods updated");
}

#[test]
fn jobs() {
    let job =
        |spec: &str, status: &str| object("batch/v1", "Job", &format!("  spec: {{ {spec} }}\n  status: {status}\n"));
    // A Job that has only started is not done.
    is(&job("", "{ active: 1, startTime: '2026-01-02T11:59:00Z' }"), State::Progressing, "Running: runs");
    is(&job("", "{ active: 1, failed: 2 }"), State::Progressing, "Running: runs again after 2 failures");
    is(&job("suspend: true", "{}"), State::Progressing, "Suspended: is suspended");
    is(&job("", "{ conditions: [{ type: SuccessCriteriaMet, status: 'True' }] }"), State::Progressing, "Running: runs");
    is(
        &job(
            "",
            "{ conditions: [{ type: Failed, status: 'True', reason: PodFailurePolicy, message: 'exit code 42' }] }",
        ),
        State::Failed,
        "PodFailurePolicy: failed: exit code 42",
    );
}

#[test]
fn operators_say_it_themselves() {
    let external = |status: &str| object("external-secrets.io/v1", "ExternalSecret", &format!("  status: {status}\n"));
    let ready = |status: &str, since: &str, message: &str| {
        external(&format!(
            "{{ conditions: [{{ type: Ready, status: '{status}', reason: SecretSyncedError, message: '{message}', lastTransitionTime: '{since}' }}] }}"
        ))
    };
    is(&ready("True", NOW, ""), State::Ready, "");
    is(&ready("False", "2026-01-02T11:00:00Z", "key not found"), State::Failed, "SecretSyncedError: key not found");
    is(
        &ready("False", "2026-01-02T11:59:59Z", "key not found"),
        State::Progressing,
        "SecretSyncedError: key not found",
    );
    is(&external("{}"), State::Progressing, "NotSeen: no operator has seen it yet");
    let sops = |status: &str| object("isindir.github.com/v1alpha3", "SopsSecret", &format!("  status: {status}\n"));
    is(&sops("{ message: Healthy }"), State::Ready, "");
    is(&sops("{ message: 'Decryption error' }"), State::Failed, "Unhealthy: Decryption error");
}

#[test]
fn pods_claims_and_volumes() {
    let of = |kind: &str, status: &str| object("v1", kind, &format!("  status: {status}\n"));
    is(&of("Pod", "{ phase: Running, conditions: [{ type: Ready, status: 'True' }] }"), State::Ready, "");
    is(&of("Pod", "{ phase: Succeeded }"), State::Ready, "");
    is(&of("Pod", "{ phase: Pending }"), State::Progressing, "Pending: the Pod is not ready yet");
    is(
        &of("Pod", "{ phase: Failed, reason: Evicted, message: 'low on memory' }"),
        State::Failed,
        "Evicted: the Pod failed: low on memory",
    );
    is(&of("PersistentVolumeClaim", "{ phase: Lost }"), State::Failed, "Lost: its volume is gone");
    is(&of("PersistentVolumeClaim", "{ phase: Bound }"), State::Ready, "");
    is(
        &of("PersistentVolume", "{ phase: Failed, message: 'no plugin' }"),
        State::Failed,
        "Failed: the volume failed: no plugin",
    );
    // Of an Ingress and a Service it is enough to be there.
    is(&object("networking.k8s.io/v1", "Ingress", "  status: {}\n"), State::Ready, "");
    let leaving = "- apiVersion: v1\n  kind: Service\n  metadata: { name: a, namespace: n, deletionTimestamp: '2026-01-02T11:00:00Z' }\n";
    is(leaving, State::Progressing, "Terminating: is being deleted");
}

#[test]
fn a_stale_verdict_of_a_gateway_does_not_count() {
    let route = |conditions: &str| {
        let status = format!("  status: {{ parents: [{{ parentRef: {{ name: g }}, conditions: [{conditions}] }}] }}\n");
        object("gateway.networking.k8s.io/v1", "HTTPRoute", &status)
    };
    let both = |generation| {
        format!(
            "{{ type: Accepted, status: 'True', observedGeneration: {generation} }}, {{ type: ResolvedRefs, status: 'True', observedGeneration: {generation} }}"
        )
    };
    is(&route(&both(2)), State::Ready, "");
    is(&route(&both(1)), State::Progressing, "Stale: the Gateway has not seen the latest change yet");
    let refused =
        "{ type: Accepted, status: 'False', reason: NotAllowedByListeners, observedGeneration: 2, message: 'no' }";
    let (state, text) = verdict(&route(refused));
    assert_eq!((state, text.as_str()), (State::Failed, "NotAllowedByListeners: Gateway g does not accept it: no"));
}

#[test]
fn strange_objects_are_no_bug() {
    for rest in [
        "  status: []\n",
        "  status: { conditions: 3, containerStatuses: { a: 1 }, replicas: many }\n",
        "  spec: { replicas: -1, template: x }\n  status: { conditions: [1, null, { type: 3 }] }\n",
        "  status: { parents: [null, { conditions: [[]] }] }\n",
    ] {
        for (version, kind) in [
            ("apps/v1", "Deployment"),
            ("apps/v1", "StatefulSet"),
            ("batch/v1", "Job"),
            ("v1", "Pod"),
            ("gateway.networking.k8s.io/v1", "HTTPRoute"),
            ("argoproj.io/v1alpha1", "Application"),
            ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        ] {
            assert_ne!(verdict(&object(version, kind, rest)).0, State::Ready, "{kind} {rest}");
        }
    }
}

#[test]
fn what_an_engine_gave_up_waiting_for_says_why() {
    let pod = |waiting: &str| {
        let since = "lastTransitionTime: '2026-01-02T11:59:50Z'";
        let scheduled =
            format!("{{ type: PodScheduled, status: 'False', reason: {waiting}, message: 0/1 nodes, {since} }}");
        object("v1", "Pod", &format!("  status: {{ phase: Pending, conditions: [{scheduled}] }}\n"))
    };
    let engine = |ready: &str| {
        format!(
            "- apiVersion: kustomize.toolkit.fluxcd.io/v1\n  kind: Kustomization\n  metadata: {{ name: dev-c1-app, namespace: flux-system }}\n  \
             spec: {{ path: ./rendered/dev/C1/app }}\n  status: {{ conditions: [{{ type: Ready, {ready} }}] }}\n"
        )
    };
    let young = "Unschedulable: no node takes the Pod: 0/1 nodes";
    let gave_up = engine("status: 'False', reason: HealthCheckFailed, message: timeout");
    is(&format!("{}{gave_up}", pod("Unschedulable")), State::Failed, young);
    let waits = engine("status: Unknown, reason: Progressing, message: waits");
    is(&format!("{}{waits}", pod("Unschedulable")), State::Progressing, young);
    let text = "HealthCheckFailed: what was applied did not become ready in time: timeout";
    is(&format!("{}{gave_up}", pod("SchedulingGated")), State::Failed, text);
}

#[test]
fn a_workload_that_may_not_be_seen_is_not_ready() {
    let yaml = object("batch/v1", "Job", "  status: { conditions: [{ type: Complete, status: 'True' }] }\n");
    assert_eq!(verdict(&yaml).0, State::Ready);
    let text = "Hidden: the cluster does not show Job: nobody knows whether it runs";
    assert_eq!(seen_as(&yaml, |_| Seen::asked([])), (State::Progressing, text.into()));
}
