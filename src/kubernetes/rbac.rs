//! Roles and their bindings (`k8s.io/kubernetes/pkg/apis/rbac/validation`).

use crate::diagnostic::{Class, Code};

use super::fault::Faults;
use super::field::Fields;
use super::selector;
use super::spot::Spot;
use super::words::{dns_subdomain, path_segment};

/// A rule, a role or a subject that Kubernetes refuses.
const RBAC: Code = Code::new("LMS735", Class::Input);

const GROUP: &str = "rbac.authorization.k8s.io";

/// A Role.
pub(super) fn role(object: Spot<'_, '_>, faults: &mut Faults) {
    for rule in object.items("rules") {
        self::rule(rule, true, faults);
    }
}

/// A ClusterRole.
pub(super) fn cluster_role(object: Spot<'_, '_>, faults: &mut Faults) {
    for rule in object.items("rules") {
        self::rule(rule, false, faults);
    }
    let Some(aggregation) = object.get("aggregationRule") else { return };
    if aggregation.count("clusterRoleSelectors") == 0 {
        let path = aggregation.path_to("clusterRoleSelectors");
        faults.add(RBAC, path, "aggregationRule has no clusterRoleSelectors");
    }
    for labels in aggregation.items("clusterRoleSelectors") {
        selector::check(labels, RBAC, &"clusterRoleSelectors", faults);
    }
}

fn rule(rule: Spot<'_, '_>, is_namespaced: bool, faults: &mut Faults) {
    let mut fields = Fields::of(rule, RBAC, &"a rule", faults);
    let mut needed = |key: &'static str, help: &str| {
        if rule.count(key) == 0 {
            fields.add(key, format_args!("there are no {key}")).help(help);
        }
    };
    needed("verbs", "write what may be done: `verbs: [get, list]`");
    if rule.count("nonResourceURLs") == 0 {
        needed("apiGroups", "write `apiGroups: [\"\"]` for Pods, Services, ConfigMaps and Secrets");
        needed("resources", "write the plural in lower case: `resources: [pods]`");
        return;
    }
    if is_namespaced {
        let fault = fields.add("nonResourceURLs", "a Role cannot have nonResourceURLs");
        fault.help("write a ClusterRole");
    }
    if ["apiGroups", "resources", "resourceNames"].iter().any(|key| rule.count(key) > 0) {
        fields.add("nonResourceURLs", "nonResourceURLs do not go with resources").help("write two rules");
    }
}

/// A `RoleBinding`, or a `ClusterRoleBinding` if it is not namespaced.
pub(super) fn binding(object: Spot<'_, '_>, is_namespaced: bool, faults: &mut Faults) {
    for subject in object.items("subjects") {
        self::subject(subject, is_namespaced, faults);
    }
    let Some(role) = object.get("roleRef") else {
        faults.add(RBAC, object.path_to("roleRef"), "the binding has no roleRef");
        return;
    };
    let mut fields = Fields::of(role, RBAC, &"roleRef", faults);
    // An empty one means this one.
    fields.one_of("apiGroup", &[GROUP]);
    fields.one_of_set("kind", if is_namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] });
    fields.required("kind");
    fields.required_match("name", path_segment);
}

fn subject(subject: Spot<'_, '_>, is_namespaced: bool, faults: &mut Faults) {
    let mut fields = Fields::of(subject, RBAC, &"a subject", faults);
    fields.required("name");
    match subject.text_or_empty("kind") {
        "ServiceAccount" => {
            fields.matches("name", dns_subdomain);
            if !subject.text_or_empty("apiGroup").is_empty() {
                fields.add("apiGroup", "a ServiceAccount has no apiGroup").help("remove apiGroup");
            }
            if !is_namespaced {
                fields.required("namespace");
            }
        }
        "User" | "Group" => fields.one_of("apiGroup", &[GROUP]),
        "" => {
            fields.required("kind");
        }
        _ => fields.one_of("kind", &["ServiceAccount", "User", "Group"]),
    }
}
