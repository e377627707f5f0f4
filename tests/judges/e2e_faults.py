"""What goes wrong in a cluster, and what `lmsgen status` says of it, next to Flux's own word.

kwok gives the Pods of some clients the states that a kubelet would; the rest is done by the real controllers.
"""

import json

from cluster import condition, until
from judge import case

READY = """
conditions:
- {{type: Initialized, status: "True", lastTransitionTime: {{{{ Now | Quote }}}}}}
- {{type: Ready, status: "False", reason: ContainersNotReady, lastTransitionTime: {{{{ Now | Quote }}}}}}
- {{type: ContainersReady, status: "False", reason: ContainersNotReady, lastTransitionTime: {{{{ Now | Quote }}}}}}
containerStatuses:
{{{{ range .spec.containers }}}}
- name: {{{{ .name | Quote }}}}
  image: {{{{ .image | Quote }}}}
  ready: false
  restartCount: {restarts}
  state:
    {state}
  {last}
{{{{ end }}}}
hostIP: 10.0.0.1
podIP: 10.0.0.2
phase: {phase}
startTime: "2026-01-01T00:00:00Z"
"""


def pod(state, phase="Pending", restarts=0, last=""):
    return READY.format(state=state, phase=phase, restarts=restarts, last=last)


def waiting(reason, message):
    return f'waiting: {{reason: {reason}, message: {json.dumps(message)}}}'


IMAGE = 'Back-off pulling image "registry.example/rarus-lms/backend:9.9.9": not found'
KEY = 'couldn\'t find key sms4b-token in Secret e2e-a/lms-secret-c3'
EXITED = (
    'lastState: {terminated: {exitCode: 2, reason: Error, startedAt: "2026-01-01T00:00:00Z", '
    'finishedAt: "2026-01-01T00:00:00Z", message: "open /etc/lms/rsa_key: permission denied"}}'
)

# By slug and owner, of clients in the first environment: they have odd numbers. Jobs of the others complete.
FAILING = {
    ("c1", "ReplicaSet"): pod(waiting("ImagePullBackOff", IMAGE)),
    ("c3", "ReplicaSet"): pod(waiting("CreateContainerConfigError", KEY)),
    ("c5", "ReplicaSet"): pod(waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container"), "Running", 11, EXITED),
    ("c7", "Job"): pod(
        "terminated: {exitCode: 3, reason: Error, startedAt: \"2026-01-01T00:00:00Z\", finishedAt: \"2026-01-01T00:00:00Z\", "
        'message: "FATAL: password authentication failed for user \\"postgres\\""}',
        "Failed",
    ),
}
# What `status` must say of each, and the word of Flux.
SAID = {
    "C1": ("failed", ["registry.example/rarus-lms/backend", "ImagePullBackOff"]),
    "C3": ("failed", ["sms4b-token", "lms-secret-c3"]),
    "C5": ("failed", ["exit", "2", "permission denied"]),
    "C7": ("failed", ["password authentication failed"]),
    "C9": ("failed", ["no node", "nodes are available"]),
    "C11": ("failed", ["Immutable", "cannot be changed"]),
    "C13": ("ready", []),
}
KINDS = "deployments,replicasets,pods,jobs,configmaps,services,ingresses,persistentvolumeclaims,events"


def prepare(fleet, cluster):
    """One client asks for a node that is not there; of another somebody has made an object by hand."""
    fleet.write("clients/C9.toml", fleet.read("clients/C9.toml") + 'params.node-selector = { nowhere = "here" }\n')
    for name in ("e2e-a", "e2e-b"):
        fleet.write(
            f"environments/{name}.toml",
            fleet.read(f"environments/{name}.toml").replace(
                "[cluster]", '[flux]\nretry-interval = "10s"\ntimeout = "30s"\n\n[cluster]', 1
            ),
        )
    metadata = {"name": "e2e-a"}
    labels = {"app": "by-hand"}
    container = {"name": "x", "image": "registry.example/x:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    cluster.apply(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata},
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "lms-deployment-c11", "namespace": "e2e-a"},
                "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
            },
        ]
    )


def verdicts(fleet, cluster, folder):
    """{client: (verdict, everything that is said of it)} of the first environment, by a dump."""
    dump = folder / "dump.json"
    spaced = json.loads(cluster.kubectl("get", KINDS, "-n", "e2e-a", "-o", "json"))
    flux = json.loads(cluster.kubectl("get", "kustomizations.kustomize.toolkit.fluxcd.io", "-n", "flux-system", "-o", "json"))
    spaced["items"] += flux["items"]
    dump.write_text(json.dumps(spaced), encoding="utf-8")
    told = json.loads(fleet.lmsgen("status", "-e", "e2e-a", "--from", str(dump), "-o", "json"))
    return told, dump


def judged(proof, flux, folder):
    """5: each failure has its verdict and its sentence, and Flux is of the same opinion."""
    fleet, cluster = flux.fleet, flux.cluster
    prepare(fleet, cluster)
    fleet.publish()
    flux.bootstrap()
    flux.remote.fetched_by(cluster)

    def flux_has_judged():
        found = cluster.list("kustomizations.kustomize.toolkit.fluxcd.io", "flux-system")
        for client, (verdict, _) in SAID.items():
            phase = "provision" if client == "C7" else "app"
            item = found.get(f"e2e-a-{client.lower()}-{phase}")
            assert item, f"no Kustomization of {client}"
            status, reason, message = condition(item, "Ready")
            wanted = ("True",) if verdict == "ready" else ("False",)
            assert status in wanted and reason not in ("DependencyNotReady", "Progressing"), f"{client}: {status} {reason} {message}"
        return found

    with proof("failures: Flux finds what is not ready"):
        found = until("Flux's verdicts", flux_has_judged)
        assert "immutable" in condition(found["e2e-a-c11-app"], "Ready")[2]
    told, dump = verdicts(fleet, cluster, folder)
    by_client = {one["client"]: one for one in told["environments"][0]["parts"] if one["client"]}
    for client, (verdict, words) in SAID.items():
        with proof(f"status of {client}: {verdict} {', '.join(words)}"):
            one = by_client[client]
            text = json.dumps(one, ensure_ascii=False)
            assert one["state"] == verdict, text[:1500]
            for word in words:
                assert word in text, f"no {word!r} in {text[:1500]}"
    with case("the page of a person says it, too, and ends with 1 when asked to"):
        text = fleet.lmsgen("status", "-e", "e2e-a", "--from", str(dump), "--exit-code", expect=1)
        assert "FAILED" in text and "C1 " in text, text
        assert "no node takes the Pod" in text, text
        print(text)
