"""A client's way out in a cluster, step after step: what each of its states does to its own objects, and that others keep theirs.

An engine is anything with `fleet`, `cluster`, `deliver(*options)`, which publishes and waits, `generations()` of Deployments, and
`secrets`, the kind of its Secrets as `kubectl get` calls it.
"""

from cluster import condition, until
from sample_fleet import ENVIRONMENTS

# What a client of the sample fleet has besides Secrets.
KINDS = ("deployments", "jobs", "configmaps", "ingresses", "services")


def judged(proof, engine, name):
    """4: suspended, resumed, archived, brought back, and its data dropped. `name` is the engine's, for the table."""
    environment = ENVIRONMENTS[0]
    client = engine.fleet.clients_of(environment)[1]
    key = (environment, f"lms-deployment-{client.lower()}")
    before = Others(engine, environment, client)
    at_first = mine(engine, environment, client)

    with proof(f"{name}: a suspended client has no Pods; its route, Jobs and Secrets stay"):
        step(engine, client, "suspended")
        until("no replicas", lambda: replicas(engine, key, 0))
        now = mine(engine, environment, client)
        assert now == at_first, sorted(now ^ at_first)
        before.are_as_they_were()
    with proof(f"{name}: a client that is resumed runs again, and no Job runs twice"):
        step(engine, client, None)
        until("replicas", lambda: replicas(engine, key, 1))
        now = mine(engine, environment, client)
        assert now == at_first, sorted(now ^ at_first)
        before.are_as_they_were()
    with proof(f"{name}: an archived client keeps its Secrets and nothing else"):
        step(engine, client, "archived")
        secrets = {one for one in at_first if one[0] == engine.secrets}
        until("the rest is gone", lambda: same(mine(engine, environment, client), secrets))
        before.are_as_they_were()
    with proof(f"{name}: a client that is brought back has everything again"):
        step(engine, client, None)
        until("everything is there", lambda: same(names(mine(engine, environment, client)), names(at_first)))
        until("replicas", lambda: replicas(engine, key, 1))
        before.are_as_they_were()
    with proof(f"{name}: deprovision Jobs run to their end, after the rest is gone"):
        step(engine, client, "archived")
        step(engine, client, "deprovisioned", "--allow-data-loss")

        def ended():
            jobs = {one: item for one, item in engine.cluster.list("jobs", environment).items() if of(client, item)}
            assert len(jobs) == 2, sorted(jobs)
            for one, item in jobs.items():
                assert condition(item, "Complete")[0] == "True", one
            return jobs

        jobs = until("the Jobs are complete", ended)
        assert set(jobs) == set(engine.fleet.files(environment, client, "deprovision", "job"))
        kinds = {one[0] for one in mine(engine, environment, client)}
        assert "deployments" not in kinds and engine.secrets in kinds, kinds
        before.are_as_they_were()


def step(engine, client, state, *options):
    """Gives a client a state, or none, and delivers that."""
    path = f"clients/{client}.toml"
    lines = [line for line in engine.fleet.read(path).splitlines() if not line.startswith(("state =", "confirm-data-loss ="))]
    said = [f'state = "{state}"'] if state else []
    said += [f'confirm-data-loss = "{client}"'] if state == "deprovisioned" else []
    engine.fleet.write(path, "\n".join(said + lines) + "\n")
    engine.deliver(*options)


def of(client, item):
    return item["metadata"].get("labels", {}).get("app.kubernetes.io/instance") == client.lower()


def mine(engine, environment, client):
    """(kind, name, uid) of a client's objects."""
    return {
        (kind, name, item["metadata"]["uid"])
        for kind in (*KINDS, engine.secrets)
        for name, item in engine.cluster.list(kind, environment).items()
        if of(client, item)
    }


def names(objects):
    return {(kind, name) for kind, name, _ in objects}


def same(found, wanted):
    assert found == wanted, sorted(found ^ wanted)[:6]


def replicas(engine, key, wanted):
    item = engine.cluster.list("deployments", key[0])[key[1]]
    found = item["spec"].get("replicas", 1), item.get("status", {}).get("replicas", 0)
    assert found == (wanted, wanted), found


class Others:
    """Everybody else's objects and the generations of their Deployments, to compare with."""

    def __init__(self, engine, environment, client):
        self.engine, self.client, self.own = engine, client, (environment, f"lms-deployment-{client.lower()}")
        self.was = self.now()

    def now(self):
        generations = {one: count for one, count in self.engine.generations().items() if one != self.own}
        objects = {
            (kind, item["metadata"]["uid"])
            for environment in ENVIRONMENTS
            for kind in (*KINDS, self.engine.secrets)
            for item in self.engine.cluster.list(kind, environment).values()
            if not of(self.client, item)
        }
        return generations, objects

    def are_as_they_were(self):
        assert self.now() == self.was, "objects of others have changed"
