"""Real kustomize builds every folder of rendered/ into exactly the objects of its files."""

import yaml
from judge import ROOT, TOOLS, case, done, identity, load, run


def main():
    folders = sorted(path.parent for path in (ROOT / "rendered").rglob("kustomization.yaml"))
    holders = {path.parent for path in (ROOT / "rendered").rglob("*.yaml")}
    for folder in folders:
        with case(f"kustomize build {folder.relative_to(ROOT)}"):
            ours = [load(path) for path in sorted(folder.glob("*.yaml")) if path.name != "kustomization.yaml"]
            assert ours, "no objects"
            built = [item for item in yaml.safe_load_all(run(TOOLS / "kustomize", "build", folder)) if item is not None]
            assert len(built) == len(ours), f"{len(built)} objects built from {len(ours)} files"
            by_identity = {identity(item): item for item in built}
            for item in ours:
                assert identity(item) in by_identity, f"{identity(item)} is missing"
                assert by_identity[identity(item)] == item, f"{identity(item)} is another object after kustomize"
    with case("every folder with manifests has a kustomization.yaml"):
        assert holders == set(folders), f"without: {sorted(map(str, holders - set(folders)))}"
    done(at_least=10)


main()
