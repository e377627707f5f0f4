//! A small fleet whose output is committed, and a cluster that runs it as it should, for tests to spoil.
//!
//! `status` renders nothing, so the output is written by hand here: names of objects are as short and as lasting as tests are.

use serde_json::{Value, json};

use super::fleet::Fleet;

/// When the cluster was looked at.
pub const NOW: &str = "2026-01-02T12:00:00Z";

/// When its objects were made.
const BEFORE: &str = "2026-01-02T11:00:00Z";

const STACK: &str = "\
phases = [\"provision\", \"app\"]

[params.image.tag]
type = \"string\"
description = \"tag of the image\"

[secrets.app.db-password]
generate = \"alphanumeric\"

[secrets.app.sms-token]
provided = \"token of the gateway\"

[environment-secrets.pg-admin.password]
provided = \"password of the administrator\"
";

const TEMPLATE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: config-{{ client.slug }}
  namespace: {{ environment.namespace }}
data:
  TAG: {{ params.image.tag }}
";

/// A fleet with these clients in environment `prod`, delivered by `flux` or `kubectl`, its output committed.
pub fn fleet(clients: &[&str], delivery: &str, cluster: &str) -> Fleet {
    let fleet = Fleet::empty();
    fleet.write("lmsgen.toml", "stack = \"shop\"\n");
    let environment = format!(
        "namespace = \"shop\"\nkubernetes = \"1.35\"\ndelivery = \"{delivery}\"\n\
         secrets.recipients = [\"age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6\"]\n\
         external.secrets = [\"registry\"]\n{cluster}\n[params]\nimage.tag = \"1.4.2\"\n"
    );
    fleet.write("environments/prod.toml", environment);
    fleet.write("templates/shop/stack.toml", STACK);
    fleet.write("templates/shop/app/config.yaml", TEMPLATE);
    for client in clients {
        fleet.write(&format!("clients/{client}.toml"), format!("name = \"ООО «{client}»\"\n\n[environments.prod]\n"));
    }
    for (path, object) in objects(clients, delivery) {
        // JSON is YAML; the parser takes what the fast reader declines.
        fleet.write(&path, serde_json::to_string_pretty(&object).unwrap());
    }
    fleet.commit_all();
    fleet
}

/// Paths and committed objects.
fn objects(clients: &[&str], delivery: &str) -> Vec<(String, Value)> {
    let mut all = vec![("rendered/prod/environment/persistentvolumeclaim-files.yaml".to_owned(), claim())];
    for client in clients {
        let slug = client.to_lowercase();
        for (phase, object) in [
            ("provision", job(&slug)),
            ("provision", plain("v1", "Secret", &format!("app-{slug}"))),
            ("app", plain("v1", "ConfigMap", &format!("config-{slug}"))),
            ("app", deployment(&slug)),
            ("app", route(&slug)),
        ] {
            let (kind, name) = named(&object);
            all.push((format!("rendered/prod/{client}/{phase}/{}-{name}.yaml", kind.to_lowercase()), object));
        }
        if delivery == "flux" {
            for phase in ["provision", "app"] {
                let object = kustomization(client, phase);
                let (_, name) = named(&object);
                all.push((format!("rendered/prod/delivery/flux/clients/kustomization-{name}.yaml"), object));
            }
        }
    }
    all
}

fn named(object: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&object["kind"]), text(&object["metadata"]["name"]))
}

fn plain(version: &str, kind: &str, name: &str) -> Value {
    let labels = json!({ "app.kubernetes.io/managed-by": "lmsgen" });
    json!({ "apiVersion": version, "kind": kind, "metadata": { "name": name, "namespace": "shop", "labels": labels } })
}

fn with(mut object: Value, spec: Value) -> Value {
    object["spec"] = spec;
    object
}

fn claim() -> Value {
    with(plain("v1", "PersistentVolumeClaim", "files"), json!({ "accessModes": ["ReadWriteMany"] }))
}

fn job(slug: &str) -> Value {
    let reference = |name: &str, key: &str| json!({ "secretKeyRef": { "name": name, "key": key } });
    let container = json!({
        "name": "psql",
        "image": "registry.example/postgres:17.6",
        "env": [
            { "name": "PGPASSWORD", "valueFrom": reference("pg-admin", "password") },
            { "name": "APP_PASSWORD", "valueFrom": reference(&format!("app-{slug}"), "db-password") },
        ],
    });
    let job = plain("batch/v1", "Job", &format!("setup-{slug}-0a1b2c3d"));
    with(
        job,
        json!({ "backoffLimit": 4, "template": { "spec": { "containers": [container], "restartPolicy": "Never" } } }),
    )
}

fn deployment(slug: &str) -> Value {
    let template = json!({
        "metadata": { "labels": { "app": slug }, "annotations": { "lmsgen.dev/secret-rev": "2", "lmsgen.dev/config-sha256": "aa11" } },
        "spec": { "containers": [{ "name": "app", "image": "registry.example/shop:1.4.2" }] },
    });
    let spec = json!({ "replicas": 2, "selector": { "matchLabels": { "app": slug } }, "template": template });
    with(plain("apps/v1", "Deployment", &format!("app-{slug}")), spec)
}

fn route(slug: &str) -> Value {
    let spec = json!({ "parentRefs": [{ "name": "public", "namespace": "gateways" }] });
    with(plain("gateway.networking.k8s.io/v1", "HTTPRoute", &format!("app-{slug}")), spec)
}

fn kustomization(client: &str, phase: &str) -> Value {
    let name = format!("prod-{}-{phase}", client.to_lowercase());
    let mut object = plain("kustomize.toolkit.fluxcd.io/v1", "Kustomization", &name);
    object["metadata"]["namespace"] = "flux-system".into();
    with(object, json!({ "path": format!("./rendered/prod/{client}/{phase}"), "wait": true }))
}

/// The objects of a cluster in which everything is ready, as it would return them.
pub fn healthy(clients: &[&str], delivery: &str) -> Vec<Value> {
    let ready = |mut object: Value| {
        let (kind, name) = named(&object);
        object["metadata"]["uid"] = format!("uid-{kind}-{name}").into();
        object["metadata"]["generation"] = 1.into();
        object["metadata"]["creationTimestamp"] = BEFORE.into();
        let condition = |named: &str| json!({ "type": named, "status": "True", "observedGeneration": 1, "lastTransitionTime": BEFORE });
        let status = match kind.as_str() {
            "Deployment" => json!({ "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
                "availableReplicas": 2, "conditions": [condition("Available")] }),
            "Job" => json!({ "succeeded": 1, "conditions": [condition("Complete")] }),
            "Kustomization" => json!({ "observedGeneration": 1, "conditions": [condition("Ready")] }),
            "HTTPRoute" => json!({ "parents": [{ "parentRef": { "name": "public" },
                "conditions": [condition("Accepted"), condition("ResolvedRefs")] }] }),
            "PersistentVolumeClaim" => json!({ "phase": "Bound" }),
            _ => return object,
        };
        object["status"] = status;
        object
    };
    objects(clients, delivery).into_iter().map(|(_, object)| ready(object)).collect()
}

/// Puts `changes` over `objects`: an object of the same kind and name is merged with it, key by key; `absent: true` takes it
/// away; another is added.
pub fn spoil(objects: &mut Vec<Value>, changes: Vec<Value>) {
    for mut change in changes {
        let key = named(&change);
        let at = objects.iter().position(|object| named(object) == key);
        if change["absent"] == true {
            objects.remove(at.unwrap_or_else(|| panic!("there is no {key:?}")));
            continue;
        }
        match at {
            Some(at) => merge(&mut objects[at], change),
            None => {
                if change["metadata"]["namespace"].is_null() {
                    change["metadata"]["namespace"] = "shop".into();
                }
                objects.push(change);
            }
        }
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// A dump as `kubectl get … -o json` prints it.
pub fn dump(objects: &[Value]) -> String {
    let list = json!({ "apiVersion": "v1", "items": objects, "kind": "List", "metadata": { "resourceVersion": "" } });
    serde_json::to_string_pretty(&list).unwrap()
}
