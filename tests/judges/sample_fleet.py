"""A fleet of the LMS stack with as many clients as wanted in two environments, a key of its own, and a remote."""

import os
import re
import shutil

from judge import LMSGEN, ROOT, TOOLS, run

ENVIRONMENTS = ("e2e-a", "e2e-b")


class Fleet:
    """`folder` holds the checkout, the key and a home. `edits` makes an environment's file of its name and of Flux's."""

    def __init__(self, folder, remote, cluster_url, clients, edits=lambda _, text: text):
        self.root = folder / "fleet"
        self.key = folder / "key.txt"
        self.root.mkdir()
        run(TOOLS / "age-keygen", "-o", self.key)
        recipient = re.search("public key: (age1[0-9a-z]+)", self.key.read_text(encoding="utf-8"))[1]
        self.env = {
            "PATH": f"{LMSGEN.parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "SOPS_AGE_KEY_FILE": str(self.key),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "NO_COLOR": "1",
            **{f"GIT_{who}_{what}": f"judge@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        shutil.copytree(ROOT / "templates", self.root / "templates")
        config = (ROOT / "lmsgen.toml").read_text(encoding="utf-8")
        self.write("lmsgen.toml", re.sub('^url = ".*$', f'url = "{cluster_url}"', config, flags=re.M))
        text = (ROOT / "environments" / "lms-dev.toml").read_text(encoding="utf-8")
        text = re.sub("age1[0-9a-z]+", recipient, text)
        for name in ENVIRONMENTS:
            self.write(f"environments/{name}.toml", edits(name, text.replace("lms-dev", name).replace("LMS_DEV", "E2E")))
        self.ids = [f"C{number}" for number in range(1, clients + 1)]
        for number, one in enumerate(self.ids):
            self.write(f"clients/{one}.toml", client(one, ENVIRONMENTS[number % 2]))
        run("git", "init", "-q", "-b", "main", cwd=self.root)
        run("git", "remote", "add", "origin", remote, cwd=self.root)
        for name in ENVIRONMENTS:
            for secret in ("pg-admin", "ch-admin"):
                self.lmsgen("secrets", "set", name, secret, "password", stdin="made up\n")

    def lmsgen(self, *arguments, stdin="", expect=0):
        return run(LMSGEN, *arguments, stdin=stdin, cwd=self.root, env=self.env, expect=expect, timeout=600)

    def publish(self, *arguments):
        return self.lmsgen("publish", *arguments)

    def path(self, name):
        return self.root / name

    def read(self, name):
        return self.path(name).read_text(encoding="utf-8")

    def write(self, name, text):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text, encoding="utf-8")

    def edit(self, name, old, new):
        text = self.read(name)
        assert old in text, f"{name} has no {old!r}"
        self.write(name, text.replace(old, new, 1))

    def clients_of(self, environment):
        return [one for number, one in enumerate(self.ids) if ENVIRONMENTS[number % 2] == environment]

    def files(self, environment, client, phase, kind):
        """Names of objects of a kind."""
        folder = self.path(f"rendered/{environment}/{client}/{phase}")
        return [path.name[len(kind) + 1 : -5] for path in sorted(folder.glob(f"{kind}-*.yaml"))]


def client(one, environment):
    return f'name = "Клиент {one}"\n\n[environments.{environment}]\n'
