"""Odd values for the fields of the kinds by which Pods are reached."""

# fmt: off
from odd_values import CIDRS, EXPRESSIONS, HOSTS, IPS, NAMES, PATHS, PORT_NAMES, PORT_NUMBERS

PEER = [
    {}, None, {"podSelector": {}}, {"namespaceSelector": {}}, {"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}},
    {"ipBlock": {}}, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}},
    {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}},
    {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.1.0.0/16"]}}, {"podSelector": {"app": "x"}},
    {"podSelector": {"matchLabels": {"a b": "c"}}}, {"namespaceSelector": {"matchLabels": {"a": "b c"}}},
    {"podSelector": None},
]
FILTERS = [
    {}, {"type": "URLRewrite"}, {"type": "CORS"}, {"type": "Unknown"}, {"type": "URLRewrite", "urlRewrite": {}},
    {"type": "URLRewrite", "requestRedirect": {}}, {"type": "CORS", "cors": {"allowOrigins": ["*"]}},
    {"type": "CORS", "cors": {"allowOrigins": ["*", "https://a.example"]}},
    {"type": "CORS", "cors": {"allowOrigins": ["a.example"]}}, {"type": "CORS", "cors": {"allowMethods": ["get"]}},
    {"type": "CORS", "cors": {"allowMethods": ["*", "GET"]}}, {"type": "CORS", "cors": {"maxAge": 0}},
    {"type": "CORS", "cors": {"maxAge": -1}}, {"type": "RequestRedirect", "requestRedirect": {"scheme": "ftp"}},
    {"type": "RequestRedirect", "requestRedirect": {"statusCode": 300}},
    {"type": "RequestRedirect", "requestRedirect": {"statusCode": 302}},
    {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "a b", "value": "1"}]}},
    {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "A", "value": ""}]}},
    {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "A", "value": "1"}] * 2}},
    {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": [f"X-{n}" for n in range(17)]}},
    {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "a"}}},
    {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "a", "port": 1}, "percent": 101}},
    {
        "type": "RequestMirror",
        "requestMirror": {"backendRef": {"name": "a", "port": 1}, "fraction": {"numerator": 2, "denominator": 1}},
    }, {"type": "ExtensionRef", "extensionRef": {"group": "", "kind": "X", "name": "a"}},
    {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/a"}}},
    {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replacePrefixMatch": "/a"}}},
    {"type": "URLRewrite", "urlRewrite": {"hostname": "A.example"}},
]

SERVICE = {
    "spec.type": ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "clusterip", "", None, "Headless"],
    "spec.ports.*.port": PORT_NUMBERS,
    "spec.ports.*.targetPort": [*PORT_NUMBERS, *PORT_NAMES, None],
    "spec.ports.*.name": [*PORT_NAMES, None, "a" * 63, "a" * 64],
    "spec.ports.*.nodePort": [0, 80, 30000, 32767, 32768, -1, 70000, "30001"],
    "spec.ports.*.protocol": ["tcp", "UDP", "SCTP", "HTTP", "", None],
    "spec.ports.*.appProtocol": ["http", "kubernetes.io/h2c", "a b", "", "A_b", "a/b/c"],
    "spec.ports": [
        None, [], [{}], [{"port": 1}], [{"port": 1}, {"port": 2}],
        [{"port": 1, "name": "a"}, {"port": 1, "name": "b"}],
        [{"port": 1, "name": "a"}, {"port": 1, "name": "b", "protocol": "UDP"}], [{"targetPort": 80}],
    ],
    "spec.selector": [None, {}, {"a b": "c"}, {"a": "b c"}, {"a": 1}, {"matchLabels": {"a": "b"}}, {"a": ""}],
    "spec.clusterIP": ["None", "", "none", "10.0.0.300", "abc", None],
    "spec.clusterIPs": [["None"], [], ["None", "None"], ["abc"]],
    "spec.externalName": [*HOSTS, None],
    "spec.externalIPs": [[ip] for ip in IPS],
    "spec.loadBalancerIP": IPS,
    "spec.loadBalancerSourceRanges": [[cidr] for cidr in CIDRS],
    "spec.sessionAffinity": ["None", "ClientIP", "clientip", "", None],
    "spec.sessionAffinityConfig": [
        {}, {"clientIP": {}}, {"clientIP": {"timeoutSeconds": 0}}, {"clientIP": {"timeoutSeconds": 86400}},
        {"clientIP": {"timeoutSeconds": 86401}}, None,
    ],
    "spec.externalTrafficPolicy": ["Local", "Cluster", "local", "", None],
    "spec.internalTrafficPolicy": ["Local", "Cluster", "local", "", None],
    "spec.trafficDistribution": ["PreferClose", "PreferSameZone", "PreferSameNode", "preferclose", ""],
    "spec.healthCheckNodePort": [0, 31000, -1, 80],
    "spec.ipFamilies": [["IPv4"], ["IPv6"], ["IPv4", "IPv4"], ["ipv4"], []],
    "spec.ipFamilyPolicy": ["SingleStack", "PreferDualStack", "RequireDualStack", "singlestack", ""],
    "spec.loadBalancerClass": ["", "a", "a b", "example.com/a", "A_b"],
    "spec.allocateLoadBalancerNodePorts": [True, False, None],
    "spec.publishNotReadyAddresses": ["true", None],
}
INGRESS = {
    "spec.ingressClassName": [*NAMES, None],
    "spec.rules": [
        None, [], [{}], [{"host": "a.example"}], [{"http": {}}], [{"http": {"paths": []}}],
        [{"host": "a.example"}, {"host": "a.example"}],
    ],
    "spec.rules.*.host": [*HOSTS, None],
    "spec.rules.*.http": [None, {}, {"paths": None}],
    "spec.rules.*.http.paths.*.path": [
        *PATHS, "/a//b", "/a/./b", "/a/%2f", "/a%2Fb", "/a?b", "/a#b", "/.*", "/a(/|$)(.*)", None,
    ],
    "spec.rules.*.http.paths.*.pathType": [
        "Prefix", "Exact", "ImplementationSpecific", "prefix", "Regex", "", None,
    ],
    "spec.rules.*.http.paths.*.backend": [
        None, {}, {"service": {}}, {"service": {"name": "a"}}, {"service": {"name": "a", "port": {}}},
        {"service": {"name": "a", "port": {"number": 80, "name": "http"}}},
        {"serviceName": "a", "servicePort": 80}, {"resource": {"kind": "X", "name": "a"}},
        {"resource": {"apiGroup": "a.example", "name": "x"}},
        {"service": {"name": "a", "port": {"number": 80}}, "resource": {"kind": "X", "name": "a"}},
    ],
    "spec.rules.*.http.paths.*.backend.service.name": NAMES,
    "spec.rules.*.http.paths.*.backend.service.port": [
        {"number": 0}, {"number": 65536}, {"number": "80"}, {"name": ""}, {"name": "UPPER"}, {"name": "a" * 16},
        {"name": "80"}, {"name": "a" * 15}, 80, None,
    ],
    "spec.defaultBackend": [
        None, {}, {"service": {"name": "a", "port": {"number": 1}}}, {"service": {"name": "a"}},
    ],
    "spec.tls": [
        None, [], [{}], [{"hosts": []}], [{"hosts": ["A.example"]}],
        [{"hosts": ["a.example"], "secretName": "Upper"}], [{"hosts": ["*.a.example"]}], [{"secretName": "a"}],
        [{"hosts": ["a.example"], "secretName": ""}], [{"hosts": "a.example"}],
    ],
    "spec.tls.*.hosts": [[host] for host in HOSTS],
    "spec.tls.*.secretName": NAMES,
    "metadata.annotations.kubernetes[.]io/ingress[.]class": ["nginx", ""],
    "spec": [None, {}],
}
HTTP_ROUTE = {
    "spec.hostnames": [
        None, [], ["a.example", "a.example"], [f"h{n}.example" for n in range(16)],
        [f"h{n}.example" for n in range(17)],
    ],
    "spec.hostnames.*": HOSTS,
    "spec.parentRefs": [
        None, [], [{}], [{"name": "a"}, {"name": "a"}], [{"name": "a", "sectionName": "x"}, {"name": "a"}],
        [{"name": "a", "port": 1}, {"name": "a", "port": 2}],
    ],
    "spec.parentRefs.*.name": [*NAMES],
    "spec.parentRefs.*.namespace": NAMES[:8],
    "spec.parentRefs.*.port": PORT_NUMBERS,
    "spec.parentRefs.*.sectionName": [*NAMES[:10], None],
    "spec.parentRefs.*.kind": ["gateway", "", "Service", "a b"],
    "spec.parentRefs.*.group": ["", "UPPER", "a.example"],
    "spec.rules": [None, [], [{}], [{}] * 16, [{}] * 17, [{"name": "a"}, {"name": "a"}]],
    "spec.rules.*.name": NAMES[:10],
    "spec.rules.*.matches": [
        None, [], [{}], [{"path": {"value": "/a"}}] * 2, [{"method": "GET"}],
        [{"path": {"type": "PathPrefix", "value": f"/{n}"}} for n in range(65)],
    ],
    "spec.rules.*.matches.*.path": [
        None, {}, {"type": "Prefix", "value": "/"}, {"type": "PathPrefix", "value": ""},
        {"type": "RegularExpression", "value": "["}, {"type": "RegularExpression", "value": "a"},
        *({"type": "PathPrefix", "value": path} for path in [*PATHS, "/a//b", "/a%2fb", "/a#b", "/a/./b", "/a?b"]),
    ],
    "spec.rules.*.matches.*.method": ["get", "GET", "PURGE", "", None],
    "spec.rules.*.matches.*.headers": [
        None, [], [{"name": "A"}], [{"name": "a b", "value": "1"}], [{"name": "A", "value": ""}],
        [{"name": "A", "value": "1"}] * 2, [{"name": "A", "value": "1", "type": "Prefix"}],
    ],
    "spec.rules.*.matches.*.queryParams": [
        [], [{"name": "a"}], [{"name": "a b", "value": "1"}], [{"name": "a", "value": "1"}],
        [{"name": "a", "value": "1"}] * 2,
    ],
    "spec.rules.*.filters": [
        None, [], *([one] for one in FILTERS), [FILTERS[24]] * 2,
        [{"type": "URLRewrite", "urlRewrite": {}}, {"type": "RequestRedirect", "requestRedirect": {}}],
        [{"type": "CORS", "cors": {}}] * 2,
    ],
    "spec.rules.*.filters.*": FILTERS,
    "spec.rules.*.backendRefs": [
        None, [], [{}], [{"name": "a"}], [{"name": "a", "port": 80}] * 2, [{"name": "a", "port": 80}] * 17,
    ],
    "spec.rules.*.backendRefs.*.name": NAMES,
    "spec.rules.*.backendRefs.*.port": [*PORT_NUMBERS, None],
    "spec.rules.*.backendRefs.*.weight": [0, -1, 1000000, 1000001, "1", None],
    "spec.rules.*.backendRefs.*.kind": ["Service", "service", "", "Bucket"],
    "spec.rules.*.backendRefs.*.group": ["", "core", "a.example"],
    "spec.rules.*.timeouts": [
        None, {}, {"request": "30"}, {"request": "1m30s"}, {"request": "0s"}, {"request": "1.5s"},
        {"request": "1d"}, {"request": "5s", "backendRequest": "10s"}, {"backendRequest": "10s"},
        {"request": "10s", "backendRequest": "10s"}, {"request": 30}, {"request": "100000s"},
        {"request": "0s", "backendRequest": "5s"},
    ],
}
NETWORK_POLICY = {
    **{f"spec.podSelector.{field}": values for field, values in EXPRESSIONS.items()},
    "spec.podSelector": [None, {}, {"app": "x"}],
    "spec.policyTypes": [
        None, [], ["ingress"], ["Ingress", "Ingress"], ["Egress"], ["Ingress", "Egress", "Ingress"], "Ingress",
        ["Both"],
    ],
    "spec.ingress": [None, [], [{}], [{"to": []}], [{"from": None}], {}],
    "spec.egress": [None, [], [{}], [{"from": []}], [{"ports": []}]],
    "spec.ingress.*.from": [None, [], {}],
    "spec.ingress.*.from.*": PEER,
    "spec.egress.*.to.*": PEER,
    "spec.ingress.*.ports.*": [
        {}, {"protocol": "tcp"}, {"protocol": "SCTP"}, {"port": "UPPER"}, {"port": 0}, {"port": 65536},
        {"port": "80"}, {"port": "http", "endPort": 90}, {"port": 80, "endPort": 79}, {"port": 80, "endPort": 80},
        {"endPort": 80}, {"port": 80, "endPort": 70000}, {"port": ""}, {"protocol": "ICMP", "port": 1},
    ],
    "spec.ingress.*.from.*.ipBlock.cidr": CIDRS,
    "spec.egress.*.to.*.ipBlock.cidr": CIDRS,
    "spec.ingress.*.from.*.ipBlock.except": [[cidr] for cidr in CIDRS],
}
