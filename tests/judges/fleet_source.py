"""A bare Git repository behind `git daemon`, and what stands in for Flux's source-controller, which cannot be had: for each
GitRepository it serves the pushed commit as an archive and says so in the object's status.
"""

import contextlib
import functools
import hashlib
import http.server
import subprocess
import threading
import time
from pathlib import Path

from judge import run
from ports import free_ports, wait_for


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Remote:
    """A repository that can be pushed to."""

    def __init__(self, folder):
        self.folder = folder
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        self.path = self.folder / "fleet.git"
        run("git", "init", "-q", "--bare", "--initial-branch=main", self.path)
        (port,) = free_ports(1)
        daemon = Path(run("git", "--exec-path").strip()) / "git-daemon"
        arguments = ["--export-all", "--enable=receive-pack", f"--base-path={self.folder}", "--listen=127.0.0.1"]
        process = subprocess.Popen([daemon, *arguments, f"--port={port}", self.folder], stderr=subprocess.DEVNULL)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        self.url = f"git://127.0.0.1:{port}/fleet.git"
        # What clusters are told; the stand-in below serves it.
        self.cluster_url = "https://git.example/team/fleet.git"
        wait_for(port)
        self.archives = self.folder / "archives"
        self.archives.mkdir()
        handler = functools.partial(Quiet, directory=str(self.archives))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.stack.callback(self.server.server_close)
        self.stack.callback(self.server.shutdown)
        return self

    def __exit__(self, *_):
        self.stack.close()

    def tip(self):
        return run("git", "rev-parse", "main", cwd=self.path).strip()

    def fetched_by(self, cluster):
        """Every GitRepository of the cluster has the newest commit now, with its `ignore` honoured. Gives the revision."""
        tip = self.tip()
        revision = f"main@sha1:{tip}"
        for name, item in cluster.list("gitrepositories.source.toolkit.fluxcd.io").items():
            kept = [line[1:].strip("/") for line in item["spec"]["ignore"].splitlines() if line.startswith("!/")]
            file = self.archives / f"{name}-{tip}.tar.gz"
            run("git", "archive", "--format=tar.gz", f"--output={file}", tip, kept[-1], cwd=self.path)
            archive = {
                "url": f"http://127.0.0.1:{self.server.server_port}/{file.name}",
                "path": f"gitrepository/{name}/{file.name}",
                "revision": revision,
                "digest": f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}",
                "lastUpdateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "size": file.stat().st_size,
            }
            generation = item["metadata"]["generation"]
            ready = {
                "type": "Ready",
                "status": "True",
                "reason": "Succeeded",
                "message": f"stored artifact for revision '{revision}'",
                "lastTransitionTime": archive["lastUpdateTime"],
                "observedGeneration": generation,
            }
            status = {"artifact": archive, "conditions": [ready], "observedGeneration": generation}
            cluster.patch_status("gitrepository", item["metadata"]["namespace"], name, status)
        return revision
