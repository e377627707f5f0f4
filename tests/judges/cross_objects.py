"""The rendered objects fit each other and the cluster's rules: what no schema knows.

Must not look at templates: only at what is rendered. `[external]` of an environment says what else exists.
"""

import json
import re
import tomllib

from judge import ROOT, case, done, objects

LABEL = re.compile(r"^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$")
NAME = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
RESTRICTED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def walk(value):
    """Every scalar below a value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)
    else:
        yield value


def pods(items):
    """(object, pod template) of everything that makes Pods."""
    return [(item, item["spec"]["template"]) for item in items if item["kind"] in ("Deployment", "Job")]


def within(selector, labels):
    return bool(selector) and selector.items() <= labels.items()


class Environment:
    """All objects of one environment, by kind and name, and what exists outside the fleet."""

    def __init__(self, name):
        self.name = name
        self.items = [item for path, item in objects() if path.relative_to(ROOT / "rendered").parts[0] == name]
        self.file = tomllib.loads((ROOT / "environments" / f"{name}.toml").read_text(encoding="utf-8"))
        self.external = self.file.get("external", {})

    def get(self, kind, name):
        found = [item for item in self.items if (item["kind"], item["metadata"]["name"]) == (kind, name)]
        assert len(found) == 1, f"{len(found)} {kind} {name}"
        return found[0]

    def exists(self, kind, name, key=None):
        """The object, or the key in it, is in the fleet or declared as being outside."""
        outside = {"Secret": "secrets", "ConfigMap": "config-maps", "PersistentVolumeClaim": "persistent-volume-claims"}
        if kind in outside and name in self.external.get(outside[kind], []):
            return
        item = self.get(kind, name)
        if key is not None:
            assert key in item.get("data", {}) | item.get("stringData", {}), f"{kind} {name} has no {key}"


def names_and_labels(environment):
    for item in environment.items:
        metadata = item["metadata"]
        with case(f"{environment.name}: {item['kind']} {metadata['name']}: names, labels, namespace"):
            assert NAME.match(metadata["name"]), "name"
            cluster_wide = item["kind"] in ("Namespace", "PersistentVolume")
            assert metadata.get("namespace") == (None if cluster_wide else environment.file["namespace"]), "namespace"
            labelled = [metadata] + [template["metadata"] for _, template in pods([item])]
            for holder in labelled:
                for key, value in holder.get("labels", {}).items():
                    assert isinstance(value, str) and LABEL.match(value), f"label {key}"
                for key, value in holder.get("annotations", {}).items():
                    assert isinstance(value, str), f"annotation {key}"
            assert not any("${" in text for text in walk(item) if isinstance(text, str)), "Flux would replace ${…}"
            data = item.get("data", {})
            assert all(isinstance(value, str) for value in data.values()), "data that is not text"


def restricted(environment, item, template):
    """Pod Security level `restricted`, which the namespace enforces, and what every Pod here should have."""
    pod = template["spec"]
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True and context["runAsUser"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not any(pod.get(field) for field in ("hostNetwork", "hostPID", "hostIPC", "initContainers"))
    environment.exists("ServiceAccount", pod["serviceAccountName"])
    for volume in pod["volumes"]:
        assert set(volume) - {"name"} <= RESTRICTED_VOLUMES, f"volume {volume}"
    for container in pod["containers"]:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False and security["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["requests"] and container["resources"]["limits"]["memory"]
        tag = container["image"].split("/", 1)[1]
        assert ":" in tag and ":latest" not in tag, f"image {container['image']}"
        assert any(
            container["image"].startswith(f"{registry}/") for registry in environment.file["policy"]["registries"]
        )
        if "@sha256:" in tag:
            assert container["imagePullPolicy"] == "IfNotPresent"
        elif item["kind"] == "Deployment":
            assert container["imagePullPolicy"] == "Always", "a tag may come to mean another image"


def references(environment, template):
    """Everything a Pod names exists, and its parts name each other rightly."""
    pod = template["spec"]
    for secret in pod.get("imagePullSecrets", []):
        environment.exists("Secret", secret["name"])
    volumes = {volume["name"] for volume in pod["volumes"]}
    mounted = [mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]]
    assert len(volumes) == len(pod["volumes"]) and set(mounted) == volumes, "volumes and mounts"
    for volume in pod["volumes"]:
        for kind, field, name in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
            for entry in volume.get(field, {}).get("items", []):
                environment.exists(kind, volume[field][name], entry["key"])
        if "persistentVolumeClaim" in volume:
            environment.exists("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"])
        if "secret" in volume:
            assert volume["secret"]["defaultMode"] == 0o440
    for container in pod["containers"]:
        paths = [mount["mountPath"] for mount in container["volumeMounts"]]
        assert len(paths) == len(set(paths)), "two mounts at one path"
        known = set()
        for source in container.get("envFrom", []):
            name = source["configMapRef"]["name"]
            environment.exists("ConfigMap", name)
            known |= set(environment.get("ConfigMap", name)["data"])
        for variable in container["env"]:
            assert variable["name"] not in known, f"{variable['name']} is set twice"
            for used in re.findall(r"\$\(([^)]*)\)", variable.get("value", "")):
                assert used in known, f"$({used}) is not set above"
            if "valueFrom" in variable:
                reference = variable["valueFrom"]["secretKeyRef"]
                if not reference.get("optional"):
                    environment.exists("Secret", reference["name"], reference["key"])
            known.add(variable["name"])


def application(environment, deployment):
    """A client's Deployment, ConfigMap, Service, route and Jobs say the same."""
    spec = deployment["spec"]
    labels = spec["template"]["metadata"]["labels"]
    (container,) = spec["template"]["spec"]["containers"]
    assert within(spec["selector"]["matchLabels"], labels), "selector"
    strategy = spec["strategy"]
    assert strategy["type"] == "Recreate" or strategy["rollingUpdate"]["maxUnavailable"] == 0
    assert container["startupProbe"] and container["readinessProbe"]
    config = environment.get("ConfigMap", container["envFrom"][0]["configMapRef"]["name"])["data"]
    (port,) = container["ports"]
    assert config["LMS_SERVER_PORT"] == f":{port['containerPort']}"
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert config["LMS_KEYS_PRIVATE_KEY_PATH"] == f"{mounts['key']}/rsa_key"
    assert config["LMS_SERVER_STATIC"] == mounts["data"]
    assert len(config) == 22 and all(value and "password" not in key.lower() for key, value in config.items())
    others = [other for other in environment.items if other["kind"] == "Deployment" and other is not deployment]
    assert not any(
        within(spec["selector"]["matchLabels"], other["spec"]["template"]["metadata"]["labels"]) for other in others
    )

    services = [
        item for item in environment.items if item["kind"] == "Service" and within(item["spec"]["selector"], labels)
    ]
    assert len(services) == 1, f"{len(services)} Services select the Pods"
    (service_port,) = services[0]["spec"]["ports"]
    assert service_port["targetPort"] == port["name"]
    routes = [
        item
        for item in environment.items
        if item["kind"] in ("Ingress", "HTTPRoute") and service(item) == services[0]["metadata"]["name"]
    ]
    assert len(routes) == 1, f"{len(routes)} routes to the Service"
    route(environment, routes[0], service_port)

    env = {variable["name"]: variable.get("value") for variable in container["env"]}
    (slug,) = {labels["app.kubernetes.io/instance"]}
    job_env = {}
    for item in environment.items:
        if item["kind"] == "Job" and item["metadata"]["labels"]["app.kubernetes.io/instance"] == slug:
            (job,) = item["spec"]["template"]["spec"]["containers"]
            job_env |= {variable["name"]: variable.get("value") for variable in job["env"]}
            job_env |= dict(zip(job.get("args", [])[::2], job.get("args", [])[1::2]))
            assert "ttlSecondsAfterFinished" not in item["spec"]
    postgres = f"postgres://{job_env['LMS_DB_ROLE']}:$(LMS_PG_PASSWORD)@{job_env['PGHOST']}:{job_env['PGPORT']}/{job_env['LMS_DB_NAME']}?sslmode={job_env['PGSSLMODE']}"
    assert env["LMS_STORAGE_POSTGRES_DSN"].split("&")[0] == postgres, env["LMS_STORAGE_POSTGRES_DSN"]
    clickhouse = f"clickhouse://{job_env['LMS_CH_USER']}:$(LMS_CH_PASSWORD)@{job_env['--host']}:{job_env['--port']}/{job_env['LMS_CH_DATABASE']}"
    assert env["LMS_STORAGE_CLICKHOUSE_DSN"].split("?")[0] == clickhouse, env["LMS_STORAGE_CLICKHOUSE_DSN"]


def service(item):
    """The Service a route leads to."""
    rule = item["spec"]["rules"][0]
    if item["kind"] == "HTTPRoute":
        return rule["backendRefs"][0]["name"]
    return rule["http"]["paths"][0]["backend"]["service"]["name"]


def route(environment, item, service_port):
    """A route names a host the environment allows and a port the Service has."""
    spec = item["spec"]
    annotations = item["metadata"].get("annotations", {})
    if item["kind"] == "HTTPRoute":
        hosts = spec["hostnames"]
        assert spec["parentRefs"][0]["name"] == environment.file["gateway"]["name"]
        for rule in spec["rules"]:
            # The Gateway API refuses ReplacePrefixMatch in a rule with any other number of matches.
            assert [match["path"]["type"] for match in rule["matches"]] == ["PathPrefix"]
            assert [(ref["name"], ref["port"]) for ref in rule["backendRefs"]] == [
                (service(item), service_port["port"])
            ]
            for filter_ in rule["filters"]:
                feature = {"URLRewrite": "path-rewrite", "CORS": "cors"}[filter_["type"]]
                assert feature in environment.file["gateway"]["features"], f"the gateway does not have {feature}"
    else:
        (rule,) = spec["rules"]
        (path,) = rule["http"]["paths"]
        hosts = [rule["host"]]
        assert path["pathType"] == "ImplementationSpecific"
        assert annotations["nginx.ingress.kubernetes.io/use-regex"] == "true"
        assert (
            annotations["nginx.ingress.kubernetes.io/rewrite-target"] == "/$2" and re.compile(path["path"]).groups == 2
        )
        assert not any("snippet" in key for key in annotations)
        assert path["backend"]["service"]["port"] == {"name": service_port["name"]}
        assert spec["ingressClassName"] == environment.file["ingress"]["class"]
        for tls in spec["tls"]:
            environment.exists("Secret", tls["secretName"])
            assert set(hosts) <= set(tls["hosts"])
        if "nginx.ingress.kubernetes.io/enable-cors" in annotations:
            assert "*" not in annotations["nginx.ingress.kubernetes.io/cors-allow-origin"].split(", ")
    assert set(hosts) <= set(environment.file["policy"]["hosts"]), "a host the environment does not allow"


def whole(environment):
    with case(f"{environment.name}: the namespace enforces what the Pods keep to"):
        labels = environment.get("Namespace", environment.file["namespace"])["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    with case(f"{environment.name}: no two routes take one path of one host"):
        taken = []
        for item in environment.items:
            if item["kind"] == "HTTPRoute":
                values = {rule["matches"][0]["path"]["value"].lower() for rule in item["spec"]["rules"]}
                taken += [(item["spec"]["hostnames"][0], value) for value in values]
            elif item["kind"] == "Ingress":
                rule = item["spec"]["rules"][0]
                taken.append((rule["host"], rule["http"]["paths"][0]["path"].removesuffix("(/|$)(.*)").lower()))
        assert taken and len(taken) == len(set(taken)), taken
    with case(f"{environment.name}: every database port that a Job or a DSN names may be reached"):
        for component in ("app", "provision"):
            policy = environment.get("NetworkPolicy", f"lms-{component}")["spec"]
            reached = {str(port["port"]) for rule in policy["egress"] for port in rule["ports"]}
            used = set()
            for _, template in pods(environment.items):
                if within(policy["podSelector"]["matchLabels"], template["metadata"]["labels"]):
                    used |= set(
                        re.findall(r'(?:\)@[^:]+:|"--port", "|"PGPORT", "value": ")([0-9]+)', json.dumps(template))
                    )
            assert used and used <= reached, f"{component}: {used - reached or 'no ports at all'}"
    with case(f"{environment.name}: network policies deny, then let through by address or namespace"):
        policies = [item["spec"] for item in environment.items if item["kind"] == "NetworkPolicy"]
        assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in policies
        for policy in policies:
            for rule in policy.get("egress", []) + policy.get("ingress", []):
                assert rule.get("to") or rule.get("from"), "a rule for everybody"
                assert rule["ports"]


def main():
    names = sorted(path.name for path in (ROOT / "rendered").iterdir())
    for name in names:
        environment = Environment(name)
        names_and_labels(environment)
        for item, template in pods(environment.items):
            with case(f"{name}: {item['kind']} {item['metadata']['name']}: Pod Security and hygiene"):
                restricted(environment, item, template)
            with case(f"{name}: {item['kind']} {item['metadata']['name']}: references"):
                references(environment, template)
        for item in environment.items:
            if item["kind"] == "Deployment":
                with case(f"{name}: {item['metadata']['name']}: its objects fit each other"):
                    application(environment, item)
        whole(environment)
    done(at_least=60)


main()
