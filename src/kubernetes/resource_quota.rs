//! ResourceQuotas (`ValidateResourceQuotaSpec`).

use crate::diagnostic::{Class, Code};

use super::fault::Faults;
use super::field::{Fields, choice};
use super::quantity::Quantity;
use super::resource_name::{in_quota, is_quota, is_whole};
use super::spot::Spot;

/// A ResourceQuota or LimitRange that Kubernetes refuses.
pub(super) const AMOUNTS: Code = Code::new("LMS738", Class::Input);

const WHOSE: &str = "the ResourceQuota";
const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "VolumeAttributesClass",
    "CrossNamespacePodAffinity",
];
const PAIRS: [(&str, &str); 2] = [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")];

/// A ResourceQuota.
pub(super) fn check(object: Spot<'_, '_>, faults: &mut Faults) {
    let Some(spec) = object.get("spec") else { return };
    for (name, amount) in spec.entries("hard") {
        hard(name, amount, faults);
    }
    for (name, at) in spec.texts("scopes") {
        scope(spec, name, at, faults);
    }
    let has = |wanted: &str| spec.texts("scopes").any(|(name, _)| name == wanted);
    for (one, other) in PAIRS.into_iter().filter(|(one, other)| has(one) && has(other)) {
        exclusive(spec.path_to("scopes"), one, other, faults);
    }
    if let Some(selector) = spec.get("scopeSelector") {
        self::selector(spec, selector, faults);
    }
}

fn hard(name: &str, amount: Spot<'_, '_>, faults: &mut Faults) {
    let shown = name.escape_debug();
    if let Err(rule) = in_quota(name) {
        let fault = faults.add(AMOUNTS, amount.path(), format!("{WHOSE}: the resource `{shown}` {rule}"));
        fault.help("write `requests.cpu`, `limits.memory`, `pods`, `count/deployments.apps` and the like");
    }
    let Some(quantity) = Quantity::of(amount.value()) else { return };
    if quantity.is_negative() {
        faults.add(AMOUNTS, amount.path(), format!("{WHOSE}: {shown} must not be negative"));
    } else if is_whole(name) && !quantity.in_milli().is_whole() {
        faults.add(AMOUNTS, amount.path(), format!("{WHOSE}: {shown} must be a whole number"));
    }
}

/// A scope, and whether it goes with what is counted.
fn scope(spec: Spot<'_, '_>, name: &str, at: Spot<'_, '_>, faults: &mut Faults) {
    if !SCOPES.contains(&name) {
        let message = format!("{WHOSE}: there is no scope `{}`", name.escape_debug());
        faults.add(AMOUNTS, at.path(), message).help(format!("write {}", choice(&SCOPES)));
    }
    let mut counted = spec.entries("hard").map(|(resource, _)| resource);
    if let Some(resource) = counted.find(|resource| is_quota(resource) && !is_scoped(name, resource)) {
        let message = format!("{WHOSE}: scope {name} does not go with `{resource}`");
        faults.add(AMOUNTS, at.path(), message).help("write two quotas, one without the scope");
    }
}

/// `IsResourceQuotaScopeValidForResource`.
fn is_scoped(scope: &str, resource: &str) -> bool {
    let compute = resource.strip_prefix("requests.").or_else(|| resource.strip_prefix("limits.")).unwrap_or(resource);
    match scope {
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => {
            resource == "pods" || matches!(compute, "cpu" | "memory")
        }
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => matches!(resource, "persistentvolumeclaims" | "requests.storage"),
        _ => true,
    }
}

fn exclusive(path: crate::manifest::Path, one: &str, other: &str, faults: &mut Faults) {
    faults.add(AMOUNTS, path, format!("{WHOSE}: the scopes {one} and {other} exclude each other"));
}

fn selector(spec: Spot<'_, '_>, selector: Spot<'_, '_>, faults: &mut Faults) {
    for expression in selector.items("matchExpressions") {
        let name = expression.text_or_empty("scopeName");
        match expression.get("scopeName") {
            Some(at) => scope(spec, name, at, faults),
            None => scope(spec, name, expression, faults),
        }
        let (operator, values) = (expression.text_or_empty("operator"), expression.count("values"));
        let mut fields = Fields::of(expression, AMOUNTS, &WHOSE, faults);
        let is_yes_or_no = SCOPES.contains(&name) && !matches!(name, "PriorityClass" | "VolumeAttributesClass");
        match operator {
            "In" | "NotIn" if values == 0 => {
                fields.add("values", "an expression with `In` or `NotIn` must have values");
            }
            "Exists" | "DoesNotExist" if values > 0 => {
                fields.add("values", "an expression with `Exists` or `DoesNotExist` must have no values");
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                fields
                    .add("operator", format_args!("operator cannot be `{}`", other.escape_debug()))
                    .help("write `In`, `NotIn`, `Exists` or `DoesNotExist`");
            }
        }
        if is_yes_or_no && operator != "Exists" {
            fields.add("operator", format_args!("the operator of scope {name} must be `Exists`"));
        }
    }
    let has = |wanted: &str| selector.items("matchExpressions").any(|it| it.text("scopeName") == Some(wanted));
    for (one, other) in PAIRS.into_iter().filter(|(one, other)| has(one) && has(other)) {
        exclusive(selector.path_to("matchExpressions"), one, other, faults);
    }
}
