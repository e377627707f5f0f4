"""A cluster without containers, on loopback, for the time of a `with` block: the control plane, its controllers and scheduler, one
node that kwok plays, and Flux's kustomize-controller.

Must not know what is delivered to it. Pods run because kwok says so; Jobs complete the same way.
"""

import base64
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import yaml
from control_plane import ControlPlane, flux_definitions
from judge import TOOLS
from ports import free_ports

STAGES = TOOLS.parent / "kwok-stages"
LONGEST = 420  # seconds that anything may take on a loaded machine


class Cluster(ControlPlane):
    """`flux`: with Flux's CRDs and controller, which looks for dependencies every `dependency_seconds`. `failing`: what
    the Pods of some clients do instead of running, by slug and kind of owner: the status that kwok gives them."""

    def __init__(self, flux=True, failing=None, dependency_seconds=2):
        super().__init__()
        self.with_flux = flux
        self.dependency_seconds = dependency_seconds
        self.failing = failing or {}

    def stages(self):
        """kwok's own fast stages, and one before them for the Pods that fail."""
        stages = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(STAGES.glob("*.yaml"))]
        for (client, owner), status in self.failing.items():
            chosen = [
                {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"},
                {"key": ".status.podIP", "operator": "DoesNotExist"},
                {"key": '.metadata.labels["app.kubernetes.io/instance"]', "operator": "In", "values": [client]},
                {"key": ".metadata.ownerReferences.[].kind", "operator": "In", "values": [owner]},
            ]
            stages.append(
                {
                    "apiVersion": "kwok.x-k8s.io/v1alpha1",
                    "kind": "Stage",
                    "metadata": {"name": f"failing-{client}"},
                    "spec": {
                        "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
                        "selector": {"matchExpressions": chosen},
                        "weight": 1,  # kwok's own stages have none, so this one is taken
                        "next": {"statusTemplate": status},
                    },
                }
            )
        return stages

    def start(self):
        super().start()
        self.kubeconfig = self.folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(self.config()), encoding="utf-8")
        self.kubeconfig.chmod(0o600)
        manager, scheduler, kwok, metrics, health = free_ports(5)
        kubeconfig = f"--kubeconfig={self.kubeconfig}"
        self.process(
            "kube-controller-manager",
            kubeconfig,
            "--bind-address=127.0.0.1",
            f"--secure-port={manager}",
            "--controllers=*,-nodeipam",
            "--leader-elect=false",
            "--node-monitor-grace-period=10h",  # kwok's node sends no heartbeats
            "--use-service-account-credentials=false",
            f"--service-account-private-key-file={self.folder / 'service-accounts.key'}",
            "--concurrent-job-syncs=20",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
        )
        self.process(
            "kube-scheduler", kubeconfig, "--bind-address=127.0.0.1", f"--secure-port={scheduler}", "--leader-elect=false",
            "--kube-api-qps=500", "--kube-api-burst=1000",
        )
        stages = self.folder / "stages.yaml"
        stages.write_text("---\n".join(json.dumps(one) + "\n" for one in self.stages()), encoding="utf-8")
        self.process(
            "kwok", kubeconfig, "--manage-all-nodes=true", f"--server-address=127.0.0.1:{kwok}", f"--config={stages}"
        )
        self.apply([node()])
        if self.with_flux:
            self.install(flux_definitions())
            self.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}}])
            # As its documentation advises: it unpacks the whole source for each Kustomization.
            memory = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="lmsgen-flux-", dir=in_memory()))
            self.process(
                "kustomize-controller",
                "--watch-all-namespaces=true",
                "--events-addr=",
                f"--metrics-addr=127.0.0.1:{metrics}",
                f"--health-addr=127.0.0.1:{health}",
                "--concurrent=20",
                f"--requeue-dependency={self.dependency_seconds}s",
                "--kube-api-qps=500",
                "--kube-api-burst=1000",
                "--log-level=error",
                env={"RUNTIME_NAMESPACE": "flux-system", "KUBECONFIG": str(self.kubeconfig), "TMPDIR": memory},
            )

    def config(self):
        certificate = (self.folder / "certificates" / "apiserver.crt").read_bytes()
        server = {
            "server": f"https://127.0.0.1:{self.port}",
            "certificate-authority-data": base64.b64encode(certificate).decode(),
        }
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": server}],
            "users": [{"name": "judge", "user": {"token": self.token}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "judge"}}],
        }

    def apply(self, items):
        """Applies objects with the real kubectl."""
        text = "---\n".join(json.dumps(item) + "\n" for item in items)
        return self.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=judge", "-f", "-", stdin=text)

    def kubectl(self, *arguments, stdin="", expect=0):
        from judge import run

        return run(TOOLS / "kubectl", f"--kubeconfig={self.kubeconfig}", *arguments, stdin=stdin, expect=expect, timeout=LONGEST)

    def list(self, kind, namespace=None):
        """Objects by name."""
        where = ["-n", namespace] if namespace else ["-A"]
        items = json.loads(self.kubectl("get", kind, *where, "-o", "json"))["items"]
        return {item["metadata"]["name"]: item for item in items}

    def patch_status(self, kind, namespace, name, status):
        patch = json.dumps({"status": status})
        self.kubectl("patch", kind, "-n", namespace, name, "--subresource=status", "--type=merge", "-p", patch)

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def cost(self, name):
        """(CPU seconds, peak MB) of a process so far."""
        pid = self.processes[name].pid
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(") ", 1)[1].split()
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
        return seconds, peak // 1024


def in_memory():
    """Where files are kept in memory; a container may have little of that, or none."""
    place = Path("/dev/shm")
    return place if place.is_dir() and shutil.disk_usage(place).free > 2 << 30 else None


def node():
    capacity = {"cpu": "4000", "memory": "4000Gi", "pods": "20000"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": "kwok",
            "labels": {"rarus": "lms", "kubernetes.io/hostname": "kwok", "kubernetes.io/os": "linux", "type": "kwok"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "spec": {},
        "status": {"allocatable": capacity, "capacity": capacity},
    }


def condition(item, name):
    """(status, reason, message) of a condition."""
    for one in item.get("status", {}).get("conditions", []):
        if one["type"] == name:
            return one["status"], one.get("reason", ""), one.get("message", "")
    return "Unknown", "", ""


def until(what, check, longest=LONGEST):
    """Waits until `check` gives a value; what it raises last is the reason of a failure."""
    end = time.monotonic() + longest
    while True:
        try:
            return check()
        except AssertionError as error:
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {longest} s: {error}") from error
        time.sleep(1)


def documents(text):
    return [item for item in yaml.safe_load_all(text) if item]
