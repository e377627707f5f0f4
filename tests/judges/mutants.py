"""Wrong and odd objects, made out of right ones by a seeded mutator.

It knows Kubernetes' fields but no checker and no server: whether a mutant is wrong is for the API server to say. Half of
the mutants come from the values that the `odd_` files list for the fields of a kind, half from operators that know
nothing of fields. The same seed makes the same mutants of the same objects.
"""

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from judge import ROOT, objects
from mutant_operators import OPERATORS, Grafts, clone, get, pattern, places, put
from odd_fields import fields_of

RIGHT = Path(__file__).parent / "right"
SEEDS = ("work", "held-out")
# How many of each kind; Pods have the most fields, and a fleet has Deployments, Jobs and Services most.
COUNTS = {
    "Deployment": 600, "StatefulSet": 380, "DaemonSet": 260, "Job": 380, "CronJob": 340, "Pod": 420, "Service": 260,
    "Ingress": 220, "HTTPRoute": 260, "ConfigMap": 120, "Secret": 140, "PersistentVolumeClaim": 150,
    "NetworkPolicy": 180, "ServiceAccount": 70, "Role": 90, "RoleBinding": 100, "HorizontalPodAutoscaler": 220,
    "PodDisruptionBudget": 110, "ResourceQuota": 150, "LimitRange": 160, "Namespace": 80,
}  # fmt: skip
ATTEMPTS = 100  # places that are tried for an operator


@dataclass
class Mutant:
    """One object that differs from a right one in one place."""

    kind: str
    source: str
    item: object
    place: str
    operator: str

    def text(self):
        """JSON, which is YAML as well, so that types are what they are."""
        return json.dumps(self.item, ensure_ascii=False)


def right_objects():
    """{kind: [(name, object)]}: those written here, and one of each shape that the sample fleet renders."""
    found = {kind: [] for kind in COUNTS}
    for path in sorted(RIGHT.glob("*.yaml")):
        for item in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            found[item["kind"]].append((f"right/{path.name}", item))
    shapes = set()
    for path, item in objects():
        item.pop("sops", None)  # Flux strips it before it asks the server
        shape = (item["kind"], tuple(sorted({pattern(place) for place, _ in places(item)})))
        if item["kind"] in found and shape not in shapes:
            shapes.add(shape)
            found[item["kind"]].append((str(path.relative_to(ROOT)), item))
    return found


def written(place):
    """A place as people write it."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")
    return text if len(text) < 300 else f"{text[:300]}…"


def get_or_none(item, place):
    parent = get(item, place[:-1])
    return parent.get(place[-1]) if isinstance(parent, dict) else parent[place[-1]]


def spots(item, place):
    """The spots of an object that a place in the `odd_` files means; the last field may be missing."""
    found = [()]
    keys = [name.replace("[.]", ".") for name in re.split(r"(?<!\[)\.(?!\])", place)]
    for depth, name in enumerate(keys, start=1):
        last, following = depth == len(keys), []
        for spot in found:
            value = get(item, spot)
            if name == "*":
                names = range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
                following += [(*spot, one) for one in names]
            elif isinstance(value, dict) and (last or name in value):
                following.append((*spot, name))
        found = following
    return found


def by_field(dice, kind, right, count):
    """Mutants with a listed value, as evenly over the fields as they allow."""
    candidates = []
    for place, values in fields_of(kind).items():
        further = place.endswith(".+")
        found = [(name, item, spot) for name, item in right for spot in spots(item, place.removesuffix(".+"))]
        found = [one for one in found if not further or isinstance(get_or_none(one[1], one[2]), dict)]
        dice.shuffle(found)
        options = list(enumerate(values))
        dice.shuffle(options)
        for round_, (number_, value) in enumerate(options):
            if found:
                name, item, spot = found[round_ % len(found)]
                if further:
                    spot, value = (*spot, value), "1"
                candidates.append((round_ + dice.random(), place, number_, name, item, spot, value))
    candidates.sort(key=lambda one: one[:3])
    made = []
    for _, _, number_, name, item, spot, value in candidates:
        if len(made) == count:
            break
        changed = clone(item)
        put(changed, spot, clone(value))
        if differs(changed, item):
            made.append(Mutant(kind, name, changed, written(spot), f"value {number_}"))
    return made


def by_operator(dice, kind, right, grafts, count):
    """Mutants by operators, as evenly over the operators and over the fields as they allow."""
    operators = [*OPERATORS, *[grafts.graft] * 3, *[grafts.replace] * 2]
    nodes = {}
    for name, item in right:
        for place, _ in places(item):
            nodes.setdefault(pattern(place), []).append((name, item, place))
    nodes = sorted(nodes.items(), key=lambda one: str(one[0]))
    made, seen = [], set()
    for turn in range(count * 2):
        if len(made) == count:
            break
        operator = operators[turn % len(operators)]
        for _ in range(ATTEMPTS):
            name, item, place = dice.choice(dice.choice(nodes)[1])
            changed = clone(item)
            if not operator(dice, changed, place, get(changed, place)) or not differs(changed, item):
                continue
            mutant = Mutant(kind, name, changed, written(place), operator.__name__)
            if mutant.text() not in seen:
                seen.add(mutant.text())
                made.append(mutant)
                break
    return made


def differs(changed, item):
    """Whether a change is one: 1 and true are the same to Python, not to a server."""
    return changed != item or json.dumps(changed) != json.dumps(item)


def mutants(seed):
    """All mutants of a seed, by kind."""
    right = right_objects()
    grafts = Grafts(right)
    found, seen = [], set()
    for kind, count in COUNTS.items():
        dice = random.Random(f"{seed} {kind}")
        listed = by_field(dice, kind, right[kind], count // 2)
        for mutant in listed + by_operator(dice, kind, right[kind], grafts, count - len(listed)):
            if mutant.text() not in seen:
                seen.add(mutant.text())
                found.append(mutant)
    return found
