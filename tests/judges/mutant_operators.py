"""What the mutator does to an object without knowing what its fields mean: the mistakes of people who write YAML.

Each operator takes (dice, item, place, value), changes the item and returns true, or returns false when it does not
apply there. None may know Kubernetes, a checker, or a server.
"""

import json
import re

# What a person types instead of a value, and keys that may be too many.
WORDS = [
    "null", "~", "true", "0", "1", "TODO", "none", "None", "default", "{{ value }}", "<nil>", "1e3", "-", "*", "all",
    "123", "0x1f", "07",
]  # fmt: skip
KEYS = [
    "unknown", "x", "", "A b", "-a", "name", "x" * 64, "a/b/c", "example.com/é", "value", "Name", "key_1", "type",
    "enabled",
]  # fmt: skip


def places(value, place=()):
    """(place, value) of everything below a value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*place, key), child
        yield from places(child, (*place, key))


def pattern(place):
    """A place without its indices."""
    return tuple("*" if isinstance(key, int) else key for key in place)


def clone(value):
    return json.loads(json.dumps(value))


def get(item, place):
    for key in place:
        item = item[key]
    return item


def put(item, place, value):
    get(item, place[:-1])[place[-1]] = value


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
    numbers = [-1, 0, 1, 2, value + 1, -value, 100, 101, 32768, 65536, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 0.1]
    put(item, place, dice.choice([*numbers, value * 1000]))
    return True


def text(dice, item, place, value):
    """Characters that names and enumerations may not hold."""
    if not isinstance(value, str):
        return False
    where = dice.randint(0, len(value))
    before, after = value[:where], value[where:]
    choices = [
        value.upper(), value.lower(), value.capitalize(), f"-{value}", f"{value}-", f" {value}", f"{value} ",
        f"{value}\n", f"{value}.", f".{value}", value.replace("-", "_"), f"_{value}", f"{value}é", f"{value}🎓",
        f"{before} {after}", f"{before}{after[1:]}", f"{before}/{after}", f"{value}s", value[:1], f"{value}:1",
        f"*{value}", f"{value}%", f"{value}\t", f"{value}$(X)", f"${{{value}}}", "..",
    ]  # fmt: skip
    put(item, place, dice.choice(choices))
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
    put(item, place, dice.choice(WORDS))
    return True


def key(dice, item, place, value):
    """A map gets one more key, or its own key becomes an odd one."""
    if not isinstance(value, dict):
        return False
    new = dice.choice(KEYS)
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
OPERATORS = [
    drop, drop, rename, retype, retype, nothing, empty, number, text, text, length, scalar, key, duplicate,
    almost_duplicate, append, repeat, reverse, outdent, indent, swap,
]  # fmt: skip
