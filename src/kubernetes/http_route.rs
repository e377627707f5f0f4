//! HTTPRoutes: the rules in CEL of the Gateway API's resource definition (`x-kubernetes-validations`), by hand.
//!
//! Where the standard and the experimental channel differ, only what both refuse is a fault.

use crate::diagnostic::{Class, Code};

use super::fault::Faults;
use super::field::Fields;
use super::http_filter;
use super::ingress::plain_path;
use super::spot::Spot;
use super::words::Broken;

/// An HTTPRoute that Kubernetes refuses.
pub(super) const ROUTE: Code = Code::new("LMS731", Class::Input);

/// What messages call it.
pub(super) const WHOSE: &str = "the HTTPRoute";

/// Most matches of all rules together.
const MAX_MATCHES: usize = 128;

/// An HTTPRoute.
pub(super) fn check(object: Spot<'_, '_>, faults: &mut Faults) {
    let Some(spec) = object.get("spec") else { return };
    parents(spec, faults);
    let matches = |rule: Spot<'_, '_>| if rule.has("matches") { rule.count("matches") } else { 1 };
    if spec.items("rules").map(matches).sum::<usize>() > MAX_MATCHES {
        let message = format!("{WHOSE}: all rules together can have {MAX_MATCHES} matches");
        faults.add(ROUTE, spec.path_to("rules"), message).help("write several HTTPRoutes");
    }
    for rule in spec.items("rules") {
        self::rule(rule, faults);
    }
}

/// Several references to one Gateway must name different listeners.
fn parents(spec: Spot<'_, '_>, faults: &mut Faults) {
    for (nth, parent) in spec.items("parentRefs").enumerate() {
        let is_same = |other: &Spot<'_, '_>| {
            let same =
                |key: &str, default: &str| other.text(key).unwrap_or(default) == parent.text(key).unwrap_or(default);
            same("group", "gateway.networking.k8s.io")
                && same("kind", "Gateway")
                && same("name", "")
                && same("namespace", "")
        };
        let section = parent.text_or_empty("sectionName");
        for other in spec.items("parentRefs").take(nth).filter(is_same) {
            let taken = other.text_or_empty("sectionName");
            let rule = if section.is_empty() != taken.is_empty() {
                "every one of several references to a parent needs a sectionName"
            } else if section == taken && other.int("port") == parent.int("port") {
                "several references to a parent must have different sectionNames"
            } else {
                continue;
            };
            let path = parent.path_to("sectionName");
            faults.add(ROUTE, path, format!("{WHOSE}: {rule}")).help("write the name of a listener");
            break;
        }
    }
}

fn rule(rule: Spot<'_, '_>, faults: &mut Faults) {
    for at in rule.items("matches") {
        if let Some(path) = at.get("path") {
            self::path(path, faults);
        }
    }
    if rule.count("backendRefs") > 0 {
        for filter in rule.items("filters").filter(|filter| filter.has("requestRedirect")) {
            let message = format!("{WHOSE}: a rule that redirects cannot have backendRefs");
            faults.add(ROUTE, filter.path_to("requestRedirect"), message).help("remove one of them");
        }
    }
    http_filter::check(rule, faults);
    replaced_prefix(rule, faults);
    for backend in rule.items("backendRefs") {
        http_filter::backend(backend, faults);
        http_filter::check(backend, faults);
    }
    if let Some(timeouts) = rule.get("timeouts") {
        self::timeouts(timeouts, faults);
    }
    if let Some(session) = rule.get("sessionPersistence") {
        self::session(session, faults);
    }
}

/// What replaces a prefix needs the prefix it replaces.
fn replaced_prefix(rule: Spot<'_, '_>, faults: &mut Faults) {
    let is_prefix = match rule.value().at(&["matches"]).and_then(|list| list.as_list()) {
        Some([only]) => only.at(&["path", "type"]).is_none_or(|kind| kind.as_str().is_none_or(|it| it == "PathPrefix")),
        Some(_) => false,
        None => true,
    };
    if is_prefix {
        return;
    }
    for key in ["requestRedirect", "urlRewrite"] {
        let replaces = |filter: &Spot<'_, '_>| {
            let path = filter.value().at(&[key, "path"]).map(Spot::root);
            path.is_some_and(|path| path.text("type") == Some("ReplacePrefixMatch") && path.has("replacePrefixMatch"))
        };
        let replaces_once = |at: &Spot<'_, '_>| at.items("filters").filter(replaces).count() == 1;
        let in_backends = rule.items("backendRefs").filter(replaces_once).count() == 1;
        if replaces_once(&rule) || in_backends {
            let message = format!("{WHOSE}: {key} with replacePrefixMatch needs exactly one match, of type PathPrefix");
            faults.add(ROUTE, rule.path_to("matches"), message).help("write a rule for each prefix");
        }
    }
}

/// The path of a match; without a type it is a prefix.
fn path(path: Spot<'_, '_>, faults: &mut Faults) {
    let kind = path.text("type").unwrap_or("PathPrefix");
    let text = path.text("value").unwrap_or("/");
    if matches!(kind, "Exact" | "PathPrefix")
        && let Err(rule) = route_path(text)
    {
        let message = format!("{WHOSE}: path `{}` {rule}", text.escape_debug());
        faults.add(ROUTE, path.path_to("value"), message);
    }
}

fn route_path(text: &str) -> Result<(), Broken> {
    if !text.starts_with('/') {
        return Err("must begin with `/`");
    }
    plain_path(text)?;
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'%', [a, b, after @ ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => after,
            (b'%', _) => return Err("has `%` without two hexadecimal digits behind it"),
            (first, after) if is_path_byte(*first) => after,
            _ => return Err("must be of characters that paths of URLs have; write others as `%20`"),
        };
    }
    Ok(())
}

const fn is_path_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(b, b'-' | b'/' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')')
        || matches!(b, b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@')
}

fn timeouts(timeouts: Spot<'_, '_>, faults: &mut Faults) {
    let (Some(request), Some(backend)) = (timeouts.text("request"), timeouts.text("backendRequest")) else { return };
    if let (Some(most), Some(asked)) = (millis(request), millis(backend))
        && most != 0
        && asked > most
    {
        let message = format!("backendRequest {backend} is longer than request {request}");
        Fields::of(timeouts, ROUTE, &WHOSE, faults).add("backendRequest", message);
    }
}

/// `1m30s` in thousandths of a second.
fn millis(text: &str) -> Option<u64> {
    let (mut total, mut rest) = (0, text);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..end].parse().ok()?;
        let (unit, after) = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
            .into_iter()
            .find_map(|(unit, times)| Some((times, rest[end..].strip_prefix(unit)?)))?;
        total = number.checked_mul(unit)?.checked_add(total)?;
        rest = after;
    }
    Some(total)
}

fn session(session: Spot<'_, '_>, faults: &mut Faults) {
    let Some(cookie) = session.get("cookieConfig") else { return };
    let mut fields = Fields::of(session, ROUTE, &"sessionPersistence", faults);
    if cookie.text("lifetimeType") == Some("Permanent") && !session.has("absoluteTimeout") {
        fields.add("absoluteTimeout", "a permanent cookie needs absoluteTimeout");
    }
    if session.text("type").is_some_and(|kind| kind != "Cookie") {
        fields.add("cookieConfig", "cookieConfig needs type `Cookie`");
    }
}
