"""Real sops and lmsgen take turns on the same store files, in both forms that hold ciphertext; real age opens their data keys.

Must print no value, not even of these worthless fleets.
"""

import os
import subprocess
from pathlib import Path

import yaml
from judge import IDENTITY, LMSGEN, ROOT, TOOLS, case, done, run, scratch

DEMO = "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6"
OTHER = "age1233yjzgl4a8cq58aa5kueqp29pdvrq0z77fhkthpkgfkf8uwmsaspqewgr"
OTHER_IDENTITY = ROOT / "tests" / "fixtures" / "secret" / "worthless.agekey"
STACK = """\
phases = ["app"]
[secrets.db]
password = { generate = "alphanumeric" }
salt = { generate = "hex" }
token = { provided = "a token", optional = true }
"""
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: "one-{{ client.slug }}", namespace: dev}
data: {db: "{{ secret_name(name='db') }} {{ secret_revision(name='db') }}"}
"""
FILE = "secrets/dev/C1/db.yaml"
PLAIN = "secrets/dev/C2/db.yaml"


class Fleet:
    """A small fleet, committed, whose store is in one form."""

    def __init__(self, folder, form):
        self.root, self.form = folder / form, form
        self.write("lmsgen.toml", 'stack = "t"\n')
        self.declare([DEMO])
        self.write("templates/t/stack.toml", STACK)
        self.write("templates/t/app/one.yaml", TEMPLATE)
        for name in ("C1", "C2"):
            self.write(f"clients/{name}.toml", f'name = "{name}"\n[environments.dev]\n')
        self.lmsgen("secrets", "generate")
        self.lmsgen("render")
        self.git("init", "-q", "--initial-branch=main")
        self.commit()

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def declare(self, recipients):
        listed = ", ".join(f'"{recipient}"' for recipient in recipients)
        self.write(
            "environments/dev.toml",
            f'namespace = "dev"\nkubernetes = "1.35"\nsecrets.recipients = [{listed}]\nsecrets.form = "{self.form}"\n',
        )

    def variables(self, identity=IDENTITY, **more):
        return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "SOPS_AGE_KEY_FILE": str(identity), **more}

    def lmsgen(self, *args, identity=IDENTITY, stdin=""):
        """What it says on standard error, which is everything but data."""
        ended = subprocess.run(
            [str(LMSGEN), *args],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.root,
            env=self.variables(identity),
            timeout=120,
        )
        assert ended.returncode == 0, f"lmsgen {' '.join(args)} exits with {ended.returncode}: {ended.stderr}"
        return ended.stderr

    def sops(self, *args, **more):
        return run(TOOLS / "sops", *args, cwd=self.root, env=self.variables(**more))

    def git(self, *args):
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        return run("git", *who, *args, cwd=self.root)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "state")

    def decrypted(self, path=FILE, identity=IDENTITY):
        """(values, revision) by real sops."""
        plain = yaml.safe_load(self.sops("decrypt", path, identity=identity))
        annotations = plain["metadata"].get("annotations") or {}
        if self.form == "sopssecret":
            (plain,) = plain["spec"]["secretTemplates"]
        return plain["stringData"], annotations.get("lmsgen.dev/revision")

    def at(self, key):
        """A key's place in the words of `sops set`."""
        return ('["spec"]["secretTemplates"][0]' if self.form == "sopssecret" else "") + f'["stringData"]["{key}"]'

    def taken_over(self, values, revision, path=FILE):
        """lmsgen accepts what is there, binds it, and sops reads the same values afterwards."""
        self.lmsgen("validate")
        self.lmsgen("secrets", "verify")
        self.lmsgen("secrets", "bind")
        found, raised = self.decrypted(path)
        assert found == values, "other values after `secrets bind`"
        assert raised == str(revision), f"revision {raised}, not {revision}"
        verified = self.lmsgen("secrets", "verify")
        assert "warning" not in verified, verified
        self.lmsgen("validate")
        self.lmsgen("render")
        assert self.decrypted(path)[0] == values, "other values after `render`"
        self.commit()


def edits(fleet):
    """What sops does to a file of lmsgen."""
    values, _ = fleet.decrypted()
    with case(f"{fleet.form}: sops set"):
        fleet.sops("set", FILE, fleet.at("token"), '"by sops"')
        values["token"] = "by sops"
        fleet.taken_over(values, 2)
    with case(f"{fleet.form}: sops edit"):
        editor = fleet.root.parent / "editor"
        editor.write_text("#!/bin/sh\nsed -i 's/by sops/by an editor/' \"$1\"\n", encoding="utf-8")
        editor.chmod(0o755)
        fleet.sops("edit", FILE, EDITOR=str(editor))
        values["token"] = "by an editor"
        fleet.taken_over(values, 3)
    with case(f"{fleet.form}: lmsgen set after sops"):
        fleet.lmsgen("secrets", "set", "dev/C1", "db", "token", stdin="by lmsgen")
        values["token"] = "by lmsgen"
        fleet.taken_over(values, 4)
    with case(f"{fleet.form}: sops rotate makes a new data key"):
        before = (fleet.root / FILE).read_bytes()
        fleet.sops("rotate", "--in-place", FILE)
        assert (fleet.root / FILE).read_bytes() != before
        revision = fleet.decrypted()[1]
        fleet.lmsgen("secrets", "bind")
        assert fleet.decrypted()[1] in (revision, "5"), "another revision"
        fleet.taken_over(values, fleet.decrypted()[1])
    with case(f"{fleet.form}: lmsgen rotate after sops rotate"):
        fleet.lmsgen("secrets", "rotate", "dev/C1", "db", "password")
        found, _ = fleet.decrypted()
        assert found["password"] != values["password"] and found["salt"] == values["salt"]
        values.update(found)
        fleet.lmsgen("secrets", "verify")
        fleet.commit()
    with case(f"{fleet.form}: sops unset"):
        fleet.sops("unset", FILE, fleet.at("token"))
        del values["token"]
        fleet.lmsgen("validate")
        fleet.lmsgen("secrets", "verify")
        fleet.lmsgen("secrets", "bind")
        assert fleet.decrypted()[0] == values
        fleet.lmsgen("render")
        fleet.commit()


def plain_sops(fleet):
    """A file that sops alone made, by the generated .sops.yaml."""
    with case(f"{fleet.form}: a file of plain sops is taken over"):
        manifest = yaml.safe_load(fleet.sops("decrypt", PLAIN))
        del manifest["metadata"]["annotations"], manifest["metadata"]["labels"]
        if fleet.form == "sopssecret":
            del manifest["spec"]["secretTemplates"][0]["labels"]
        values = {"password": "from elsewhere", "salt": "0f" * 16}
        body = manifest["spec"]["secretTemplates"][0] if fleet.form == "sopssecret" else manifest
        body["stringData"] = values
        fleet.write(PLAIN, yaml.safe_dump(manifest))
        fleet.sops("encrypt", "--in-place", PLAIN)
        assert "LMS425" in fleet.lmsgen("validate"), "no word about a file that is not bound"
        fleet.lmsgen("secrets", "bind")
        assert "LMS425" not in fleet.lmsgen("validate"), "still not bound"
        found, revision = fleet.decrypted(PLAIN)
        assert found == values, "other values after `secrets bind`"
        assert revision == "2", f"revision {revision}: the values are others than in the last commit"
        fleet.lmsgen("secrets", "verify")
        fleet.lmsgen("render")
        fleet.commit()


def recipients(fleet):
    """Recipients by either program."""
    with case(f"{fleet.form}: sops updatekeys by the generated .sops.yaml"):
        fleet.declare([DEMO, OTHER])
        fleet.lmsgen("secrets", "rewrap", "C2")
        fleet.sops("updatekeys", "--yes", FILE)
        values, revision = fleet.decrypted()
        fleet.lmsgen("validate")
        fleet.lmsgen("secrets", "verify", identity=OTHER_IDENTITY)
        for path in (FILE, PLAIN):
            assert fleet.decrypted(path, OTHER_IDENTITY) == fleet.decrypted(path), "the two identities see other values"
        assert "Nothing to rewrap" in fleet.lmsgen("secrets", "rewrap")
        assert fleet.decrypted() == (values, revision)
    with case(f"{fleet.form}: a recipient less"):
        before = {path: fleet.decrypted(path) for path in (FILE, PLAIN)}
        fleet.declare([DEMO])
        fleet.lmsgen("secrets", "rewrap")
        assert {path: fleet.decrypted(path) for path in (FILE, PLAIN)} == before
        gone = subprocess.run(
            [str(TOOLS / "sops"), "decrypt", FILE],
            capture_output=True,
            cwd=fleet.root,
            env=fleet.variables(OTHER_IDENTITY),
            timeout=60,
        )
        assert gone.returncode == 128 and not gone.stdout, "who was removed still opens it"


def data_keys(fleet):
    """Real age opens what is in a file for a recipient."""
    with case(f"{fleet.form}: age opens the data key"):
        for path in (FILE, PLAIN):
            (item,) = yaml.safe_load((fleet.root / path).read_text(encoding="utf-8"))["sops"]["age"]
            opened = subprocess.run(
                [str(TOOLS / "age"), "--decrypt", "--identity", str(IDENTITY)],
                input=item["enc"].encode(),
                capture_output=True,
                timeout=60,
            )
            assert opened.returncode == 0 and len(opened.stdout) == 32, f"{path}: no data key of 32 bytes"


def main():
    with scratch() as name:
        for form in ("sops", "sopssecret"):
            fleet = Fleet(Path(name), form)
            edits(fleet)
            plain_sops(fleet)
            recipients(fleet)
            data_keys(fleet)
    done(at_least=20)


main()
