"""Reports of faults, read by those they are written for: SARIF by its schema and by Microsoft's own validator, JUnit by
Jenkins' schema and by junitparser, GitLab's Code Quality by what its parser requires, GitHub's commands by the code of
@actions/core, Markdown by markdown-it.

The fleet's keys and values hold everything that one of these formats acts on, and each is a fault.
"""

import json
import os
import re
import urllib.parse
from pathlib import Path

import jsonschema
import xmlschema
from junitparser import Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt

from judge import LMSGEN, TOOLS, case, done, run, scratch

JUDGES = TOOLS.parent
MODULES = JUDGES / "npm" / "node_modules"
MULTITOOL = MODULES / "@microsoft" / "sarif-multitool-linux"

# As TOML writes them between double quotes, but for the quotes.
HOSTILE = [
    "кириллица «ё»",
    "]]> & <b>\"x\"</b> '",
    "100% %0A %2C",
    "::error file=x::gotcha",
    "a|b `c` \\| \\",
    "![x](https://evil.example/x.png) <img src=x>",
    "@all #1 !2 %3 ~bug $4 &5",
    "new\\nline\\ttab",
    "\\u001B[31mred\\u001B]8;;x",
    "\\u007F\\u0085\\u2028",
    "{0} {{ x }} [link](0)",
    "# heading",
    "1. list",
    "https://example.com/?a=b",
    "𝄞 emoji 🙂",
]

ENVIRONMENT = """\
namespace = "dev"
kubernetes = "1.35"
secrets.recipients = ["age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6"]
"""

STACK = """\
client-id = '^[A-Z][0-9]{1,6}$'
phases = ["app"]

[params.x]
type = "string"
values = ["right"]
description = "a choice"
"""

TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: config-{{ client.slug }}
  namespace: {{ environment.namespace }}
data:
  X: {{ params.x }}
"""

# A key and a value for each string; four of them hold a character that is a fault of its own.
N_FAULTS = 2 * len(HOSTILE) + 4
FORMATS = ["text", "json", "sarif", "junit", "gitlab", "github", "markdown"]


def fleet(folder, top=""):
    """A fleet below `folder/top`, in a repository of its own, with faults."""
    run("git", "init", "-q", folder)
    root = folder / top
    files = {
        "lmsgen.toml": 'stack = "t"\n',
        "environments/dev.toml": ENVIRONMENT,
        "templates/t/stack.toml": STACK,
        "templates/t/app/config.yaml": TEMPLATE,
    }
    for n, text in enumerate(HOSTILE, 1):
        quoted = text.replace("\\| \\", "\\\\| \\\\").replace('"', '\\"')
        # An unknown key in the first line that a person edits, and a value that is none of those declared.
        files[f"clients/C{n}.toml"] = f'name = "Клиент"\n"{quoted}" = 1\n\n[params]\nx = "{quoted}"\n\n[environments.dev]\n'
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def reports(root, folder, expect, *more):
    """Every format from one run, by name; JSON from stdout."""
    places = {name: folder / f"report.{name}" for name in FORMATS if name != "json"}
    options = [f"-o{name}={path}" for name, path in places.items()]
    out = run(LMSGEN, "validate", "-o", "json", *options, *more, cwd=root, expect=expect)
    texts = {name: path.read_text(encoding="utf-8") for name, path in places.items()}
    return {"json": out, **texts}


def places(found):
    """(code, severity, path, line) of each fault in our own JSON, from the fleet's top."""
    spots = [one.get("primary", {"path": "lmsgen.toml", "line": 1}) for one in found["diagnostics"]]
    return sorted((one["code"], one["severity"], at["path"], at["line"]) for one, at in zip(found["diagnostics"], spots))


def holds_no_control_character(texts):
    for name, text in texts.items():
        bad = re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)
        assert bad is None, f"{name} holds {bad.group()!r}"


def sarif(text, path, expected, prefix):
    report = json.loads(text)
    schema = json.loads((MULTITOOL / "sarif-2.1.0.json").read_text(encoding="utf-8-sig"))
    jsonschema.validators.validator_for(schema)(schema).validate(report)
    (driver,) = [one["tool"]["driver"] for one in report["runs"]]
    results = report["runs"][0]["results"]
    said = []
    for one in results:
        assert driver["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
        place = one["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", uri), uri
        file = urllib.parse.unquote(uri, errors="strict").removeprefix(prefix)
        said.append((one["ruleId"], one["level"], file, place["region"]["startLine"]))
    assert sorted(said) == expected
    prints = {one["partialFingerprints"]["lmsgen/v1"] for one in results}
    assert len(prints) == len(results)
    env = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    verdict = path.with_name("verdict.sarif")
    run("sh", "-c", f'"{MULTITOOL}/Sarif.Multitool" validate "{path}" --output "{verdict}" --log ForceOverwrite || true', env=env)
    findings = json.loads(verdict.read_text(encoding="utf-8-sig"))["runs"][0]["results"]
    errors = [one for one in findings if one.get("level", "warning") == "error"]
    assert not errors, errors[:3]


def sarif_columns(text, root, prefix):
    """Regions count characters, as `columnKind` says: the text they cut out is the key or the value."""
    n_checked = 0
    for one in json.loads(text)["runs"][0]["results"]:
        place = one["locations"][0]["physicalLocation"]
        file = root / urllib.parse.unquote(place["artifactLocation"]["uri"]).removeprefix(prefix)
        region = place["region"]
        if "startColumn" not in region or region["startLine"] != region["endLine"]:
            continue
        line = file.read_text(encoding="utf-8").split("\n")[region["startLine"] - 1]
        piece = line[region["startColumn"] - 1 : region["endColumn"] - 1]
        assert piece.startswith('"') and piece.endswith('"') or re.fullmatch(r"[\w.-]+", piece), (line, piece)
        n_checked += 1
    assert n_checked >= len(HOSTILE), n_checked


def junit(text, path, expected):
    xmlschema.XMLSchema(str(JUDGES / "junit-10.xsd")).validate(str(path))
    xml = JUnitXml.fromstring(text.encode())
    errors = sum(severity == "error" for _, severity, _, _ in expected)
    cases = [one for suite in xml for one in suite]
    failed = [one for one in cases if any(isinstance(result, Failure) for result in one.result)]
    skipped = [one for one in cases if any(isinstance(result, Skipped) for result in one.result)]
    passed = [one for one in cases if not one.result]
    assert (len(failed), len(skipped)) == (errors, len(expected) - errors)
    assert len(passed) == (0 if errors else 1)
    # GitLab drops a case with the name of another, and shows nothing of a failure without text.
    assert len({(one.classname, one.name) for one in cases}) == len(cases)
    assert all(result.text.strip() for one in failed + skipped for result in one.result)


def gitlab(text, expected, prefix):
    issues = json.loads(text)
    for one in issues:
        assert all(isinstance(one[key], str) for key in ("description", "check_name", "fingerprint"))
        assert one["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert not one["location"]["path"].startswith(("/", "./"))
        assert isinstance(one["location"]["lines"]["begin"], int)
        assert one["description"].startswith(one["check_name"])
    assert len({one["fingerprint"] for one in issues}) == len(issues)
    severities = {"minor": "warning"}
    said = [
        (
            one["check_name"],
            severities.get(one["severity"], "error"),
            one["location"]["path"].removeprefix(prefix),
            one["location"]["lines"]["begin"],
        )
        for one in issues
    ]
    assert sorted(said) == expected


# Takes commands apart as GitHub's runner does, and has @actions/core put them together again.
GITHUB = """
import { issueCommand } from '%s';
import { readFileSync } from 'node:fs';
const undo = (text, pairs) => pairs.reduce((t, [from, to]) => t.replaceAll(from, to), text);
const DATA = [['%%0D', '\\r'], ['%%0A', '\\n'], ['%%25', '%%']];
const PROPERTY = [['%%0D', '\\r'], ['%%0A', '\\n'], ['%%3A', ':'], ['%%2C', ','], ['%%25', '%%']];
for (const line of readFileSync(0, 'utf8').split('\\n').filter(Boolean)) {
  const end = line.indexOf('::', 2);
  const head = line.slice(2, end);
  const space = head.indexOf(' ');
  const properties = {};
  for (const pair of head.slice(space + 1).split(',')) {
    const at = pair.indexOf('=');
    properties[pair.slice(0, at)] = undo(pair.slice(at + 1), PROPERTY);
  }
  issueCommand(head.slice(0, space), properties, undo(line.slice(end + 2), DATA));
}
"""


def github(text, expected, everything):
    script = GITHUB % (MODULES / "@actions" / "core" / "lib" / "command.js").as_uri()
    again = run("node", "--input-type=module", "-e", script, stdin=text)
    assert again == text
    lines = text.splitlines()
    assert all(line.startswith(("::error file=", "::warning file=", "::notice title=")) for line in lines), lines
    errors = [line for line in lines if line.startswith("::error ")]
    n_errors = sum(severity == "error" for _, severity, _, _ in expected)
    assert len(errors) == (n_errors if everything else min(10, n_errors))
    rest = n_errors - len(errors)
    assert (f"and {rest} more" in text) == (rest > 0)


def markdown(text, found, everything):
    # The same fault in several places is one row.
    expected = {(one["code"], one["message"], one.get("help")) for one in found["diagnostics"]}
    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(text)
    tokens += [child for token in tokens for child in token.children or []]
    kinds = {token.type for token in tokens}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "heading_open", "list_item_open", "s_open", "em_open"}, kinds
    rows = sum(token.type == "tr_open" for token in tokens) - 1
    cells = sum(token.type == "td_open" for token in tokens)
    more = re.search(r"… and (\d+) more", text)
    rest = int(more[1]) if more else 0
    assert cells == 4 * rows
    assert rows == (len(expected) if everything else min(20, len(expected))), rows
    assert rows + rest == len(expected), (rows, rest)
    first = next(token.content for token in tokens if token.type == "inline")
    assert f"{found['errors']} errors" in first, first
    # What a value holds arrives as text, whole.
    shown = "".join(token.content for token in tokens if token.type in ("text", "code_inline", "text_special"))
    if everything:
        for piece in ["кириллица «ё»", "]]> & <b>", "100% %0A", "a|b ", "@all #1 !2 %3 ~bug $4 &5", "<img src=x>", "\\u{1b}[31mred"]:
            assert piece in shown, piece


def judged(top, everything):
    with scratch() as folder:
        folder = Path(folder)
        root = fleet(folder, top)
        more = ["-v"] if everything else []
        name = f"a fleet at {top or 'the top'}{', -v' if everything else ''}: "
        texts = {}
        with case(name + "all formats at once"):
            texts.update(reports(root, folder, 3, *more))
            holds_no_control_character(texts)
        found = json.loads(texts["json"])
        expected = places(found)
        with case(name + "json"):
            assert found["format"] == "lmsgen.diagnostics/v1" and found["errors"] == N_FAULTS, found["errors"]
        prefix = f"{top}/" if top else ""
        with case(name + "SARIF"):
            sarif(texts["sarif"], folder / "report.sarif", expected, prefix)
        with case(name + "SARIF's columns"):
            sarif_columns(texts["sarif"], root, prefix)
        with case(name + "JUnit"):
            junit(texts["junit"], folder / "report.junit", expected)
        with case(name + "GitLab"):
            gitlab(texts["gitlab"], expected, prefix)
        with case(name + "GitHub"):
            github(texts["github"], expected, everything)
        with case(name + "Markdown"):
            markdown(texts["markdown"], found, everything)
        with case(name + "text"):
            assert f"\n{N_FAULTS} errors" in texts["text"], texts["text"][-200:]


def nothing_wrong():
    with scratch() as folder:
        folder = Path(folder)
        root = fleet(folder)
        for path in (root / "clients").iterdir():
            path.write_text('name = "Клиент"\nparams.x = "right"\n\n[environments.dev]\n', encoding="utf-8")
        texts = {}
        with case("nothing is wrong: all formats at once"):
            texts.update(reports(root, folder, 0))
        with case("nothing is wrong: SARIF"):
            sarif(texts["sarif"], folder / "report.sarif", [], "")
        with case("nothing is wrong: JUnit"):
            junit(texts["junit"], folder / "report.junit", [])
        with case("nothing is wrong: the others"):
            assert json.loads(texts["gitlab"]) == [] and texts["github"] == ""
            assert texts["markdown"].startswith("**lmsgen: no errors**") and texts["text"].startswith("No errors")


def main():
    for top in ["", "деплой/fleet #1"]:
        for everything in [False, True]:
            judged(top, everything)
    nothing_wrong()
    done(at_least=40)


main()
