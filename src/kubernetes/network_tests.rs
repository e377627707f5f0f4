//! Bad and good Services, Ingresses, HTTPRoutes and NetworkPolicies: each bad one has exactly one fault, at its place.

use super::pod_tests::{found, indented, refuses, takes};

fn object(api: &str, kind: &str, text: &str) -> String {
    format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a}}\nspec:\n{}", indented(text, 2))
}

fn service(spec: &str) -> String {
    object("v1", "Service", spec)
}

/// A Service with a port.
fn with_port(spec: &str) -> String {
    service(&format!("ports: [{{port: 80}}]\n{spec}"))
}

#[test]
fn lms729_services() {
    refuses(
        &[
            ("LMS729 spec.ports", "selector: {a: b}"),
            ("LMS729 spec.ports[0].port", "ports: [{port: 0}]"),
            ("LMS729 spec.ports[0].name", "ports: [{port: 80}, {port: 81, name: b}]"),
            ("LMS729 spec.ports[1].name", "ports: [{port: 80, name: b}, {port: 81, name: b}]"),
            ("LMS729 spec.ports[1].port", "ports: [{port: 80, name: a}, {port: 80, name: b, protocol: TCP}]"),
            ("LMS729 spec.ports[0].name", "ports: [{port: 80, name: a_b}]"),
            ("LMS729 spec.ports[0].targetPort", "ports: [{port: 80, targetPort: '8080'}]"),
            ("LMS729 spec.ports[0].protocol", "ports: [{port: 80, protocol: HTTP}]"),
            ("LMS729 spec.ports[0].appProtocol", "ports: [{port: 80, appProtocol: a b}]"),
            ("LMS729 spec.ports[0].nodePort", "ports: [{port: 80, nodePort: 30080}]"),
            (
                "LMS729 spec.ports[1].nodePort",
                "type: NodePort\nports: [{port: 53, name: a, nodePort: 31000}, \
                 {port: 54, name: b, nodePort: 31000, protocol: UDP}]",
            ),
            (
                "LMS729 spec.healthCheckNodePort",
                "type: LoadBalancer\nexternalTrafficPolicy: Local\nhealthCheckNodePort: 31000\n\
                 ports: [{port: 80, nodePort: 31000}]",
            ),
            ("LMS729 spec.externalName", "type: ExternalName"),
            ("LMS729 spec.clusterIP", "{type: ExternalName, externalName: a.b, clusterIP: 10.0.0.1}"),
        ],
        service,
    );
    refuses(
        &[
            ("LMS729 spec.type", "type: Balancer"),
            ("LMS729 spec.selector.a", "selector: {a: b c}"),
            ("LMS729 spec.clusterIP", "clusterIP: abc"),
            ("LMS729 spec.clusterIP", "clusterIP: None\ntype: NodePort"),
            ("LMS729 spec.clusterIPs", "clusterIPs: [10.0.0.1]"),
            ("LMS729 spec.ipFamilies[1]", "ipFamilies: [IPv4, IPv4]\nipFamilyPolicy: PreferDualStack"),
            ("LMS729 spec.ipFamilyPolicy", "ipFamilies: [IPv4, IPv6]"),
            ("LMS729 spec.ipFamilies[0]", "clusterIP: 10.0.0.1\nipFamilies: [IPv6]"),
            ("LMS729 spec.externalIPs[0]", "externalIPs: [127.0.0.1]"),
            ("LMS729 spec.loadBalancerSourceRanges", "loadBalancerSourceRanges: [10.0.0.0/8]"),
            ("LMS729 spec.loadBalancerSourceRanges[0]", "type: LoadBalancer\nloadBalancerSourceRanges: [10.0.0.0]"),
            ("LMS729 spec.loadBalancerClass", "loadBalancerClass: a.b/c"),
            ("LMS729 spec.externalTrafficPolicy", "externalTrafficPolicy: Local"),
            ("LMS729 spec.healthCheckNodePort", "type: LoadBalancer\nhealthCheckNodePort: 31000"),
            ("LMS729 spec.trafficDistribution", "trafficDistribution: Near"),
            (
                "LMS729 spec.sessionAffinityConfig.clientIP.timeoutSeconds",
                "sessionAffinity: ClientIP\nsessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}",
            ),
        ],
        with_port,
    );
    takes(
        &[
            "clusterIP: None",
            "type: ExternalName\nexternalName: db.example.com.",
            "ports: [{port: 53, name: a}, {port: 53, name: b, protocol: UDP}]",
            "type: NodePort\nports: [{port: 53, name: a}, {port: 53, name: b, protocol: UDP, nodePort: 31000}]",
            "ports: [{port: 80, targetPort: http}]\nexternalIPs: [192.0.2.1]\nexternalTrafficPolicy: Cluster",
            "type: LoadBalancer\nports: [{port: 80}]\nloadBalancerSourceRanges: [' 10.0.0.0/8']\nsessionAffinity: None",
        ],
        service,
    );
    let mapped = with_port("externalIPs: ['::ffff:10.0.0.1']");
    assert_eq!(found(&mapped, 35), [""; 0]);
    assert_eq!(found(&mapped, 36), ["LMS729 spec.externalIPs[0]"]);
}

/// An Ingress whose only path has `fields`.
fn path(fields: &str) -> String {
    object("networking.k8s.io/v1", "Ingress", &format!("rules: [{{http: {{paths: [{{{fields}}}]}}}}]"))
}

#[test]
fn lms730_ingresses() {
    let ingress = |spec: &str| object("networking.k8s.io/v1", "Ingress", spec);
    let to = "backend: {service: {name: a, port: {name: http}}}";
    refuses(
        &[
            ("LMS730 spec", "ingressClassName: nginx"),
            ("LMS730 spec.defaultBackend", "defaultBackend: {}"),
            ("LMS730 spec.defaultBackend.service.port", "defaultBackend: {service: {name: a}}"),
            ("LMS730 spec.defaultBackend.service.name", "defaultBackend: {service: {name: a.b, port: {number: 1}}}"),
            (
                "LMS730 spec.defaultBackend.service.port",
                "defaultBackend: {service: {name: a, port: {name: b, number: 1}}}",
            ),
            ("LMS730 spec.rules[0].host", "rules: [{host: a_b}]"),
            ("LMS730 spec.rules[0].host", "rules: [{host: 10.0.0.1}]"),
            ("LMS730 spec.rules[0].host", "rules: [{host: '*a.com'}]"),
            ("LMS730 spec.rules[0].http.paths", "rules: [{http: {paths: []}}]"),
            ("LMS730 spec.tls[0].hosts[0]", "rules: [{}]\ntls: [{hosts: ['']}]"),
            ("LMS730 spec.tls[0].secretName", "rules: [{}]\ntls: [{secretName: a_b}]"),
        ],
        ingress,
    );
    takes(
        &["rules: [{host: '*.a.com'}, {host: a.com}]\ntls: [{hosts: ['*.a.com']}]\ningressClassName: nginx"],
        ingress,
    );
    let at = "spec.rules[0].http.paths[0]";
    for (fields, fault) in [
        ("path: /", "pathType"),
        ("pathType: prefix, path: /", "pathType"),
        ("pathType: Prefix, path: a", "path"),
        ("pathType: Exact, path: /a//b", "path"),
        ("pathType: Exact, path: /a/..", "path"),
        ("pathType: Prefix, path: /a%2Fb", "path"),
    ] {
        assert_eq!(found(&path(&format!("{fields}, {to}")), 35), [format!("LMS730 {at}.{fault}")], "{fields}");
    }
    assert_eq!(found(&path(&format!("pathType: ImplementationSpecific, path: /a//b, {to}")), 35), [""; 0]);
}

fn route(spec: &str) -> String {
    object("gateway.networking.k8s.io/v1", "HTTPRoute", spec)
}

#[test]
fn lms731_routes() {
    refuses(
        &[
            ("LMS731 spec.parentRefs[1].sectionName", "parentRefs: [{name: a}, {name: a}]"),
            ("LMS731 spec.parentRefs[1].sectionName", "parentRefs: [{name: a}, {name: a, sectionName: b}]"),
            ("LMS731 spec.rules[0].backendRefs[0].port", "rules: [{backendRefs: [{name: a}]}]"),
            ("LMS731 spec.rules[0].matches[0].path.value", "rules: [{matches: [{path: {value: a}}]}]"),
            ("LMS731 spec.rules[0].matches[0].path.value", "rules: [{matches: [{path: {value: /a b}}]}]"),
            ("LMS731 spec.rules[0].matches[0].path.value", "rules: [{matches: [{path: {value: '/a%2'}}]}]"),
            ("LMS731 spec.rules[0].filters[0].urlRewrite", "rules: [{filters: [{type: URLRewrite}]}]"),
            (
                "LMS731 spec.rules[0].filters[0].cors",
                "rules: [{filters: [{type: URLRewrite, urlRewrite: {}, cors: {}}]}]",
            ),
            (
                "LMS731 spec.rules[0].filters[1].type",
                "rules: [{filters: [{type: CORS, cors: {}}, {type: CORS, cors: {}}]}]",
            ),
            (
                "LMS731 spec.rules[0].filters[0].requestRedirect",
                "rules: [{filters: [{type: RequestRedirect, requestRedirect: {}}], backendRefs: [{name: a, port: 1}]}]",
            ),
            (
                "LMS731 spec.rules[0].filters[0].urlRewrite.path.replaceFullPath",
                "rules: [{filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath}}}]}]",
            ),
            (
                "LMS731 spec.rules[0].matches",
                "rules: [{matches: [{path: {type: Exact, value: /a}}], filters: [{type: URLRewrite, urlRewrite: {path: \
                 {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]}]",
            ),
            (
                "LMS731 spec.rules[0].filters[0].cors.allowMethods",
                "rules: [{filters: [{type: CORS, cors: {allowMethods: [GET, '*']}}]}]",
            ),
            (
                "LMS731 spec.rules[0].timeouts.backendRequest",
                "rules: [{timeouts: {request: 1s, backendRequest: 1m500ms}}]",
            ),
        ],
        route,
    );
    takes(
        &[
            "parentRefs: [{name: a, sectionName: b}, {name: a, sectionName: c}, {name: d}]",
            "rules: [{backendRefs: [{name: a, port: 80}], matches: [{path: {value: '/a%20b'}}]}]",
            "rules: [{matches: [{path: {type: RegularExpression, value: 'a b'}}]}]",
            "rules: [{timeouts: {request: 0s, backendRequest: 1h}}, {timeouts: {request: 2m, backendRequest: 119s}}]",
            "rules: [{filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: \
             /}}}]}]",
        ],
        route,
    );
}

#[test]
fn lms734_network_policies() {
    let policy = |spec: &str| object("networking.k8s.io/v1", "NetworkPolicy", spec);
    refuses(
        &[
            ("LMS734 spec.podSelector.matchLabels.a", "podSelector: {matchLabels: {a: b c}}"),
            ("LMS734 spec.policyTypes[0]", "policyTypes: [ingress]"),
            ("LMS734 spec.ingress[0].from[0]", "ingress: [{from: [{}]}]"),
            ("LMS734 spec.ingress[0].from[0]", "ingress: [{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]"),
            ("LMS734 spec.egress[0].to[0].ipBlock.cidr", "egress: [{to: [{ipBlock: {cidr: 10.0.0.0}}]}]"),
            (
                "LMS734 spec.egress[0].to[0].ipBlock.except[0]",
                "egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]",
            ),
            ("LMS734 spec.egress[0].ports[0].port", "egress: [{ports: [{port: '80'}]}]"),
            ("LMS734 spec.egress[0].ports[0].port", "egress: [{ports: [{port: 0}]}]"),
            ("LMS734 spec.egress[0].ports[0].endPort", "egress: [{ports: [{port: 80, endPort: 79}]}]"),
            ("LMS734 spec.egress[0].ports[0].endPort", "egress: [{ports: [{endPort: 79}]}]"),
            ("LMS734 spec.egress[0].ports[0].protocol", "egress: [{ports: [{protocol: HTTP}]}]"),
        ],
        policy,
    );
    takes(
        &[
            "podSelector: {}\npolicyTypes: [Ingress, Egress]",
            "egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 80, endPort: 90}]}]",
            "ingress: [{from: [{podSelector: {}, namespaceSelector: {}}], ports: [{port: http}]}]",
        ],
        policy,
    );
}
