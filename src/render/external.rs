//! The `ExternalSecret` that stands for a Secret whose values are kept outside of the fleet. Holds references only.
//!
//! Fields are those of External Secrets Operator's API `external-secrets.io/v1`.

use std::sync::Arc;

use crate::fleet::{ExternalStore, Fleet, SecretDecl, SecretSource};
use crate::manifest::{Map, Value, canonical_order, emit_document};

use super::secrets::{SecretFile, SecretPlace};

/// API version and kind.
const OBJECT: (&str, &str) = ("external-secrets.io/v1", "ExternalSecret");

/// The object for Secret `decl` at `place`. Optional keys are asked for only where the environment says that they have a
/// value: the operator makes no Secret at all while one is missing.
#[must_use]
pub fn external_secret(
    fleet: &Fleet,
    store: &ExternalStore,
    place: SecretPlace,
    decl: &SecretDecl,
    object_name: &str,
    labels: &[(String, String)],
) -> SecretFile {
    let environment = &fleet.environments[place.environment];
    let client = place.client.map(|client| &fleet.clients[client].id);
    let (id, slug) = client.map_or(("environment", "environment".to_owned()), |id| (id.as_str(), id.slug()));
    let remote = store
        .remote_key
        .replace("{environment}", environment.name.as_str())
        .replace("{client}", id)
        .replace("{slug}", &slug)
        .replace("{secret}", decl.name.as_str());
    let has_value = |key: &crate::fleet::SecretKeyDecl| match key.source {
        SecretSource::Provided { optional: true, .. } => {
            let name = format!("{}.{}", decl.name, key.key);
            store.optional.iter().any(|(known, _)| *known == name)
        }
        _ => true,
    };
    let keys = decl.keys.iter().filter(|key| has_value(key)).map(|key| {
        map([("secretKey", text(&key.key)), ("remoteRef", map([("key", text(&remote)), ("property", text(&key.key))]))])
    });
    let labels = Value::Map(labels.iter().map(|(key, value)| (key.clone(), text(value))).collect());
    let mut object = map([
        ("apiVersion", text(OBJECT.0)),
        ("kind", text(OBJECT.1)),
        (
            "metadata",
            map([("name", text(object_name)), ("namespace", text(&environment.namespace)), ("labels", labels.clone())]),
        ),
        (
            "spec",
            map([
                ("refreshInterval", text(&store.refresh)),
                ("secretStoreRef", map([("kind", text(&store.kind)), ("name", text(&store.name))])),
                (
                    "target",
                    map([
                        ("name", text(object_name)),
                        ("creationPolicy", text("Owner")),
                        ("template", map([("metadata", map([("labels", labels)])), ("type", text("Opaque"))])),
                    ]),
                ),
                ("data", Value::List(keys.collect())),
            ]),
        ),
    ]);
    canonical_order(&mut object);
    let mut out = String::new();
    emit_document(&mut out, &object);
    SecretFile { object: OBJECT, bytes: Arc::from(out.into_bytes()), public: Vec::new(), revision: 1 }
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map>())
}
