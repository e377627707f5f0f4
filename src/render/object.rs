//! What a rendered object must be, so that a client can change nothing but its own.

use crate::diagnostic::{Class, Code, Diagnostic};
use crate::document::nearest;
use crate::fleet::{Environment, Stack};
use crate::template::Filled;

/// An object in another namespace than its environment's.
pub const NAMESPACE: Code = Code::new("LMS231", Class::Input);
/// A cluster-scoped object among a client's.
pub const CLUSTER_SCOPED: Code = Code::new("LMS232", Class::Input);
/// A kind the environment does not allow.
pub const KIND: Code = Code::new("LMS233", Class::Input);
/// A Secret written by a template.
pub const SECRET: Code = Code::new("LMS234", Class::Secret);
/// A name that Kubernetes refuses.
pub const NAME: Code = Code::new("LMS235", Class::Input);

/// An object that the environment says exists outside the fleet.
pub const EXTERNAL: Code = Code::new("LMS242", Class::Input);

/// Kinds by their keys in `[external]`.
pub(super) const EXTERNAL_KINDS: [(&str, &str); 12] = [
    ("ClusterIssuer", "cluster-issuers"),
    ("ConfigMap", "config-maps"),
    ("Gateway", "gateways"),
    ("IngressClass", "ingress-classes"),
    ("Issuer", "issuers"),
    ("PersistentVolume", "persistent-volumes"),
    ("PersistentVolumeClaim", "persistent-volume-claims"),
    ("PriorityClass", "priority-classes"),
    ("Secret", "secrets"),
    ("Service", "services"),
    ("ServiceAccount", "service-accounts"),
    ("StorageClass", "storage-classes"),
];

/// Cluster-scoped kinds of Kubernetes' own APIs, and of those that fleets use most.
const CLUSTER_KINDS: [&str; 37] = [
    "APIService",
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterExternalSecret",
    "ClusterIssuer",
    "ClusterPolicy",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterSecretStore",
    "ClusterTrustBundle",
    "CustomResourceDefinition",
    "DeviceClass",
    "FlowSchema",
    "GatewayClass",
    "IPAddress",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ResourceSlice",
    "RuntimeClass",
    "ServiceCIDR",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
    "VolumeAttributesClass",
    "VolumeSnapshotClass",
];

/// Whose object it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerKind {
    /// A client's: namespaced, of an allowed kind.
    Client,
    /// The environment's own.
    Environment,
}

/// The rules for one object; the diagnostic has no place yet.
pub fn check(
    kind: &str,
    filled: &Filled,
    owner: OwnerKind,
    stack: &Stack,
    environment: &Environment,
) -> Option<Diagnostic> {
    // Messages hold no name unless it is the fault: the same fault of many instances is reported once.
    if kind == "Secret" {
        let help =
            "declare it under `[secrets]` in stack.toml: lmsgen keeps its values encrypted and writes the object";
        return Some(Diagnostic::error(SECRET, "a Secret is written by a template").help(help));
    }
    if let Err(rule) = subdomain(&filled.name) {
        return Some(
            Diagnostic::error(NAME, format!("{kind} `{}`: the name {rule}", filled.name.escape_debug()))
                .help("change the name or what it is made from"),
        );
    }
    let cluster_scoped = CLUSTER_KINDS.contains(&kind) || stack.cluster_scoped.iter().any(|known| known == kind);
    if cluster_scoped {
        return match (owner, &filled.namespace) {
            (OwnerKind::Client, _) => Some(
                Diagnostic::error(CLUSTER_SCOPED, format!("{kind} is cluster-scoped and cannot belong to a client"))
                    .help("move the template to the stack's folder `environment/`"),
            ),
            (OwnerKind::Environment, Some(_)) => Some(
                Diagnostic::error(NAMESPACE, format!("{kind} is cluster-scoped but has a namespace"))
                    .help("remove `metadata.namespace`"),
            ),
            (OwnerKind::Environment, None) => None,
        };
    }
    if filled.namespace.as_deref() != Some(&environment.namespace) {
        let found = filled
            .namespace
            .as_deref()
            .map_or_else(|| "has no namespace".into(), |name| format!("is in namespace `{}`", name.escape_debug()));
        let message = format!("{kind} {found}; objects of `{}` live in `{}`", environment.name, environment.namespace);
        return Some(Diagnostic::error(NAMESPACE, message).help("write `namespace: {{ environment.namespace }}`"));
    }
    let (kinds, span) = environment.policy.kinds.as_ref()?;
    if owner == OwnerKind::Client && !kinds.iter().any(|allowed| allowed == kind) {
        let help = match nearest(kind, kinds.iter().map(String::as_str)) {
            Some(near) => format!("add it to `policy.kinds`; is `{near}` there meant to be `{kind}`?"),
            None => format!("remove the template, or add `{kind}` to `policy.kinds`"),
        };
        return Some(
            Diagnostic::error(KIND, format!("environment `{}` does not allow kind `{kind}`", environment.name))
                .also(*span, "allowed kinds")
                .help(help),
        );
    }
    None
}

/// The fault of an object that would be written over one that belongs to somebody else; it has no place yet.
pub fn check_external(kind: &str, name: &str, environment: &Environment) -> Option<Diagnostic> {
    let (_, key) = EXTERNAL_KINDS.iter().find(|(known, _)| *known == kind)?;
    environment.external.get(*key)?.iter().find(|known| *known == name)?;
    let message = format!("{kind} `{name}` exists outside the fleet, says environment `{}`", environment.name);
    Some(
        Diagnostic::error(EXTERNAL, message)
            .help(format!("give the object another name, or take it out of `external.{key}`")),
    )
}

/// A DNS subdomain as Kubernetes names objects (RFC 1123): labels joined by dots, 253 characters at most.
fn subdomain(name: &str) -> Result<(), &'static str> {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let label = |part: &str| {
        let bytes = part.as_bytes();
        bytes.first().copied().is_some_and(plain)
            && bytes.last().copied().is_some_and(plain)
            && bytes.iter().all(|&c| plain(c) || c == b'-')
    };
    if name.len() > 253 {
        return Err("is longer than 253 characters");
    }
    if name.split('.').all(label) {
        Ok(())
    } else {
        Err("must be lower-case letters, digits, `-` and `.`, with a letter or digit at both ends of each part")
    }
}

#[cfg(test)]
mod tests {
    use super::subdomain;

    #[test]
    fn names_are_subdomains() {
        for good in ["a", "lms-c42", "a.b-c.d0"] {
            assert!(subdomain(good).is_ok(), "{good}");
        }
        for bad in ["", "C42", "a_b", "-a", "a-", "a..b", ".a", "../x", "a/b", "é"] {
            assert!(subdomain(bad).is_err(), "{bad}");
        }
        assert!(subdomain(&"a".repeat(254)).is_err());
    }
}
