//! LimitRanges (`ValidateLimitRange`).

use super::fault::Faults;
use super::field::Fields;
use super::quantity::Quantity;
use super::resource_name::{any, can_overcommit, in_container};
use super::resource_quota::AMOUNTS;
use super::spot::Spot;
use super::words::qualified_name;

const WHOSE: &str = "the LimitRange";
const AMOUNT_KEYS: [&str; 5] = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];
const TYPES: [&str; 3] = ["Pod", "Container", "PersistentVolumeClaim"];

/// A LimitRange.
pub(super) fn check(object: Spot<'_, '_>, faults: &mut Faults) {
    let Some(spec) = object.get("spec") else { return };
    for (nth, limit) in spec.items("limits").enumerate() {
        let kind = limit.text_or_empty("type");
        let mut fields = Fields::of(limit, AMOUNTS, &WHOSE, faults);
        if fields.required("type").is_some() {
            fields.matches("type", qualified_name);
            if !kind.contains('/') {
                fields.one_of("type", &TYPES);
            }
        }
        if spec.items("limits").take(nth).any(|other| other.text_or_empty("type") == kind) {
            fields.add("type", format_args!("another limit has type `{}`", kind.escape_debug()));
        }
        let has_storage = |key| given(limit, key, "storage").is_some();
        if kind == "PersistentVolumeClaim" && !has_storage("min") && !has_storage("max") {
            fields.add_here("a limit of claims needs a min or a max of storage");
        }
        self::limit(limit, kind, faults);
    }
}

fn limit(limit: Spot<'_, '_>, kind: &str, faults: &mut Faults) {
    let is_known = if matches!(kind, "Pod" | "Container") { in_container } else { any };
    for (nth, key) in AMOUNT_KEYS.into_iter().enumerate() {
        if kind == "Pod" && key.starts_with("default") {
            if limit.entries(key).next().is_some() {
                let message = format!("{WHOSE}: a limit of type Pod cannot have {key}");
                faults.add(AMOUNTS, limit.path_to(key), message);
            }
            continue;
        }
        for (name, amount) in limit.entries(key) {
            if let Err(rule) = is_known(name) {
                let message = format!("{WHOSE}: the resource `{}` {rule}", name.escape_debug());
                faults.add(AMOUNTS, amount.path(), message);
            }
            let is_new = AMOUNT_KEYS[..nth].iter().all(|before| given(limit, before, name).is_none());
            if is_new {
                compare(limit, kind, name, faults);
            }
        }
    }
}

/// An amount as it is written.
fn given(limit: Spot<'_, '_>, key: &str, name: &str) -> Option<Quantity> {
    limit.value().at(&[key])?.as_map()?.get(name).and_then(Quantity::of)
}

/// All amounts of one resource against each other.
fn compare(limit: Spot<'_, '_>, kind: &str, name: &str, faults: &mut Faults) {
    let given = |key| given(limit, key, name);
    let (max, min, ratio) = (given("max"), given("min"), given("maxLimitRequestRatio"));
    let (default, request) = match kind {
        "Pod" => (None, None),
        // What is missing for containers comes from what is there (`SetDefaults_LimitRangeItem`).
        "Container" => {
            let default = given("default").or(max);
            (default, given("defaultRequest").or(default).or(min))
        }
        _ => (given("default"), given("defaultRequest")),
    };
    let mut wrong = |key: &str, what: String| {
        let message = format!("{WHOSE}: {key} of {} {what}", name.escape_debug());
        faults.add(AMOUNTS, limit.path_to(key).field(name), message);
    };
    let is_above = |a: Option<Quantity>, b: Option<Quantity>| a.zip(b).is_some_and(|(a, b)| a > b);
    for (key, low, high, what) in [
        ("min", min, max, "is above max"),
        ("defaultRequest", min, request, "is below min"),
        ("defaultRequest", request, max, "is above max"),
        ("defaultRequest", request, default, "is above default"),
        ("default", min, default, "is below min"),
        ("default", default, max, "is above max"),
    ] {
        if is_above(low, high) {
            wrong(key, what.to_owned());
        }
    }
    if !can_overcommit(name) && default.zip(request).is_some_and(|(default, request)| default != request) {
        wrong("defaultRequest", "must be the same as default".to_owned());
    }
    let Some(ratio) = ratio else { return };
    if ratio.milli() < 1000 {
        wrong("maxLimitRequestRatio", "must not be less than 1".to_owned());
    }
    if let (Some(min), Some(max)) = (min, max)
        && is_more(ratio, max, min)
    {
        wrong("maxLimitRequestRatio", "must not be more than max divided by min".to_owned());
    }
}

/// `true` if `ratio` is more than `max` divided by `min`; nothing is more than what is divided by nothing.
fn is_more(ratio: Quantity, max: Quantity, min: Quantity) -> bool {
    let (ratio, max, min) = (ratio.milli(), max.milli(), min.milli());
    match min {
        0 => max < 0,
        min if min > 0 => ratio.saturating_mul(min) > max.saturating_mul(1000),
        _ => ratio.saturating_mul(min) < max.saturating_mul(1000),
    }
}
