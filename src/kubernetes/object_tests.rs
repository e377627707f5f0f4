//! Bad and good objects of the smaller kinds: each bad one has exactly one fault, at its place.

use super::pod_tests::{found, indented, refuses, takes};

fn object(api: &str, kind: &str, text: &str) -> String {
    format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a}}\n{}", indented(text, 0))
}

#[test]
fn lms732_config_maps() {
    let map = |text: &str| object("v1", "ConfigMap", text);
    refuses(
        &[
            ("LMS732 data[a:b]", "data: {'a:b': c}"),
            ("LMS732 data[..]", "data: {'..': c}"),
            ("LMS732 data.a", "data: {a: b}\nbinaryData: {a: Yg==}"),
        ],
        map,
    );
    takes(&["data: {a.b_c-D: ''}", "binaryData: {a: Yg==}"], map);
    let half = "a".repeat(1 << 19);
    assert_eq!(found(&map(&format!("data: {{a: {half}, b: {half}}}")), 35), [""; 0]);
    assert_eq!(found(&map(&format!("data: {{a: {half}, b: {half}, c: d}}")), 35), ["LMS732 data"]);
}

#[test]
fn lms732_secrets() {
    let secret = |text: &str| object("v1", "Secret", text);
    refuses(
        &[
            ("LMS732 stringData[a b]", "stringData: {a b: c}"),
            ("LMS732 data[tls.key]", "type: kubernetes.io/tls\ndata: {tls.crt: Yg==}"),
            ("LMS732 data[ssh-privatekey]", "type: kubernetes.io/ssh-auth\nstringData: {ssh-privatekey: ''}"),
            ("LMS732 data[.dockerconfigjson]", "type: kubernetes.io/dockerconfigjson"),
            (
                "LMS732 stringData[.dockerconfigjson]",
                "type: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: '[]'}",
            ),
            ("LMS732 data[.dockercfg]", "type: kubernetes.io/dockercfg\ndata: {.dockercfg: Yg==}"),
            (
                "LMS732 metadata.annotations[kubernetes.io/service-account.name]",
                "type: kubernetes.io/service-account-token",
            ),
        ],
        secret,
    );
    let basic = secret("type: kubernetes.io/basic-auth\ndata: {user: YQ==}");
    assert_eq!(found(&basic, 35), ["LMS732 data.username", "LMS732 data.password"]);
    takes(
        &[
            "type: kubernetes.io/basic-auth\nstringData: {password: ''}",
            "type: kubernetes.io/tls\ndata: {tls.crt: Yg==}\nstringData: {tls.key: ''}",
            "type: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: \"eyJhdXRo\\ncyI6e319\"}",
            "type: kubernetes.io/dockercfg\nstringData: {.dockercfg: 'ENC[AES256_GCM,data:x]'}",
        ],
        secret,
    );
}

#[test]
fn a_secret_is_refused_without_its_values() {
    let text =
        object("v1", "Secret", "type: kubernetes.io/dockercfg\nstringData: {.dockercfg: hunter2, 'b c': hunter2}");
    let object = crate::manifest::parse_documents(&text).unwrap().remove(0);
    let mut faults = super::Faults::default();
    super::check(&object, super::Release(35), &mut faults);
    let said = format!("{:?}", faults.as_slice());
    assert_eq!(faults.as_slice().len(), 2, "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn lms733_claims() {
    let claim = |spec: &str| object("v1", "PersistentVolumeClaim", &format!("spec: {{{spec}}}"));
    let storage = "resources: {requests: {storage: 1Gi}}";
    for (spec, place) in [
        (storage.to_owned(), "accessModes"),
        ("accessModes: [ReadWriteOnce]".to_owned(), "resources.requests.storage"),
        ("accessModes: [ReadWriteOnce], resources: {requests: {storage: 0}}".to_owned(), "resources.requests.storage"),
        (format!("accessModes: [ReadWrite], {storage}"), "accessModes[0]"),
        (format!("accessModes: [ReadWriteOnce], storageClassName: a_b, {storage}"), "storageClassName"),
        (format!("accessModes: [ReadWriteOnce], volumeMode: File, {storage}"), "volumeMode"),
        (format!("accessModes: [ReadWriteOnce], dataSourceRef: {{kind: A, name: b}}, {storage}"), "dataSourceRef.kind"),
    ] {
        assert_eq!(found(&claim(&spec), 35), [format!("LMS733 spec.{place}")], "{spec}");
    }
    assert_eq!(found(&object("v1", "PersistentVolumeClaim", ""), 35), ["LMS733 spec"]);
    // A source of a kind that old clusters did not know is forgotten.
    let forgotten = format!("accessModes: [ReadWriteMany], dataSource: {{kind: A, name: b}}, {storage}");
    assert_eq!(found(&claim(&forgotten), 35), [""; 0]);
}

#[test]
fn lms735_roles() {
    let role = |text: &str| object("rbac.authorization.k8s.io/v1", "Role", text);
    refuses(
        &[
            ("LMS735 rules[0].verbs", "rules: [{apiGroups: [''], resources: [pods]}]"),
            ("LMS735 rules[0].apiGroups", "rules: [{verbs: [get], resources: [pods]}]"),
            ("LMS735 rules[0].resources", "rules: [{verbs: [get], apiGroups: ['']}]"),
            ("LMS735 rules[0].nonResourceURLs", "rules: [{verbs: [get], nonResourceURLs: [/healthz]}]"),
        ],
        role,
    );
    takes(&["rules: []", "rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]"], role);
    let binding = |text: &str| object("rbac.authorization.k8s.io/v1", "RoleBinding", text);
    refuses(
        &[
            ("LMS735 roleRef", "subjects: []"),
            ("LMS735 roleRef.kind", "roleRef: {kind: role, name: a}"),
            ("LMS735 roleRef.name", "roleRef: {kind: Role, name: a/b}"),
            ("LMS735 roleRef.apiGroup", "roleRef: {kind: Role, name: a, apiGroup: apps}"),
            ("LMS735 subjects[0].kind", "roleRef: {kind: Role, name: a}\nsubjects: [{kind: Robot, name: b}]"),
            ("LMS735 subjects[0].name", "roleRef: {kind: Role, name: a}\nsubjects: [{kind: ServiceAccount, name: B}]"),
            (
                "LMS735 subjects[0].apiGroup",
                "roleRef: {kind: Role, name: a}\nsubjects: [{kind: ServiceAccount, name: b, apiGroup: apps}]",
            ),
        ],
        binding,
    );
    takes(&["roleRef: {kind: Role, name: 'a:b'}\nsubjects: [{kind: User, name: 'X Y'}]"], binding);
    let everywhere = "roleRef: {kind: ClusterRole, name: a}\nsubjects: [{kind: ServiceAccount, name: b}]";
    assert_eq!(found(&binding(everywhere), 35), [""; 0]);
    let everywhere = object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", everywhere);
    assert_eq!(found(&everywhere, 35), ["LMS735 subjects[0].namespace"]);
}

/// An autoscaler of a Deployment that has `text` as well.
fn autoscaler(text: &str) -> String {
    let target = "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}";
    object("autoscaling/v2", "HorizontalPodAutoscaler", &format!("spec:\n  {target}\n{}", indented(text, 2)))
}

/// An autoscaler by the use of a resource, with `target`.
fn by_resource(target: &str) -> String {
    let metric = format!("{{type: Resource, resource: {{name: cpu, target: {{{target}}}}}}}");
    autoscaler(&format!("maxReplicas: 2\nmetrics: [{metric}]"))
}

#[test]
fn lms736_autoscalers() {
    let at = "spec.metrics[0].resource.target";
    for (target, place) in [
        ("type: Utilization", ".averageUtilization"),
        ("type: utilization, averageUtilization: 1", ".type"),
        ("type: Utilization, averageUtilization: 0", ".averageUtilization"),
        ("type: AverageValue, averageValue: 0", ".averageValue"),
        ("type: Utilization, averageUtilization: 1, averageValue: 1", ".averageValue"),
    ] {
        assert_eq!(found(&by_resource(target), 35), [format!("LMS736 {at}{place}")], "{target}");
    }
    assert_eq!(found(&by_resource("type: Utilization, averageUtilization: 80"), 35), [""; 0]);
    let v1 = |text: &str| autoscaler(text).replace("autoscaling/v2", "autoscaling/v1");
    takes(&["maxReplicas: 2\ntargetCPUUtilizationPercentage: 80"], v1);
    refuses(
        &[
            ("LMS736 spec.maxReplicas", "minReplicas: 3\nmaxReplicas: 2"),
            ("LMS736 spec.targetCPUUtilizationPercentage", "maxReplicas: 2\ntargetCPUUtilizationPercentage: 0"),
        ],
        v1,
    );
    refuses(
        &[
            ("LMS736 spec.maxReplicas", "minReplicas: 1"),
            ("LMS736 spec.maxReplicas", "minReplicas: 3\nmaxReplicas: 2"),
            ("LMS736 spec.minReplicas", "minReplicas: 0\nmaxReplicas: 2"),
            ("LMS736 spec.metrics[0].type", "maxReplicas: 2\nmetrics: [{type: Cpu}]"),
            ("LMS736 spec.metrics[0].pods", "maxReplicas: 2\nmetrics: [{type: Pods}]"),
            ("LMS736 spec.behavior.scaleUp.policies", "maxReplicas: 2\nbehavior: {scaleUp: {policies: []}}"),
            (
                "LMS736 spec.behavior.scaleUp.policies[0].periodSeconds",
                "maxReplicas: 2\nbehavior: {scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 1801}]}}",
            ),
            (
                "LMS736 spec.behavior.scaleDown.stabilizationWindowSeconds",
                "maxReplicas: 2\nbehavior: {scaleDown: {stabilizationWindowSeconds: 3601}}",
            ),
            ("LMS736 spec.behavior.scaleUp.selectPolicy", "maxReplicas: 2\nbehavior: {scaleUp: {selectPolicy: max}}"),
            ("LMS736 spec.behavior.scaleUp.tolerance", "maxReplicas: 2\nbehavior: {scaleUp: {tolerance: -0.1}}"),
        ],
        autoscaler,
    );
    takes(&["maxReplicas: 1", "maxReplicas: 2\nbehavior: {scaleDown: {selectPolicy: Disabled}}"], autoscaler);
    let core = autoscaler("maxReplicas: 1").replace("apiVersion: apps/v1", "apiVersion: v1");
    assert_eq!(found(&core, 35), ["LMS736 spec.scaleTargetRef.apiVersion"]);
    let none = "minReplicas: 0\nmaxReplicas: 2\nmetrics: [{type: External, external: {metric: {name: queue}, target: {type: Value, value: 1}}}]";
    assert_eq!(found(&autoscaler(none), 37), [""; 0]);
}

#[test]
fn lms737_disruption_budgets() {
    let budget = |spec: &str| object("policy/v1", "PodDisruptionBudget", &format!("spec: {{{spec}}}"));
    refuses(
        &[
            ("LMS737 spec.maxUnavailable", "minAvailable: 1, maxUnavailable: 1"),
            ("LMS737 spec.minAvailable", "minAvailable: '1'"),
            ("LMS737 spec.minAvailable", "minAvailable: 101%"),
            ("LMS737 spec.maxUnavailable", "maxUnavailable: -1"),
            ("LMS737 spec.unhealthyPodEvictionPolicy", "unhealthyPodEvictionPolicy: Always"),
            ("LMS737 spec.selector.matchLabels.a", "selector: {matchLabels: {a: b c}}"),
        ],
        budget,
    );
    takes(&["minAvailable: 100%, selector: {}", "maxUnavailable: 0"], budget);
}

#[test]
fn lms738_quotas() {
    let quota = |spec: &str| object("v1", "ResourceQuota", &format!("spec: {{{spec}}}"));
    refuses(
        &[
            ("LMS738 spec.hard.pod", "hard: {pod: 1}"),
            ("LMS738 spec.hard.storage", "hard: {storage: 1}"),
            ("LMS738 spec.hard.pods", "hard: {pods: -1}"),
            ("LMS738 spec.hard.pods", "hard: {pods: 1500m}"),
            ("LMS738 spec.hard[count/jobs.batch]", "hard: {count/jobs.batch: 1500m}"),
            ("LMS738 spec.scopes[0]", "scopes: [Ending]"),
            ("LMS738 spec.scopes[0]", "scopes: [BestEffort], hard: {requests.cpu: 1}"),
            ("LMS738 spec.scopes", "scopes: [Terminating, NotTerminating]"),
            (
                "LMS738 spec.scopeSelector.matchExpressions[0].values",
                "scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In}]}",
            ),
            (
                "LMS738 spec.scopeSelector.matchExpressions[0].operator",
                "scopeSelector: {matchExpressions: [{scopeName: BestEffort, operator: DoesNotExist}]}",
            ),
        ],
        quota,
    );
    takes(
        &[
            "hard: {requests.cpu: 500m, limits.memory: 1Gi, pods: 10, count/jobs.batch: 5, requests.a.b/gpu: 1}",
            "hard: {requests.hugepages-2Mi: 1, gold.storageclass.storage.k8s.io/requests.storage: 1}",
            "scopes: [BestEffort], hard: {pods: 1}",
        ],
        quota,
    );
}

#[test]
fn lms738_limit_ranges() {
    let range = |limit: &str| object("v1", "LimitRange", &format!("spec: {{limits: [{{{limit}}}]}}"));
    refuses(
        &[
            ("LMS738 spec.limits[0].type", "max: {cpu: 1}"),
            ("LMS738 spec.limits[0].type", "type: Job"),
            ("LMS738 spec.limits[0]", "type: PersistentVolumeClaim"),
            ("LMS738 spec.limits[0].max.gpu", "type: Container, max: {gpu: 1}"),
            ("LMS738 spec.limits[0].default", "type: Pod, default: {cpu: 1}"),
            ("LMS738 spec.limits[0].min.cpu", "type: Pod, min: {cpu: 2}, max: {cpu: 1}"),
            (
                "LMS738 spec.limits[0].defaultRequest.cpu",
                "type: Container, default: {cpu: 1}, defaultRequest: {cpu: 2}",
            ),
            ("LMS738 spec.limits[0].maxLimitRequestRatio.cpu", "type: Pod, maxLimitRequestRatio: {cpu: 0.5}"),
            (
                "LMS738 spec.limits[0].maxLimitRequestRatio.cpu",
                "type: Pod, min: {cpu: 1}, max: {cpu: 2}, maxLimitRequestRatio: {cpu: 3}",
            ),
        ],
        range,
    );
    takes(
        &[
            "type: Container, min: {cpu: 0}, max: {cpu: 2, a.b/gpu: 1}, default: {cpu: 1}",
            "type: PersistentVolumeClaim, max: {storage: 1Gi}",
            "type: Pod, min: {cpu: 1}, max: {cpu: 2}, maxLimitRequestRatio: {cpu: 2}",
        ],
        range,
    );
    let twice = object("v1", "LimitRange", "spec: {limits: [{type: Pod}, {type: Pod}]}");
    assert_eq!(found(&twice, 35), ["LMS738 spec.limits[1].type"]);
    let nameless = "apiVersion: v1\nkind: LimitRange\nspec: {limits: []}\n";
    assert_eq!(found(nameless, 35), [""; 0]);
}

#[test]
fn lms739_namespaces() {
    let namespace = |text: &str| object("v1", "Namespace", text);
    refuses(&[("LMS739 spec.finalizers[0]", "spec: {finalizers: [keep]}")], namespace);
    takes(&["spec: {finalizers: [kubernetes, a.b/c]}", "spec: {}"], namespace);
    let relabelled = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: b.c, labels: {kubernetes.io/metadata.name: b c}}\n";
    assert_eq!(found(relabelled, 35), [""; 0]);
}
