//! Filters and backends of an HTTPRoute.

use super::fault::Faults;
use super::field::Fields;
use super::http_route::{ROUTE, WHOSE};
use super::spot::Spot;

/// Types of filters, where their settings are, and whether a rule can have one only.
const FILTERS: [(&str, &str, bool); 8] = [
    ("RequestHeaderModifier", "requestHeaderModifier", true),
    ("ResponseHeaderModifier", "responseHeaderModifier", true),
    ("RequestMirror", "requestMirror", false),
    ("RequestRedirect", "requestRedirect", true),
    ("URLRewrite", "urlRewrite", true),
    ("ExtensionRef", "extensionRef", false),
    ("CORS", "cors", true),
    ("ExternalAuth", "externalAuth", false),
];

/// `filters` of a rule or of a backend.
pub(super) fn check(at: Spot<'_, '_>, faults: &mut Faults) {
    for (nth, filter) in at.items("filters").enumerate() {
        let kind = filter.text_or_empty("type");
        let before = |wanted: &str| at.items("filters").take(nth).any(|other| other.text("type") == Some(wanted));
        let mut fields = Fields::of(filter, ROUTE, &WHOSE, faults);
        for (of, key, is_single) in FILTERS {
            if of == kind && !filter.has(key) {
                fields.add(key, format_args!("a filter of type {kind} needs {key}"));
            } else if of != kind && filter.has(key) {
                fields.add(key, format_args!("a filter of type {} cannot have {key}", kind.escape_debug()));
            }
            if of == kind && is_single && before(kind) {
                fields.add("type", format_args!("there can be one filter of type {kind}"));
            }
        }
        let excluded = match kind {
            "RequestRedirect" => "URLRewrite",
            "URLRewrite" => "RequestRedirect",
            _ => "",
        };
        if !excluded.is_empty() && before(excluded) {
            fields.add("type", "RequestRedirect and URLRewrite exclude each other");
        }
        settings(filter, faults);
    }
}

fn settings(filter: Spot<'_, '_>, faults: &mut Faults) {
    for key in ["requestRedirect", "urlRewrite"] {
        let Some(settings) = filter.get(key) else { continue };
        if let Some(path) = settings.get("path") {
            replaced_path(path, faults);
        }
    }
    if let Some(mirror) = filter.get("requestMirror") {
        self::mirror(mirror, faults);
    }
    if let Some(auth) = filter.get("externalAuth") {
        self::auth(auth, faults);
    }
    let Some(cors) = filter.get("cors") else { return };
    for key in ["allowOrigins", "allowMethods", "allowHeaders"] {
        if cors.count(key) > 1 && cors.texts(key).any(|(text, _)| text == "*") {
            let fault = faults.add(ROUTE, cors.path_to(key), format!("{WHOSE}: {key} with `*` can have nothing else"));
            fault.help("remove the others, or `*`");
        }
    }
}

fn replaced_path(path: Spot<'_, '_>, faults: &mut Faults) {
    let kind = path.text_or_empty("type");
    let mut fields = Fields::of(path, ROUTE, &WHOSE, faults);
    for (of, key) in [("ReplaceFullPath", "replaceFullPath"), ("ReplacePrefixMatch", "replacePrefixMatch")] {
        if of == kind && !path.has(key) {
            fields.add(key, format_args!("type {kind} needs {key}"));
        } else if of != kind && path.has(key) {
            fields.add(key, format_args!("{key} needs type `{of}`"));
        }
    }
}

fn mirror(mirror: Spot<'_, '_>, faults: &mut Faults) {
    if mirror.has("percent") && mirror.has("fraction") {
        let message = format!("{WHOSE}: percent and fraction exclude each other");
        faults.add(ROUTE, mirror.path_to("fraction"), message);
    }
    if let Some(fraction) = mirror.get("fraction")
        && fraction.int("numerator").unwrap_or_default() > fraction.int("denominator").unwrap_or(100)
    {
        let message = format!("{WHOSE}: numerator must not be more than denominator");
        faults.add(ROUTE, fraction.path_to("numerator"), message);
    }
    if let Some(at) = mirror.get("backendRef") {
        backend(at, faults);
    }
}

fn auth(auth: Spot<'_, '_>, faults: &mut Faults) {
    let protocol = auth.text_or_empty("protocol");
    let mut fields = Fields::of(auth, ROUTE, &"externalAuth", faults);
    for (of, key) in [("GRPC", "grpc"), ("HTTP", "http")] {
        if (of == protocol) != auth.has(key) {
            fields.add(key, format_args!("{key} goes with protocol `{of}`"));
        }
    }
    if let Some(at) = auth.get("backendRef") {
        backend(at, faults);
    }
}

/// Where requests go: a Service needs a port.
pub(super) fn backend(at: Spot<'_, '_>, faults: &mut Faults) {
    let is_service = at.text_or_empty("group").is_empty() && at.text("kind").unwrap_or("Service") == "Service";
    if is_service && !at.has("port") {
        let message = format!("{WHOSE}: a backend that is a Service needs a port");
        faults.add(ROUTE, at.path_to("port"), message).help("write the port of the Service: `port: 80`");
    }
}
