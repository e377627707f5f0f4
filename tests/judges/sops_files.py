"""Real sops opens every secret file with the demo identity; the values are what the stack asks for.

Must print no value, not even of this worthless fleet.
"""

import hashlib
import re
import subprocess
import tomllib

import yaml
from judge import ROOT, case, decrypted, done, objects


def declared(stack, table):
    """{name: {key: declaration}} of `[secrets]` or `[environment-secrets]`."""
    return tomllib.loads((ROOT / "templates" / stack / "stack.toml").read_text(encoding="utf-8")).get(table, {})


def rsa_2048(value):
    """Whether openssl takes a PKCS#8 PEM for a sound 2048-bit RSA key."""
    if not value.startswith("-----BEGIN PRIVATE KEY-----\n") or not value.endswith("-----END PRIVATE KEY-----\n"):
        return False
    command = ["openssl", "rsa", "-in", "/dev/stdin", "-noout", "-check", "-text"]
    shown = subprocess.run(command, input=value, capture_output=True, text=True, timeout=60)
    return shown.returncode == 0 and "2048 bit" in shown.stdout and "RSA key ok" in shown.stdout


def right(declaration, value, values):
    """Whether a value is what its declaration says."""
    if "sha256-of" in declaration:
        return value == hashlib.sha256(values[declaration["sha256-of"]].encode()).hexdigest()
    generator = declaration.get("generate")
    if generator == "alphanumeric":
        return re.fullmatch(r"[A-Za-z][A-Za-z0-9]{%d}" % (declaration["length"] - 1), value)
    if generator == "hex":
        return re.fullmatch(r"[0-9a-f]{%d}" % (2 * declaration["bytes"]), value)
    if generator == "rsa-2048":
        return rsa_2048(value)
    return generator is None and value != ""


def optional(declaration):
    """Whether a Secret may lack the key."""
    return "provided" in declaration and declaration.get("optional", False)


def main():
    store = sorted((ROOT / "secrets").rglob("*.yaml"))
    seen = {}
    for path in store:
        environment, owner, name = path.relative_to(ROOT / "secrets").with_suffix("").parts
        keys = declared("lms", "environment-secrets" if owner == "environment" else "secrets")[name]
        with case(f"sops decrypt {path.relative_to(ROOT)}"):
            encrypted = yaml.safe_load(path.read_text(encoding="utf-8"))
            assert encrypted["kind"] == "Secret" and encrypted["metadata"]["namespace"] == environment
            assert set(encrypted["stringData"]) | {key for key in keys if optional(keys[key])} == set(keys), (
                "other keys"
            )
            assert all(value.startswith("ENC[AES256_GCM,") for value in encrypted["stringData"].values())
            values = decrypted(path)
            assert set(values) == set(encrypted["stringData"])
            for key, value in values.items():
                assert isinstance(value, str), f"{key} is not text"
                assert right(keys[key], value, values), f"{key} does not have the declared shape"
                if keys[key].get("generate"):
                    assert seen.setdefault(value, path) == path, f"{key} is the same in {seen[value]}"
    with case("every Secret of every instance and environment is there"):
        instances = {path.relative_to(ROOT / "rendered").parts[:2] for path, _ in objects()}
        wanted = {
            (environment, owner, name)
            for environment, owner in instances
            for name in declared("lms", "environment-secrets" if owner == "environment" else "secrets")
        }
        assert wanted and wanted == {path.relative_to(ROOT / "secrets").with_suffix("").parts for path in store}
    with case("every rendered Secret is the store's file, byte for byte"):
        sources = {path.read_bytes() for path in store}
        rendered = [path for path, item in objects() if item["kind"] == "Secret"]
        assert len(rendered) == len(store), f"{len(rendered)} rendered, {len(store)} in the store"
        assert {path.read_bytes() for path in rendered} == sources
    done(at_least=10)


main()
