"""Random YAML trees through real sops and lmsgen's engine for its files, each reading what the other wrote.

SOPS_TREES holds how many trees there are for each version (200), SOPS_SEED the seed.
"""

import json
import os
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from judge import ROOT, TOOLS, case, done, run, scratch

DRIVER = Path(os.environ.get("SOPS_DRIVER", ROOT / "target" / "debug" / "examples" / "sops_driver"))
VERSIONS = {
    "3.13.3": Path(os.environ.get("SOPS_3_13", TOOLS / "sops")),
    "3.11.0": Path(os.environ.get("SOPS_3_11", TOOLS / "sops-3.11.0")),
}
TREES = int(os.environ.get("SOPS_TREES", "200"))
SEED = int(os.environ.get("SOPS_SEED", "20260829"))
NOW = "2026-01-02T03:04:05Z"

RULES = [
    ("", ""),
    ("unencrypted_suffix", "_plain"),
    ("encrypted_suffix", "_secret"),
    ("unencrypted_regex", r"^(meta|kind\d?)"),
    ("encrypted_regex", "^(data|stringData|k.*_secret)$"),
]
COMMENT_RULES = [("encrypted_comment_regex", "decides"), ("unencrypted_comment_regex", r"^ remark \d+ decides$")]
KEYS = ["data", "stringData", "meta", "kind1", "a", "b c", "k:x", "yes", "1", "é", "x_plain", "k_secret", "v_secret", "z_unencrypted"]
TEXTS = ["x", "hunter2", "two words", "é☃ 𝄞", "yes", "12", "1e3", "true", "2001-12-14", "a: b", "# no comment", "- x", "'", '"', "\\", "tab\there", "", " lead", "trail ", "line\nline", "line\n\nline\n", "{a}", "*x", "&y", "!t", "%", "@", "null", "~", "ENC[", "a" * 300]
OTHERS = [
    ("5", "int", "5"), ("-7", "int", "-7"), ("0x1F", "int", "31"), ("017", "int", "15"), ("1_000", "int", "1000"),
    ("9223372036854775807", "int", "9223372036854775807"), ("0.1", "float", "0.1"), ("1e21", "float", "1" + "0" * 21),
    ("1e-7", "float", "0.0000001"), (".inf", "float", "+Inf"), ("-.inf", "float", "-Inf"), ("08.5", "float", "8.5"),
    ("true", "bool", "True"), ("False", "bool", "False"), ("2001-12-14", "time", "2001-12-14T00:00:00Z"),
    ("2001-12-14t21:59:43.10-05:00", "time", "2001-12-14T21:59:43.1-05:00"), ("yes", "str", "yes"), ("12:30:45", "str", "12:30:45"),
]  # fmt: skip


class Maker:
    """Makes the text of a plain file, and what is in it: (document, path, type, bytes), and (document, text) of comments."""

    def __init__(self, seed, rule):
        self.dice = random.Random(seed)
        self.indent = self.dice.choice([2, 4])
        self.decide = rule in COMMENT_RULES
        self.remarks = self.decide or self.dice.random() < 0.6
        self.values, self.comments = [], []
        documents = self.dice.choice([1, 1, 1, 2, 3])
        texts = []
        for self.document in range(documents):
            self.lines = []
            self.mapping(0, [], 0)
            texts.append("\n".join(self.lines) + "\n")
        self.text = "---\n".join(texts)

    def comment(self, column, trailing=False):
        if self.remarks and self.dice.random() < 0.25:
            text = f" remark {len(self.comments)} {self.dice.choice(['', 'é', 'key: value', 'a # b', 'decides'])}".rstrip()
            self.comments.append([self.document, text])
            return f" #{text}" if trailing else self.lines.append(f"{' ' * column}#{text}")
        return ""

    def quoted(self, text):
        style = self.dice.choice(["double", "single"])
        if style == "single" and "\n" not in text and "\t" not in text:
            return "'" + text.replace("'", "''") + "'"
        return json.dumps(text, ensure_ascii=False)

    def scalar(self, path, column, flow=False):
        """The text of a random scalar; several lines for a block."""
        kind = self.dice.random()
        if kind < 0.08:
            return self.dice.choice(["null", "~", "{}", "[]"])
        if kind < 0.35:
            text, kind, value = self.dice.choice(OTHERS)
            self.values.append([self.document, list(path), kind, value])
            return text
        text = self.dice.choice(TEXTS)
        self.values.append([self.document, list(path), "str", text])
        if not flow and "\n" in text and not text.startswith(" ") and self.dice.random() < 0.5:
            mark = "|" if text.endswith("\n") else "|-"
            body = [" " * (column + self.indent) + line if line else "" for line in text.rstrip("\n").split("\n")]
            return "\n".join([mark, *body])
        return self.quoted(text)

    def flow(self, path, depth):
        pick = self.dice.random()
        if depth > 2 or pick < 0.5:
            return self.scalar(path, 0, flow=True)
        n = self.dice.randint(1, 3)
        if pick < 0.75:
            return "[" + ", ".join(self.flow([*path, i], depth + 1) for i in range(n)) + "]"
        keys = self.dice.sample(KEYS, n)
        return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {self.flow([*path, k], depth + 1)}" for k in keys) + "}"

    def key(self, key):
        return key if key.isalpha() and key.isascii() and key != "yes" else json.dumps(key, ensure_ascii=False)

    def mapping(self, column, path, depth, first="", bare=False):
        for n, key in enumerate(self.dice.sample(KEYS, self.dice.randint(1, 5))):
            lead = first if n == 0 and first else " " * column
            if not (n == 0 and first):
                self.comment(column)
            self.entry(f"{lead}{self.key(key)}:", column, [*path, key], depth, bare and n == 0)

    def entry(self, head, column, path, depth, bare):
        pick = self.dice.random()
        below = column + self.indent
        if depth < 4 and pick < 0.25:
            self.lines.append(head)
            self.mapping(below, path, depth + 1)
        elif depth < 4 and pick < 0.45:
            self.lines.append(head)
            self.sequence(below, path, depth + 1)
        elif pick < 0.55:
            self.lines.append(f"{head} {self.flow(path, depth)}")
        else:
            self.put(head, self.scalar(path, column), column, bare)

    def put(self, head, text, column, bare):
        # sops loses a comment behind an empty collection when it decrypts its own file.
        remark = "" if bare or "\n" in text or text in ("{}", "[]") else self.comment(column, trailing=True)
        self.lines.extend(f"{head} {text}{remark}".split("\n"))

    def sequence(self, column, path, depth):
        for index in range(self.dice.randint(1, 4)):
            before = len(self.comments)
            # Under a rule by comments sops cannot read its own file if they stand in lists (getsops/sops#2281).
            if not self.decide:
                self.comment(column)
            # sops loses the comment above a list whose first item is a mapping with a comment behind its first value:
            # of `a:`, `    # lost`, `    - b: 1 # kept` it decrypts the second comment only. 3.13 does so with its own
            # files; 3.11 moves comments up when it encrypts, and does so with files where they stand behind values.
            bare = index == 0 and len(self.comments) > before
            pick = self.dice.random()
            here = [*path, index]
            if depth < 4 and pick < 0.25:
                self.mapping(column + 2, here, depth + 1, first=f"{' ' * column}- ", bare=bare)
            elif pick < 0.35:
                self.lines.append(f"{' ' * column}- {self.flow(here, depth)}")
            else:
                text = self.scalar(here, column)
                self.lines.extend(f"{' ' * column}- {text}".split("\n"))


def driver(jobs, identities=()):
    batch = json.dumps({"identities": list(identities), "jobs": jobs})
    return json.loads(run(DRIVER, stdin=batch, timeout=600))


def sops(program, *arguments, key, cwd, env=()):
    words = [str(program), *map(str, arguments)]
    env = {**os.environ, "SOPS_AGE_KEY": key, **dict(env)}
    ended = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=env, timeout=120)
    return ended.stdout if ended.returncode == 0 else RuntimeError(ended.stderr.strip()[-600:])


def each(function, items):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(function, items))


def same(found, expected, what):
    for one in (found, expected):
        assert not isinstance(one, Exception), f"{what}: {one}"
    if found == expected:
        return
    if isinstance(expected, list):
        wrong = [pair for pair in zip(found, expected) if pair[0] != pair[1]][:2]
        raise AssertionError(f"{what}: {wrong or (len(found), len(expected))}")
    lines = zip(found.split("\n"), expected.split("\n"))
    raise AssertionError(f"{what}: {next((pair for pair in lines if pair[0] != pair[1]), 'length')}")


def readable(plain, tree):
    """Whether sops reads its own file. 3.11 moves a comment that decides from behind a value into a list above it."""
    return not (tree.decide and isinstance(plain, Exception) and "MAC mismatch" in str(plain))


def encrypted_by_sops(version, program, trees, keys, folder):
    """(a), and what sops gives back of its own files: the measure for (b)."""
    recipient, key = keys[0]["recipient"], keys[0]["text"]

    def one(numbered):
        number, (tree, (field, rule), mac_only) = numbered
        path = folder / f"{version}-{number}.yaml"
        path.write_text(tree.text, encoding="utf-8", newline="")
        config = folder / f"{version}-{number}.json"
        creation = {"age": recipient, "mac_only_encrypted": mac_only, **({field: rule} if field else {})}
        config.write_text(json.dumps({"creation_rules": [creation]}), encoding="utf-8")
        sealed = sops(program, "--config", config, "encrypt", path, key=key, cwd=folder)
        if isinstance(sealed, Exception):
            return sealed, sealed
        path.write_text(sealed, encoding="utf-8", newline="")
        return sealed, sops(program, "decrypt", path, key=key, cwd=folder)

    results = each(one, enumerate(trees))
    texts = [sealed if isinstance(sealed, str) else "" for sealed, _ in results]
    opened = driver([{"op": "open", "text": text} for text in texts], [key])
    for number, (result, answer, (tree, *_)) in enumerate(zip(results, opened, trees)):
        with case(f"{version}: a file of sops is read, tree {number}"):
            assert not isinstance(result[0], Exception), result[0]
            if not readable(result[1], tree):
                assert "error" in answer, "sops cannot read its own file, and we do"
                continue
            assert "error" not in answer, answer
            same([[d, p, k, v] for d, p, k, _, v in answer["values"]], tree.values, "values")
    return [plain for _, plain in results], texts


def encrypted_by_us(version, program, trees, keys, folder, expected):
    """(b)."""
    recipient, key = keys[0]["recipient"], keys[0]["text"]
    jobs = [
        {"op": "encrypt", "text": tree.text, "field": field, "rule": rule, "mac_only": mac_only, "recipients": [recipient], "now": NOW}
        for tree, (field, rule), mac_only in trees
    ]
    written = driver(jobs, [key])

    def one(numbered):
        number, answer = numbered
        path = folder / f"{version}-ours-{number}.yaml"
        path.write_text(answer.get("text", ""), encoding="utf-8", newline="")
        return sops(program, "decrypt", path, key=key, cwd=folder) if "text" in answer else RuntimeError(answer["error"])

    for number, plain in enumerate(each(one, enumerate(written))):
        with case(f"{version}: sops decrypts a file of ours, tree {number}"):
            if not readable(expected[number], trees[number][0]):
                assert isinstance(plain, str), plain
                continue
            same(plain, expected[number], "text")
    return [answer.get("text", "") for answer in written]


def changed_by_sops(version, program, texts, keys, folder):
    """(c) files of ours, changed by sops, read by us again."""
    recipients, key = [one["recipient"] for one in keys], keys[0]["text"]
    config = folder / ".sops.yaml"
    config.write_text(json.dumps({"creation_rules": [{"age": ",".join(recipients)}]}), encoding="utf-8")
    editor = folder / "editor.sh"
    editor.write_text("#!/bin/sh\nprintf 'added-by-editor: 7\\n' >>\"$1\"\n", encoding="utf-8")
    editor.chmod(0o755)

    def one(numbered):
        number, text = numbered
        path = folder / f"{version}-changed-{number}.yaml"
        path.write_text(text, encoding="utf-8", newline="")
        for words in (
            ("set", path, '["added"]["by-set"]', '"new"'),
            ("rotate", "-i", path),
            ("--config", config, "updatekeys", "-y", path),
            ("edit", path),
        ):
            answer = sops(program, *words, key=key, cwd=folder, env={"EDITOR": str(editor)}.items())
            if isinstance(answer, Exception):
                return RuntimeError(f"{words[0]}: {answer}")
        return path.read_text(encoding="utf-8")

    before = driver([{"op": "open", "text": text} for text in texts], [key])
    results = each(one, enumerate(texts))
    for identity in keys:
        jobs = [{"op": "open", "text": "" if isinstance(text, Exception) else text} for text in results]
        for number, answer in enumerate(driver(jobs, [identity["text"]])):
            with case(f"{version}: a file that sops changed is read, tree {number}"):
                assert not isinstance(results[number], Exception), results[number]
                assert "error" not in answer, answer
                found = [[d, p, k, v] for d, p, k, _, v in answer["values"]]
                new = [["added", "by-set"], ["added-by-editor"]]
                assert [v for _, p, _, v in found if p in new] == ["new", "7"], "the new values"
                expected = [[d, p, k, v] for d, p, k, _, v in before[number]["values"]]
                same([value for value in found if value[1] not in new], expected, "values")


def changed_by_us(version, program, texts, keys, folder):
    """(d) files of sops, changed by us, read by sops."""
    recipients, key = [one["recipient"] for one in keys], keys[0]["text"]

    def jobs(op, texts, **more):
        answers = driver([{"op": op, "text": text, "now": NOW, **more} for text in texts], [key])
        return [answer.get("text", "") if "error" not in answer else f"error: {answer['error']}" for answer in answers]

    def decrypt(numbered):
        number, (text, identity) = numbered
        path = folder / f"{version}-by-us-{number}.yaml"
        path.write_text(text, encoding="utf-8", newline="")
        return sops(program, "decrypt", path, key=identity, cwd=folder)

    both = jobs("rewrap", texts, recipients=recipients)
    again = jobs("rewrap", both, recipients=recipients)
    moved = jobs("rekey", both, recipients=recipients[1:])
    value = {"path": ["set-by-us"], "kind": "str", "value": "new: # value"}
    put = jobs("set", texts, **value)
    put_again = jobs("set", put, **value)
    other = keys[1]["text"]
    todo = [(text, key) for text in texts] + [(text, other) for text in both + moved] + [(text, key) for text in put]
    answers = each(decrypt, enumerate(todo))
    n = len(texts)
    for number in range(n):
        before, shared, rotated, new = (answers[number + n * step] for step in range(4))
        with case(f"{version}: a file of sops that we changed is read, tree {number}"):
            for text in (both[number], moved[number], put[number]):
                assert not text.startswith("error"), text
            same(shared, before, "rewrap")
            same(rotated, before, "rekey")
            assert again[number] == both[number], "rewrap of the same recipients changes bytes"
            assert put_again[number] == put[number], "set of the same value changes bytes"
            assert recipients[0] not in moved[number], "an old recipient stays"
            assert not isinstance(new, Exception), f"set: {new}"
            lines = new.split("\n")
            kept = [line for line in lines if not line.startswith("set-by-us: ")]
            same("\n".join(kept), before, "set")
            assert len(lines) == len(kept) + 1, "set adds one line"


def places(tree, dice):
    """A place in the first document that holds something, a new one below a mapping, and one behind the items of a list."""
    paths = [path for document, path, *_ in tree.values if document == 0]
    if not paths:
        return ["nothing-there"], ["new", "deep"], ["new", 0]
    path = dice.choice(paths)
    # sops counts comments among the items of lists, so that only paths of keys are the same place for both.
    keys = path[: next((at for at, step in enumerate(path) if isinstance(step, int)), len(path))]
    some = keys[: dice.randint(1, len(keys))]
    below = keys[: len(keys) - 1] if len(keys) == len(path) else keys[:-1]
    items = [*keys, 99] if len(keys) < len(path) else [*below, "list", 0]
    return some, [*below, "new key", "deep"], items


def both_change(version, program, numbered, keys, folder):
    """(e) the same change by sops and by us means the same: values set at new places, in lists, and taken out."""
    key, dice = keys[0]["text"], random.Random(f"{SEED}-both-{version}")
    numbered = [(number, text, places(tree, dice)) for number, (text, tree) in enumerate(numbered)]
    changes = [(n, text, op, path) for n, text, three in numbered for op, path in zip(("unset", "set", "set"), three)]
    value = {"kind": "str", "value": "new: # value"}
    jobs = [{"op": op, "text": text, "path": path, "now": NOW, **value} for _, text, op, path in changes]
    ours = driver(jobs, [key])

    def one(at):
        (_, text, op, path), answer = changes[at], ours[at]
        file = folder / f"{version}-both-{at}.yaml"
        file.write_text(text, encoding="utf-8", newline="")
        where = "".join(f"[{step}]" if isinstance(step, int) else f'["{step}"]' for step in path)
        words = [op, file, where] + ([json.dumps(value["value"])] if op == "set" else [])
        changed = sops(program, *words, key=key, cwd=folder)
        theirs = changed if isinstance(changed, Exception) else sops(program, "decrypt", file, key=key, cwd=folder)
        file.write_text(answer.get("text", ""), encoding="utf-8", newline="")
        mine = sops(program, "decrypt", file, key=key, cwd=folder) if "text" in answer else RuntimeError(answer["error"])
        return theirs, mine

    for (number, _, op, path), (theirs, mine) in zip(changes, each(one, range(len(changes)))):
        with case(f"{version}: {op} {path} by sops and by us, tree {number}"):
            if op == "unset" and isinstance(theirs, Exception):
                assert isinstance(mine, Exception), theirs
                continue
            # sops decrypts what comes to stand below a comment that spares it; we do not.
            if op == "unset" and "would stand in the clear" in str(mine):
                continue
            for text in (theirs, mine):
                assert not isinstance(text, Exception), text
            found, expected = (list(yaml.compose_all(text)) for text in (mine, theirs))
            assert [shape(one) for one in found] == [shape(one) for one in expected], "another tree"


def shape(node):
    """A tree of YAML as nested lists, however it is written. None is an empty document."""
    if isinstance(node, yaml.MappingNode):
        return [[shape(key), shape(value)] for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return ["list", *map(shape, node.value)]
    return node and [node.tag, node.value]


def split_keys(version, program, trees, keys, folder):
    """(f) data keys split between groups, two of three: sops' files are read, changed, and read by sops."""
    creation = {"key_groups": [{"age": [one["recipient"]]} for one in keys], "shamir_threshold": 2}
    config = folder / "groups.json"
    config.write_text(json.dumps({"creation_rules": [creation]}), encoding="utf-8")

    def one(numbered):
        path = folder / f"{version}-groups-{numbered[0]}.yaml"
        path.write_text(numbered[1].text, encoding="utf-8", newline="")
        return sops(program, "--config", config, "encrypt", path, key="", cwd=folder)

    texts = each(one, enumerate(trees))
    jobs = [{"op": "open", "text": text if isinstance(text, str) else ""} for text in texts]
    alone = driver(jobs, [keys[1]["text"]])
    change = {"op": "set", "path": ["set-by-us"], "kind": "str", "value": "new", "now": NOW}
    for pair in ([0, 1], [2, 0], [1, 2]):
        chosen = [keys[at]["text"] for at in pair]
        opened = driver(jobs, chosen)
        changed = driver([{**job, **change} for job in jobs], chosen)

        def back(numbered, chosen=chosen):
            number, answer = numbered
            path = folder / f"{version}-groups-{number}.yaml"
            path.write_text(answer.get("text", ""), encoding="utf-8", newline="")
            return sops(program, "decrypt", path, key="\n".join(chosen), cwd=folder)

        for number, (answer, text) in enumerate(zip(opened, each(back, enumerate(changed)))):
            with case(f"{version}: a split key, groups {pair}, tree {number}"):
                assert not isinstance(texts[number], Exception), texts[number]
                same([[d, p, k, v] for d, p, k, _, v in answer.get("values", [answer])], trees[number].values, "values")
                assert "of the 3 key groups are needed" in alone[number].get("error", ""), "one group is enough"
                assert isinstance(text, str), text
                assert "set-by-us: new\n" in text, "the new value"


def main():
    keys = driver([{"op": "keygen", "now": NOW}] * 3)
    with scratch() as name:
        folder = Path(name)
        for version, program in VERSIONS.items():
            dice = random.Random(f"{SEED}-{version}")
            rules = [dice.choice(RULES + COMMENT_RULES) for _ in range(TREES)]
            trees = [(Maker(dice.random(), rule), rule, dice.random() < 0.3) for rule in rules]
            expected, theirs = encrypted_by_sops(version, program, trees, keys, folder)
            ours = encrypted_by_us(version, program, trees, keys, folder, expected)
            good = [number for number in range(TREES) if readable(expected[number], trees[number][0])]
            assert len(good) >= TREES * 0.9, f"{version} reads too few of its own files"
            changed_by_sops(version, program, [ours[number] for number in good], keys[:2], folder)
            changed_by_us(version, program, [theirs[number] for number in good], keys[:2], folder)
            both = [(theirs[number], trees[number][0]) for number in good[: max(TREES // 4, 1)]]
            both_change(version, program, both, keys, folder)
            split_keys(version, program, [tree for tree, *_ in trees[: max(TREES // 8, 1)]], keys, folder)
    done(11 * TREES)


main()
