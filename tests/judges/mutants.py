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
    place: str
    operator: str
    item: object

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


def places(value, place=()):
    """(place, value) of everything below a value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*place, key), child
        yield from places(child, (*place, key))


def pattern(place):
    """A place without its indices."""
    return tuple("*" if isinstance(key, int) else key for key in place)


def written(place):
    """A place as people write it."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)
    return (text if len(text) < 300 else f"{text[:300]}…").lstrip(".")


def clone(value):
    return json.loads(json.dumps(value))


def get(item, place):
    for key in place:
        item = item[key]
    return item


def get_or_none(item, place):
    parent = get(item, place[:-1])
    return parent.get(place[-1]) if isinstance(parent, dict) else parent[place[-1]]


def put(item, place, value):
    get(item, place[:-1])[place[-1]] = value


# Operators: each takes (dice, item, place, value), changes the item and returns true, or returns false when it does not
# apply there.


def drop(dice, item, place, value):
    del get(item, place[:-1])[place[-1]]
    return True


def rename(dice, item, place, value):
    key = place[-1]
    if not isinstance(key, str) or not key:
        return False
    parent = get(item, place[:-1])
    new = dice.choice(
        [key + "s", key[:-1], key.lower(), key[0].upper() + key[1:], re.sub("([A-Z])", r"_\1", key).lower(), key + " "]
    )
    if new in parent:
        return False
    items = [(new if name == key else name, child) for name, child in parent.items()]
    parent.clear()
    parent.update(items)
    return True


def retype(dice, item, place, value):
    """The value as another type: quoted, unquoted, wrapped, unwrapped."""
    if isinstance(value, bool):
        choices = [str(value).lower(), int(value), [value], "yes" if value else "no"]
    elif isinstance(value, int | float):
        choices = [str(value), value + 0.5, [value], True, {"value": value}, f"{value}s"]
    elif isinstance(value, str):
        choices = [[value], {"name": value}, True, 7, 1.5, value.split(",")]
        choices += [int(value)] * 3 if re.fullmatch("[0-9]{1,9}", value) else []
        choices += [value == "true"] * 3 if value in ("true", "false") else []
    elif isinstance(value, list):
        choices = [value[0] if value else "", {str(n): child for n, child in enumerate(value)}, "text", 0, True, {}]
    elif isinstance(value, dict):
        choices = [[value], list(value.values()), "text", 1, [f"{key}={child}" for key, child in value.items()], False]
    else:
        return False
    put(item, place, dice.choice(choices))
    return True


def nothing(dice, item, place, value):
    put(item, place, None)
    return True


def empty(dice, item, place, value):
    own = {} if isinstance(value, dict) else [] if isinstance(value, list) else ""
    put(item, place, own if dice.random() < 0.7 else dice.choice([{}, [], "", 0, [None]]))
    return True


def number(dice, item, place, value):
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    numbers = [-1, 0, 1, 2, value + 1, -value, 100, 101, 32768, 65536, 2147483647, 2147483648, 9223372036854775807, 9223372036854775808, 0.1, value * 1000]
    put(item, place, dice.choice(numbers))
    return True


def text(dice, item, place, value):
    """Characters that names and enumerations may not hold."""
    if not isinstance(value, str):
        return False
    where = dice.randint(0, len(value))
    put(
        item,
        place,
        dice.choice(
            [
                value.upper(), value.lower(), value.capitalize(), f"-{value}", f"{value}-", f" {value}", f"{value} ",
                f"{value}\n", f"{value}.", f".{value}", value.replace("-", "_"), f"_{value}", f"{value}é", f"{value}🎓",
                f"{value[:where]} {value[where:]}", f"{value[:where]}{value[where + 1 :]}", f"{value[:where]}/{value[where:]}",
                f"{value}s", value[:1], f"{value}:1", f"*{value}", f"{value}%", f"{value}\t", f"{value}$(X)", f"${{{value}}}", "..",
            ]
        ),
    )  # fmt: skip
    return True


def length(dice, item, place, value):
    if not isinstance(value, str):
        return False
    size = dice.choice([15, 16, 52, 53, 63, 64, 128, 253, 254, 1024, 1025, 5000])
    put(item, place, (re.sub(r"\W", "", value) or "a").ljust(size, "a")[:size])
    return True


def scalar(dice, item, place, value):
    """What a person types instead of a value."""
    if isinstance(value, dict | list):
        return False
    put(item, place, dice.choice(["null", "~", "true", "0", "1", "TODO", "none", "None", "default", "{{ value }}", "<nil>", "1e3", "-", "*", "all", "123", "0x1f", "07"]))
    return True


def key(dice, item, place, value):
    """A map gets one more key, or its own key becomes an odd one."""
    if not isinstance(value, dict):
        return False
    new = dice.choice(["unknown", "x", "", "A b", "-a", "name", "x" * 64, "a/b/c", "example.com/é", "value", "Name", "key_1", "type", "enabled"])
    if new in value:
        return False
    value[new] = clone(dice.choice([*value.values(), "x", 1, None, {}, True]))
    return True


def duplicate(dice, item, place, value):
    if not isinstance(value, list) or not value:
        return False
    value.insert(dice.randint(0, len(value)), clone(dice.choice(value)))
    return True


def almost_duplicate(dice, item, place, value):
    """An item again, with one scalar changed: still the same name, or no longer."""
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return False
    child = clone(dice.choice(value))
    scalars = [(at, one) for at, one in places(child) if isinstance(one, str | int) and not isinstance(one, bool)]
    if not scalars:
        return False
    at, one = dice.choice(scalars)
    put(child, at, f"{one}2" if isinstance(one, str) else one + 1)
    value.append(child)
    return True


def append(dice, item, place, value):
    if not isinstance(value, list):
        return False
    value.append(dice.choice([None, {}, "", [], 1, "x", {"name": "x"}]))
    return True


def repeat(dice, item, place, value):
    """A list longer than people make them, of items that differ."""
    if not isinstance(value, list) or not value:
        return False
    first = value[0]
    for n in range(dice.choice([7, 16, 33, 65, 129])):
        child = clone(first)
        if isinstance(child, dict):
            for name, one in list(child.items()):
                if isinstance(one, str) and name in ("name", "key", "type", "mountPath", "path"):
                    child[name] = f"{one}{n}"
        elif isinstance(child, str):
            child = f"{child}{n}"
        value.append(child)
    return True


def reverse(dice, item, place, value):
    if not isinstance(value, list) or len(value) < 2:
        return False
    value.reverse()
    return True


def outdent(dice, item, place, value):
    """A field one level too high."""
    if len(place) < 2 or not isinstance(place[-1], str) or not isinstance(place[-2], str):
        return False
    above = get(item, place[:-2])
    if place[-1] in above:
        return False
    del above[place[-2]][place[-1]]
    above[place[-1]] = value
    return True


def indent(dice, item, place, value):
    """A field one level too deep."""
    parent = get(item, place[:-1])
    if not isinstance(parent, dict):
        return False
    maps = [name for name, one in parent.items() if isinstance(one, dict) and name != place[-1]]
    if not maps:
        return False
    del parent[place[-1]]
    parent[dice.choice(maps)][place[-1]] = value
    return True


def swap(dice, item, place, value):
    """Two values of one map change places."""
    parent = get(item, place[:-1])
    if not isinstance(parent, dict):
        return False
    others = [name for name, one in parent.items() if type(one) is type(value) and one != value]
    if not others:
        return False
    other = dice.choice(others)
    parent[place[-1]], parent[other] = parent[other], value
    return True


class Grafts:
    """What other right objects have at the same place."""

    def __init__(self, right):
        self.fields = {}
        for items in right.values():
            for _, item in items:
                for place, value in places(item):
                    if place and isinstance(place[-1], str):
                        self.fields.setdefault(self.where(place[:-1]), {}).setdefault(place[-1], []).append(value)

    def where(self, place):
        """The nearest names above: a container is one wherever it is."""
        names = [name for name in pattern(place) if name != "initContainers"]
        return tuple("containers" if name == "initContainers" else name for name in names[-3:])

    def graft(self, dice, item, place, value):
        """A map gets a field that others like it have."""
        if not isinstance(value, dict):
            return False
        fields = self.fields.get(self.where(place), {})
        missing = sorted(name for name in fields if name not in value)
        if not missing:
            return False
        name = dice.choice(missing)
        value[name] = clone(dice.choice(fields[name]))
        return True

    def replace(self, dice, item, place, value):
        """A field gets the value that another has there."""
        if not isinstance(place[-1], str):
            return False
        others = [one for one in self.fields.get(self.where(place[:-1]), {}).get(place[-1], []) if one != value]
        if not others:
            return False
        put(item, place, clone(dice.choice(others)))
        return True


# More than once: the mistakes that people make most.
OPERATORS = [drop, drop, rename, retype, retype, nothing, empty, number, text, text, length, scalar, key, duplicate, almost_duplicate, append, repeat, reverse, outdent, indent, swap]


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
            made.append(Mutant(kind, name, written(spot), f"value {number_}", changed))
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
            mutant = Mutant(kind, name, written(place), operator.__name__, changed)
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
