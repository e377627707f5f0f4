"""Argo CD's controllers beside a cluster: redis, repo-server, application-controller and applicationset-controller, from one program.

Must not know what it deploys. Its SOPS operator cannot be had; `StandIns` says in its place that each `SopsSecret` is healthy. It plays
the ingress controller, too: Argo CD waits until an Ingress has an address.
"""

import contextlib
import json
import threading
import time

import yaml
from cluster import Cluster
from control_plane import definitions
from judge import ROOT, TOOLS
from ports import free_ports

NAMESPACE = "argocd"
SOPS_SECRETS = "sopssecrets.isindir.github.com"
CONFIG_MAPS = ("argocd-cm", "argocd-rbac-cm", "argocd-cmd-params-cm", "argocd-ssh-known-hosts-cm", "argocd-tls-certs-cm")
OFTEN = "5s"  # instead of three minutes: nobody calls a webhook here


class ArgoCluster(Cluster):
    """A cluster that Argo CD delivers into."""

    def __init__(self):
        super().__init__(flux=False)

    def start(self):
        super().start()
        self.install([*definitions("argocd-crds"), sops_secret_definition()])
        self.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}])
        labels = {"app.kubernetes.io/part-of": "argocd"}
        settings = [self.settings("ConfigMap", name, labels) for name in CONFIG_MAPS]
        self.apply([*settings, self.settings("Secret", "argocd-secret", labels) | {"stringData": {"server.secretkey": "made up"}}])
        redis, repo, *ports = free_ports(8)
        self.program("redis-server", "redis-server", "--port", redis, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        for name in ("tls", "ssh", "gnupg"):
            (self.folder / name).mkdir(mode=0o700)
        redis_address, repo_address = f"127.0.0.1:{redis}", f"127.0.0.1:{repo}"
        self.controller("repo-server", "--address=127.0.0.1", "--metrics-address=127.0.0.1", "--port", repo, "--metrics-port", ports[0],
                        "--disable-tls", f"--redis={redis_address}")
        self.controller("application-controller", f"--kubeconfig={self.kubeconfig}", f"--namespace={NAMESPACE}", "--metrics-port", ports[1],
                        f"--redis={redis_address}", f"--repo-server={repo_address}", "--repo-server-plaintext", "--app-resync-jitter=0")
        self.controller("applicationset-controller", f"--kubeconfig={self.kubeconfig}", f"--namespace={NAMESPACE}",
                        f"--argocd-repo-server={repo_address}", "--repo-server-plaintext", f"--metrics-addr=127.0.0.1:{ports[2]}",
                        f"--probe-addr=127.0.0.1:{ports[3]}", f"--webhook-addr=127.0.0.1:{ports[4]}")

    @staticmethod
    def settings(kind, name, labels):
        return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels}}

    def controller(self, role, *arguments):
        env = {
            "ARGOCD_BINARY_NAME": f"argocd-{role}",
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_TLS_DATA_PATH": str(self.folder / "tls"),
            "ARGOCD_SSH_DATA_PATH": str(self.folder / "ssh"),
            "ARGOCD_GNUPGHOME": str(self.folder / "gnupg"),
            "ARGOCD_RECONCILIATION_TIMEOUT": OFTEN,
            "ARGOCD_APPLICATIONSET_CONTROLLER_REQUEUE_AFTER": OFTEN,
            "KUBECONFIG": str(self.kubeconfig),
        }
        self.program(f"argocd-{role}", TOOLS / "argocd", *arguments, "--loglevel=warn", env=env)


class StandIns:
    """Gives SopsSecrets and Ingresses the status that their controllers would, and remembers when a SopsSecret got it."""

    def __init__(self, cluster):
        self.cluster, self.healthy, self.ending = cluster, {}, threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    def work(self):
        while not self.ending.wait(1):
            # A request that fails while others end the cluster is tried again, or not.
            with contextlib.suppress(Exception):
                self.once()

    def once(self):
        for namespace, name, status in self.items("/apis/isindir.github.com/v1alpha3/sopssecrets"):
            if not status:
                self.healthy[(namespace, name)] = time.time()
                self.cluster.patch_status(SOPS_SECRETS, namespace, name, {"message": "Healthy"})
        for namespace, name, status in self.items("/apis/networking.k8s.io/v1/ingresses"):
            if not status.get("loadBalancer"):
                self.cluster.patch_status("ingresses", namespace, name, {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}})

    def items(self, path):
        """(namespace, name, status) of each object."""
        for item in self.cluster.get(path)["items"]:
            yield item["metadata"]["namespace"], item["metadata"]["name"], item.get("status", {})


def sops_secret_definition():
    """The CRD of which lmsgen carries the schema, with what a cluster needs besides."""
    definition = yaml.safe_load((ROOT / "tools" / "schemas" / "sopssecret.yaml").read_text(encoding="utf-8"))
    spec = definition["spec"]
    spec["names"] |= {"plural": "sopssecrets", "singular": "sopssecret", "listKind": "SopsSecretList"}
    newest = next(one for one in spec["versions"] if one["name"] == "v1alpha3")
    schema = json.loads(json.dumps(newest["schema"]))
    schema["openAPIV3Schema"]["properties"]["sops"]["type"] = "object"
    schema["openAPIV3Schema"]["properties"]["status"]["type"] = "object"
    spec["versions"] = [newest | {"schema": schema, "storage": True, "subresources": {"status": {}}}]
    return definition
