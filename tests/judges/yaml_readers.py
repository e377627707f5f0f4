"""Every file below rendered/ is the same data to kubectl's, kustomize's and Python's YAML readers.

Must not decide what the data should be: only that nobody reads it differently.
"""

from judge import ROOT, case, done, load, read_by_go


def same(ours, theirs, place=""):
    """Fails with the place of the first difference; numbers must be equal in type too."""
    assert type(ours) is type(theirs), f"{place}: {ours!r} against {theirs!r}"
    if isinstance(ours, dict):
        assert list(ours) == list(theirs) or set(ours) == set(theirs), f"{place}: keys {set(ours) ^ set(theirs)}"
        for key, value in ours.items():
            assert isinstance(key, str), f"{place}: key {key!r} is not text"
            same(value, theirs[key], f"{place}.{key}")
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), f"{place}: {len(ours)} items against {len(theirs)}"
        for index, pair in enumerate(zip(ours, theirs)):
            same(*pair, f"{place}[{index}]")
    else:
        assert ours == theirs, f"{place}: {ours!r} against {theirs!r}"


def main():
    paths = sorted((ROOT / "rendered").rglob("*.yaml"))
    answers = read_by_go(paths)
    for path in paths:
        with case(f"{path.relative_to(ROOT)} is one document that all readers agree on"):
            python = load(path)
            assert isinstance(python, dict) and python, "no mapping"
            same(python, answers[path]["kubectl"])
            same(python, answers[path]["kustomize"])
    done(at_least=40)


main()
