"""Options of the LMS stack that the fleet in this repository does not use: each renders, and to what it says.

Works on a copy of the fleet with lines put into `environments/lms-dev.toml`; must not touch the fleet itself.
"""

import os
import shutil
from pathlib import Path

from judge import LMSGEN, ROOT, case, done, identity, load, manifests, read_by_go, run, scratch


def rendered(folder, lines):
    """The objects of lms-dev by kind and name, with `lines` at the end of its file, `unset` at the start, and `external.…`
    in the table of what exists outside."""
    for name in ("lmsgen.toml", "clients", "environments", "templates", "secrets"):
        source, target = ROOT / name, folder / name
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    path = folder / "environments" / "lms-dev.toml"
    text = path.read_text(encoding="utf-8")
    unset = [line for line in lines.splitlines() if line.startswith("unset = ")]
    outside = [line for line in lines.splitlines() if line.startswith("external.")]
    text = text.replace("[external]\n", "".join(["[external]\n", *(f"{line[9:]}\n" for line in outside)]))
    added = [line for line in lines.splitlines() if line not in unset + outside]
    names = {line.split(" = ")[0] for line in added}
    kept = [line for line in text.splitlines() if line.split(" = ")[0] not in names]
    path.write_text("\n".join([*unset, *kept, *added, ""]), encoding="utf-8")
    run("git", "init", "-q", cwd=folder)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_GLOBAL": "/dev/null", "NO_COLOR": "1"}
    run(LMSGEN, "render", cwd=folder, env=env)
    paths = [path for path in manifests(folder) if "/lms-dev/" in str(path)]
    answers = read_by_go(paths)
    items = [load(path) for path in paths]
    assert all(answers[path]["kubectl"] == item for path, item in zip(paths, items)), "readers do not agree"
    return {identity(item)[1::2]: item for item in items}


def pod(items, kind="Deployment", name="lms-deployment-c1"):
    """The Pods of an object; a Job's name goes on with its hash."""
    found = [
        item
        for (of, called), item in items.items()
        if of == kind and (called == name or kind == "Job" and called.startswith(name))
    ]
    assert len(found) == 1, f"{len(found)} {kind} {name}"
    return found[0]["spec"]["template"]["spec"]


def kinds(items):
    return {kind for kind, _ in items}


def nfs(items):
    """The seed's own form: every Pod mounts the export."""
    (volume,) = [volume for volume in pod(items)["volumes"] if volume["name"] == "data"]
    assert volume == {"name": "data", "nfs": {"server": "10.66.139.73", "path": "/mnt/nfs"}}
    assert not {"PersistentVolume", "PersistentVolumeClaim"} & kinds(items)
    assert items["Namespace", "lms-dev"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"


def claim_outside(items):
    assert not {"PersistentVolume", "PersistentVolumeClaim"} & kinds(items)
    (volume,) = [volume for volume in pod(items)["volumes"] if volume["name"] == "data"]
    assert volume["persistentVolumeClaim"] == {"claimName": "files"}


def claim_on_nfs(items):
    volume, claim = items["PersistentVolume", "lms-static-lms-dev"], items["PersistentVolumeClaim", "lms-static"]
    assert volume["spec"]["nfs"] == {"server": "10.66.139.73", "path": "/mnt/nfs"}
    assert volume["spec"]["claimRef"] == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "name": "lms-static",
        "namespace": "lms-dev",
    }
    assert volume["spec"]["capacity"] == claim["spec"]["resources"]["requests"] == {"storage": "10Gi"}
    assert claim["spec"]["volumeName"] == "lms-static-lms-dev" and claim["spec"]["storageClassName"] == ""
    assert volume["spec"]["storageClassName"] == "" and volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def namespace_outside(items):
    assert not {"Namespace", "NetworkPolicy"} & kinds(items)


def quota(items):
    assert items["ResourceQuota", "lms"]["spec"]["hard"] == {"pods": "50", "requests.cpu": "4"}
    assert items["LimitRange", "lms"]["spec"]["limits"] == [{"type": "Container", "default": {"cpu": "1"}}]


def network(items):
    app = items["NetworkPolicy", "lms-app"]["spec"]
    assert app["ingress"][0]["from"][1:] == [{"ipBlock": {"cidr": "10.1.0.0/16"}}]
    assert app["egress"][1]["to"] == [{"ipBlock": {"cidr": "203.0.113.0/24", "except": []}}]
    assert {"protocol": "TCP", "port": 6432} in items["NetworkPolicy", "lms-provision"]["spec"]["egress"][0]["ports"]
    assert items["NetworkPolicy", "lms-dns"]["spec"]["egress"][0]["to"][1:] == [
        {"ipBlock": {"cidr": "169.254.20.10/32"}}
    ]


def bare(items):
    """Everything optional left out."""
    container = pod(items)["containers"][0]
    assert container["resources"] == {"requests": {"cpu": "50m", "memory": "128Mi"}}
    assert not {"nodeSelector", "imagePullSecrets", "tolerations"} & set(pod(items))
    annotations = items["Ingress", "client-lms-ingress-c1"]["metadata"]["annotations"]
    assert set(annotations) == {f"nginx.ingress.kubernetes.io/{name}" for name in ("use-regex", "rewrite-target")}
    assert "limits" not in pod(items, "Job", "postgres-setup-c1-")["containers"][0]["resources"]


def tls(items):
    env = {item["name"]: item.get("value") for item in pod(items, "Job", "postgres-setup-c1-")["containers"][0]["env"]}
    assert env["PGSSLMODE"] == "verify-full" and env["PGSSLROOTCERT"] == "system"
    arguments = pod(items, "Job", "clickhouse-setup-c1-")["containers"][0]["args"]
    assert arguments[2:] == ["--port", "9440", "--secure"]
    dsns = {item["name"]: item.get("value") for item in pod(items)["containers"][0]["env"]}
    assert dsns["LMS_STORAGE_CLICKHOUSE_DSN"].endswith(":9440/c1?secure=true")
    assert dsns["LMS_STORAGE_POSTGRES_DSN"].endswith("/c1?sslmode=verify-full")


OPTIONS = {
    'static-files.volume = "nfs"\nnamespace.pod-security = "baseline"': nfs,
    'static-files.create = false\nstatic-files.claim = "files"\nexternal.persistent-volume-claims = ["files"]': claim_outside,
    "": claim_on_nfs,
    "namespace.create = false\nnetwork.isolate = false": namespace_outside,
    'limit-range.default.cpu = "1"\n[quota]\npods = "50"\n"requests.cpu" = "4"': quota,
    'network.ingress-cidrs = ["10.1.0.0/16"]\nnetwork.dns-cidrs = ["169.254.20.10/32"]\n'
    "network.database-ports = [6432]\n"
    'network.https-cidrs = ["203.0.113.0/24"]\nnetwork.https-except = []': network,
    'unset = ["resources.limits", "provision.limits", "node-selector"]\n'
    "image.pull-secrets = []\ncors.origins = []": bare,
    'postgres.sslmode = "verify-full"\nclickhouse.secure = true\nclickhouse.port = 9440': tls,
}


def main():
    for lines, holds in OPTIONS.items():
        with case(f"lms-dev with {lines!r}"), scratch() as folder:
            holds(rendered(Path(folder), lines))
    done(at_least=len(OPTIONS))


main()
