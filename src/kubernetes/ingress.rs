//! Ingresses (`validateIngress`).

use crate::diagnostic::{Class, Code};

use super::address::address;
use super::check::Release;
use super::fault::Faults;
use super::field::Fields;
use super::spot::Spot;
use super::words::{Broken, dns_1035_label, dns_label, dns_subdomain, path_segment, port_name, wildcard_subdomain};

/// An Ingress that Kubernetes refuses.
const INGRESS: Code = Code::new("LMS730", Class::Input);

const WHOSE: &str = "the Ingress";
const PATH_TYPES: [&str; 3] = ["Exact", "ImplementationSpecific", "Prefix"];
const CLASS: &str = "kubernetes.io/ingress.class";

/// An Ingress.
pub(super) fn check(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let spec = object.get("spec");
    let (rules, backend) = match &spec {
        Some(spec) => (spec.count("rules"), spec.get("defaultBackend")),
        None => (0, None),
    };
    if rules == 0 && backend.is_none() {
        let fault = faults.add(INGRESS, object.path_to("spec"), format!("{WHOSE} has no rules"));
        fault.help("write rules, or a defaultBackend");
    }
    let Some(spec) = spec else { return };
    if let Some(at) = backend {
        self::backend(at, release, faults);
    }
    for rule in spec.items("rules") {
        self::rule(rule, release, faults);
    }
    for tls in spec.items("tls") {
        for (name, at) in tls.texts("hosts") {
            if let Err(rule) = host(name) {
                faults.add(INGRESS, at.path(), format!("{WHOSE}: host `{}` {rule}", name.escape_debug()));
            }
        }
        Fields::of(tls, INGRESS, &WHOSE, faults).matches("secretName", dns_subdomain);
    }
    Fields::of(spec, INGRESS, &WHOSE, faults).matches_set("ingressClassName", dns_subdomain);
    let annotation = object.value().at(&["metadata", "annotations", CLASS]).filter(|value| value.as_str().is_some());
    if let (Some(class), Some(annotation)) = (spec.text("ingressClassName"), annotation)
        && annotation.as_str() != Some(class)
    {
        let path = object.path_to("metadata").field("annotations").field(CLASS);
        let message = format!("{WHOSE}: the annotation `{CLASS}` must be the same as ingressClassName");
        faults.add(INGRESS, path, message).help("remove the annotation");
    }
}

/// A domain, with `*` for its first part or without.
fn host(name: &str) -> Result<(), Broken> {
    if name.contains('*') { wildcard_subdomain(name) } else { dns_subdomain(name) }
}

fn rule(rule: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let mut fields = Fields::of(rule, INGRESS, &WHOSE, faults);
    let name = rule.text_or_empty("host");
    if address(name, Release(0)).is_ok() {
        fields.add("host", format_args!("host `{name}` must be a domain, not an IP address"));
    } else {
        fields.matches("host", host);
    }
    let Some(http) = rule.get("http") else { return };
    if http.count("paths") == 0 {
        faults.add(INGRESS, http.path_to("paths"), format!("{WHOSE}: a rule has no paths"));
    }
    for path in http.items("paths") {
        self::path(path, release, faults);
    }
}

fn path(path: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let mut fields = Fields::of(path, INGRESS, &WHOSE, faults);
    let Some(kind) = path.text("pathType") else {
        fields.add("pathType", "a path has no pathType").help("write `pathType: Prefix`");
        return;
    };
    fields.one_of_set("pathType", &PATH_TYPES);
    let text = path.text_or_empty("path");
    let is_exact = matches!(kind, "Exact" | "Prefix");
    if !text.starts_with('/') && (is_exact || !text.is_empty() && kind == "ImplementationSpecific") {
        fields.add("path", format_args!("path `{}` must begin with `/`", text.escape_debug()));
    }
    if is_exact && let Err(rule) = plain_path(text) {
        let fault = fields.add("path", format_args!("path `{}` {rule}", text.escape_debug()));
        fault.help("with pathType `ImplementationSpecific` the controller reads the path");
    }
    match path.get("backend") {
        Some(at) => backend(at, release, faults),
        None => {
            faults.add(INGRESS, path.path_to("backend"), format!("{WHOSE}: a path has no backend"));
        }
    }
}

/// A path without parts that servers read in different ways.
pub(super) fn plain_path(text: &str) -> Result<(), Broken> {
    if text.contains("//") {
        return Err("must not contain `//`");
    }
    if text.contains("/./") || text.contains("/../") || text.ends_with("/.") || text.ends_with("/..") {
        return Err("must not contain the parts `.` and `..`");
    }
    if text.contains("%2f") || text.contains("%2F") { Err("must not contain `%2F`") } else { Ok(()) }
}

fn backend(at: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let mut fields = Fields::of(at, INGRESS, &WHOSE, faults);
    match (at.get("service"), at.get("resource")) {
        (Some(_), Some(_)) => {
            fields.add_here("a backend cannot have both service and resource");
        }
        (None, None) => {
            fields.add_here("a backend has no service").help("write `service: {name: app, port: {name: http}}`");
        }
        (None, Some(object)) => resource(object, faults),
        (Some(service), None) => {
            let rule = if release < Release(36) { dns_1035_label } else { dns_label };
            Fields::of(service, INGRESS, &WHOSE, faults).required_match("name", rule);
            port(service, faults);
        }
    }
}

fn port(service: Spot<'_, '_>, faults: &mut Faults) {
    let port = service.get("port");
    let (name, number) =
        port.as_ref().map_or(("", 0), |port| (port.text_or_empty("name"), port.int("number").unwrap_or_default()));
    if name.is_empty() && number == 0 {
        let fault = faults.add(INGRESS, service.path_to("port"), format!("{WHOSE}: a backend has no port"));
        fault.help("write `port: {name: http}` or `port: {number: 80}`");
        return;
    }
    let Some(port) = port else { return };
    let mut fields = Fields::of(port, INGRESS, &WHOSE, faults);
    if !name.is_empty() && number != 0 {
        fields.add_here("a port cannot have both name and number");
    } else if name.is_empty() {
        fields.in_range("number", 1..=65535);
    } else {
        fields.matches("name", port_name);
    }
}

/// A backend that is no Service (`validateIngressTypedLocalObjectReference`).
fn resource(object: Spot<'_, '_>, faults: &mut Faults) {
    let mut fields = Fields::of(object, INGRESS, &WHOSE, faults);
    fields.matches_set("apiGroup", dns_subdomain);
    fields.required_match("kind", path_segment);
    fields.required_match("name", path_segment);
}
