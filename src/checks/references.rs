//! What an object needs to be there: `ConfigMaps`, Secrets, claims, accounts, with the keys it reads of them.

use super::model::Object;
use super::walk::each_container;
use crate::kubernetes::{Spot, with_pod_spec};

/// A reference to an object in the same namespace.
#[derive(Clone, Copy)]
pub struct Reference<'a, 's> {
    /// The kind it is of.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What holds the name, and under which field.
    pub at: (Spot<'a, 's>, &'static str),
    /// A key that is read, with what holds it.
    pub key: Option<(&'a str, Spot<'a, 's>)>,
    /// `true` if the object or the key may be missing.
    pub is_optional: bool,
    /// `true` if the object's name was given to the caller before.
    pub is_repeated: bool,
}

type Look<'l, 'a> = &'l mut dyn FnMut(Reference<'a, '_>);

/// Gives `look` every reference of `object`.
pub fn each_reference<'a>(object: &Object<'a>, look: Look<'_, 'a>) {
    let root = object.spot();
    let is_pod = with_pod_spec(root, |spec| pod(spec, look)).is_some();
    let Some(spec) = root.get("spec").filter(|_| !is_pod) else {
        if object.kind == "RoleBinding"
            && let Some(role) = root.get("roleRef")
            && role.text("kind") == Some("Role")
        {
            named(role, "Role", "name", look);
        }
        return;
    };
    match (object.api_version, object.kind) {
        ("networking.k8s.io/v1", "Ingress") if !makes_its_certificates(root) => {
            for tls in spec.items("tls") {
                named(tls, "Secret", "secretName", look);
            }
        }
        ("autoscaling/v2" | "autoscaling/v1", "HorizontalPodAutoscaler") => {
            if let Some(target) = spec.get("scaleTargetRef")
                && let Some(kind) = target.text("kind")
            {
                named(target, kind, "name", look);
            }
        }
        _ => {}
    }
}

/// cert-manager makes the Secrets of an Ingress with its annotations.
fn makes_its_certificates(ingress: Spot<'_, '_>) -> bool {
    let Some(metadata) = ingress.get("metadata") else { return false };
    metadata.entries("annotations").any(|(key, _)| {
        matches!(key, "cert-manager.io/cluster-issuer" | "cert-manager.io/issuer" | "kubernetes.io/tls-acme")
    })
}

fn named<'a>(at: Spot<'a, '_>, kind: &'a str, field: &'static str, look: Look<'_, 'a>) {
    if let Some(name) = at.text(field).filter(|name| !name.is_empty()) {
        let is_optional = at.is("optional");
        look(Reference { kind, name, at: (at, field), key: None, is_optional, is_repeated: false });
    }
}

fn pod<'a>(spec: Spot<'a, '_>, look: Look<'_, 'a>) {
    named(spec, "ServiceAccount", "serviceAccountName", look);
    for secret in spec.items("imagePullSecrets") {
        named(secret, "Secret", "name", look);
    }
    each_container(spec, |container| container_references(container, look));
    for volume in spec.items("volumes") {
        if let Some(source) = volume.get("configMap") {
            file_source(source, "ConfigMap", "name", look);
        }
        if let Some(source) = volume.get("secret") {
            file_source(source, "Secret", "secretName", look);
        }
        if let Some(claim) = volume.get("persistentVolumeClaim") {
            named(claim, "PersistentVolumeClaim", "claimName", look);
        }
        let Some(projected) = volume.get("projected") else { continue };
        for source in projected.items("sources") {
            for (field, kind) in [("configMap", "ConfigMap"), ("secret", "Secret")] {
                if let Some(source) = source.get(field) {
                    file_source(source, kind, "name", look);
                }
            }
        }
    }
}

fn container_references<'a>(container: Spot<'a, '_>, look: Look<'_, 'a>) {
    for source in container.items("envFrom") {
        for (field, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
            if let Some(source) = source.get(field) {
                named(source, kind, "name", look);
            }
        }
    }
    for variable in container.items("env") {
        let Some(from) = variable.get("valueFrom") else { continue };
        for (field, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
            let Some(source) = from.get(field) else { continue };
            let (Some(name), Some(key)) = (source.text("name"), source.text("key")) else { continue };
            look(Reference {
                kind,
                name,
                at: (source, "name"),
                key: Some((key, source)),
                is_optional: source.is("optional"),
                is_repeated: false,
            });
        }
    }
}

/// A volume's source with the keys that become files.
fn file_source<'a>(source: Spot<'a, '_>, kind: &'a str, field: &'static str, look: Look<'_, 'a>) {
    named(source, kind, field, look);
    let Some(name) = source.text(field) else { return };
    for item in source.items("items") {
        let Some(key) = item.text("key") else { continue };
        look(Reference {
            kind,
            name,
            at: (source, field),
            key: Some((key, item)),
            is_optional: source.is("optional"),
            is_repeated: true,
        });
    }
}
