"""Values for fields of many kinds: what a person may write there, wrong, or odd and right.

Written from the documentation of the fields, not from what any checker finds; whether a value is wrong is for the API
server to say. In the tables of this and the other `odd_` files a field is written as a place: `*` is each item or field,
`[.]` a dot that does not divide, a last `+` a further field, whose names are the values. The last field of a place may be
missing; its parent must be there.
"""

# fmt: off
NAMES = [
    "Upper", "under_score", "-dash", "dash-", "", "a" * 63, "a" * 64, "a b", "a.b", ".a", "a..b", "1a", "é", "a/b",
    "x" * 253, "x" * 254, "a:b", "*", " a", "a\n",
]
PORT_NUMBERS = [0, -1, 1, 65535, 65536, 8080.5, "80", "8080", "http"]
PORT_NAMES = ["", "UPPER", "a_b", "-a", "a-", "a--b", "12345", "a" * 15, "a" * 16, "1a", "http1", 80]
QUANTITIES = [
    "1x", "-1", "1.5Gi", "1e3", "0", ".5", "1 Gi", "1gi", "1GB", "100M", "0.1m", "+1", "1E", "9Ei",
    "99999999999999Ei", "", "1,5", 1.5, 0, -2, "1K", "1k", "Mi", "1e", "0x10", "1Mi ", None, "1u", "1n", True,
]
IPS = [
    "10.0.0.256", "10.0.0", "010.0.0.1", "2001:db8::1", "::1", "127.0.0.1", "localhost", "", "1.2.3.4/32",
    " 10.0.0.1", "169.254.1.1", "0.0.0.0", "224.0.0.1", "::ffff:1.2.3.4",
]
CIDRS = [
    "10.0.0.0/33", "10.0.0.0", "10.0.0.5/8", "300.0.0.0/8", "", "0.0.0.0/0", "::/0", "10.0.0.0/08", "10.0.0.0/-1",
    " 10.0.0.0/8", "010.0.0.0/8", "fd00::/129", "10.1.2.3/32",
]
HOSTS = [
    "Example.com", "-a.example.com", "a_b.example.com", "a..b", "example.com.", "*", "*.com", "*.*.com", "a.*.com",
    "*a.com", "10.0.0.1", "", "example.com:80", "https://a.example", "a" * 64 + ".com", "хост.рф", "localhost",
    "a." * 130 + "com",
]
PATHS = ["", "/", "a", "../a", "a/../b", "/a/..", "..", "./a", "a:b", "/a b", "/é", "/" + "a" * 4096, "..a", "C:\\a"]
LABEL_VALUES = ["", "-a", "a-", "a b", "a" * 63, "a" * 64, "A_b.C-1", "é", "a/b", True, 1, None, ["a"], "1", " a"]
LABEL_KEYS = [
    "", "-a", "a b", "a" * 63, "a" * 64, "example.com/", "/a", "a/b/c", "Example.com/a", "e_x/a", "example.com/A_b",
    "é", "kubernetes.io/a", "a." * 127 + "/a", "x" * 253 + "/a", "x" * 254 + "/a",
]
SECONDS = [0, -1, 1, 2147483647, 2147483648, 1.5, "30", None]
MODES = [0, 511, 512, -1, 0o1000, "0644", "420", 420.5, None]
INT_OR_PERCENT = [
    "25%", "0%", 0, -1, "-5%", "100%", "101%", "25", "%", "2.5%", "abc", 1.5, "150%", "25 %", "5.%", None, "", 3,
]
SELECTOR_OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "in", "Equals", "", None]
ENV_NAMES = ["", "A B", "1A", "a.b", "a-b", "A=B", "é", "_A", "a/b", "$A", "A" * 300, "A\t"]
DNS_OPTIONS = [{"name": ""}, {"value": "1"}, {"name": "ndots", "value": 2}, {"name": "ndots", "value": "5"}]
RESOURCE_NAMES = [
    "cpu", "gpu", "example.com/gpu", "CPU", "nvidia.com/", "hugepages-2Mi", "hugepages-x", "storage", "a b",
    "requests.cpu", "kubernetes.io/x", "ephemeral-storage", "", "limits.memory", "requests.example.com/x",
]
IMAGES = ["", " ", "a b", " nginx", "nginx ", "Registry/UPPER:tag", "nginx:", "nginx@sha256:abc", "http://a/b", "é"]
FIELD_PATHS = [
    "metadata.name", "metadata.nam", "spec.nodeName", "status.podIP", "status.podIPs", "metadata.labels",
    "metadata.labels['a b']", "metadata.annotations['x']", "metadata.labels['app", "", "spec.containers",
    "metadata.uid", "spec.serviceAccountName", "status.phase", ".metadata.name",
]
COMMANDS = [[], [""], None, "run", [1], ["a", None]]

EXPRESSIONS = {
    "matchExpressions.*.operator": SELECTOR_OPERATORS,
    "matchExpressions.*.values": [None, [], [""], ["a b"], ["a", "a"], "a", [1], ["3"], ["-3"]],
    "matchExpressions.*.key": LABEL_KEYS,
    "matchLabels": [None, {}, {"app": "other"}, {"a b": "c"}, {"app": 1}, []],
    "matchLabels.+": LABEL_KEYS,
    "matchLabels.*": LABEL_VALUES,
}
METADATA = {
    "name": [
        *NAMES, None, "a" * 52, "a" * 53, "A", 1, "a.example.com", "x" * 57, "x" * 58, "system:a", "%", "a%b", "..",
        ".",
    ],
    "generateName": ["a-", "A_", "", "a" * 64],
    "namespace": ["Upper", "", None, "a.b", "a" * 64, "other", "under_score"],
    "labels": [None, {}, [], {"a": None}, "a=b"],
    "annotations": [
        None, {}, {"a": 1}, {"a": True}, {"a": None}, {"a b": "c"}, {"a": "x" * 262144}, {"a": "x" * 262143},
        {"a/b/c": "x"}, {"UPPER.example.com/a": "x"}, {"a": ["b"]}, {"é": "x"},
    ],
    "labels.+": LABEL_KEYS,
    "annotations.+": LABEL_KEYS,
    "labels.odd": LABEL_VALUES,
    "annotations.odd": ["", 1, True, None, "é\n", "x" * 5000, {"a": "b"}],
    "finalizers": [
        ["keep"], ["example.com/keep"], [], None, ["a b/c"], [""], ["kubernetes"], ["orphan", "foregroundDeletion"],
        ["example.com/a", "example.com/a"],
    ],
    "uid": ["", "x"],
    "resourceVersion": ["", "1"],
    "generation": [0, 3, -1, "1"],
    "creationTimestamp": [None, "2026-01-01T00:00:00Z", "yesterday", "2026-01-01", ""],
    "deletionTimestamp": [None, "2026-01-01T00:00:00Z"],
    "selfLink": ["", "/a"],
    "managedFields": [
        None, [], [{}],
        [{"manager": "a", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {}}],
    ],
    "clusterName": ["a"],
    "ownerReferences": [
        [], None, [{}], [{"apiVersion": "v1", "kind": "Pod", "name": "a"}],
        [{"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "u"}],
        [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "a", "uid": "u", "controller": True}] * 2,
        [{"apiVersion": "v1", "kind": "Event", "name": "a", "uid": "u"}], [{"kind": "Pod", "name": "a", "uid": "u"}],
        [{"apiVersion": "a/b/c", "kind": "Pod", "name": "a", "uid": "u"}],
    ],
}
COMMON = {
    **{f"metadata.{field}": values for field, values in METADATA.items()},
    "metadata": [None, {}, [], {"name": "a"}],
    "apiVersion": [
        "v1", "v2", "apps/v1", "apps/v1beta1", "extensions/v1beta1", "batch/v1beta1", "batch/v1", "", None, "V1",
        "networking.k8s.io/v1", "policy/v1beta1", 1, "autoscaling/v1", "gateway.networking.k8s.io/v1beta1",
    ],
    "kind": ["", None, "Pod", "ConfigMap", "deployment", "Deployments", 1],
    "status": [None, {}, {"unknown": 1}],
    "unknown": [None, 1, {}, ""],
}
