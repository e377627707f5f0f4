"""`lmsgen validate` is judged by a real API server.

What lmsgen renders for the sample fleet is accepted. Then, for some thousands of wrong and odd objects: does the server
accept each, and does lmsgen? The figures may not get worse than those in `api_server.json`.

    api_server.py                       the judge
    api_server.py --list missed|false [--kind KIND] [--operator WORD]
    api_server.py --dump FOLDER         the mutants as files, and `verdicts.json` with what the server says
    api_server.py --update              writes today's figures into api_server.json

`--list` and `--dump` are for those who write rules. They show the seed `work` only: nobody can tune rules to `held-out`.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from control_plane import ADMISSION_OF_A_CLUSTER, ControlPlane, flux_definitions, gateway_definitions
from judge import LMSGEN, TOOLS, case, delivery_objects, done, manifests, objects, scratch
from mutants import COUNTS, SEEDS, Mutant, mutants, right_objects

KUBERNETES = "1.35"
FIGURES = Path(__file__).with_suffix(".json")
CACHE = TOOLS.parent
REPORTED, FALSE_ALARMS = 97.0, 0  # percent of what the server rejects; number of what it accepts
THREADS = 4
KEPT = 3  # caches: there may be several working trees
RIGHT = "right"


def judged_by_server():
    """{name: ([Mutant], [(accepted, message)])} of the right objects and of each seed.

    What an earlier run computed is taken when nothing that it was computed from has changed.
    """
    here = Path(__file__).parent
    made_by = ("odd_*.py", "mutant*.py", "right/*.yaml", "control_plane.py")
    inputs = [path for glob in made_by for path in here.glob(glob)]
    versions = [CACHE / f"{name}.version" for name in ("kube-apiserver", "crds-gateway-api")]
    digest = hashlib.sha256()
    for path in [*sorted(inputs), *manifests(), *versions]:
        digest.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    cache = CACHE / f"api-server-{digest.hexdigest()[:16]}.json"
    if not cache.exists():
        sets = {RIGHT: [Mutant(kind, *one, "", "") for kind, items in right_objects().items() for one in items]}
        sets |= {seed: mutants(seed) for seed in SEEDS}
        with ControlPlane(without=ADMISSION_OF_A_CLUSTER) as server, ThreadPoolExecutor(THREADS) as pool:
            server.install(gateway_definitions())
            judged = {}
            for name, found in sets.items():
                answers = pool.map(server.create, [one.item for one in found])
                judged[name] = [[asdict(one), *answer[:2]] for one, answer in zip(found, answers, strict=True)]
        cache.write_text(json.dumps(judged), encoding="utf-8")
        for old in sorted(CACHE.glob("api-server-*.json"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            old.unlink()
    judged = json.loads(cache.read_text(encoding="utf-8"))
    return {
        name: ([Mutant(**one) for one, _, _ in rows], [(accepted, message) for _, accepted, message in rows])
        for name, rows in judged.items()
    }


def lmsgen_verdicts(paths):
    """{path: [(code, message)]}: the errors that one run of `lmsgen validate` reports of files in one folder."""
    (folder,) = {path.parent for path in paths}
    command = [LMSGEN, "validate", "--only", "server", "--kubernetes", KUBERNETES, "-o", "json", folder]
    ended = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=folder, timeout=600)
    if ended.returncode not in (0, 3):
        raise RuntimeError(f"lmsgen validate exits with {ended.returncode}: {ended.stderr.strip()[-2000:]}")
    by_name = {path.name: path for path in paths}
    found = {path: [] for path in paths}
    for one in json.loads(ended.stdout)["diagnostics"]:
        if one["severity"] != "error":
            continue
        named = {Path(word).name for word in [one.get("primary", {}).get("path", ""), *one.get("instances", [])]}
        named = [by_name[name] for name in named if name in by_name]
        if not named:
            raise RuntimeError(f"lmsgen names no file: {one['code']} {one['message']}")
        for path in named:
            found[path].append((one["code"], one["message"]))
    return found


class Judged:
    """The mutants of one seed and both verdicts."""

    def __init__(self, seed, found, server):
        self.seed, self.found, self.server, self.lmsgen = seed, found, server, None

    def ask_lmsgen(self):
        with scratch() as name:
            paths = written_to(Path(name), self.found)
            verdicts = lmsgen_verdicts(list(paths))
            self.lmsgen = [verdicts[path] for path in paths]

    def count(self, kind=None):
        """Counter of mutants, rejected, reported, missed, false alarms."""
        total = Counter()
        for mutant, (accepted, _), codes in zip(self.found, self.server, self.lmsgen, strict=True):
            if kind in (None, mutant.kind):
                total["mutants"] += 1
                total["rejected"] += not accepted
                total["reported"] += bool(codes) and not accepted
                total["missed"] += not codes and not accepted
                total["false"] += bool(codes) and accepted
        return total

    def figures(self):
        """{kind: {"reported": percent, "false": number}}, and over all kinds."""
        counts = {kind: self.count(kind) for kind in COUNTS} | {"all": self.count()}
        return {kind: {"reported": percent(total), "false": total["false"]} for kind, total in counts.items()}

    def table(self):
        print(f"{f'seed {self.seed}':<24} mutants  rejected  reported     %  missed  false alarms")
        for kind in (*COUNTS, None):
            total = self.count(kind)
            print(
                f"{kind or 'all':<24} {total['mutants']:>7} {total['rejected']:>9} {total['reported']:>9}"
                f" {percent(total):>6.1f} {total['missed']:>6} {total['false']:>13}"
            )

    def listed(self, which, kind, operator):
        """Prints each mutant about which lmsgen is wrong."""
        for number, (mutant, (accepted, message), codes) in enumerate(
            zip(self.found, self.server, self.lmsgen, strict=True)
        ):
            wrong = not codes and not accepted if which == "missed" else bool(codes) and accepted
            if wrong and kind in (None, mutant.kind) and (operator or "") in mutant.operator:
                print(f"{file_name(number, mutant)} {mutant.place} ({mutant.operator}; {mutant.source})")
                for text in [f"server: {message}"] * (not accepted) + [f"lmsgen: {code} {text}" for code, text in codes]:
                    print(f"    {' '.join(text.split())[:600]}")


def percent(total):
    return round(100 * total["reported"] / max(total["rejected"], 1), 1)


def file_name(number, mutant):
    return f"{number:04}-{mutant.kind.lower()}.yaml"


def written_to(folder, found):
    """Writes mutants as files and returns their paths, in order."""
    paths = [folder / file_name(number, mutant) for number, mutant in enumerate(found)]
    for path, mutant in zip(paths, found, strict=True):
        path.write_text(mutant.text() + "\n", encoding="utf-8", newline="")
    return paths


def dump(folder, judged):
    folder.mkdir(parents=True, exist_ok=True)
    verdicts = {}
    for path, mutant, (accepted, message) in zip(
        written_to(folder, judged.found), judged.found, judged.server, strict=True
    ):
        verdicts[path.name] = {
            "accepted": accepted,
            "message": message,
            "kind": mutant.kind,
            "path": mutant.place,
            "operator": mutant.operator,
            "source": mutant.source,
        }
    (folder / "verdicts.json").write_text(json.dumps(verdicts, ensure_ascii=False, indent=1), encoding="utf-8")
    for kind in COUNTS:
        rejected = sum(not one["accepted"] for one in verdicts.values() if one["kind"] == kind)
        print(f"{kind:<24} {sum(one['kind'] == kind for one in verdicts.values()):>5} mutants {rejected:>5} rejected")


def sample_fleet():
    """Everything that is rendered is accepted, by a server with all of its admission, and without a warning."""
    with ControlPlane() as server:
        server.install(gateway_definitions() + flux_definitions())
        items = [item for _, item in objects() + delivery_objects()]
        server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}}, dry_run=False)
        for item in sorted(items, key=lambda one: one["kind"] != "Namespace"):
            item.pop("sops", None)  # Flux strips it
            metadata = item["metadata"]
            with case(f"the server accepts {metadata.get('namespace', '')}/{item['kind']} {metadata['name']}"):
                accepted, message, warnings = server.create(item, dry_run=item["kind"] != "Namespace")
                assert accepted, message
                assert not warnings, warnings
        with case("kubectl creates everything that is rendered, with strict validation"), scratch() as name:
            for number, item in enumerate(items):
                (Path(name) / f"{number}.json").write_text(json.dumps(item), encoding="utf-8")
            lines = server.kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", name)
            assert len(lines.splitlines()) == len(items), lines
        return len(items)


def right(found, server_verdicts):
    """What the mutants are made of is accepted by both."""
    with scratch() as name:
        paths = written_to(Path(name), found)
        codes = lmsgen_verdicts(list(paths))
        for mutant, path, (accepted, message) in zip(found, paths, server_verdicts, strict=True):
            with case(f"{mutant.source}: the right {mutant.kind} {mutant.item['metadata'].get('name')}"):
                assert accepted, f"the server rejects it: {message}"
                assert not codes[path], f"lmsgen reports {codes[path]}"


def held(judged, before):
    """The targets, and no kind worse than before."""
    now = judged.figures()
    with case(f"seed {judged.seed}: at least {REPORTED} % of what the server rejects is reported"):
        assert now["all"]["reported"] >= REPORTED, f"{now['all']['reported']} %"
    with case(f"seed {judged.seed}: nothing that the server accepts is reported"):
        assert now["all"]["false"] <= FALSE_ALARMS, f"{now['all']['false']} false alarms"
    for kind, figures in before.items():
        with case(f"seed {judged.seed}: {kind} is not worse than before"):
            found = now[kind]
            assert found["reported"] >= figures["reported"], f"{found['reported']} %, not {figures['reported']} %"
            assert found["false"] <= figures["false"], f"{found['false']} false alarms, not {figures['false']}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--list", choices=("missed", "false"))
    arguments.add_argument("--kind", choices=tuple(COUNTS))
    arguments.add_argument("--operator", metavar="WORD")
    arguments.add_argument("--dump", type=Path, metavar="FOLDER")
    arguments.add_argument("--update", action="store_true")
    asked = arguments.parse_args()

    by_name = judged_by_server()
    judged = [Judged(seed, *by_name[seed]) for seed in SEEDS]
    if asked.dump:
        dump(asked.dump, judged[0])
        return
    for one in judged[:1] if asked.list else judged:
        one.ask_lmsgen()
    if asked.list:
        judged[0].listed(asked.list, asked.kind, asked.operator)
        return
    if asked.update:
        text = json.dumps({one.seed: one.figures() for one in judged}, indent=1)
        FIGURES.write_text(text + "\n", encoding="utf-8")
    count = sample_fleet()
    right(*by_name[RIGHT])
    before = json.loads(FIGURES.read_text(encoding="utf-8"))
    for one in judged:
        one.table()
        with case(f"seed {one.seed}: there are enough mutants, and both sorts of them"):
            total = one.count()
            assert total["mutants"] >= 3000 and total["rejected"] >= 1000, total
            assert total["mutants"] - total["rejected"] >= 1000, total
        held(one, before[one.seed])
    done(at_least=count + len(by_name[RIGHT][0]) + len(SEEDS) * (3 + len(COUNTS)))


if __name__ == "__main__":
    sys.exit(main())
