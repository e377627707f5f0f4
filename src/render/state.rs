//! What a client's state leaves of its objects. Digests are made before, so that a client that comes back is what it was.

use crate::fleet::State;
use crate::manifest::{Map, Value, canonical_order, emit_document, parse_documents, read_block};

use super::place::Object;

/// API groups whose objects hold no data, besides Kubernetes' own: routes, scaling, monitoring, certificates.
const WITHOUT_DATA: [&str; 12] = [
    "cert-manager.io",
    "cilium.io",
    "configuration.konghq.com",
    "k8s.nginx.org",
    "keda.sh",
    "monitoring.coreos.com",
    "networking.istio.io",
    "policy.linkerd.io",
    "projectcontour.io",
    "security.istio.io",
    "traefik.containo.us",
    "traefik.io",
];

/// API groups of Secrets in other forms, which stay as Secrets do.
const SECRETS: [&str; 2] = ["external-secrets.io", "isindir.github.com"];

/// Kinds of Kubernetes' own that stay with an archived client.
const HOLDS_DATA: [(&str, &str); 4] = [
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("", "Secret"),
    ("snapshot.storage.k8s.io", "VolumeSnapshot"),
];

/// The objects of an instance in its state.
pub struct Delivered {
    /// What is delivered.
    pub objects: Vec<Object>,
    /// What the state leaves out: what is delivered may refer to it all the same.
    pub left_out: Vec<Value>,
}

/// Applies `state` to `objects`. `is_kept`: does an object's template lie in `deprovision/`? `without_data`: custom kinds that
/// the stack says hold none.
pub fn deliver(
    state: State,
    objects: Vec<Object>,
    is_kept: impl Fn(&Object) -> bool,
    without_data: &[String],
) -> Delivered {
    let mut delivered = Delivered { objects: Vec::with_capacity(objects.len()), left_out: Vec::new() };
    for object in objects {
        if state == State::Active || is_kept(&object) {
            delivered.objects.push(object);
            continue;
        }
        let value = read(&object.filled.text);
        let fate = if state == State::Suspended { suspended(&object) } else { archived(&object, &value, without_data) };
        match fate {
            Fate::Stays => delivered.objects.push(object),
            Fate::Stops => delivered.objects.push(stopped(object, value)),
            Fate::Goes => delivered.left_out.push(value),
        }
    }
    delivered
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    /// Stays without Pods.
    Stops,
    Goes,
}

/// Jobs stay: they run to an end, and a Kustomization waits for that.
fn suspended(object: &Object) -> Fate {
    match (group(&object.api_version), &*object.kind) {
        _ if can_stop(object) => Fate::Stops,
        // The first two have no number of Pods that could be none; the others would start what was stopped, from an event or
        // with `minReplicas: 0`.
        ("apps", "DaemonSet") | ("", "Pod") | ("autoscaling", "HorizontalPodAutoscaler") | ("keda.sh", _) => Fate::Goes,
        _ => Fate::Stays,
    }
}

fn archived(object: &Object, value: &Value, without_data: &[String]) -> Fate {
    let own = group(&object.api_version);
    // Its claims would go with it.
    let takes_claims = value.str_at(&["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"]) == Some("Delete");
    if (own, &*object.kind) == ("apps", "StatefulSet") && takes_claims {
        return Fate::Stops;
    }
    let holds_data = HOLDS_DATA.contains(&(own, &*object.kind)) || SECRETS.contains(&own);
    if holds_data || may_be_database(&object.api_version, &object.kind, without_data) {
        Fate::Stays
    } else {
        Fate::Goes
    }
}

/// `true` for a kind of an operator that may be a database, which nothing brings back. `without_data`: custom kinds that stacks say
/// hold none.
#[must_use]
pub fn may_be_database(api_version: &str, kind: &str, without_data: &[String]) -> bool {
    let own = group(api_version);
    let is_known = !own.contains('.')
        || own.ends_with(".k8s.io")
        || WITHOUT_DATA.contains(&own)
        || SECRETS.contains(&own)
        || (own, kind) == ("argoproj.io", "Rollout");
    !is_known && !without_data.iter().any(|known| known == kind)
}

fn can_stop(object: &Object) -> bool {
    matches!(
        (group(&object.api_version), &*object.kind),
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet")
            | ("", "ReplicationController")
            | ("argoproj.io", "Rollout")
            | ("batch", "CronJob")
    )
}

fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The object with no Pods, as `manifest` would write it.
fn stopped(mut object: Object, mut value: Value) -> Object {
    let is_cron_job = &*object.kind == "CronJob";
    if let Some(spec) = value.as_map_mut().and_then(|root| root.get_mut("spec")).and_then(Value::as_map_mut) {
        if is_cron_job {
            spec.insert("suspend", Value::Bool(true));
        } else {
            spec.insert("replicas", Value::Number("0".into()));
            keep_claims(spec);
        }
        canonical_order(&mut value);
        object.filled.text.clear();
        emit_document(&mut object.filled.text, &value);
    }
    object
}

/// Scaling down must not take the claims of a `StatefulSet`.
fn keep_claims(spec: &mut Map) {
    let policy = spec.get_mut("persistentVolumeClaimRetentionPolicy").and_then(Value::as_map_mut);
    if let Some(policy) = policy.filter(|policy| policy.get("whenScaled").is_some()) {
        policy.insert("whenScaled", Value::String("Retain".into()));
    }
}

/// Rendered text is canonical; the parser is there for what a literal block may hold.
fn read(text: &str) -> Value {
    let parsed = || parse_documents(text).ok().and_then(|mut documents| documents.pop());
    read_block(text).or_else(parsed).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Filled;

    fn object(api_version: &str, kind: &str, spec: &str) -> Object {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: x\n{spec}");
        let filled = Filled { text, body_start: 0, name: "x".into(), namespace: None };
        Object { kind: kind.into(), api_version: api_version.into(), filled, template: 0, offset: 0 }
    }

    /// What becomes of one object; `None` if it goes.
    fn becomes(state: State, api_version: &str, kind: &str, spec: &str) -> Option<String> {
        let without = ["Storefront".to_owned()];
        let mut delivered = deliver(state, vec![object(api_version, kind, spec)], |_| false, &without);
        assert_eq!(delivered.objects.len() + delivered.left_out.len(), 1);
        delivered.objects.pop().map(|object| {
            object.filled.text[format!("apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: x\n").len()..]
                .to_owned()
        })
    }

    #[test]
    fn what_is_suspended_has_no_pods() {
        let is = |api: &str, kind: &str, spec: &str| becomes(State::Suspended, api, kind, spec);
        for (api, kind) in [("apps/v1", "Deployment"), ("apps/v1", "ReplicaSet"), ("argoproj.io/v1alpha1", "Rollout")] {
            for spec in
                ["spec:\n  paused: true\n  template: {}\n", "spec:\n  paused: true\n  replicas: 3\n  template: {}\n"]
            {
                let expected = "spec:\n  paused: true\n  replicas: 0\n  template: {}\n";
                assert_eq!(is(api, kind, spec).as_deref(), Some(expected), "{kind}");
            }
        }
        let set = "spec:\n  persistentVolumeClaimRetentionPolicy:\n    whenScaled: Delete\n  replicas: 2\n";
        let kept = "spec:\n  persistentVolumeClaimRetentionPolicy:\n    whenScaled: Retain\n  replicas: 0\n";
        assert_eq!(is("apps/v1", "StatefulSet", set).as_deref(), Some(kept), "claims outlive the Pods");
        let cron = is("batch/v1", "CronJob", "spec:\n  schedule: \"* * * * *\"\n").unwrap();
        assert_eq!(cron, "spec:\n  schedule: \"* * * * *\"\n  suspend: true\n");
        for (api, kind) in [("apps/v1", "DaemonSet"), ("v1", "Pod"), ("autoscaling/v2", "HorizontalPodAutoscaler")] {
            assert_eq!(is(api, kind, "spec: {}\n"), None, "{kind}");
        }
        for (api, kind) in [("v1", "Service"), ("networking.k8s.io/v1", "Ingress"), ("batch/v1", "Job")] {
            assert_eq!(is(api, kind, "spec:\n  a: b\n").as_deref(), Some("spec:\n  a: b\n"), "{kind}");
        }
    }

    #[test]
    fn what_is_archived_holds_data() {
        for state in [State::Archived, State::Deprovisioned] {
            let stays = |api: &str, kind: &str| becomes(state, api, kind, "spec:\n  a: b\n").is_some();
            for (api, kind) in [
                ("v1", "PersistentVolumeClaim"),
                ("external-secrets.io/v1", "ExternalSecret"),
                ("isindir.github.com/v1alpha3", "SopsSecret"),
                ("snapshot.storage.k8s.io/v1", "VolumeSnapshot"),
                ("postgresql.cnpg.io/v1", "Cluster"),
                ("example.com/v1", "Echo"),
            ] {
                assert!(stays(api, kind), "{kind}");
            }
            for (api, kind) in [
                ("v1", "ConfigMap"),
                ("v1", "Service"),
                ("v1", "ServiceAccount"),
                ("apps/v1", "Deployment"),
                ("apps/v1", "StatefulSet"),
                ("batch/v1", "Job"),
                ("gateway.networking.k8s.io/v1", "HTTPRoute"),
                ("monitoring.coreos.com/v1", "ServiceMonitor"),
                ("policy/v1", "PodDisruptionBudget"),
                ("argoproj.io/v1alpha1", "Rollout"),
                ("example.com/v1", "Storefront"),
            ] {
                assert!(!stays(api, kind), "{kind}");
            }
            let set = "spec:\n  persistentVolumeClaimRetentionPolicy:\n    whenDeleted: Delete\n";
            let kept = becomes(state, "apps/v1", "StatefulSet", set).unwrap();
            assert_eq!(kept, format!("{set}  replicas: 0\n"), "its claims would go with it");
        }
    }

    #[test]
    fn what_is_active_is_as_rendered() {
        let text = "spec:\n  replicas:   2\n";
        assert_eq!(becomes(State::Active, "apps/v1", "Deployment", text).as_deref(), Some(text));
        let kept = deliver(State::Deprovisioned, vec![object("batch/v1", "Job", "")], |_| true, &[]);
        assert_eq!(kept.objects.len(), 1, "what drops the data is delivered");
    }
}
