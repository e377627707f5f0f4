"""Runs the container of a rendered Job here: its own command, arguments, environment and files.

The kubelet's part only: Secret keys come out of the encrypted store, ConfigMap keys become files, and mount paths
point at them. Must not add anything that a Pod would not have.
"""

import os
import shutil
from pathlib import Path

from judge import LMSGEN, ROOT, decrypted, objects, run


def leaving(folder):
    """A copy of the fleet, rendered, whose clients are all to lose their data."""
    root = Path(folder) / "leaving"
    for part in ("clients", "environments", "secrets", "templates"):
        shutil.copytree(ROOT / part, root / part)
    shutil.copy(ROOT / "lmsgen.toml", root)
    for client in (root / "clients").glob("*.toml"):
        state = f'state = "deprovisioned"\nconfirm-data-loss = "{client.stem}"\n'
        client.write_text(state + client.read_text(encoding="utf-8"), encoding="utf-8")
    run(LMSGEN, "-C", root, "render", "--locked")
    return root


class Cluster:
    """The objects of one environment, as far as Jobs need them."""

    def __init__(self, environment, folder, root=ROOT):
        self.folder = Path(folder)
        self.objects = [(path, item) for path, item in objects(root) if f"/rendered/{environment}/" in str(path)]
        self.secrets = {
            item["metadata"]["name"]: decrypted(path) for path, item in self.objects if item["kind"] == "Secret"
        }
        self.config_maps = {
            item["metadata"]["name"]: item["data"] for _, item in self.objects if item["kind"] == "ConfigMap"
        }

    def named(self, kind, stem=""):
        """{client id: object} of a kind whose name starts with `stem`."""
        return {
            path.parts[-3]: item
            for path, item in self.objects
            if item["kind"] == kind and item["metadata"]["name"].startswith(stem)
        }

    def environment(self, container):
        """The container's variables, with `$(NAME)` put in as the kubelet does: only what stands above."""
        values = {}
        for variable in container["env"]:
            if "value" in variable:
                text = variable["value"]
                for name, value in values.items():
                    text = text.replace(f"$({name})", value)
                values[variable["name"]] = text
            else:
                reference = variable["valueFrom"]["secretKeyRef"]
                keys = self.secrets[reference["name"]]
                if reference["key"] in keys or not reference.get("optional"):
                    values[variable["name"]] = keys[reference["key"]]
        return values


class Job:
    """One Job, ready to run: `command` and `env` may be changed before."""

    def __init__(self, cluster, job, outside):
        """`outside` maps mount paths that the fleet does not fill to folders here."""
        pod = job["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        folder = cluster.folder / job["metadata"]["name"]
        mounts = {}
        for mount in container["volumeMounts"]:
            path, volume = mount["mountPath"], volumes[mount["name"]]
            here = outside.get(path)
            if here is None:
                here = folder / path.strip("/")
                here.mkdir(parents=True, exist_ok=True)
                for item in volume.get("configMap", {}).get("items", []):
                    text = cluster.config_maps[volume["configMap"]["name"]][item["key"]]
                    (here / item["path"]).write_text(text, encoding="utf-8")
            mounts[path] = str(here)
        self.secret_values = [
            cluster.secrets[variable["valueFrom"]["secretKeyRef"]["name"]][variable["valueFrom"]["secretKeyRef"]["key"]]
            for variable in container["env"]
            if "valueFrom" in variable
        ]
        self.rendered_command = container["command"] + container.get("args", [])
        self.command = [moved(part, mounts) for part in self.rendered_command]
        self.env = {name: moved(value, mounts) for name, value in cluster.environment(container).items()}
        self.env["PATH"] = os.environ["PATH"]
        self.plain_env = {variable["name"]: variable["value"] for variable in container["env"] if "value" in variable}
        self.mounts = mounts


def moved(text, mounts):
    """A path below a mount path, where that lies here; other text as it is."""
    for path, here in mounts.items():
        if text == path or text.startswith(f"{path}/"):
            return here + text[len(path) :]
    return text
