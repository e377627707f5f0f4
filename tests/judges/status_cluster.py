"""`lmsgen status` with the real kubectl on a real API server: a token in memory, kinds that are not served, kinds that are
forbidden. There are no controllers: what they would say is written into the objects here.
"""

import json
import os
from pathlib import Path

from control_plane import ControlPlane
from judge import LMSGEN, TOOLS, case, done, run, scratch

ENVIRONMENT = """\
namespace = "shop"
kubernetes = "1.35"
delivery = "kubectl"
secrets.recipients = ["age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6"]
cluster.url = "https://127.0.0.1:{port}"
cluster.token = {{ env = "SHOP_TOKEN" }}
cluster.certificate-authority = "ca.crt"
"""

SPEC = {"containers": [{"name": "app", "image": "registry.example/shop:1.4.2"}]}


def metadata(name):
    return {"name": name, "namespace": "shop", "labels": {"app.kubernetes.io/managed-by": "lmsgen"}}


DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": metadata("app-c1"),
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "c1"}},
        "template": {"metadata": {"labels": {"app": "c1"}}, "spec": SPEC},
    },
}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("config-c1"), "data": {"A": "1"}}
ROUTE = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata("app-c1"), "spec": {}}
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": metadata("setup-c1-0a1b2c3d"),
    "spec": {"template": {"spec": SPEC | {"restartPolicy": "Never"}}},
}


def fleet(root, cluster):
    files = {
        "lmsgen.toml": 'stack = "shop"\n',
        "environments/prod.toml": ENVIRONMENT.format(port=cluster.port),
        "clients/C1.toml": 'name = "One"\n[environments.prod]\n',
        "templates/shop/stack.toml": 'phases = ["provision", "app"]\n',
        "templates/shop/app/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-{{ client.slug }}\n"
        "  namespace: {{ environment.namespace }}\n",
        "ca.crt": (cluster.folder / "certificates" / "apiserver.crt").read_text(),
    }
    for phase, item in [("provision", JOB), ("app", CONFIG), ("app", DEPLOYMENT), ("app", ROUTE)]:
        name = f"{item['kind'].lower()}-{item['metadata']['name']}"
        files[f"rendered/prod/C1/{phase}/{name}.yaml"] = json.dumps(item)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    run("git", "init", "-q", root)
    run("git", "add", "-A", cwd=root)
    run("git", *who, "commit", "-q", "-m", "state", cwd=root)


class Program:
    """`lmsgen status` as somebody with a token runs it."""

    def __init__(self, root, home):
        self.root, self.home = root, home

    def __call__(self, token, *options, expect=0):
        path = f"{TOOLS}:{os.environ['PATH']}"
        env = {"PATH": path, "HOME": str(self.home), "SHOP_TOKEN": token, "KUBECONFIG": "/nowhere"}
        return run(LMSGEN, "status", *options, cwd=self.root, env=env, expect=expect)

    def part(self, token):
        (environment,) = json.loads(self(token, "-o", "json"))["environments"]
        return next(one for one in environment["parts"] if one["client"] == "C1"), environment["unseen"]


def put_status(cluster, path, status):
    item = cluster.get(path)
    item["status"] = status
    code, text, _ = cluster.request("PUT", f"{path}/status", json.dumps(item).encode())
    assert code == 200, text


def reader(cluster):
    """The token of a service account that may read Deployments and Jobs, and nothing else."""
    rule = {"apiGroups": ["apps", "batch"], "resources": ["deployments", "jobs", "replicasets"], "verbs": ["list"]}
    rbac = "rbac.authorization.k8s.io"
    for item in [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata("reader")},
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata("reader"), "rules": [rule]},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": metadata("reader"),
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "reader"},
            "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": "shop"}],
        },
    ]:
        accepted, message, _ = cluster.create(item, dry_run=False)
        assert accepted, message
    body = json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}).encode()
    code, text, _ = cluster.request("POST", "/api/v1/namespaces/shop/serviceaccounts/reader/token", body)
    assert code == 201, text
    return json.loads(text)["status"]["token"]


def judged(cluster, folder):
    root, home = folder / "fleet", folder / "home"
    root.mkdir()
    home.mkdir()
    fleet(root, cluster)
    status = Program(root, home)
    with case("nothing is applied yet, and a kind that is not served stops nothing"):
        part, unseen = status.part(cluster.token)
        assert (part["state"], part["troubles"][0]["reason"]) == ("progressing", "Missing"), part
        assert unseen == ["HTTPRoute"], unseen
    for item in (DEPLOYMENT, CONFIG, JOB):
        accepted, message, _ = cluster.create(item, dry_run=False)
        assert accepted, message
    apps = "/apis/apps/v1/namespaces/shop/deployments/app-c1"
    with case("what was applied a moment ago is on its way"):
        part, _ = status.part(cluster.token)
        assert part["state"] == "progressing" and part["troubles"][0]["kind"] == "Job", part
    now = "2026-01-02T03:04:05Z"
    done_at = {"startTime": now, "completionTime": now, "succeeded": 1}
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in ("SuccessCriteriaMet", "Complete")]
    put_status(cluster, "/apis/batch/v1/namespaces/shop/jobs/setup-c1-0a1b2c3d", done_at | {"conditions": conditions})
    counts = dict.fromkeys(["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"], 1)
    available = {"type": "Available", "status": "True", "lastTransitionTime": now}
    put_status(cluster, apps, counts | {"observedGeneration": 1, "conditions": [available]})
    with case("ready, also for --wait"):
        assert "1 ready" in status(cluster.token, "--wait", "--timeout", "10s")
    limited = reader(cluster)
    with case("kinds that are forbidden are left out, and said so"):
        part, unseen = status.part(limited)
        assert part["state"] == "ready" and unseen == ["ConfigMap", "HTTPRoute"], (part, unseen)
    item = cluster.get(apps)
    item["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/shop:1.4.1"
    code, text, _ = cluster.request("PUT", apps, json.dumps(item).encode())
    with case("another image is out of date"):
        assert code == 200, text
        part, _ = status.part(limited)
        assert part["troubles"][0]["message"] == "runs 1.4.1, committed 1.4.2", part
    with case("a wrong token ends with 6"):
        status("wrong", expect=6)
    with case("a certificate that nobody vouches for ends with 6"):
        (root / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
        status(cluster.token, expect=6)
    with case("no token is left on disk"):
        files = [path for path in home.rglob("*") if path.is_file()]
        assert files, "kubectl keeps what it discovers"
        assert not any(token.encode() in path.read_bytes() for path in files for token in (cluster.token, limited))


def main():
    with scratch() as folder, ControlPlane(without="ServiceAccount") as cluster:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
        accepted, message, _ = cluster.create(namespace, dry_run=False)
        assert accepted, message
        judged(cluster, Path(folder))
    done(at_least=8)


main()
