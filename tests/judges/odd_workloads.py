"""Odd values for the fields of the kinds that make Pods, besides those of the Pod."""

# fmt: off
from odd_values import EXPRESSIONS, INT_OR_PERCENT, LABEL_KEYS, LABEL_VALUES, NAMES, QUANTITIES, SECONDS

CLAIM = {
    "accessModes": [
        None, [], ["ReadWriteOnce"], ["RWO"], ["ReadWriteOncePod", "ReadWriteOnce"], "ReadWriteOnce", [""],
        ["ReadWriteOnce", "ReadWriteOnce"],
    ],
    "resources": [
        None, {}, {"requests": {}}, {"limits": {"storage": "1Gi"}}, {"requests": {"cpu": "1"}},
        {"requests": {"storage": "2Gi"}, "limits": {"storage": "1Gi"}}, {"requests": {"storage": "1Gi", "cpu": "1"}},
    ],
    "resources.requests.storage": QUANTITIES,
    "storageClassName": [*NAMES, None],
    "volumeMode": ["Block", "block", "", None],
    "volumeName": ["", "A_b", None],
    "volumeAttributesClassName": ["", "A_b", "gold"],
    "dataSource": [
        {}, None, {"kind": "VolumeSnapshot", "name": "a"}, {"kind": "PersistentVolumeClaim", "name": "a"},
        {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot"},
        {"apiGroup": "A_b", "kind": "X", "name": "a"},
    ],
    "dataSourceRef": [
        {}, {"kind": "PersistentVolumeClaim", "name": "a"}, {"apiGroup": "x.example.com", "kind": "X", "name": "a"},
        {"kind": "X", "name": "a"}, {"kind": "PersistentVolumeClaim", "name": "a", "namespace": "b"},
    ],
    **{f"selector.{field}": values for field, values in EXPRESSIONS.items()},
}
LABELLED = {f"spec.selector.{field}": values for field, values in EXPRESSIONS.items()}
WORKLOAD = {
    **LABELLED,
    "spec.selector": [None, {}, {"app": "x"}, {"matchLabels": {"app": "other"}}, {"matchLabels": {}}],
    "spec.template.metadata": [
        None, {}, {"labels": {}}, {"labels": {"app": "other"}}, {"name": "A_b"}, {"namespace": "x"},
    ],
    "spec.template": [None, {}, {"spec": {}}],
    "spec.template.metadata.labels": [None, {}, {"app": "other"}],
    "spec.template.metadata.labels.*": LABEL_VALUES,
    "spec.template.metadata.labels.odd": LABEL_VALUES,
    "spec.template.metadata.labels.+": LABEL_KEYS,
    "spec.template.metadata.annotations": [None, {"a b": "x"}, {"a": 1}, {"a": ""}],
    "spec.minReadySeconds": SECONDS,
    "spec.revisionHistoryLimit": [0, -1, 1, "1", None],
    "spec.replicas": [0, -1, 1, 1000000, "1", 1.5, None, 2147483648],
}
JOB = {
    "backoffLimit": [0, -1, "1", None, 2147483647],
    "activeDeadlineSeconds": [0, -1, 1, None, "1"],
    "ttlSecondsAfterFinished": [0, -1, None, "1"],
    "parallelism": [0, -1, 1, 100001, None],
    "completions": [0, -1, 1, None, 100001, "1"],
    "completionMode": ["Indexed", "NonIndexed", "indexed", "", None],
    "suspend": [None, "true", True],
    "podReplacementPolicy": ["Failed", "TerminatingOrFailed", "failed"],
    "backoffLimitPerIndex": [0, 1, -1],
    "maxFailedIndexes": [0, 1, -1, 100001],
    "managedBy": ["", "a b", "example.com/a", "kubernetes.io/job-controller", "a"],
    "manualSelector": [True, False],
    "selector": [{}, {"matchLabels": {"app": "x"}}, None],
    "successPolicy": [
        {}, {"rules": []}, {"rules": [{}]}, {"rules": [{"succeededIndexes": "0-"}]},
        {"rules": [{"succeededIndexes": "0,2-3"}]}, {"rules": [{"succeededCount": 0}]},
        {"rules": [{"succeededCount": 1}]}, {"rules": [{"succeededIndexes": "3-1"}]},
        {"rules": [{"succeededIndexes": "0", "succeededCount": 2}]},
    ],
    "podFailurePolicy": [
        {}, {"rules": []}, {"rules": [{}]}, {"rules": [{"action": "FailJob"}]},
        {"rules": [{"action": "failjob", "onExitCodes": {"operator": "In", "values": [1]}}]},
        {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [0]}}]},
        {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": []}}]},
        {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [2, 1]}}]},
        {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1, 1]}}]},
        {
            "rules": [
                {"action": "Count", "onExitCodes": {"containerName": "unknown", "operator": "NotIn", "values": [0]}},
            ],
        }, {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "X Y"}]}]},
        {"rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}}]},
        {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]},
    ],
    "template": [None, {}],
    "template.metadata": [None, {}, {"labels": {"a b": "c"}}],
    "template.metadata.labels.*": LABEL_VALUES,
}
DEPLOYMENT = {
    **WORKLOAD,
    "spec.progressDeadlineSeconds": [*SECONDS, 5, 6],
    "spec.strategy": [
        None, {}, {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}},
        {"type": "Recreate", "rollingUpdate": None}, {"type": "rollingUpdate"}, {"type": "OnDelete"},
        {"rollingUpdate": {}}, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}},
        {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "0%", "maxUnavailable": "0%"}},
    ],
    "spec.strategy.rollingUpdate.maxSurge": INT_OR_PERCENT,
    "spec.strategy.rollingUpdate.maxUnavailable": INT_OR_PERCENT,
    "spec.paused": ["true", None],
}
STATEFUL_SET = {
    **WORKLOAD,
    "spec.serviceName": NAMES,
    "spec.podManagementPolicy": ["Parallel", "parallel", "", None],
    "spec.ordinals": [{}, {"start": -1}, {"start": 0}, None],
    "spec.persistentVolumeClaimRetentionPolicy": [{}, {"whenDeleted": "delete"}, {"whenScaled": "Delete"}, None],
    "spec.updateStrategy": [
        None, {}, {"type": "OnDelete", "rollingUpdate": {"partition": 1}}, {"type": "Recreate"},
        {"type": "RollingUpdate", "rollingUpdate": {"partition": -1}},
        {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}},
        {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}},
        {"rollingUpdate": {"partition": 0}},
    ],
    "spec.volumeClaimTemplates": [
        None, [], [{}], [{"metadata": {"name": "data"}}], [{"metadata": {"name": "data"}, "spec": {}}],
        [{"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}],
    ],
    "spec.volumeClaimTemplates.*.metadata.name": NAMES,
    **{
        f"spec.volumeClaimTemplates.*.spec.{field}": values
        for field, values in CLAIM.items()
        if "selector" not in field
    },
}
DAEMON_SET = {
    **WORKLOAD,
    "spec.updateStrategy": [
        None, {}, {"type": "OnDelete", "rollingUpdate": {"maxUnavailable": 1}}, {"type": "Recreate"},
        {"type": "RollingUpdate"}, {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}},
        {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}},
        {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
    ],
    "spec.updateStrategy.rollingUpdate.maxUnavailable": INT_OR_PERCENT,
    "spec.updateStrategy.rollingUpdate.maxSurge": INT_OR_PERCENT,
}
JOB_ITSELF = {f"spec.{field}": values for field, values in JOB.items()}
CRON = [
    "* * * * *", "* * * *", "* * * * * *", "@daily", "@every 1h", "@never", "60 * * * *", "* 24 * * *", "* * 0 * *",
    "* * * 13 *", "* * * * 7", "*/0 * * * *", "*/5 * * * *", "5-1 * * * *", "0 0 * JAN MON", "0 0 * jan-mar *",
    "0 0 31 2 *", "", " ", "0 0 ? * *", "0 0 L * *", "TZ=UTC 0 0 * * *", "CRON_TZ=UTC 0 0 * * *", "1,2,3 * * * *",
    "1, 2 * * * *", "0  0 * * *", " 0 0 * * *", "H * * * *", "*/70 * * * *", None, 5, "@reboot", "@Daily",
]
CRON_JOB = {
    "spec.schedule": CRON,
    "spec.timeZone": [
        "UTC", "Local", "", "Mars/Base", "europe/moscow", "Europe/Moscow ", "+03:00", None, "Etc/GMT+3",
    ],
    "spec.concurrencyPolicy": ["Allow", "allow", "Never", "", None],
    "spec.startingDeadlineSeconds": [0, -1, 5, None, "1"],
    "spec.successfulJobsHistoryLimit": [0, -1, None, "1"],
    "spec.failedJobsHistoryLimit": [0, -1, None],
    "spec.suspend": ["no", None],
    "spec.jobTemplate": [None, {}, {"spec": {}}],
    "spec.jobTemplate.metadata": [None, {"labels": {"a b": "c"}}, {"name": "x"}],
    **{f"spec.jobTemplate.spec.{field}": values for field, values in JOB.items()},
}
