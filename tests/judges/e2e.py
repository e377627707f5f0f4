"""From a push to ready, on real programs: what lmsgen publishes is delivered by Flux's kustomize-controller and by kubectl into a
cluster whose Pods are played by kwok.

Prints a table of what was proven. `--clients N` sets the size of the fleet, `--many N` of the last proof; `--only PART`
leaves the other parts out.
"""

import argparse
import base64
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import e2e_argocd
import e2e_faults
import e2e_states
import yaml
from cluster import LONGEST, Cluster, condition, documents, until
from fleet_source import Remote
from judge import LMSGEN, TOOLS, case, done, run, scratch
from sample_fleet import ENVIRONMENTS, Fleet

KUSTOMIZATIONS = "kustomizations.kustomize.toolkit.fluxcd.io"
ROWS = []
DELETION = dict(zip(ENVIRONMENTS, ("delete", "orphan"), strict=True))


@contextlib.contextmanager
def proof(text):
    """A case with a row in the table."""
    start = time.monotonic()
    row = [text, "failed", 0.0]
    ROWS.append(row)
    with case(text):
        yield
        row[1] = "proven"
    row[2] = time.monotonic() - start


def table():
    width = max(len(row[0]) for row in ROWS)
    print(f"{'what':<{width}}  result   seconds")
    for text, result, seconds in ROWS:
        print(f"{text:<{width}}  {result:<7} {seconds:>8.1f}")


class Flux:
    """A fleet that Flux delivers."""

    secrets = "secrets"

    def __init__(self, cluster, remote, fleet):
        self.cluster, self.remote, self.fleet = cluster, remote, fleet

    def bootstrap(self):
        """What a person does once."""
        key = self.fleet.key.read_bytes()
        data = {"age.agekey": base64.b64encode(key).decode()}
        self.cluster.apply(
            [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sops-age", "namespace": "flux-system"}, "data": data}]
        )
        for name in ENVIRONMENTS:
            self.cluster.kubectl("apply", "--server-side", "-k", self.fleet.path(f"rendered/{name}/delivery/flux"))

    def wanted(self):
        """Names of the Kustomizations that are rendered."""
        found = set()
        for name in ENVIRONMENTS:
            for path in self.fleet.path(f"rendered/{name}/delivery/flux").rglob("kustomization-*.yaml"):
                found.add(path.stem.removeprefix("kustomization-"))
        return found

    def reconciled(self, longest=LONGEST):
        """Waits until everything that was pushed is applied and ready, for `longest` seconds at most."""
        revision = self.remote.fetched_by(self.cluster)

        def check():
            found = self.cluster.list(KUSTOMIZATIONS)
            assert set(found) == self.wanted(), sorted(set(found) ^ self.wanted())[:5]
            for name, item in found.items():
                status, reason, message = condition(item, "Ready")
                applied = item["status"].get("lastAppliedRevision")
                current = item["status"].get("observedGeneration") == item["metadata"]["generation"]
                assert status == "True" and applied == revision and current, f"{name}: {status} {reason} {message[:600]}"
            return found

        return until("Kustomizations are ready", check, longest)

    def deliver(self, *options):
        """Publishes and waits."""
        self.fleet.publish(*options)
        self.reconciled()

    def generations(self):
        """Generation of every Deployment."""
        found = {}
        for name in ENVIRONMENTS:
            for one, item in self.cluster.list("deployments", name).items():
                found[(name, one)] = item["metadata"]["generation"]
        return found

    def jobs(self):
        """(namespace, name) of every Job with its uid."""
        return {
            (namespace, name): item["metadata"]["uid"]
            for namespace in ENVIRONMENTS
            for name, item in self.cluster.list("jobs", namespace).items()
        }


def delivered(flux):
    """1: everything is applied, in order, and is what the store says."""
    cluster, fleet = flux.cluster, flux.fleet
    with proof("Flux: every Kustomization is ready after one push"):
        fleet.publish()
        flux.bootstrap()
        found = flux.reconciled()
        assert len(found) == 2 * 3 + 2 * len(fleet.ids), len(found)
    with proof("every Job is complete, every Deployment available, every claim bound"):
        for environment in ENVIRONMENTS:
            jobs, deployments = cluster.list("jobs", environment), cluster.list("deployments", environment)
            clients = fleet.clients_of(environment)
            assert len(jobs) == 2 * len(clients) and len(deployments) == len(clients)
            for item in jobs.values():
                assert condition(item, "Complete")[0] == "True", item["metadata"]["name"]
            for item in deployments.values():
                assert condition(item, "Available")[0] == "True", item["metadata"]["name"]
            for item in cluster.list("persistentvolumeclaims", environment).values():
                assert item["status"]["phase"] == "Bound"
    with proof("no application was applied before its Jobs were complete"):
        for environment in ENVIRONMENTS:
            jobs, deployments = cluster.list("jobs", environment), cluster.list("deployments", environment)
            for client in fleet.clients_of(environment):
                created = deployments[f"lms-deployment-{client.lower()}"]["metadata"]["creationTimestamp"]
                for name in fleet.files(environment, client, "provision", "job"):
                    ended = jobs[name]["status"]["completionTime"]
                    assert ended <= created, f"{client}: {name} ended {ended}, the Deployment was made {created}"
    with proof("Secrets in the cluster hold what the store decrypts to"):
        for environment in ENVIRONMENTS:
            secrets = cluster.list("secrets", environment)
            paths = sorted(fleet.path(f"secrets/{environment}").rglob("*.yaml"))
            assert len(paths) == 2 + 2 * len(fleet.clients_of(environment))
            for path in paths:
                plain = yaml.safe_load(run(TOOLS / "sops", "decrypt", path, env=fleet.env))
                there = secrets[plain["metadata"]["name"]]
                values = {key: base64.b64decode(value).decode() for key, value in there["data"].items()}
                assert values == plain["stringData"], path
                assert "sops" not in there


def settled(flux):
    """2: nothing to do is nothing done."""
    with proof("a second publish makes no commit"):
        tip = flux.remote.tip()
        assert "Nothing to publish" in flux.fleet.publish()
        assert flux.remote.tip() == tip
    with proof("kubectl diff of every folder is empty"):
        for environment in ENVIRONMENTS:
            for phase in ("environment", "provision", "app"):
                stream = flux.fleet.lmsgen(
                    "manifests", "-e", environment, "--phase", phase, "--decrypt", "--in-ci"
                )
                options = ("--server-side", "--force-conflicts", "--field-manager=judge")
                found = flux.cluster.kubectl("diff", *options, "-f", "-", stdin=stream)
                assert not found, found[:2000]


def changed(flux):
    """3: one change touches one client."""
    fleet = flux.fleet
    environment, client = ENVIRONMENTS[0], fleet.clients_of(ENVIRONMENTS[0])[0]
    key = (environment, f"lms-deployment-{client.lower()}")
    before, jobs = flux.generations(), flux.jobs()
    with proof("one client's image: exactly its Deployment rolls"):
        fleet.write(f"clients/{client}.toml", fleet.read(f"clients/{client}.toml") + 'params.image.tag = "9.9.9"\n')
        flux.deliver()
        after = flux.generations()
        assert {one for one in after if after[one] != before[one]} == {key}
        assert flux.jobs() == jobs
        image = flux.cluster.list("deployments", environment)[key[1]]["spec"]["template"]["spec"]["containers"][0]["image"]
        assert image.endswith(":9.9.9"), image
    before = flux.generations()
    with proof("one rotated secret: its Pods roll and its Job runs again, no other"):
        fleet.lmsgen("secrets", "rotate", f"{environment}/{client}", "lms-secret", "pg-password", "--yes")
        flux.deliver()
        after, ran = flux.generations(), flux.jobs()
        assert {one for one in after if after[one] != before[one]} == {key}
        new = {name for _, name in set(ran) - set(jobs)}
        assert new and all(f"-{client.lower()}-" in name for name in new), new
        gone = set(jobs) - set(ran)
        assert len(gone) == len(new), (gone, new)
        password = flux.cluster.list("secrets", environment)[f"lms-secret-{client.lower()}"]["data"]["pg-password"]
        path = fleet.path(f"secrets/{environment}/{client}/lms-secret.yaml")
        plain = yaml.safe_load(run(TOOLS / "sops", "decrypt", path, env=fleet.env))["stringData"]["pg-password"]
        assert base64.b64decode(password).decode() == plain
    jobs = flux.jobs()
    with proof("a changed script: the Jobs run that diff said would"):
        script = "templates/lms/environment/scripts.yaml"
        fleet.edit(script, "SET client_min_messages = warning;", "SET client_min_messages = error;")
        told = json.loads(fleet.lmsgen("diff", "-o", "json"))
        counted = sum(kind["created"] + kind["replaced"] for kind in told["kinds"] if kind["kind"] == "Job")
        flux.deliver()
        ran = flux.jobs()
        assert len(set(ran) - set(jobs)) == counted >= len(fleet.ids), (len(set(ran) - set(jobs)), counted)


def left(flux):
    """4: a client that goes takes its own along, or leaves it, as the environment says."""
    fleet, cluster = flux.fleet, flux.cluster
    for environment, deletion in DELETION.items():
        client = fleet.clients_of(environment)[-1]
        with proof(f"a client that leaves, deletion = {deletion!r}: its objects {'go' if deletion == 'delete' else 'stay'}"):
            fleet.edit(f"environments/{environment}.toml", 'deletion = "delete"', f'deletion = "{deletion}"')
            flux.deliver()
            before = flux.generations()
            fleet.path(f"clients/{client}.toml").unlink()
            flux.deliver()
            key = (environment, f"lms-deployment-{client.lower()}")

            def check():
                there = key in flux.generations()
                assert there == (deletion == "orphan"), "the Deployment is " + ("there" if there else "gone")

            until("the client's objects", check)
            after = flux.generations()
            others = {one: count for one, count in before.items() if one != key}
            assert {one: count for one, count in after.items() if one != key} == others
            assert "lms-static" in cluster.list("persistentvolumeclaims", environment)


def with_kubectl(flux, folder):
    """7: the script that apply-plan prints gives the same objects as Flux did, also where something is gone."""
    with Cluster(flux=False) as cluster:
        for environment in ENVIRONMENTS:
            with proof(f"apply-plan of {environment}, run by sh, gives what Flux gave"):
                run_plan(flux, cluster, folder, environment)
                same_objects(flux, cluster, environment)
        environment = ENVIRONMENTS[0]
        with proof("apply-plan --base deletes what a client leaves, and nothing else"):
            base = flux.remote.tip()
            clients = flux.fleet.clients_of(environment)[2:]
            client = next(one for one in clients if flux.fleet.path(f"clients/{one}.toml").exists())
            flux.fleet.path(f"clients/{client}.toml").unlink()
            flux.deliver()
            until("Flux deletes it", lambda: is_gone(flux, (environment, f"lms-deployment-{client.lower()}")))
            run_plan(flux, cluster, folder, environment, "--base", base)
            same_objects(flux, cluster, environment)


def is_gone(flux, key):
    assert key not in flux.generations(), f"{key[1]} is there"


def run_plan(flux, cluster, folder, environment, *options):
    script = folder / f"{environment}.sh"
    # A client of the fleet has lost its data by now.
    plan = flux.fleet.lmsgen("apply-plan", "-e", environment, "--allow-data-loss", *options)
    script.write_text(plan, encoding="utf-8")
    env = {**flux.fleet.env, "KUBECTL": f"{TOOLS / 'kubectl'} --kubeconfig={cluster.kubeconfig}", "LMSGEN": str(LMSGEN)}
    run("sh", script, cwd=flux.fleet.root, env=env, timeout=900)


def same_objects(flux, cluster, environment):
    for kind in ("configmaps", "secrets", "services", "deployments", "jobs", "ingresses", "networkpolicies"):
        ours = {name: plain(item) for name, item in cluster.list(kind, environment).items()}
        theirs = {name: plain(item) for name, item in flux.cluster.list(kind, environment).items()}
        if DELETION[environment] == "orphan":
            for slug in left_behind(flux, environment):
                theirs = {one: item for one, item in theirs.items() if not one.endswith(slug) and f"{slug}-" not in one}
        for items in (ours, theirs):
            items.pop("kube-root-ca.crt", None)  # each cluster's own
        assert ours.keys() == theirs.keys(), f"{kind}: {sorted(ours.keys() ^ theirs.keys())[:5]}"
        for name, item in ours.items():
            assert item == theirs[name], f"{kind} {name}: {item} {theirs[name]}"


def left_behind(flux, environment):
    """Slugs of clients that left and whose objects stay."""
    there = {path.stem for path in flux.fleet.path("clients").glob("*.toml")}
    return [f"-{one.lower()}" for one in flux.fleet.clients_of(environment) if one not in there]


def plain(item):
    """An object without what a cluster or an engine adds."""
    metadata = item["metadata"]
    # `lmsgen.dev/place` says where an encrypted file belongs; what is decrypted before it is applied has none.
    engines = ("toolkit.fluxcd.io/", "applyset.kubernetes.io/", "deployment.kubernetes.io/", "lmsgen.dev/place")
    kept = {
        key: {name: value for name, value in metadata.get(key, {}).items() if not any(one in name for one in engines)}
        for key in ("labels", "annotations")
    }
    body = {key: value for key, value in item.items() if key not in ("metadata", "status")}
    text = json.dumps({"metadata": kept, **body}, sort_keys=True)
    # Kubernetes gives these to each object anew.
    changing = [metadata["uid"], item.get("spec", {}).get("clusterIP", "")]
    for one in filter(None, changing):
        text = text.replace(one, "…")
    return text


def failures():
    """5: what goes wrong is found and said."""
    with scratch() as name, Remote(Path(name)) as remote, Cluster(failing=e2e_faults.FAILING) as cluster:
        flux = Flux(cluster, remote, Fleet(Path(name), remote.url, remote.cluster_url, 14))
        e2e_faults.judged(proof, flux, Path(name))


def argocd():
    """8: the other engine, with the real controllers."""
    with scratch() as name, Remote(Path(name)) as remote:
        e2e_argocd.judged(proof, remote, Path(name), 20)


def many(count):
    """9: how long a push takes for many clients, and what it costs."""
    with scratch() as name, Remote(Path(name)) as remote, Cluster(dependency_seconds=5) as cluster:
        fleet = Fleet(Path(name), remote.url, remote.cluster_url, count)
        flux = Flux(cluster, remote, fleet)
        with proof(f"{count} clients: from push to ready"):
            fleet.publish()
            flux.bootstrap()
            start = time.monotonic()
            flux.reconciled(longest=LONGEST + 2 * count)
            seconds = time.monotonic() - start
        print(f"{count} clients were ready {seconds:.0f} s after the push")
        for program in ("kustomize-controller", "kube-apiserver", "kube-controller-manager", "kwok"):
            cpu, peak = cluster.cost(program)
            print(f"  {program:<24} {cpu:>7.1f} s CPU {peak:>6} MB at most")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clients", type=int, default=20)
    arguments.add_argument("--many", type=int, default=20)
    arguments.add_argument("--only", choices=("delivery", "failures", "argocd", "many"), action="append")
    asked = arguments.parse_args()
    # Whoever ends this ends what it started: `with` blocks are left when SystemExit is raised, not by a signal.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parts = {"delivery": lambda: delivery(asked.clients), "failures": failures, "argocd": argocd, "many": lambda: many(asked.many)}
    for part in asked.only or parts:
        parts[part]()
    table()
    done(at_least=1 if asked.only else 42)


def delivery(clients):
    """1 to 4, and 7."""
    with scratch() as name, Remote(Path(name)) as remote, Cluster() as cluster:
        folder = Path(name)
        flux = Flux(cluster, remote, Fleet(folder, remote.url, remote.cluster_url, clients))
        delivered(flux)
        settled(flux)
        changed(flux)
        e2e_states.judged(proof, flux, "Flux")
        left(flux)
        with_kubectl(flux, folder)
        if os.environ.get("E2E_LOGS"):
            print(cluster.log("kustomize-controller")[-4000:])


if __name__ == "__main__":
    sys.exit(main())
