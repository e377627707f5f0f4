"""The fleet through Argo CD's own controllers: what an ApplicationSet makes of a push, in which order, and what it leaves alone.

The SOPS operator cannot be had: `StandIns` says that its objects are healthy, and the Secrets that it would make are put there by
`lmsgen manifests --decrypt`. What it does with a `SopsSecret` is not proven here.
"""

import time
from datetime import datetime

import e2e_states
from argo import ArgoCluster, StandIns
from cluster import condition, documents, until
from sample_fleet import ENVIRONMENTS, Fleet

APPLICATIONS = "applications.argoproj.io"
DELETION = dict(zip(ENVIRONMENTS, ("delete", "orphan"), strict=True))
STILL = 15  # seconds in which Argo CD compares everything several times


class Argo:
    """A fleet that Argo CD delivers."""

    secrets = "sopssecrets"

    def __init__(self, cluster, remote, folder, clients):
        self.cluster, self.remote = cluster, remote
        self.fleet = Fleet(folder, remote.url, remote.url, clients, edits=argocd_environment)

    def deliver(self, *options):
        """Publishes and waits."""
        self.publish(*options)
        self.delivered()

    def publish(self, *options):
        """Publishes, and puts the Secrets there that no operator makes."""
        said = self.fleet.publish(*options)
        for name in ENVIRONMENTS:
            self.put_secrets(name)
        return said

    def put_secrets(self, environment):
        stream = documents(self.fleet.lmsgen("manifests", "-e", environment, "--decrypt", "--in-ci"))
        secrets = [one for one in stream if one["kind"] == "Secret"]
        assert secrets, "manifests --decrypt gives no Secret"
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": environment}}
        self.cluster.apply([namespace, *secrets])

    def bootstrap(self):
        for name in ENVIRONMENTS:
            self.cluster.kubectl("apply", "--server-side", "-k", self.fleet.path(f"rendered/{name}/delivery/argocd"))

    def wanted(self):
        """Names of the Applications that the tree stands for."""
        clients = {f"{name}-{path.name.lower()}" for name in ENVIRONMENTS for path in self.folders(name)}
        return clients | {f"{name}-environment" for name in ENVIRONMENTS}

    def folders(self, environment):
        folder = self.fleet.path(f"rendered/{environment}")
        return [path for path in folder.iterdir() if path.is_dir() and path.name not in ("environment", "delivery")]

    def delivered(self, besides=()):
        """Waits until every Application has the last commit, is Synced and Healthy; `besides` names some that are let be."""
        tip = self.remote.tip()

        def check():
            found = self.cluster.list(APPLICATIONS)
            assert set(found) - set(besides) == self.wanted(), sorted((set(found) - set(besides)) ^ self.wanted())[:5]
            for name in self.wanted():
                status = found[name].get("status", {})
                sync, health = status.get("sync", {}), status.get("health", {}).get("status")
                ended = status.get("operationState", {})
                said = f"{name}: {sync.get('status')} {health} {ended.get('phase')} {ended.get('message', '')[:800]}"
                conditions = [f"{one['type']}: {one['message'][:500]}" for one in status.get("conditions", [])]
                assert (sync.get("status"), health) == ("Synced", "Healthy"), f"{said} {conditions}"
                assert sync.get("revision") == tip, f"{name} compares with {sync.get('revision')}"
            return found

        return until("Applications are Synced and Healthy", check)

    def generations(self):
        """Generation of every Deployment."""
        items = [(name, self.cluster.list("deployments", name)) for name in ENVIRONMENTS]
        return {(name, one): item["metadata"]["generation"] for name, found in items for one, item in found.items()}

    def deployment(self, environment, client):
        return environment, f"lms-deployment-{client.lower()}"


def argocd_environment(name, text):
    for old, new in (
        ('delivery = "flux"', 'delivery = "argocd"'),
        ('form = "sops"', 'form = "sopssecret"'),
        ('"Secret"', '"SopsSecret"'),
        ('deletion = "delete"', f'deletion = "{DELETION[name]}"'),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return text


def judged(proof, remote, folder, clients):
    """8: delivered in order, rolled one by one, nothing done twice, and removal only where it is asked for."""
    with ArgoCluster() as cluster, StandIns(cluster) as stand_ins:
        argo = Argo(cluster, remote, folder, clients)
        first_push(proof, argo, stand_ins)
        one_change(proof, argo)
        e2e_states.judged(proof, argo, "Argo CD")
        nothing_new(proof, argo)
        removal(proof, argo)
        accidents(proof, argo)


def first_push(proof, argo, stand_ins):
    cluster, fleet = argo.cluster, argo.fleet
    with proof("Argo CD: every Application is Synced and Healthy after one push (Secrets by manifests --decrypt, for want of the operator)"):
        argo.publish()
        argo.bootstrap()
        found = argo.delivered()
        assert len(found) == len(fleet.ids) + 2, len(found)
    with proof("Argo CD: every Job is complete, every Deployment available"):
        for environment in ENVIRONMENTS:
            count = len(fleet.clients_of(environment))
            jobs, deployments = cluster.list("jobs", environment), cluster.list("deployments", environment)
            assert (len(jobs), len(deployments)) == (2 * count, count)
            for item in jobs.values():
                assert condition(item, "Complete")[0] == "True", item["metadata"]["name"]
            for item in deployments.values():
                assert condition(item, "Available")[0] == "True", item["metadata"]["name"]
    with proof("Argo CD: waves are kept: SopsSecrets healthy, then Jobs, then the application"):
        for environment in ENVIRONMENTS:
            jobs, deployments = cluster.list("jobs", environment), cluster.list("deployments", environment)
            for client in fleet.clients_of(environment):
                secrets = fleet.files(environment, client, "provision", "sopssecret")
                healthy = max(stand_ins.healthy[(environment, name)] for name in secrets)
                mine = [jobs[name] for name in fleet.files(environment, client, "provision", "job")]
                began = min(item["metadata"]["creationTimestamp"] for item in mine)
                ended = max(item["status"]["completionTime"] for item in mine)
                made = deployments[argo.deployment(environment, client)[1]]["metadata"]["creationTimestamp"]
                assert int(healthy) <= seconds(began), f"{client}: healthy at {healthy}, Jobs made {began}"
                assert ended <= made, f"{client}: Jobs ended {ended}, the Deployment was made {made}"


def seconds(text):
    """A time of Kubernetes' as seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def one_change(proof, argo):
    fleet, environment = argo.fleet, ENVIRONMENTS[0]
    client = fleet.clients_of(environment)[0]
    with proof("Argo CD: one client's image: exactly its Deployment rolls"):
        before = argo.generations()
        fleet.write(f"clients/{client}.toml", fleet.read(f"clients/{client}.toml") + 'params.image.tag = "9.9.9"\n')
        argo.deliver()
        after = argo.generations()
        assert {one for one in after if after[one] != before[one]} == {argo.deployment(environment, client)}


def nothing_new(proof, argo):
    with proof("Argo CD: a second publish without change leaves nothing OutOfSync and no operation begins"):
        tip, before = argo.remote.tip(), began(argo)
        assert "Nothing to publish" in argo.publish()
        assert argo.remote.tip() == tip
        end = time.monotonic() + STILL
        while time.monotonic() < end:
            for name, item in argo.cluster.list(APPLICATIONS).items():
                assert item["status"]["sync"]["status"] == "Synced", name
            time.sleep(1)
        assert began(argo) == before


def began(argo):
    """When the last operation of each Application began."""
    found = argo.cluster.list(APPLICATIONS)
    return {name: item["status"].get("operationState", {}).get("startedAt") for name, item in found.items()}


def removal(proof, argo):
    """A client leaves each environment: its objects go or stay, as the environment says."""
    fleet, cluster = argo.fleet, argo.cluster
    gone = []
    for environment, deletion in DELETION.items():
        client = fleet.clients_of(environment)[-1]
        name, key = f"{environment}-{client.lower()}", argo.deployment(environment, client)
        goes = deletion == "delete"
        with proof(f"Argo CD: a client that leaves, deletion = {deletion!r}: its objects {'go' if goes else 'stay'}, others are untouched"):
            before = argo.generations()
            fleet.path(f"clients/{client}.toml").unlink()
            argo.publish()
            gone += [] if goes else [name]
            argo.delivered(besides=gone)
            end = time.monotonic() + STILL
            while not goes and time.monotonic() < end:
                assert key in argo.generations(), f"{key[1]} is gone"
                time.sleep(1)
            until("the client's objects", lambda: there(argo, key, not goes))
            after = argo.generations()
            assert {one: count for one, count in after.items() if one != key} == {
                one: count for one, count in before.items() if one != key
            }
            assert "lms-static" in cluster.list("persistentvolumeclaims", environment)
            assert (name in cluster.list(APPLICATIONS)) == (not goes)


def there(argo, key, wanted):
    found = key in argo.generations()
    assert found == wanted, f"{key[1]} is {'there' if found else 'gone'}"


def accidents(proof, argo):
    """Somebody deletes what makes the Applications."""
    environment = next(name for name, deletion in DELETION.items() if deletion == "orphan")
    with proof("Argo CD: with deletion = 'orphan', an ApplicationSet that is deleted by accident takes no object along"):
        before = {one: count for one, count in argo.generations().items() if one[0] == environment}
        assert before
        argo.cluster.kubectl("delete", "applicationset", "-n", "argocd", environment, "--wait=true")
        end = time.monotonic() + STILL
        while time.monotonic() < end:
            now = {one: count for one, count in argo.generations().items() if one[0] == environment}
            assert now == before, sorted(set(before) ^ set(now))
            time.sleep(1)
        argo.bootstrap()
        kept = [one for one in argo.cluster.list(APPLICATIONS) if one not in argo.wanted()]
        argo.delivered(besides=kept)
        assert {one: count for one, count in argo.generations().items() if one[0] == environment} == before
