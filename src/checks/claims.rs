//! Hosts and paths that routes take: two that take the same hide one of them, and which one nobody decided.
//!
//! Routes of other instances are not in a group: whoever has all claims compares them.

use super::model::{Group, Object};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;
use crate::manifest::Path;

/// Two routes with the same host and path.
pub const COLLISION: Code = Code::new("LMS800", Class::Input);

/// A host and path that a route takes.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Position of the route in its group.
    pub object: usize,
    /// Where in the route.
    pub place: Path,
    /// In lower case; empty for every host.
    pub host: String,
    /// As it is written.
    pub path: String,
    /// What else must be the same for two to collide: the controller or Gateway, and how the path is compared.
    way: String,
    /// `true` if `/A` and `/a` are one path here.
    is_caseless: bool,
}

impl Claim {
    /// What two claims must have in common to collide.
    #[must_use]
    pub fn key(&self) -> (&str, &str, String) {
        (&self.way, &self.host, self.path.to_lowercase())
    }

    /// `true` if requests for one are requests for the other; both have the same key.
    #[must_use]
    pub fn collides(&self, other: &Self) -> bool {
        self.path == other.path || self.is_caseless || other.is_caseless
    }
}

/// Every host and path that routes of the group take.
#[must_use]
pub fn claims(group: &Group<'_>) -> Vec<Claim> {
    let mut list = Vec::new();
    for (at, object) in group.objects.iter().enumerate() {
        match (object.api_version, object.kind) {
            ("networking.k8s.io/v1", "Ingress") => ingress(at, object, &mut list),
            (api, "HTTPRoute") if api.starts_with("gateway.networking.k8s.io/") => route(at, object, &mut list),
            _ => {}
        }
    }
    list
}

fn ingress(at: usize, object: &Object<'_>, list: &mut Vec<Claim>) {
    let annotation = |name: &str| {
        let key = format!("nginx.ingress.kubernetes.io/{name}");
        object.value.str_at(&["metadata", "annotations", &key])
    };
    // A canary shares its path on purpose.
    if annotation("canary") == Some("true") {
        return;
    }
    let is_caseless = annotation("use-regex") == Some("true") || annotation("rewrite-target").is_some();
    let root = object.spot();
    let Some(spec) = root.get("spec") else { return };
    let class = spec.text_or_empty("ingressClassName");
    for rule in spec.items("rules") {
        let Some(http) = rule.get("http") else { continue };
        for path in http.items("paths") {
            let kind = path.text_or_empty("pathType");
            list.push(Claim {
                object: at,
                place: path.path_to("path"),
                host: rule.text_or_empty("host").to_ascii_lowercase(),
                path: plain(path.text("path").unwrap_or("/"), kind == "Prefix"),
                way: format!("Ingress {class} {}", if kind == "Exact" { "exact" } else { "prefix" }),
                is_caseless,
            });
        }
    }
}

fn route(at: usize, object: &Object<'_>, list: &mut Vec<Claim>) {
    let root = object.spot();
    let Some(spec) = root.get("spec") else { return };
    // Each Gateway by itself; without a namespace, it is in the route's.
    let parent = |parent: Spot<'_, '_>| {
        let namespace = parent.text("namespace").unwrap_or(object.namespace).to_owned();
        let rest = ["name", "sectionName", "port"].map(|field| parent.text_or_number(field).to_owned());
        format!("{namespace}/{}", rest.join("/"))
    };
    let parents: Vec<String> = spec.items("parentRefs").map(parent).collect();
    let mut hosts: Vec<&str> = spec.texts("hostnames").map(|(host, _)| host).collect();
    if hosts.is_empty() {
        hosts.push("");
    }
    for rule in spec.items("rules") {
        let mut taken: Vec<(&str, &str, Path)> = Vec::new();
        for matched in rule.items("matches") {
            // What looks at more than the path may share it.
            if ["headers", "queryParams", "method"].iter().any(|field| matched.has(field)) {
                continue;
            }
            let path = matched.get("path");
            let text = |field, default| path.as_ref().and_then(|path| path.text(field)).unwrap_or(default);
            let place = path.as_ref().map_or_else(|| matched.path(), |path| path.path_to("value"));
            taken.push((text("type", "PathPrefix"), text("value", "/"), place));
        }
        if rule.count("matches") == 0 {
            taken.push(("PathPrefix", "/", rule.path()));
        }
        for (kind, path, place) in taken {
            for (host, parent) in hosts.iter().flat_map(|host| parents.iter().map(move |parent| (host, parent))) {
                list.push(Claim {
                    object: at,
                    place: place.clone(),
                    host: host.to_ascii_lowercase(),
                    path: plain(path, kind == "PathPrefix"),
                    way: format!("HTTPRoute {parent} {kind}"),
                    is_caseless: false,
                });
            }
        }
    }
}

/// A prefix is the same with and without a slash at its end.
fn plain(path: &str, is_prefix: bool) -> String {
    let path = if is_prefix { path.trim_end_matches('/') } else { path };
    if path.is_empty() { "/".into() } else { path.into() }
}

#[cfg(test)]
mod tests {
    use super::claims;
    use crate::checks::testing::{Given, object};

    fn ingress(annotation: &str, host: &str, path: &str, kind: &str) -> String {
        let rest =
            format!("spec: {{rules: [{{host: {host}, http: {{paths: [{{path: {path}, pathType: {kind}}}]}}}}]}}\n");
        object("networking.k8s.io/v1", "Ingress", "i", &rest).replace(
            "name: i\n",
            &format!("name: i\n  annotations: {{nginx.ingress.kubernetes.io/{annotation}: \"true\"}}\n"),
        )
    }

    fn collide(a: &str, b: &str) -> bool {
        let list = Given::open(&[a, b]).with_group(claims);
        assert_eq!(list.len(), 2);
        list[0].key() == list[1].key() && list[0].collides(&list[1])
    }

    #[test]
    fn the_same_host_and_path_collide() {
        let one = ingress("use-regex", "a.example", "/C1", "ImplementationSpecific");
        assert!(collide(&one, &ingress("x", "A.example", "/c1", "ImplementationSpecific")));
        assert!(!collide(&one, &ingress("x", "a.example", "/C11", "ImplementationSpecific")));
        assert!(!collide(&one, &ingress("x", "b.example", "/C1", "ImplementationSpecific")));
        let prefix = ingress("x", "a.example", "/C1/", "Prefix");
        assert!(collide(&prefix, &ingress("x", "a.example", "/C1", "Prefix")));
        assert!(!collide(&prefix, &ingress("x", "a.example", "/c1", "Prefix")), "case counts without expressions");
        assert!(!collide(&prefix, &ingress("x", "a.example", "/C1", "Exact")), "the exact one comes first");
        assert!(collide(&prefix, &ingress("x", "a.example", "/C1", "ImplementationSpecific")), "a prefix to most");
    }

    #[test]
    fn routes_of_one_gateway_collide() {
        let route = |gateway: &str, rest: &str| {
            let rest = format!(
                "spec: {{parentRefs: [{{name: {gateway}}}], hostnames: [a.example], rules: [{{matches: [{{path: {{value: /a}}{rest}}}]}}]}}\n"
            );
            object("gateway.networking.k8s.io/v1", "HTTPRoute", "r", &rest)
        };
        assert!(collide(&route("g", ""), &route("g", "")));
        assert!(!collide(&route("g", ""), &route("h", "")));
        assert!(collide(&route("g", ""), &route("g, namespace: dev", "")), "the namespace of the route");
        let two = Given::open(&[&route("g}, {name: h", ""), &route("h", "")]).with_group(claims);
        assert!(two.len() == 3 && two[1].key() == two[2].key(), "each Gateway by itself");
        let by_method = Given::open(&[&route("g", ", method: GET")]).with_group(claims);
        assert!(by_method.is_empty());
    }
}
