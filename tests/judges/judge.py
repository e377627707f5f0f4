"""What every judged test needs: the fleet's files, the tools, and counting.

A test program calls `case` for each thing it proves and `done` at its end. It exits with an error when a case failed or
when there were fewer cases than it promised, so that a test that looked at nothing does not pass.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "target" / "judges" / "bin"
IDENTITY = ROOT / "tests" / "keys" / "demo.agekey"
LMSGEN = Path(os.environ.get("LMSGEN", ROOT / "target" / "release" / "lmsgen"))

_passed = 0
_failed = 0


@contextlib.contextmanager
def case(name):
    """One thing to prove: passes when the block ends, fails when it raises."""
    global _passed, _failed
    try:
        yield
    except Exception as error:
        # Whatever it is, this case failed and the others go on.
        _failed += 1
        where = error.__traceback__
        while (
            where.tb_next is not None
            and Path(where.tb_next.tb_frame.f_code.co_filename).parent == Path(__file__).parent
        ):
            where = where.tb_next
        kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        print(f"FAIL {name} (line {where.tb_lineno}): {kind}{error}")
    else:
        _passed += 1


def done(at_least):
    """Prints the counts, which `run` adds up, and exits."""
    global _failed
    if _passed + _failed < at_least:
        print(f"FAIL only {_passed + _failed} cases, {at_least} expected")
        _failed += 1
    print(f"{_passed} passed, {_failed} failed")
    sys.exit(1 if _failed else 0)


def run(*command, stdin="", cwd=None, env=None, expect=0, timeout=120):
    """Runs a program and returns its standard output; any other exit code than `expect` is an error with its words."""
    command = [str(part) for part in command]
    ended = subprocess.run(
        command, input=stdin, capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=env, timeout=timeout
    )
    if ended.returncode != expect:
        words = (ended.stderr or ended.stdout).strip()[-2000:]
        raise RuntimeError(f"{' '.join(command[:6])} … exits with {ended.returncode}, not {expect}: {words}")
    return ended.stdout


def manifests(root=ROOT):
    """The files with objects below `rendered/`, in order."""
    files = sorted((root / "rendered").rglob("*.yaml"))
    return [path for path in files if path.name != "kustomization.yaml"]


def load(path):
    """The one document of a file, as PyYAML's safe loader, a YAML 1.1 reader, sees it."""
    documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    assert len(documents) == 1, f"{path} holds {len(documents)} documents"
    return documents[0]


def objects(root=ROOT):
    """(path, object) of every manifest of clients and environments."""
    return [(path, load(path)) for path in manifests(root) if not is_delivery(path, root)]


def delivery_objects(root=ROOT):
    """(path, object) of every manifest that an engine reads to deliver the others."""
    return [(path, load(path)) for path in manifests(root) if is_delivery(path, root)]


def is_delivery(path, root):
    return path.relative_to(root / "rendered").parts[1] == "delivery"


def identity(manifest):
    """What tells an object from all others in a cluster."""
    metadata = manifest["metadata"]
    return manifest["apiVersion"], manifest["kind"], metadata.get("namespace"), metadata["name"]


def read_by_go(paths):
    """Each path as Kubernetes' own readers see it: {path: {"kubectl": …, "kustomize": …}}."""
    lines = run(TOOLS / "readyaml", stdin="".join(f"{path}\n" for path in paths)).splitlines()
    answers = {Path(answer.pop("path")): answer for answer in map(json.loads, lines)}
    assert set(answers) == set(paths), "readyaml left files out"
    return answers


def decrypted(path):
    """The data of an encrypted Secret, by the real sops with the demo identity."""
    env = {**os.environ, "SOPS_AGE_KEY_FILE": str(IDENTITY)}
    plain = yaml.safe_load(run(TOOLS / "sops", "decrypt", path, env=env))
    return plain["stringData"]


def scratch():
    """A folder that goes away with the program."""
    return tempfile.TemporaryDirectory(prefix="lmsgen-judges-")
