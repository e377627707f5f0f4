"""Odd values for the fields of the other kinds."""

# fmt: off
from odd_values import INT_OR_PERCENT, QUANTITIES, RESOURCE_NAMES
from odd_workloads import CLAIM, LABELLED

REFERENCE = [
    {}, {"name": "a"}, {"kind": "Deployment"}, {"kind": "Deployment", "name": "a"},
    {"apiVersion": "apps/v1", "kind": "a/b", "name": "a"}, {"apiVersion": "a/b/c", "kind": "Deployment", "name": "a"},
    {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a%b"}, None,
]
TARGETS = [
    {}, {"type": "Utilization"}, {"type": "Utilization", "averageUtilization": 0},
    {"type": "Utilization", "averageUtilization": 500}, {"type": "AverageValue", "averageValue": "0"},
    {"type": "AverageValue", "averageValue": "-1"}, {"type": "Value", "value": "10"},
    {"type": "Value", "averageValue": "10"}, {"type": "utilization", "averageUtilization": 50},
    {"averageUtilization": 50}, {"type": "AverageValue", "averageValue": "10m"},
    {"type": "Utilization", "averageUtilization": 50, "averageValue": "1"},
    {"type": "Utilization", "averageUtilization": "50"},
]
SCALING = {
    "stabilizationWindowSeconds": [0, -1, 3600, 3601, None, "1"],
    "selectPolicy": ["Max", "Min", "Disabled", "max", "", None],
    "policies": [
        None, [], [{}], [{"type": "Pods", "value": 1, "periodSeconds": 1800}],
        [{"type": "Pods", "value": 1, "periodSeconds": 1801}], [{"type": "Pods", "value": 0, "periodSeconds": 1}],
        [{"type": "percent", "value": 1, "periodSeconds": 1}],
        [{"type": "Percent", "value": 200, "periodSeconds": 60}], [{"type": "Pods", "value": 1}],
    ],
    "tolerance": ["0.1", "-0.1", 0],
}
LIMIT = [
    {}, None, {"cpu": "1"}, {"cpu": "-1"}, {"gpu": "1"}, {"example.com/gpu": "1"}, {"memory": "1x"},
    {"memory": "512Mi"}, {"storage": "1Gi"}, {"memory": "999Gi"}, {"cpu": "1m"}, {"cpu": 1},
]
CONFIG_MAP = {
    "data": [
        None, {}, [], {"a": 1}, {"a": True}, {"a": None}, {"a": ""}, {"a": {"b": "c"}}, {"big": "x" * 1048577},
        {"big": "x" * 1048573}, {"": "a"}, "text", {"k" * 253: "a"}, {"k" * 254: "a"},
    ],
    "data.+": ["a b", "a/b", ".", "..", "..a", ".a", "é", "A_b.c-1", "-a", "a:b", "$a"],
    "data.odd": [1, 1.5, True, None, ["a"], "\t", "é🎓", "a\r\nb", "null", "{}", "\x07"],
    "binaryData": [
        None, {}, {"a": "not base64!"}, {"a": "YQ=="}, {"a": "YQ"}, {"a": ""}, {"a": "Y Q=="}, {"a": 1},
        {"a": "YQ==\n"}, {"a": "_-8="}, {"a": None},
    ],
    "immutable": ["true", None, True, 1],
    "stringData": [{"a": "b"}],
    "spec": [{}],
}
SECRET = {
    "type": [
        "", None, "Opaque", "opaque", "kubernetes.io/tls", "kubernetes.io/dockerconfigjson",
        "kubernetes.io/basic-auth", "kubernetes.io/ssh-auth", "kubernetes.io/service-account-token",
        "bootstrap.kubernetes.io/token", "example.com/own", "kubernetes.io/dockercfg", "any thing", 1,
    ],
    "data": [
        None, {}, {"a": "not base64!"}, {"a": "YQ=="}, {"a": "YQ"}, {"a": ""}, {"a": "Y Q=="}, {"a": 1},
        {"a": "YQ==\n"}, {"a": "YQ==YQ=="}, {"a": "_-8="}, {"a": None}, {"a b": "YQ=="}, {"tls.crt": "YQ=="},
        {".dockerconfigjson": "e30="}, {".dockerconfigjson": "ew=="}, {"big": "QUFB" * 349526},
    ],
    "stringData": [
        None, {}, {"a": 1}, {"a": None}, {"a": True}, {"a": ""}, {"a b": "x"}, {"..": "x"},
        {"big": "x" * 1048577}, {"a": "é"}, {".dockerconfigjson": "{"}, {".dockerconfigjson": "[]"},
        {"k" * 254: "x"},
    ],
    "immutable": ["yes", None],
    "metadata.annotations.kubernetes[.]io/service-account[.]name": ["", "a", None],
}
PERSISTENT_VOLUME_CLAIM = {**{f"spec.{field}": values for field, values in CLAIM.items()}, "spec": [None, {}]}
SERVICE_ACCOUNT = {
    "automountServiceAccountToken": ["false", None, True, 0],
    "imagePullSecrets": [
        None, [], [{}], [{"name": ""}], [{"name": "Upper_"}], ["token"], [{"name": "a"}, {"name": "a"}],
    ],
    "secrets": [None, [], [{}], ["a"], [{"name": "Upper"}], [{"name": "a"}, {"name": "a"}]],
    "spec": [{}],
}
ROLE = {
    "rules": [
        None, [], [{}], [{"verbs": []}], [{"verbs": ["get"]}], [{"verbs": ["get"], "resources": ["pods"]}],
        [{"verbs": ["get"], "apiGroups": [""]}], [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}],
        [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}], {"verbs": ["get"]},
    ],
    "rules.*.verbs": [None, [], [""], ["GET"], ["any"], "get", ["get", "get"]],
    "rules.*.resources": [None, [], [""], ["Pods"], ["pods/*"], "pods", ["no such"]],
    "rules.*.apiGroups": [None, [], [""], ["apps/v1"], "apps", ["v1"]],
    "rules.*.resourceNames": [None, [], [""], ["Any Name"], "a"],
    "rules.*.nonResourceURLs": [["/a"], []],
    "aggregationRule": [{}],
}
ROLE_BINDING = {
    "roleRef": [
        None, {}, {"kind": "Role", "name": "a"}, {"apiGroup": "rbac.authorization.k8s.io", "name": "a"},
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role"}, {"apiGroup": "", "kind": "Role", "name": "a"},
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "role", "name": "a"},
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "a"},
        {"apiGroup": "rbac.authorization.k8s.io/v1", "kind": "Role", "name": "a"},
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a/b"},
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a%b"},
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "A b:c"},
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ".."},
    ],
    "subjects": [
        None, [], [{}], [{"kind": "ServiceAccount", "name": "a"}],
        [{"kind": "ServiceAccount", "name": "A_b", "namespace": "x"}],
        [{"kind": "ServiceAccount", "name": "a", "namespace": "x", "apiGroup": "rbac.authorization.k8s.io"}],
        [{"kind": "User", "name": ""}], [{"kind": "User", "name": "a", "namespace": "x"}],
        [{"kind": "user", "name": "a"}], [{"kind": "Group", "name": "a", "apiGroup": "v1"}],
        [{"kind": "Pod", "name": "a"}], [{"kind": "User", "name": "a"}, {"kind": "User", "name": "a"}],
        [{"name": "a"}],
    ],
    "subjects.*.apiGroup": ["", None, "apps"],
    "subjects.*.namespace": ["", "A_b", None],
}
HORIZONTAL_POD_AUTOSCALER = {
    "spec.minReplicas": [0, -1, 1, 100, None, "1"],
    "spec.maxReplicas": [0, -1, 1, 2, "5", None, 1.5],
    "spec.scaleTargetRef": REFERENCE,
    "spec.metrics": [
        None, [], [{}], [{"type": "Resource"}],
        [
            {
                "type": "resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 1}},
            },
        ],
        [
            {
                "type": "Pods",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 1}},
            },
        ], [{"resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 1}}}],
        [{"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 80}}],
        [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 1}}}]
        * 2,
    ],
    **{
        f"spec.metrics.*.{source}.target": TARGETS
        for source in ("resource", "pods", "object", "external", "containerResource")
    },
    "spec.metrics.*.resource.name": ["", "gpu", "CPU", None],
    "spec.metrics.*.object.describedObject": REFERENCE,
    "spec.metrics.*.pods.metric": [
        None, {}, {"name": ""}, {"name": "a/b"}, {"name": "A b"},
        {"name": "a", "selector": {"matchLabels": {"a b": "c"}}},
    ],
    "spec.metrics.*.external.metric": [{}, {"name": "a/b"}, {"name": "a%b"}, {"name": "a.b:c"}],
    "spec.metrics.*.containerResource.container": ["", "Upper", None],
    "spec.behavior": [None, {}, {"scaleUp": {}}, {"scaleDown": None}],
    **{f"spec.behavior.{way}.{field}": values for way in ("scaleUp", "scaleDown") for field, values in SCALING.items()},
    "spec.targetCPUUtilizationPercentage": [80],
}
POD_DISRUPTION_BUDGET = {
    "spec.minAvailable": INT_OR_PERCENT,
    "spec.maxUnavailable": INT_OR_PERCENT,
    **LABELLED,
    "spec.selector": [None, {}, {"app": "x"}],
    "spec.unhealthyPodEvictionPolicy": ["AlwaysAllow", "IfHealthyBudget", "alwaysallow", "", None],
    "spec": [None, {}],
}
RESOURCE_QUOTA = {
    "spec.hard": [None, {}, {"pods": "1.5"}, {"pods": 5}, {"pods": "-1"}, [], {"cpu": "1.5"}],
    "spec.hard.+": [
        *RESOURCE_NAMES, "pods", "secrets", "services.loadbalancers", "count/jobs.batch", "count/x", "count/",
        "gold.storageclass.storage.k8s.io/requests.storage", "limits.gpu", "configmaps", "deployments.apps",
        "requests.ephemeral-storage",
    ],
    "spec.hard.pods": ["1", "-1", "1.5", 0],
    "spec.hard.requests[.]cpu": ["0.5", "1e3m", -1],
    "spec.hard.*": QUANTITIES,
    "spec.scopes": [
        None, [], ["Terminating"], ["Terminating", "NotTerminating"], ["BestEffort", "NotBestEffort"],
        ["terminating"], ["BestEffort", "BestEffort"], ["PriorityClass"], ["CrossNamespacePodAffinity"],
        ["BestEffort"], "BestEffort", [""], ["NotBestEffort"], ["Unknown"],
    ],
    "spec.scopeSelector": [
        None, {}, {"matchExpressions": []}, {"matchExpressions": [{}]},
        {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]},
        {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists"}]},
        {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists", "values": ["a"]}]},
        {"matchExpressions": [{"scopeName": "BestEffort", "operator": "In", "values": ["a"]}]},
        {"matchExpressions": [{"scopeName": "BestEffort", "operator": "Exists"}]},
        {"matchExpressions": [{"scopeName": "X", "operator": "Exists"}]},
        {"matchExpressions": [{"scopeName": "Terminating", "operator": "DoesNotExist"}]},
        {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "in", "values": ["a"]}]},
        {"matchExpressions": [{"scopeName": "VolumeAttributesClass", "operator": "In", "values": ["a"]}]},
    ],
}
LIMIT_RANGE = {
    "spec.limits": [
        None, [], [{}], [{"type": "Container"}], [{"type": "Container"}, {"type": "Container"}],
        [{"type": "container"}], [{"max": {"cpu": "1"}}],
        [{"type": "PersistentVolumeClaim", "max": {"cpu": "1"}}],
        [{"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}], [{"type": "PersistentVolumeClaim"}],
        [{"type": "Pod", "default": {"cpu": "1"}}], [{"type": "Pod", "defaultRequest": {"cpu": "1"}}],
        [{"type": "example.com/Thing", "max": {"cpu": "1"}}], [{"type": "Thing", "max": {"cpu": "1"}}],
    ],
    "spec.limits.*.type": ["Pod", "Container", "PersistentVolumeClaim", "pod", "", None, "example.com/X"],
    "spec.limits.*.min": LIMIT,
    "spec.limits.*.max": LIMIT,
    "spec.limits.*.default": LIMIT,
    "spec.limits.*.defaultRequest": LIMIT,
    "spec.limits.*.maxLimitRequestRatio": [*LIMIT, {"cpu": "0.5"}, {"cpu": "1"}, {"memory": "100"}],
    "spec.limits.*.*.cpu": QUANTITIES,
    "spec.limits.*.*.memory": QUANTITIES,
    "spec.limits.*.*.storage": QUANTITIES,
}
NAMESPACE = {
    "spec": [
        None, {}, {"finalizers": None}, {"finalizers": []}, {"finalizers": ["kubernetes"]},
        {"finalizers": ["example.com/a"]}, {"finalizers": ["a"]}, {"finalizers": ["a b/c"]}, {"phase": "Active"},
    ],
    "status": [{"phase": "Active"}, {}, {"phase": "X"}],
    "metadata.labels.pod-security[.]kubernetes[.]io/enforce": ["privileged", "Restricted", "none", ""],
    "metadata.labels.pod-security[.]kubernetes[.]io/enforce-version": ["latest", "v1.99", "1.35", "v1"],
    "metadata.labels.kubernetes[.]io/metadata[.]name": ["other", ""],
    "metadata.labels.name": ["x"],
}
