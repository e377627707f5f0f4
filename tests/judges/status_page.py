"""The reports of `lmsgen status`: its page in Chromium, and JUnit by Jenkins' schema.

Names and messages of the fleet and of the cluster hold what a browser acts on.
"""

import json
import os
from pathlib import Path

import xmlschema
from junitparser import Failure, JUnitXml

from chromium import Browser
from judge import LMSGEN, TOOLS, case, done, run, scratch

HOSTILE = [
    "</script><img src=x onerror=\"document.title='owned'\">",
    "<!--<script>",
    "'\"><svg onload=document.title='owned'>",
    "javascript:alert(1) {{7*7}} ${7*7}",
    "line\u2028end",
    "&lt;b&gt; &amp;",
]
N_CLIENTS = 700
N_FAILED = 8

ENVIRONMENT = """\
namespace = "{name}"
kubernetes = "1.35"
delivery = "kubectl"
secrets.recipients = ["age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6"]
"""


def metadata(name, namespace):
    return {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "lmsgen"}}


def deployment(slug, namespace):
    spec = {"containers": [{"name": "app", "image": "registry.example/shop:1.4.2"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(f"app-{slug}", namespace),
        "spec": {"replicas": 1, "template": {"spec": spec}},
    }


def fleet(root):
    """A fleet with its output committed: two environments, `prod` with all clients and `dev` with one."""
    files = {
        "lmsgen.toml": 'stack = "shop"\n',
        "environments/prod.toml": ENVIRONMENT.format(name="prod"),
        "environments/dev.toml": ENVIRONMENT.format(name="dev"),
        "templates/shop/stack.toml": 'phases = ["app"]\n',
        "templates/shop/app/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-{{ client.slug }}\n"
        "  namespace: {{ environment.namespace }}\n",
    }
    for n in range(1, N_CLIENTS + 1):
        # A file of a fleet holds no invisible character.
        name = HOSTILE[n - 1].replace("\u2028", " ") if n <= len(HOSTILE) else f"ООО «Клиент {n}»"
        places = ["prod", "dev"] if n == 1 else ["prod"]
        files[f"clients/C{n}.toml"] = f"name = {json.dumps(name, ensure_ascii=False)}\n" + "".join(
            f"[environments.{place}]\n" for place in places
        )
        for place in places:
            files[f"rendered/{place}/C{n}/app/deployment-app-c{n}.yaml"] = json.dumps(deployment(f"c{n}", place))
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    for name in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{name}_NAME": "</script><b>", f"GIT_{name}_EMAIL": "a@example.com"}
    run("git", "init", "-q", root)
    run("git", "add", "-A", cwd=root, env=env)
    run("git", "commit", "-q", "-m", HOSTILE[0], cwd=root, env=env)


def cluster():
    """All is well but for the first clients, whose last words are hostile, and one object that nobody committed."""
    items = []
    for place, clients in (("prod", range(1, N_CLIENTS + 1)), ("dev", [1])):
        for n in clients:
            item = deployment(f"c{n}", place)
            counts = dict.fromkeys(["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"], 1)
            item["status"] = counts | {"conditions": [{"type": "Available", "status": "True"}]}
            if place == "prod" and n <= N_FAILED:
                item["status"] |= {"readyReplicas": 0, "availableReplicas": 0}
                owner = {"kind": "ReplicaSet", "name": f"app-c{n}-aaaa"}
                last = {"exitCode": 1, "message": HOSTILE[n % len(HOSTILE)]}
                status = {
                    "name": "app",
                    "restartCount": 9,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": last},
                }
                pod = {"metadata": metadata(f"app-c{n}-aaaa-b", place), "status": {"containerStatuses": [status]}}
                pod["metadata"] |= {"labels": {"pod-template-hash": "aaaa"}, "ownerReferences": [owner]}
                items.append({"apiVersion": "v1", "kind": "Pod", **pod})
            items.append(item)
    items.append({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(HOSTILE[0], "prod")})
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


ROWS = "document.querySelectorAll('#rows tr').length"


def texts(browser, selector):
    return browser.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((one) => one.textContent)")


def search(browser, text):
    browser.run(f"search.value = {json.dumps(text)}; search.dispatchEvent(new Event('input')); 0")


def press(browser, state):
    browser.run(f"document.querySelector('#filters button[value={state}]').click(); 0")


def page(browser, path, shots):
    browser.open(path)
    with case("the page shows what failed, and nothing else at first"):
        assert texts(browser, "#filters button") == [f"{N_FAILED} failed", "0 progressing", f"{N_CLIENTS - N_FAILED + 3} ready"]
        assert browser.run(ROWS) == N_FAILED
        assert browser.run("shown.textContent") == f"{N_FAILED} of {N_CLIENTS + 3}"
    with case("names have room, and stay in their column"):
        assert browser.run("[...document.querySelectorAll('#rows .title')].every((one) => one.offsetWidth > 150 && one.scrollWidth <= one.offsetWidth)")
    browser.screenshot(shots / "status-light.png")
    browser.dark(True)
    browser.screenshot(shots / "status-dark.png")
    browser.dark(False)
    with case("hostile names are text, and nothing is run"):
        assert texts(browser, "#rows .title")[: len(HOSTILE)] == [one.replace("\u2028", " ") for one in HOSTILE]
        assert any(HOSTILE[0] in one for one in texts(browser, "#rows .said"))
        assert any(HOSTILE[0] in one for one in texts(browser, "#foreign-list li"))
        assert browser.run("document.querySelectorAll('img, svg, iframe, b, #rows script').length") == 0
        assert browser.run("document.scripts.length") == 2
        assert browser.run("document.title") == "lmsgen status"
        assert HOSTILE[0] in browser.run("about.textContent")
    with case("a search looks in names, objects and messages, among all states"):
        search(browser, "клиент 699")
        assert texts(browser, "#rows .client") == ["C699"]
        search(browser, "APP-C3 exits")
        assert texts(browser, "#rows .client") == ["C3"]
        search(browser, "</script>")
        assert browser.run(ROWS) >= 1
        search(browser, "no such thing")
        assert browser.run(ROWS) == 0
        search(browser, "")
    with case("filters narrow, and many rows come in pieces"):
        assert browser.run(ROWS) == 500 and browser.run("more.hidden") is False
        browser.run("more.click(); 0")
        assert browser.run(ROWS) == N_CLIENTS + 3 and browser.run("more.hidden") is True
        press(browser, "ready")
        assert browser.run(ROWS) == N_FAILED
        press(browser, "ready")
        browser.run("environment.value = 'dev'; environment.dispatchEvent(new Event('change')); 0")
        assert texts(browser, "#rows .client") == ["environment", "C1"]
    with case("a script that somebody puts into the page is not run"):
        browser.run("document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title=1'})); 0")
        assert browser.run("document.title") == "lmsgen status"
        assert any("Content Security Policy" in one for one in browser.complaints), browser.complaints
    with case("nothing is asked of any network"):
        assert browser.requests == [path.as_uri()], browser.requests


def main():
    with scratch() as folder:
        folder = Path(folder)
        root = folder / "fleet"
        root.mkdir()
        fleet(root)
        html, xml = folder / "status.html", folder / "status.xml"
        with case("both reports from one run"):
            options = ["--from", "-", "-o", f"html={html}", "-o", f"junit={xml}", "--exit-code"]
            run(LMSGEN, "status", *options, cwd=root, stdin=cluster(), expect=1)
        with case("JUnit by its schema: a case for each instance"):
            xmlschema.XMLSchema(str(TOOLS.parent / "junit-10.xsd")).validate(str(xml))
            cases = [one for suite in JUnitXml.fromstring(xml.read_bytes()) for one in suite]
            failed = [one.name for one in cases if any(isinstance(result, Failure) for result in one.result)]
            assert len(cases) == N_CLIENTS + 3 and sorted(failed) == [f"C{n}" for n in range(1, N_FAILED + 1)], failed
        with Browser(folder / "profile") as browser:
            page(browser, html, TOOLS.parent)
    done(at_least=9)


main()
