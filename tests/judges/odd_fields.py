"""Which odd values belong to which kind: the tables of the `odd_` files joined."""

import odd_networks as networks
import odd_others as others
import odd_workloads as workloads
from odd_pods import POD
from odd_values import COMMON

BY_KIND = {
    "Deployment": workloads.DEPLOYMENT,
    "StatefulSet": workloads.STATEFUL_SET,
    "DaemonSet": workloads.DAEMON_SET,
    "Job": workloads.JOB_ITSELF,
    "CronJob": workloads.CRON_JOB,
    "Pod": {},
    "Service": networks.SERVICE,
    "Ingress": networks.INGRESS,
    "HTTPRoute": networks.HTTP_ROUTE,
    "ConfigMap": others.CONFIG_MAP,
    "Secret": others.SECRET,
    "PersistentVolumeClaim": others.PERSISTENT_VOLUME_CLAIM,
    "NetworkPolicy": networks.NETWORK_POLICY,
    "ServiceAccount": others.SERVICE_ACCOUNT,
    "Role": others.ROLE,
    "RoleBinding": others.ROLE_BINDING,
    "HorizontalPodAutoscaler": others.HORIZONTAL_POD_AUTOSCALER,
    "PodDisruptionBudget": others.POD_DISRUPTION_BUDGET,
    "ResourceQuota": others.RESOURCE_QUOTA,
    "LimitRange": others.LIMIT_RANGE,
    "Namespace": others.NAMESPACE,
}
POD_OF = {
    "Deployment": "spec.template.spec",
    "StatefulSet": "spec.template.spec",
    "DaemonSet": "spec.template.spec",
    "Job": "spec.template.spec",
    "CronJob": "spec.jobTemplate.spec.template.spec",
    "Pod": "spec",
}


def fields_of(kind):
    """{place: values} of a kind."""
    pod = {f"{POD_OF[kind]}.{place}": values for place, values in POD.items()} if kind in POD_OF else {}
    return {**COMMON, **BY_KIND[kind], **pod}
