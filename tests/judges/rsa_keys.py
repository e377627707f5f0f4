"""openssl and Go take every RSA key that lmsgen makes: the demo fleet's, and fresh ones of each size and format.

Each public half that a template shows must be the one openssl takes from the key. Must print nothing of a key.
"""

import json
import os
import re
from pathlib import Path

import yaml
from judge import LMSGEN, ROOT, TOOLS, case, decrypted, done, run, scratch

SIZES = (2048, 3072, 4096)
FORMATS = {"pkcs8": "PRIVATE KEY", "pkcs1": "RSA PRIVATE KEY"}
CLIENTS = 3


def checked(pem, bits, block):
    """Has openssl and Go read a key; the public half they agree on."""
    said = run("openssl", "rsa", "-in", "/dev/stdin", "-check", "-noout", stdin=pem)
    assert said.strip() == "RSA key ok", "openssl finds the key wrong"
    by_go = json.loads(run(TOOLS / "readkey", stdin=pem))
    by_openssl = run("openssl", "pkey", "-in", "/dev/stdin", "-pubout", stdin=pem)
    assert by_go == {"type": block, "bits": bits, "exponent": 65537, "public": by_openssl}, "Go reads another key"
    return by_openssl


def name(bits, form):
    """The key's name in the Secret."""
    return f"rsa-{bits}-{form}"


def fleet(root, recipient):
    """A fleet of a few clients that have every kind of key, and show the public halves in a ConfigMap."""
    keys = [(bits, form) for bits in SIZES for form in FORMATS]
    stack = 'phases = ["app"]\n[secrets.keys]\n' + "".join(
        f'{name(bits, form)} = {{ generate = "rsa-{bits}", format = "{form}", public = true }}\n' for bits, form in keys
    )
    template = (
        "apiVersion: v1\nkind: ConfigMap\n"
        "metadata: {name: keys-{{ client.slug }}, namespace: {{ environment.namespace }}}\ndata:\n"
    ) + "".join(
        f'  {name(bits, form)}: {{{{ public_key(name="keys", key="{name(bits, form)}") }}}}\n' for bits, form in keys
    )
    files = {
        "lmsgen.toml": 'stack = "t"\n',
        "environments/dev.toml": f'namespace = "dev"\nkubernetes = "1.35"\nsecrets.recipients = ["{recipient}"]\n',
        "templates/t/stack.toml": stack,
        "templates/t/app/keys.yaml": template,
    }
    for client in range(CLIENTS):
        files[f"clients/C{client}.toml"] = f'name = "{client}"\n[environments.dev]\n'
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def new_identity(folder):
    """The recipient of a fresh age key, and the file that holds the key."""
    file = folder / "key"
    text = run(TOOLS / "age-keygen")
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    return re.search(r"^# public key: (age1\w+)$", text, re.MULTILINE).group(1), file


def main():
    for path in sorted((ROOT / "secrets").rglob("rsa-secret.yaml")):
        with case(f"the key in {path.relative_to(ROOT)}"):
            checked(decrypted(path)["rsa_key"], 2048, "PRIVATE KEY")
    with scratch() as folder:
        folder = Path(folder)
        recipient, identity = new_identity(folder)
        root = folder / "fleet"
        fleet(root, recipient)
        plain = {key: value for key, value in os.environ.items() if not key.startswith("SOPS_")}
        run(LMSGEN, "secrets", "generate", cwd=root, env=plain)
        run(LMSGEN, "render", "--locked", cwd=root, env=plain)
        seen = set()
        for client in range(CLIENTS):
            env = {**plain, "SOPS_AGE_KEY_FILE": str(identity)}
            values = yaml.safe_load(run(TOOLS / "sops", "decrypt", root / f"secrets/dev/C{client}/keys.yaml", env=env))
            shown = yaml.safe_load((root / f"rendered/dev/C{client}/app/configmap-keys-c{client}.yaml").read_text(encoding="utf-8"))
            for bits in SIZES:
                for form, block in FORMATS.items():
                    with case(f"{name(bits, form)} of C{client}"):
                        half = checked(values["stringData"][name(bits, form)], bits, block)
                        assert shown["data"][name(bits, form)] == half, "the template shows another public half"
                        assert half not in seen, "the key was made twice"
                        seen.add(half)
    done(at_least=CLIENTS * len(SIZES) * len(FORMATS) + 2)


main()
