"""`kubectl_scalars.txt`, which lmsgen's reader of other programs' manifests is tested with, is what kubectl's reader says.

Must not ask lmsgen: that it follows the table is held by its own tests.
"""

import json
import tempfile
from pathlib import Path

from judge import ROOT, case, done, read_by_go


def main():
    rows = (ROOT / "tests" / "judges" / "kubectl_scalars.txt").read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, row in enumerate(rows):
            path = Path(folder) / f"{number}.yaml"
            path.write_text(f"a: {row.split(chr(9))[0]}\n", encoding="utf-8")
            paths.append(path)
        answers = read_by_go(paths)
        for path, row in zip(paths, rows):
            text, meant = row.split("\t")
            with case(f"kubectl reads `{text}` as {meant}"):
                answer, expected = answers[path]["kubectl"]["a"], json.loads(meant)
                assert answer == expected and isinstance(answer, bool) == isinstance(expected, bool), repr(answer)
    done(at_least=80)


main()
