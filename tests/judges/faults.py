"""Faults in the middle of a change to the store: a kill, a full disk or a broken one at each call that changes something.

Strace injects them. Whatever the point, each store file is the old or the new one, real sops opens it, and one more run of
any command that takes the lock leaves all files old or all new, and nothing else behind. Calls are numbered by thread, so
the main thread is traced alone, the others together. A kill is no power loss; that what was written is on the disk is not
shown here.

Must print no value, not even of these worthless fleets.
"""

import os
import random
import re
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from judge import IDENTITY, LMSGEN, TOOLS, case, done, run, scratch

DEMO = "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6"
OTHER = "age1233yjzgl4a8cq58aa5kueqp29pdvrq0z77fhkthpkgfkf8uwmsaspqewgr"
# Everything that changes a file system, and the lock.
CALLS = (
    "openat write pwrite64 writev mkdirat unlinkat rmdir renameat renameat2 linkat symlinkat ftruncate fallocate "
    "fchmod fchmodat fsync fdatasync syncfs sync flock"
).split()
KINDS = {"kill": "signal=SIGKILL", "ENOSPC": "error=ENOSPC", "EIO": "error=EIO"}
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
data: {db: "{{ secret_name(name='db') }}"}
"""
FILES = [f"secrets/dev/C{n}/db.yaml" for n in (1, 2, 3)]


def environment(recipients):
    """The text of environments/dev.toml."""
    listed = ", ".join(f'"{recipient}"' for recipient in recipients)
    return f'namespace = "dev"\nkubernetes = "1.35"\nsecrets.recipients = [{listed}]\n'


def variables(threads=1):
    """What lmsgen sees: nothing of the machine but where programs are."""
    kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    return {**kept, "HOME": "/nonexistent", "SOPS_AGE_KEY_FILE": str(IDENTITY), "RAYON_NUM_THREADS": str(threads)}


def lmsgen(fleet, *args, stdin="", expect=0):
    """A run without faults."""
    return run(LMSGEN, *args, cwd=fleet, env=variables(), stdin=stdin, expect=expect)


def opened(path):
    """(values, revision, recipients) of a store file, by real sops."""
    env = {**variables(), "PATH": f"{TOOLS}:{os.environ['PATH']}"}
    plain = yaml.safe_load(run(TOOLS / "sops", "decrypt", path, env=env))
    block = yaml.safe_load(path.read_text(encoding="utf-8"))["sops"]["age"]
    revision = plain["metadata"]["annotations"]["lmsgen.dev/revision"]
    return plain["stringData"], revision, {item["recipient"] for item in block}


class Mixed(AssertionError):
    """Some files are old and some new where they must be alike."""


class Corrupt(AssertionError):
    """A file is neither the old nor the new one."""


class Scenario:
    """A command, the fleet it runs in, and what its files are before and after."""

    def __init__(self, folder, name, command, files, before=(DEMO,), after=(DEMO,), stdin=""):
        self.name, self.command, self.stdin = name, command, stdin
        self.fleet = folder / name
        for path, text in {
            "lmsgen.toml": 'stack = "t"\n',
            "environments/dev.toml": environment(before),
            "templates/t/stack.toml": STACK,
            "templates/t/app/one.yaml": TEMPLATE,
            **{f"clients/C{n}.toml": f'name = "N{n}"\n[environments.dev]\n' for n in (1, 2, 3)},
        }.items():
            (self.fleet / path).parent.mkdir(parents=True, exist_ok=True)
            (self.fleet / path).write_text(text, encoding="utf-8")
        lmsgen(self.fleet, "secrets", "generate")
        lmsgen(self.fleet, "secrets", "set", "dev/C1", "db", "token", stdin="before")
        (self.fleet / "environments/dev.toml").write_text(environment(after), encoding="utf-8")
        self.files = files
        self.old = {path: (self.fleet / path).read_bytes() for path in FILES}
        self.opened = {path: opened(self.fleet / path) for path in FILES}
        self.after = set(after)

    def is_new(self, fleet, path):
        """Whether a file, which is not the old one, is what the command makes of it."""
        try:
            values, revision, recipients = opened(fleet / path)
        except Exception as error:
            raise Corrupt(f"{path}: {error}") from error
        was, old_revision, _ = self.opened[path]
        changed = {key for key in was if values.get(key) != was[key]}
        wanted = {"set": {"token"}, "rotate": {"password"}}.get(self.name, set())
        if recipients != self.after or set(values) != set(was) or changed != wanted:
            raise Corrupt(f"{path} has other recipients, keys or values: {sorted(changed)}")
        if int(revision) != int(old_revision) + bool(wanted):
            raise Corrupt(f"{path} has revision {revision}")
        return True

    def state(self, fleet):
        """How many files are new; each must be old or new."""
        new = 0
        for path in FILES:
            if (fleet / path).read_bytes() != self.old[path]:
                if path not in self.files:
                    raise Corrupt(f"{path} changed")
                new += self.is_new(fleet, path)
        return new


def traced(scenario, fleet, log, options, threads):
    """Runs the command under strace; its exit code, negative for a signal."""
    command = ["strace", "-qq", "-o", log, *options, LMSGEN, *scenario.command]
    ended = subprocess.run(
        [str(part) for part in command],
        input=scenario.stdin,
        capture_output=True,
        text=True,
        cwd=fleet,
        env=variables(threads),
        timeout=120,
    )
    assert "panicked" not in ended.stderr, "a panic"
    return ended.returncode


def copy(scenario, folder, name):
    """A fresh copy of the fleet."""
    fleet = folder / name
    shutil.copytree(scenario.fleet, fleet, symlinks=True)
    return fleet


def points(scenario, folder):
    """[(call, number, options)]: every call that changes something, by thread."""
    fleet, log = copy(scenario, folder, f"{scenario.name}-count"), folder / f"{scenario.name}-count.log"
    code = traced(scenario, fleet, log, ["-f", "-e", f"trace={','.join(CALLS)}"], 1)
    assert code == 0 and scenario.state(fleet) == len(scenario.files), f"{scenario.name} exits with {code}"
    lines = re.findall(r"^(\d+)\s+(\w+)\((.*)$", log.read_text(encoding="utf-8"), re.M)
    main, found, seen = lines[0][0], [], {}
    for thread, call, rest in lines:
        number = seen[thread, call] = seen.get((thread, call), 0) + 1
        if call == "openat" and "O_CREAT" not in rest:
            continue
        found.append((call, number, () if thread == main else ("-f",)))
    shutil.rmtree(fleet)
    return sorted(set(found))


class Counts:
    """What the faults led to."""

    def __init__(self):
        self.lock = threading.Lock()
        self.faults = self.hit = self.recovered = self.between = self.mixed = self.corrupt = 0
        self.wrong = []

    def add(self, hit, between):
        with self.lock:
            self.faults += 1
            self.hit += hit
            self.between += between
            self.recovered += 1


def fault(scenario, folder, number, point, kind, threads, counts):
    """One fault: what is left, and what the next run makes of it."""
    call, when, options = point
    fleet, log = copy(scenario, folder, f"run-{number}"), folder / f"run-{number}.log"
    what = f"{scenario.name}, {kind} at {call} {when} ({threads} threads)"
    try:
        inject = ["-e", f"trace={call}", "-e", f"inject={call}:{KINDS[kind]}:when={when}"]
        code = traced(scenario, fleet, log, [*options, *inject], threads)
        text = log.read_text(encoding="utf-8", errors="replace")
        # Strace ends by the signal that ended what it watched.
        hit = "INJECTED" in text or code == -9
        new = scenario.state(fleet)
        ready = (fleet / ".lmsgen/batch").exists()
        if code == 0 and new != len(scenario.files):
            raise Mixed(f"success, and {new} files are new")
        rewraps = scenario.command[1] == "rewrap"
        # Where nothing had been begun, files for other recipients than declared are still an error to any other command.
        lmsgen(fleet, "secrets", "generate", expect=4 if rewraps and not (new or ready) else 0)
        settled = scenario.state(fleet)
        if settled not in (0, len(scenario.files)):
            raise Mixed(f"{settled} of {len(scenario.files)} files are new after another run")
        assert settled >= new, "a new file became old"
        left = sorted(os.listdir(fleet / ".lmsgen"))
        assert left == [".gitignore", "lock"], f"left behind: {left}"
        strange = [path for path in fleet.rglob("*") if path.name.startswith((".tmp", "tmp-"))]
        assert not strange, f"left behind: {strange}"
        lmsgen(fleet, *scenario.command, stdin=scenario.stdin)
        assert scenario.command[1] == "rotate" or scenario.state(fleet) == len(scenario.files), "the rerun changed nothing"
        counts.add(hit, 0 < new < len(scenario.files))
    except Exception as error:
        with counts.lock:
            counts.faults += 1
            counts.mixed += isinstance(error, Mixed)
            counts.corrupt += isinstance(error, Corrupt)
            counts.wrong.append(f"{what}: {error}")
    finally:
        shutil.rmtree(fleet, ignore_errors=True)


def main():
    counts = Counts()
    with scratch() as name:
        folder = Path(name)
        scenarios = [
            Scenario(folder, "set", ["secrets", "set", "dev/C1", "db", "token"], FILES[:1], stdin="after"),
            Scenario(folder, "rotate", ["secrets", "rotate", "dev/*", "db", "password"], FILES),
            Scenario(folder, "rewrap-less", ["secrets", "rewrap"], FILES, before=(DEMO, OTHER)),
            Scenario(folder, "rewrap-more", ["secrets", "rewrap"], FILES, after=(DEMO, OTHER)),
        ]
        jobs = []
        for scenario in scenarios:
            found = points(scenario, folder)
            jobs += [(scenario, point, kind, 1) for point in found for kind in KINDS]
            # With two threads, which of them makes the call differs from run to run.
            some = random.Random(scenario.name).sample(found, min(8, len(found)))
            jobs += [(scenario, (call, when, ("-f",)), kind, 2) for call, when, _ in some for kind in ("kill", "EIO")]
        with ThreadPoolExecutor(2) as pool:
            for number, (scenario, point, kind, threads) in enumerate(jobs):
                pool.submit(fault, scenario, folder, number, point, kind, threads, counts)
    with case("no fault leaves anything but old or new, and one run recovers"):
        assert not counts.wrong, "\n".join(counts.wrong[:20])
    with case("faults happened, some of them between two files"):
        assert counts.hit > 0.9 * counts.faults > 200, f"{counts.hit} of {counts.faults} hit"
        assert counts.between > 5, f"{counts.between} between two files"
    print(
        f"{counts.faults} faults, {counts.mixed} mixed, {counts.corrupt} corrupt, "
        f"{counts.recovered} of {counts.faults} recovered by one run"
    )
    done(at_least=2)


main()
