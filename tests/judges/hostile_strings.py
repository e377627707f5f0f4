"""155 strings that YAML writers get wrong, through a fleet of one template: each arrives as itself or is refused.

The strings stand in `hostile.json`. Those with characters that a reviewer cannot see must be refused by name; all
others must be read back equal, by kubectl's, kustomize's and Python's readers, from every place of a manifest where a
value can stand.
"""

import json
import os
import re
from pathlib import Path

from judge import LMSGEN, case, done, load, read_by_go, run, scratch

STRINGS = json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8"))
# Control characters but newline and tab, what reorders text, and what has no width.
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
RECIPIENT = "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6"

# Each name is a place in the manifest, each text the template's line there; `{}` is the value.
PLACES = {
    "plain": "plain: {}",
    "plain-first": "plain-first: {}-tail",
    "plain-last": "plain-last: head-{}",
    "plain-middle": "plain-middle: a {} z",
    "double": 'double: "{}"',
    "single": "single: '{}'",
    "double-middle": 'double-middle: "\\"a\\": {} # z"',
    "single-middle": "single-middle: '''a'': {} # z'",
    "flow": "flow: {{ inner: {} }}",
    "flow-list": "flow-list: [a, {}, z]",
    "block-list": "block-list:\n    - {}\n    - z",
    "literal": "literal: |\n    first\n    a {} z\n    last",
    "folded": "folded: >-\n    {}",
}


def expected(place, value):
    """What a reader must find at a place."""
    return {
        "plain": value,
        "plain-first": f"{value}-tail",
        "plain-last": f"head-{value}",
        "plain-middle": f"a {value} z",
        "double": value,
        "single": value,
        "double-middle": f'"a": {value} # z',
        "single-middle": f"'a': {value} # z",
        "flow": {"inner": value},
        "flow-list": ["a", value, "z"],
        "block-list": [value, "z"],
        "literal": f"first\na {value} z\nlast\n",
        "folded": value,
    }[place]


def toml(text):
    """A TOML basic string; what must not stand in a file as it is, as an escape."""
    return HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


# A kind that takes anything.
PROBE = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: probes.probe.example}
spec:
  group: probe.example
  scope: Namespaced
  names: {kind: Probe, plural: probes}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


def fleet(root, strings):
    """A fleet whose one client has the strings as parameters s0, s1, … and as one list."""
    declarations = "".join(f'[params.s{n}]\ntype = "string"\ndescription = "a string"\n' for n in range(len(strings)))
    objects = []
    for n in range(len(strings)):
        lines = "".join("  " + line.format(f"{{{{ params.s{n} }}}}") + "\n" for line in PLACES.values())
        objects.append(
            f"apiVersion: probe.example/v1\nkind: Probe\nmetadata:\n  name: probe-{n}\n"
            f"  namespace: {{{{ environment.namespace }}}}\nspec:\n{lines}"
        )
    objects.append(
        "apiVersion: probe.example/v1\nkind: Probe\nmetadata:\n  name: all\n  namespace: {{ environment.namespace }}\n"
        "spec:\n  list: {{ params.all }}\n  table: {{ params.table }}\n"
    )
    files = {
        "lmsgen.toml": 'stack = "probe"\n',
        "schemas/probe.yaml": PROBE,
        "environments/here.toml": f'namespace = "here"\nkubernetes = "1.35"\ndelivery = "kubectl"\n'
        f'[secrets]\nrecipients = ["{RECIPIENT}"]\nform = "sops"\n',
        "templates/probe/stack.toml": 'client-id = "^c[0-9]+$"\nphases = ["app"]\n'
        f'{declarations}[params.all]\ntype = "list"\nmax-items = 200\nitems = {{ type = "string" }}\n'
        'description = "all of them"\n'
        '[params.table]\ntype = "table"\nvalues = { type = "string" }\ndescription = "all of them by name"\n',
        "templates/probe/app/probe.yaml": "---\n".join(objects),
        "clients/c1.toml": 'name = "Hostile"\n[params]\n'
        + "".join(f"s{n} = {toml(text)}\n" for n, text in enumerate(strings))
        + f"all = [{', '.join(map(toml, strings))}]\n"
        + "[params.table]\n"
        + "".join(f"k{n} = {toml(text)}\n" for n, text in enumerate(strings))
        + "[environments.here]\n",
    }
    for name, text in files.items():
        path = Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def lmsgen(root, command, expect=0):
    """Runs lmsgen in the fleet; returns what it says."""
    env = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_GLOBAL": "/dev/null", "NO_COLOR": "1"}
    return run("sh", "-c", f"{LMSGEN} {command} 2>&1", cwd=root, env=env, expect=expect)


def round_trip(strings):
    """Every string comes back from every place, for every reader."""
    with scratch() as root:
        fleet(root, strings)
        run("git", "init", "-q", cwd=root)
        lmsgen(root, "render")
        folder = Path(root) / "rendered" / "here" / "c1" / "app"
        paths = [path for path in sorted(folder.glob("*.yaml")) if path.name != "kustomization.yaml"]
        answers = read_by_go(paths)
        readings = {}
        for path in paths:
            python = load(path)
            readings[python["metadata"]["name"]] = {"python": python, **answers[path]}
    for n, text in enumerate(strings):
        with case(f"{text!r} arrives as it is"):
            for reader, item in readings[f"probe-{n}"].items():
                for place in PLACES:
                    got = item["spec"][place]
                    assert got == expected(place, text), f"{reader} finds {got!r} at {place}"
    with case("a list and a table of all strings arrive as they are"):
        for reader, item in readings["all"].items():
            assert item["spec"]["list"] == strings, reader
            assert item["spec"]["table"] == {f"k{n}": text for n, text in enumerate(strings)}, reader


def main():
    assert len(STRINGS) == len(set(STRINGS)) == 155
    hidden = [text for text in STRINGS if HIDDEN.search(text)]
    round_trip([text for text in STRINGS if text not in hidden])
    for text in hidden:
        with case(f"{text!a} is refused where it stands"), scratch() as root:
            fleet(root, ["a", text])
            words = lmsgen(root, "validate", expect=3)
            assert "clients/c1.toml:4:" in words, words
            assert f"U+{ord(HIDDEN.search(text)[0]):04X}" in words, words
            assert not HIDDEN.search(words.replace("\r\n", "\n")), "the message holds the character itself"
    done(at_least=156)


main()
