//! A reference to an object that nobody renders and that does not exist outside: the Pod would not start.

use crate::checks::model::{Found, Group, Object};
use crate::checks::references::{Reference, each_reference};
use crate::diagnostic::{Class, Code};
use crate::document::did_you_mean;

/// A reference to an object that is not there.
const MISSING: Code = Code::new("LMS801", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    if !group.is_closed {
        return;
    }
    for (at, object) in group.objects.iter().enumerate() {
        each_reference(object, &mut |reference| {
            if reference.is_optional || reference.is_repeated || exists(group, object, &reference) {
                return;
            }
            let Reference { kind, name, at: (holder, field), .. } = reference;
            let message = format!("{kind} `{}` is not there", name.escape_debug());
            let known = group.all().filter(|other| other.kind == kind).map(|other| other.name);
            let stored = group.provided().iter().filter(|_| kind == "Secret").map(|secret| secret.name);
            let near = did_you_mean(name, known.chain(stored));
            found.push(
                Found::error(MISSING, at, holder.path_to(field), message).help(near.unwrap_or_else(|| help(kind))),
            );
        });
    }
}

/// Kinds that an environment can declare, and under which key.
const DECLARED: [(&str, &str); 4] = [
    ("ConfigMap", "config-maps"),
    ("PersistentVolumeClaim", "persistent-volume-claims"),
    ("Secret", "secrets"),
    ("ServiceAccount", "service-accounts"),
];

fn help(kind: &str) -> String {
    match DECLARED.iter().find(|(known, _)| *known == kind) {
        Some((_, key)) => {
            format!("render it, or name it in `external.{key}` of the environment if it exists in the cluster")
        }
        None => "render it, or correct the name".into(),
    }
}

fn exists(group: &Group<'_>, object: &Object<'_>, reference: &Reference<'_, '_>) -> bool {
    let Reference { kind, name, .. } = *reference;
    if group.find(object, kind, name).is_some() || group.outside.has(kind, name) {
        return true;
    }
    match kind {
        "Secret" => {
            let is_near = |namespace: Option<&str>| namespace.is_none_or(|other| other == object.namespace);
            group.provided().iter().any(|secret| secret.name == name && is_near(secret.namespace))
        }
        // Kubernetes makes these in every namespace.
        "ServiceAccount" => name == "default",
        "ConfigMap" => name == "kube-root-ca.crt" || group.find(object, "Bundle", name).is_some(),
        "PersistentVolumeClaim" => group.all().any(|set| set.kind == "StatefulSet" && makes_claim(set, name)),
        _ => false,
    }
}

/// Claims of a `StatefulSet` are called after its templates, itself and a number.
fn makes_claim(set: &Object<'_>, name: &str) -> bool {
    let Some((stem, number)) = name.rsplit_once('-') else { return false };
    let root = set.spot();
    let Some(spec) = root.get("spec") else { return false };
    number.bytes().all(|b| b.is_ascii_digit())
        && spec.items("volumeClaimTemplates").any(|template| {
            let metadata = template.get("metadata");
            metadata.is_some_and(|it| stem == format!("{}-{}", it.text_or_empty("name"), set.name))
        })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object, pod};

    #[test]
    fn what_is_referred_to_is_there() {
        let pod = |rest: &str| pod(&format!("containers: [{{name: a, image: a/b:1}}]\n{rest}"));
        let bad = pod(
            "volumes:\n- {name: x, secret: {secretName: tsl}}\n- {name: y, configMap: {name: m}}\nserviceAccountName: robot\nimagePullSecrets: [{name: pull}]\n",
        );
        let said = Given::closed(&[&bad, &object("v1", "Secret", "tls", "")]).look(check);
        assert_eq!(
            said,
            [
                "LMS801 spec.serviceAccountName: ServiceAccount `robot` is not there",
                "LMS801 spec.imagePullSecrets[0].name: Secret `pull` is not there",
                "LMS801 spec.volumes[0].secret.secretName: Secret `tsl` is not there",
                "LMS801 spec.volumes[1].configMap.name: ConfigMap `m` is not there",
            ]
        );
        assert!(Given::open(&[&bad]).look(check).is_empty(), "others may have it");
    }

    #[test]
    fn what_exists_elsewhere_or_may_be_missing_is_right() {
        let good = pod(
            "containers:\n- name: a\n  image: a/b:1\n  envFrom: [{secretRef: {name: maybe, optional: true}}, {secretRef: {name: stored}}]\n  env: [{name: A, valueFrom: {configMapKeyRef: {name: outside, key: a}}}]\nserviceAccountName: default\nvolumes:\n- {name: x, persistentVolumeClaim: {claimName: data-db-0}}\n- {name: y, projected: {sources: [{configMap: {name: kube-root-ca.crt}}, {secret: {name: made}}]}}\n",
        );
        let set = object(
            "apps/v1",
            "StatefulSet",
            "db",
            "spec: {volumeClaimTemplates: [{metadata: {name: data}}], template: {}}\n",
        );
        let made = object("external-secrets.io/v1", "ExternalSecret", "e", "spec: {target: {name: made}}\n");
        let given = Given::closed(&[&good, &set, &made]).stored("stored", &["k"]).outside("ConfigMap", "outside");
        assert_eq!(given.look(check), [""; 0]);
    }

    #[test]
    fn routes_autoscalers_and_bindings_refer_too() {
        let ingress = object("networking.k8s.io/v1", "Ingress", "i", "spec: {tls: [{secretName: t}]}\n");
        let scaler = object(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            "h",
            "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}}\n",
        );
        let binding = object("rbac.authorization.k8s.io/v1", "RoleBinding", "b", "roleRef: {kind: Role, name: r}\n");
        let said = Given::closed(&[&ingress, &scaler, &binding]).look(check);
        assert_eq!(
            said,
            [
                "LMS801 spec.tls[0].secretName: Secret `t` is not there",
                "LMS801 spec.scaleTargetRef.name: Deployment `d` is not there",
                "LMS801 roleRef.name: Role `r` is not there",
            ]
        );
        let made = ingress.replace("name: i\n", "name: i\n  annotations: {cert-manager.io/cluster-issuer: x}\n");
        assert!(Given::closed(&[&made]).look(check).is_empty(), "cert-manager makes it");
    }
}
