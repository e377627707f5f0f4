"""The test vectors of the age specification (C2SP's CCTV) through the code that opens data keys and key files.

An armored file is opened as a data key of SOPS is; what is not armored is put into armor first, the only form that SOPS has.
A vector with a passphrase is opened as a key file is. Vectors of post-quantum keys must be refused by name: lmsgen takes
none of these keys.
"""

import base64
import json
import os
import re
import zlib
from pathlib import Path

from judge import ROOT, case, done, run

DRIVER = Path(os.environ.get("SOPS_DRIVER", ROOT / "target" / "debug" / "examples" / "sops_driver"))
MODULE = "c2sp.org/CCTV/age@v0.0.0-20251208015420-e9274a7bdbfd"
VERDICTS = {"success", "no match", "HMAC failure", "header failure", "payload failure", "armor failure"}
# The crate `age` still reads stanzas of early versions of age, without a short last line; the MAC of the header covers them.
LEGACY = {"stanza_missing_body", "stanza_missing_final_line"}
BEGIN, END = "-----BEGIN AGE ENCRYPTED FILE-----\n", "-----END AGE ENCRYPTED FILE-----\n"


def vectors():
    folder = Path(json.loads(run("go", "mod", "download", "-json", MODULE))["Dir"]) / "testdata"
    for path in sorted(folder.iterdir()):
        head, file = path.read_bytes().split(b"\n\n", 1)
        pairs = [line.split(": ", 1) for line in head.decode().split("\n")]
        fields = dict(pairs)
        if fields.get("compressed") == "zlib":
            file = zlib.decompress(file)
        yield path.name, fields, file


def armor(file):
    text = base64.b64encode(file).decode()
    return BEGIN + "".join(f"{line}\n" for line in re.findall(".{1,64}", text)) + END


def job(fields, file):
    if "passphrase" in fields:
        return {"op": "age", "passphrase": fields["passphrase"], "file": base64.b64encode(file).decode()}
    text = file.decode("latin-1") if fields.get("armored") == "yes" else armor(file)
    return {"op": "age", "identity": fields.get("identity", ""), "file": text}


def main():
    found = list(vectors())
    answers = json.loads(run(DRIVER, stdin=json.dumps({"jobs": [job(*rest) for _, *rest in found]}), timeout=600))
    # A file that should not open states no payload; it is that of all small ones.
    usual = next(fields["payload"] for name, fields, _ in found if name == "x25519")
    for (name, fields, _), answer in zip(found, answers, strict=True):
        with case(f"vector {name}"):
            expected = fields["expect"]
            assert expected in VERDICTS, expected
            if fields.get("identity", "").startswith("AGE-SECRET-KEY-PQ-1"):
                assert "post-quantum key, which is not supported" in answer.get("error", ""), answer
            elif expected == "success" or (name in LEGACY and "sha256" in answer):
                assert answer.get("sha256") == fields.get("payload", usual), answer
            else:
                assert "error" in answer, f"{expected}, but it opens"
    done(140)


main()
