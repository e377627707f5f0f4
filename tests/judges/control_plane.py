"""A real etcd and kube-apiserver on loopback, for the time of a `with` block.

Must not know what it is asked to store: it starts, says which kinds it serves, takes objects, and ends what it started.
"""

import contextlib
import http.client
import json
import os
import secrets
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

import yaml
from judge import TOOLS, run
from ports import free_ports

START = 120  # seconds: two seconds when the machine is idle
# What these admit or change depends on what else is in a cluster; without them only validation decides.
ADMISSION_OF_A_CLUSTER = (
    "DefaultIngressClass,DefaultStorageClass,LimitRanger,NamespaceLifecycle,PodSecurity,Priority,ResourceQuota,"
    "RuntimeClass,ServiceAccount"
)


class ControlPlane:
    """`without` names admission plugins that are off."""

    def __init__(self, without=""):
        self.without = without
        self.stack = contextlib.ExitStack()
        self.local = threading.local()
        self.token = secrets.token_hex(16)
        self.processes = {}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    def start(self):
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="lmsgen-control-plane-")))
        client, peer, self.port = free_ports(3)
        store = f"http://127.0.0.1:{client}"
        between = f"http://127.0.0.1:{peer}"
        self.process(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls={store}",
            f"--advertise-client-urls={store}",
            f"--listen-peer-urls={between}",
            f"--initial-advertise-peer-urls={between}",
            f"--initial-cluster=default={between}",
        )
        key = self.folder / "service-accounts.key"
        run("openssl", "genrsa", "-out", key, "2048")
        tokens = self.folder / "tokens.csv"
        tokens.write_text(f"{self.token},judge,1,system:masters\n", encoding="utf-8")
        self.server = self.process(
            "kube-apiserver",
            f"--etcd-servers={store}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.folder / 'certificates'}",
            f"--token-auth-file={tokens}",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/12",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",  # as every installer sets it
            f"--disable-admission-plugins={self.without}",
        )
        self.wait()
        self.version = self.get("/version")["gitVersion"]
        self.discover()

    def process(self, name, *arguments, env=None):
        """Starts one of the installed programs."""
        return self.program(name, TOOLS / name, *arguments, env=env)

    def program(self, name, path, *arguments, env=None):
        """Starts a program; it is killed, by its id, at the end of the block: nothing it stored is wanted. `name` is that of its log."""
        log = self.stack.enter_context((self.folder / f"{name}.log").open("wb"))
        here = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TMPDIR": str(self.folder), **(env or {})}
        command = [path, *map(str, arguments)]
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=here)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        self.processes[name] = process
        return process

    def wait(self):
        until = time.monotonic() + START
        while time.monotonic() < until and self.server.poll() is None:
            with contextlib.suppress(OSError):
                if self.request("GET", "/readyz")[0] == 200:
                    return
            time.sleep(0.1)
        log = (self.folder / "kube-apiserver.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"kube-apiserver is not ready: {log[-2000:]}")

    def connection(self):
        """The connection of this thread."""
        if not hasattr(self.local, "connection"):
            trust = ssl.create_default_context(cafile=self.folder / "certificates" / "apiserver.crt")
            self.local.connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=trust)
        return self.local.connection

    def request(self, method, path, body=None):
        """(status, text, warnings)."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        for last in (False, True):
            connection = self.connection()
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                text = answer.read().decode("utf-8")
            except (http.client.HTTPException, OSError):
                # The server closes a connection after some kinds of bad request; a new one is tried once.
                connection.close()
                del self.local.connection
                if last:
                    raise
            else:
                return answer.status, text, answer.headers.get_all("Warning") or []

    def get(self, path):
        status, text, _ = self.request("GET", path)
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {text[:500]}")
        return json.loads(text)

    def discover(self):
        """{(apiVersion, kind): (path, resource, namespaced)} of everything that is served."""
        groups = self.get("/apis")["groups"]
        paths = ["/api/v1", *(f"/apis/{one['groupVersion']}" for group in groups for one in group["versions"])]
        self.kinds = {}
        for path in paths:
            listed = self.get(path)
            for resource in listed["resources"]:
                if "/" not in resource["name"]:
                    kind = (listed["groupVersion"], resource["kind"])
                    self.kinds[kind] = (path, resource["name"], resource["namespaced"])

    def create(self, item, dry_run=True):
        """(accepted, message, warnings) of an object, as kubectl asks for it, with strict field validation."""
        item = item if isinstance(item, dict) else {}
        kind = (item.get("apiVersion"), item.get("kind"))
        if not all(isinstance(word, str) for word in kind) or kind not in self.kinds:
            return False, f"no matches for kind {kind[1]!r} in version {kind[0]!r}", []
        path, resource, namespaced = self.kinds[kind]
        if namespaced:
            metadata = item.get("metadata")
            namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
            namespace = namespace if isinstance(namespace, str) and namespace else "default"
            path = f"{path}/namespaces/{quote(namespace, safe='')}"
        options = "fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        body = json.dumps(item, ensure_ascii=False).encode("utf-8")
        try:
            status, text, warnings = self.request("POST", f"{path}/{resource}?{options}", body)
        except http.client.RemoteDisconnected:
            # It does so when its validation panics: 1.35.4 on a successPolicy with succeededCount but no completions.
            if self.request("GET", "/readyz")[0] != 200:
                raise
            return False, "the server breaks off: a panic", []
        if status == 201:
            return True, "", warnings
        try:
            message = json.loads(text)["message"]
        except (ValueError, KeyError):
            message = text
        if status >= 500 or status in (401, 403, 429):
            raise RuntimeError(f"POST {path}/{resource}: {status} {message[:500]}")
        return False, message, warnings

    def kubectl(self, *arguments):
        """The output of the real kubectl, which must succeed."""
        return run(
            TOOLS / "kubectl",
            f"--server=https://127.0.0.1:{self.port}",
            f"--certificate-authority={self.folder / 'certificates' / 'apiserver.crt'}",
            f"--token={self.token}",
            f"--cache-dir={self.folder / 'kubectl'}",
            *arguments,
        )

    def install(self, definitions):
        """Custom resource definitions, and waits until they are served."""
        for definition in definitions:
            accepted, message, _ = self.create(definition, dry_run=False)
            if not accepted:
                raise RuntimeError(f"{definition['metadata']['name']}: {message}")
        names = [definition["metadata"]["name"] for definition in definitions]
        until = time.monotonic() + START
        while time.monotonic() < until:
            path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
            states = [self.get(f"{path}/{name}").get("status", {}).get("conditions") or [] for name in names]
            if all(established(conditions) for conditions in states):
                self.discover()
                return
            time.sleep(0.1)
        raise RuntimeError(f"not served: {names}")


def established(conditions):
    return any((one["type"], one["status"]) == ("Established", "True") for one in conditions)


def gateway_definitions():
    """The standard CRDs of the Gateway API."""
    return definitions("gateway-api")


def flux_definitions():
    """The CRDs of Flux's kustomize-controller and source-controller."""
    return definitions("flux-crds")


def definitions(folder):
    """CRDs that `run` has put there."""
    files = sorted((TOOLS.parent / folder).glob("*.yaml"))
    found = [item for path in files for item in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    found = [item for item in found if item and item["kind"] == "CustomResourceDefinition"]
    if not found:
        raise RuntimeError(f"no CRDs in {folder}: `tests/judges/run` puts them there")
    return found
