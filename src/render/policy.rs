//! What an environment's `[policy]` says about images and hosts.
//!
//! Finished objects are looked through line by line, which their one style of writing allows; only an object that
//! looks wrong is parsed, so that a line of text inside a string is no fault.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::{Class, Code, Diagnostic};
use crate::fleet::Environment;
use crate::manifest::{Value, parse_documents};

/// An image from a registry that is not allowed.
const REGISTRY: Code = Code::new("LMS240", Class::Input);
/// A route for a host that is not allowed.
const HOST: Code = Code::new("LMS241", Class::Input);

/// Faults of one object; they have no place yet.
pub fn check(kind: &str, name: &str, text: &str, environment: &Environment) -> Vec<Diagnostic> {
    let policy = &environment.policy;
    let mut faults = Vec::new();
    let registry_is_right = |image: &str| allows_image(&policy.registries, image);
    if !policy.registries.is_empty() && !images(text).all(&registry_is_right) {
        for image in strings(text, &["image"], &[]).into_iter().filter(|image| !registry_is_right(image)) {
            let message = format!("{kind} `{name}`: image `{}` is not from an allowed registry", image.escape_debug());
            let help = format!("environment `{}` allows {}", environment.name, listed(&policy.registries));
            faults.push(Diagnostic::error(REGISTRY, message).help(help));
        }
    }
    let is_route = matches!(kind, "Ingress" | "HTTPRoute" | "GRPCRoute" | "TLSRoute");
    let host_is_right = |host: &str| allows_host(&policy.hosts, host);
    if is_route && !policy.hosts.is_empty() && !lines_under(text, "host", &HOST_LISTS).all(host_is_right) {
        for host in strings(text, &["host"], &HOST_LISTS).into_iter().filter(|host| !host_is_right(host)) {
            let message = format!("{kind} `{name}`: host `{}` is not allowed", host.escape_debug());
            let help = format!("environment `{}` allows {}", environment.name, listed(&policy.hosts));
            faults.push(Diagnostic::error(HOST, message).help(help));
        }
    }
    if is_route && !policy.hosts.is_empty() && takes_every_host(kind, text) {
        let message = format!("{kind} `{name}` takes requests for every host");
        let help =
            format!("name the host in every rule; environment `{}` allows {}", environment.name, listed(&policy.hosts));
        faults.push(Diagnostic::error(HOST, message).help(help));
    }
    faults
}

/// `true` for an Ingress with a rule or a default backend without host, and for a route without host names.
fn takes_every_host(kind: &str, text: &str) -> bool {
    if kind != "Ingress" {
        return !has_line(text, "hostnames:");
    }
    let hosts = lines_under(text, "host", &[]).count();
    let rules = text.lines().filter(|line| without_dash(line) == "http:").count();
    if rules <= hosts && !has_line(text, "defaultBackend:") {
        return false;
    }
    let documents = parse_documents(text).unwrap_or_default();
    let specs = documents.iter().filter_map(|document| field(document, "spec"));
    let bare = |rule: &Value| field(rule, "host").and_then(Value::as_str).is_none_or(str::is_empty);
    specs.into_iter().any(|spec| {
        let rules = match field(spec, "rules") {
            Some(Value::List(rules)) => rules.as_slice(),
            _ => &[],
        };
        field(spec, "defaultBackend").is_some() || rules.iter().any(bare)
    })
}

fn field<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Map(map) => map.get(key),
        _ => None,
    }
}

/// `true` if a line is nothing but `wanted`, as a key with a mapping or list below is.
fn has_line(text: &str, wanted: &str) -> bool {
    text.lines().any(|line| without_dash(line) == wanted)
}

fn without_dash(line: &str) -> &str {
    let content = line.trim_start();
    content.strip_prefix("- ").unwrap_or(content)
}

/// Keys of lists of hosts: in the rules of routes, in the TLS part of an Ingress.
const HOST_LISTS: [&str; 2] = ["hostnames", "hosts"];

fn listed(allowed: &[String]) -> String {
    format!("`{}`", allowed.join("`, `"))
}

/// An entry is a registry with or without a path; it allows itself and everything below. After a mere registry `:`
/// would start a port, which makes it another registry.
fn allows_image(registries: &[String], image: &str) -> bool {
    registries.iter().map(|registry| registry.trim_end_matches('/')).any(|registry| {
        image.strip_prefix(registry).is_some_and(|rest| {
            rest.starts_with('/') || registry.contains('/') && (rest.is_empty() || rest.starts_with([':', '@']))
        })
    })
}

/// An entry is a host, or `*.domain` for every host below it.
fn allows_host(hosts: &[String], host: &str) -> bool {
    hosts.iter().any(|allowed| match allowed.strip_prefix('*') {
        Some(domain) => {
            host == allowed || (host.ends_with(domain) && !host.starts_with('*') && host.len() > domain.len())
        }
        None => host == allowed,
    })
}

/// Values after the key `image`, read from lines; empty for one that stands on lines of its own, which no registry
/// allows and so gets the closer look.
///
/// Found by one search for the word: every object is looked through, and a look at each of its lines took longer than
/// writing them.
fn images(text: &str) -> impl Iterator<Item = &str> {
    static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new("image:[ \\n]").expect("the pattern is a constant"));
    KEY.find_iter(text).filter_map(|key| {
        let start = text[..key.start()].rfind('\n').map_or(0, |at| at + 1);
        let before = text[start..key.start()].trim_start();
        let rest = if key.as_str().ends_with('\n') { "" } else { &text[key.end()..] };
        matches!(before, "" | "- ").then(|| unquoted(rest.split('\n').next().unwrap_or(rest)))
    })
}

/// Values after `key:`, and items of the lists under `lists`, read from lines.
fn lines_under<'t>(text: &'t str, key: &'t str, lists: &'t [&'t str]) -> impl Iterator<Item = &'t str> {
    let mut list_indent = None;
    text.lines().filter_map(move |line| {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        if list_indent.is_some_and(|start| indent <= start) {
            list_indent = None;
        }
        let after_dash = content.strip_prefix("- ").unwrap_or(content);
        if lists.iter().any(|list| after_dash.strip_prefix(list) == Some(":")) {
            list_indent = Some(indent);
            return None;
        }
        if list_indent.is_some() {
            return content.strip_prefix("- ").map(unquoted);
        }
        after_dash.strip_prefix(key)?.strip_prefix(": ").map(unquoted)
    })
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// The same, read as YAML: strings under `keys`, items of lists under `lists`, anywhere in the object.
fn strings(text: &str, keys: &[&str], lists: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for document in parse_documents(text).unwrap_or_default() {
        walk(&document, keys, lists, &mut found);
    }
    found
}

fn walk(value: &Value, keys: &[&str], lists: &[&str], found: &mut Vec<String>) {
    match value {
        Value::Map(map) => {
            for (key, value) in map.iter() {
                match value {
                    Value::String(text) if keys.contains(&key) => found.push(text.clone()),
                    // A volume that is an image.
                    Value::Map(inner) if key == "image" && keys.contains(&key) => {
                        found.extend(inner.get("reference").and_then(Value::as_str).map(str::to_owned));
                    }
                    Value::List(items) if lists.contains(&key) => {
                        found.extend(items.iter().filter_map(|item| item.as_str().map(str::to_owned)));
                    }
                    other => walk(other, keys, lists, found),
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| walk(item, keys, lists, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_allow_what_is_below_them() {
        let allowed = ["registry.example/lms".to_owned()];
        for image in ["registry.example/lms/backend:1", "registry.example/lms@sha256:0", "registry.example/lms"] {
            assert!(allows_image(&allowed, image), "{image}");
        }
        for image in ["registry.example/lms2/x", "registry.example", "evil.example/registry.example/lms/x", "nginx"] {
            assert!(!allows_image(&allowed, image), "{image}");
        }
        let allowed = ["registry.example".to_owned()];
        assert!(allows_image(&allowed, "registry.example/a:1"));
        assert!(!allows_image(&allowed, "registry.example:5000/a:1"), "another port is another registry");
    }

    #[test]
    fn what_names_no_host_takes_all() {
        let ingress = |spec: &str| takes_every_host("Ingress", &format!("kind: Ingress\nspec:\n{spec}"));
        let rule = "    - host: a.example\n      http:\n        paths: []\n";
        let bare = "    - http:\n        paths: []\n";
        assert!(!ingress(&format!("  rules:\n{rule}{rule}")));
        assert!(ingress(&format!("  rules:\n{rule}{bare}")));
        assert!(ingress(&format!("  defaultBackend:\n    x: y\n  rules:\n{rule}")));
        assert!(ingress(
            "  rules:\n    - host: \"\"\n      http:\n        paths: []\n    - http:\n        paths: []\n"
        ));
        assert!(takes_every_host("HTTPRoute", "spec:\n  rules: []\n"));
        assert!(!takes_every_host("HTTPRoute", "spec:\n  hostnames:\n    - a.example\n"));
    }

    #[test]
    fn an_image_as_a_volume_is_an_image() {
        let pod = "spec:\n  volumes:\n    - image:\n        reference: evil.example/x\n      name: a\n";
        assert_eq!(strings(pod, &["image"], &[]), ["evil.example/x"]);
    }

    #[test]
    fn hosts_are_themselves_or_below_a_domain() {
        let allowed = ["a.example".to_owned(), "*.lms.example".to_owned()];
        for host in ["a.example", "x.lms.example", "*.lms.example"] {
            assert!(allows_host(&allowed, host), "{host}");
        }
        for host in ["b.a.example", "lms.example", "*.x.lms.example", "evil.example", ""] {
            assert!(!allows_host(&allowed, host), "{host}");
        }
    }

    #[test]
    fn both_ways_of_reading_find_the_same() {
        let text = "kind: Ingress\nspec:\n  rules:\n    - host: a.example\n      http: {}\n    - host: \"1.example\"\n  tls:\n    - hosts:\n        - b.example\n        - c.example\n      secretName: x\n";
        let lines: Vec<&str> = lines_under(text, "host", &HOST_LISTS).collect();
        assert_eq!(lines, ["a.example", "1.example", "b.example", "c.example"]);
        assert_eq!(lines, strings(text, &["host"], &HOST_LISTS));
        let pod =
            "spec:\n  containers:\n    - name: a\n      image: x/y:1\n  note: |\n    image: not one\n    image: z\n";
        assert_eq!(strings(pod, &["image"], &[]), ["x/y:1"]);
        // Text that looks like a key is found, too; it only leads to a closer look.
        assert_eq!(images(pod).collect::<Vec<_>>(), ["x/y:1", "not one", "z"]);
        assert_eq!(images("- image:\n    x: y\nimages:\n").collect::<Vec<_>>(), [""]);
        assert_eq!(images("image: \"a\"\n- image: b\nno-image: c\n").collect::<Vec<_>>(), ["a", "b"]);
    }
}
