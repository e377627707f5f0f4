"""The packed schemas are what tools/schemas makes of the modules it names.

Compares what is packed, since Go's releases compress differently. Must not change the files in the repository.
"""

import gzip
from pathlib import Path

from judge import ROOT, case, done, run, scratch


def main():
    with scratch() as folder:
        made = Path(folder)
        run("go", "run", ".", str(made), cwd=ROOT / "tools" / "schemas", timeout=900)
        for name in ("kubernetes.jsonl.gz", "crds.jsonl.gz"):
            with case(f"schemas/{name} is what tools/schemas makes"):
                ours, theirs = (gzip.decompress((path / name).read_bytes()) for path in (ROOT / "schemas", made))
                for number, pair in enumerate(zip(ours.split(b"\n"), theirs.split(b"\n"), strict=True)):
                    assert pair[0] == pair[1], f"line {number} differs"
        with case("schemas/README.md is what tools/schemas writes"):
            assert (ROOT / "schemas" / "README.md").read_text() == (made / "README.md").read_text()
    done(at_least=3)


main()
