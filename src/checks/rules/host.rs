//! A route for a host that the environment does not allow, or for every host.

use crate::checks::model::{Found, Group, Object};
use crate::checks::walk::listed;
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;
use crate::manifest::Path;

/// A route for a host that is not allowed.
const HOST: Code = Code::new("LMS241", Class::Input);

/// Further names that ingress-nginx answers to.
const ALIASES: &str = "nginx.ingress.kubernetes.io/server-alias";

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    let hosts = &group.policy.hosts;
    if hosts.is_empty() {
        return;
    }
    let known = listed(hosts.iter().map(String::as_str));
    for (at, object) in group.objects.iter().enumerate().filter(|(_, object)| is_route(object.kind)) {
        let mut refused = |host: &str, path: Path| {
            if !is_allowed(hosts, host) {
                let message = format!("host `{}` is not allowed", host.escape_debug());
                let help = format!("`policy.hosts` of the environment allows {known}");
                found.push(Found::error(HOST, at, path, message).help(help));
            }
        };
        each_host(object, &mut refused);
        if let Some(path) = takes_every_host(object) {
            let message = "this takes requests for every host";
            let help = format!("name the host; `policy.hosts` of the environment allows {known}");
            found.push(Found::error(HOST, at, path, message).help(help));
        }
    }
}

fn is_route(kind: &str) -> bool {
    matches!(kind, "Ingress" | "HTTPRoute" | "GRPCRoute" | "TLSRoute")
}

/// Gives `look` every host that is named: in rules, in lists of hosts, in the TLS part, as an alias.
fn each_host(object: &Object<'_>, look: &mut impl FnMut(&str, Path)) {
    let root = object.spot();
    if let Some(spec) = root.get("spec") {
        spec.each_field(&mut |name, field| match (name, field.value().as_str()) {
            // An empty one is none.
            ("host", Some(host)) if !host.is_empty() => look(host, field.path()),
            ("hosts" | "hostnames", None) => field.own_texts().for_each(|(host, item)| look(host, item.path())),
            _ => {}
        });
    }
    let metadata = root.get("metadata");
    let annotations = metadata.iter().flat_map(|metadata| metadata.entries("annotations"));
    for (_, aliases) in annotations.filter(|(name, _)| *name == ALIASES) {
        let hosts = aliases.value().as_str().unwrap_or_default().split([',', ' ']).filter(|host| !host.is_empty());
        hosts.for_each(|host| look(host, aliases.path()));
    }
}

/// An Ingress with a rule or a default backend without host, a route without host names.
fn takes_every_host(object: &Object<'_>) -> Option<Path> {
    let root = object.spot();
    let spec = root.get("spec")?;
    if object.kind != "Ingress" {
        return (spec.count("hostnames") == 0).then(|| spec.path());
    }
    if let Some(backend) = spec.get("defaultBackend") {
        return Some(backend.path());
    }
    let is_bare = |rule: &Spot<'_, '_>| rule.text_or_empty("host").is_empty();
    spec.items("rules").find(is_bare).map(|rule| rule.path())
}

/// An entry is a host, or `*.domain` for every host below it.
fn is_allowed(hosts: &[String], host: &str) -> bool {
    hosts.iter().any(|allowed| match allowed.strip_prefix('*') {
        Some(domain) => {
            host == allowed || (host.ends_with(domain) && !host.starts_with('*') && host.len() > domain.len())
        }
        None => host == allowed,
    })
}

#[cfg(test)]
mod tests {
    use super::{check, is_allowed};
    use crate::checks::testing::{Given, object};

    const INGRESS: (&str, &str) = ("networking.k8s.io/v1", "Ingress");
    const ROUTE: (&str, &str) = ("gateway.networking.k8s.io/v1", "HTTPRoute");

    fn look((api, kind): (&str, &str), rest: &str) -> Vec<String> {
        let text = object(api, kind, "r", rest);
        Given::open(&[&text]).policy(|policy| policy.hosts = vec!["a.example".into()]).look(check)
    }

    #[test]
    fn hosts_are_themselves_or_below_a_domain() {
        let allowed = ["a.example".to_owned(), "*.lms.example".to_owned()];
        for host in ["a.example", "x.lms.example", "*.lms.example"] {
            assert!(is_allowed(&allowed, host), "{host}");
        }
        for host in ["b.a.example", "lms.example", "*.x.lms.example", "evil.example", ""] {
            assert!(!is_allowed(&allowed, host), "{host}");
        }
    }

    #[test]
    fn hosts_are_found_wherever_a_route_names_them() {
        let rest = "spec: {rules: [{host: a.example}, {host: b.example}], tls: [{hosts: [a.example, c.example]}]}\n";
        let refused = |host: &str, at: &str| format!("LMS241 {at}: host `{host}` is not allowed");
        assert_eq!(
            look(INGRESS, rest),
            [refused("b.example", "spec.rules[1].host"), refused("c.example", "spec.tls[0].hosts[1]")]
        );
        assert_eq!(look(ROUTE, "spec: {hostnames: [b.example]}\n"), [refused("b.example", "spec.hostnames[0]")]);
        assert_eq!(look(ROUTE, "spec: {hostnames: [a.example]}\n"), [""; 0]);
        let other = look(("v1", "Service"), "spec: {host: b.example}\n");
        assert_eq!(other, [""; 0], "no route");
    }

    #[test]
    fn an_alias_is_a_host() {
        let text = object(INGRESS.0, INGRESS.1, "r", "spec: {rules: [{host: a.example}]}\n").replace(
            "  namespace: dev\n",
            "  namespace: dev\n  annotations:\n    nginx.ingress.kubernetes.io/server-alias: a.example,b.example\n",
        );
        let found = Given::open(&[&text]).policy(|policy| policy.hosts = vec!["a.example".into()]).look(check);
        let at = "metadata.annotations[nginx.ingress.kubernetes.io/server-alias]";
        assert_eq!(found, [format!("LMS241 {at}: host `b.example` is not allowed")]);
    }

    #[test]
    fn what_names_no_host_takes_all() {
        let all = |at: &str| vec![format!("LMS241 {at}: this takes requests for every host")];
        let rule = "{host: a.example, http: {}}";
        assert_eq!(look(INGRESS, &format!("spec: {{rules: [{rule}, {rule}]}}\n")), [""; 0]);
        assert_eq!(look(INGRESS, &format!("spec: {{rules: [{rule}, {{http: {{}}}}]}}\n")), all("spec.rules[1]"));
        assert_eq!(look(INGRESS, "spec: {rules: [{host: \"\", http: {}}]}\n"), all("spec.rules[0]"));
        assert_eq!(
            look(INGRESS, &format!("spec: {{defaultBackend: {{}}, rules: [{rule}]}}\n")),
            all("spec.defaultBackend")
        );
        assert_eq!(look(ROUTE, "spec: {rules: []}\n"), all("spec"));
    }
}
