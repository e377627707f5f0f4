//! HorizontalPodAutoscalers (`validateHorizontalPodAutoscalerSpec`).

use std::fmt::Display;

use crate::diagnostic::{Class, Code};

use super::check::Release;
use super::fault::Faults;
use super::field::Fields;
use super::quantity::Quantity;
use super::resource_name::in_container;
use super::spot::Spot;
use super::words::{dns_label, path_segment};

/// A HorizontalPodAutoscaler that Kubernetes refuses.
const AUTOSCALER: Code = Code::new("LMS736", Class::Input);

const WHOSE: &str = "the HorizontalPodAutoscaler";

/// Types of metrics and where their settings are, in the order in which the API server looks.
const SOURCES: [(&str, &str); 5] = [
    ("Object", "object"),
    ("External", "external"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
];
const TYPES: [&str; 5] = ["Resource", "ContainerResource", "Pods", "Object", "External"];

/// A HorizontalPodAutoscaler of `autoscaling/v1`, whose one metric has a field of its own.
pub(super) fn check_v1(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    check(object, release, faults);
    if let Some(spec) = object.get("spec")
        && spec.int("targetCPUUtilizationPercentage").is_some_and(|percent| percent < 1)
    {
        let message = "targetCPUUtilizationPercentage must be 1 or more";
        faults.add(AUTOSCALER, spec.path_to("targetCPUUtilizationPercentage"), message);
    }
}

/// A HorizontalPodAutoscaler of `autoscaling/v2`.
pub(super) fn check(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let Some(spec) = object.get("spec") else {
        let message = format!("{WHOSE} has no `spec`");
        faults.add(AUTOSCALER, object.path_to("spec"), message).help("write scaleTargetRef and maxReplicas");
        return;
    };
    replicas(spec, release, faults);
    match spec.get("scaleTargetRef") {
        Some(target) => {
            let has_no_group = target.text("kind") == Some("ReplicationController");
            reference(target, has_no_group, &"scaleTargetRef", faults);
        }
        None => {
            faults.add(AUTOSCALER, spec.path_to("scaleTargetRef"), format!("{WHOSE} has no scaleTargetRef"));
        }
    }
    for metric in spec.items("metrics") {
        self::metric(metric, faults);
    }
    let Some(behavior) = spec.get("behavior") else { return };
    for key in ["scaleUp", "scaleDown"] {
        if let Some(rules) = behavior.get(key) {
            scaling(rules, release, &key, faults);
        }
    }
}

fn replicas(spec: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let mut fields = Fields::of(spec, AUTOSCALER, &WHOSE, faults);
    let least = spec.int("minReplicas").unwrap_or(1);
    let most = spec.int("maxReplicas").unwrap_or_default();
    let bound = i64::from(release < Release(37));
    if least < bound {
        fields.add("minReplicas", format_args!("minReplicas must be {bound} or more"));
    }
    if most < 1 {
        fields.add("maxReplicas", "maxReplicas must be 1 or more");
    } else if most < least {
        fields.add("maxReplicas", format_args!("maxReplicas {most} is below minReplicas {least}"));
    }
    let is_outside = |kind: Option<&str>| matches!(kind, Some("Object" | "External"));
    if least == 0 && bound == 0 && !spec.items("metrics").any(|metric| is_outside(metric.text("type"))) {
        let message = "minReplicas 0 needs a metric of type `Object` or `External`";
        fields.add("minReplicas", message).help("Pods that are not there have no load to measure");
    }
}

/// An object by its kind and name (`ValidateCrossVersionObjectReference`).
fn reference(at: Spot<'_, '_>, has_no_group: bool, whose: &dyn Display, faults: &mut Faults) {
    let mut fields = Fields::of(at, AUTOSCALER, whose, faults);
    fields.required_match("kind", path_segment);
    fields.required_match("name", path_segment);
    let version = at.text_or_empty("apiVersion");
    let slashes = version.bytes().filter(|b| *b == b'/').count();
    if slashes > 1 || (slashes == 0 || version.starts_with('/')) && !has_no_group {
        fields
            .add("apiVersion", format_args!("apiVersion `{}` has no group", version.escape_debug()))
            .help("write a group and a version: `apiVersion: apps/v1`");
    }
}

fn metric(metric: Spot<'_, '_>, faults: &mut Faults) {
    let whose = &"a metric";
    let kind = metric.text_or_empty("type");
    let mut fields = Fields::of(metric, AUTOSCALER, whose, faults);
    if fields.required("type").is_some() {
        fields.one_of("type", &TYPES);
    }
    for (of, key) in SOURCES {
        if of == kind && !metric.has(key) {
            fields.add(key, format_args!("type `{kind}` needs {key}"));
        } else if of != kind && metric.has(key) && TYPES.contains(&kind) {
            fields.add(key, format_args!("type `{kind}` does not go with {key}"));
        }
    }
    let Some(source) = SOURCES.into_iter().find_map(|(_, key)| metric.get(key).map(|at| (key, at))) else { return };
    let (key, source) = source;
    let whose: &dyn Display = &format_args!("the metric's {key}");
    let mut fields = Fields::of(source, AUTOSCALER, whose, faults);
    match key {
        "resource" => {
            fields.required("name");
        }
        "containerResource" => {
            fields.required_match("name", in_container);
            fields.required_match("container", dns_label);
        }
        _ => identifier(source, whose, faults),
    }
    if key == "object" {
        match source.get("describedObject") {
            Some(object) => reference(object, true, &"describedObject", faults),
            None => {
                faults.add(AUTOSCALER, source.path_to("describedObject"), format!("{whose} has no describedObject"));
            }
        }
    }
    target(source, key, whose, faults);
}

fn identifier(source: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    match source.get("metric") {
        Some(metric) => Fields::of(metric, AUTOSCALER, whose, faults).required_match("name", path_segment),
        None => {
            faults.add(AUTOSCALER, source.path_to("metric"), format!("{whose} has no `metric`"));
        }
    }
}

/// `target` of a metric: what each kind of source needs and forbids.
fn target(source: Spot<'_, '_>, key: &str, whose: &dyn Display, faults: &mut Faults) {
    let Some(target) = source.get("target") else {
        faults.add(AUTOSCALER, source.path_to("target"), format!("{whose} has no target"));
        return;
    };
    let mut fields = Fields::of(target, AUTOSCALER, whose, faults);
    if fields.required("type").is_some() {
        fields.one_of("type", &["Utilization", "Value", "AverageValue"]);
    }
    for amount in ["value", "averageValue"] {
        if fields.quantity(amount).is_some_and(|quantity| quantity <= Quantity::ZERO) {
            fields.add(amount, format_args!("{amount} must be more than 0"));
        }
    }
    if target.int("averageUtilization").is_some_and(|share| share < 1) {
        fields.add("averageUtilization", "averageUtilization must be 1 or more");
    }
    let has = |key| target.has(key);
    let (needed, is_both_wrong) = match key {
        "object" => (["value", "averageValue"], false),
        "external" => (["value", "averageValue"], true),
        "pods" => (["averageValue", "averageValue"], false),
        _ => (["averageUtilization", "averageValue"], true),
    };
    if !has(needed[0]) && !has(needed[1]) {
        fields.add(needed[0], format_args!("the target has no {}", needed[0]));
    } else if is_both_wrong && has(needed[0]) && has(needed[1]) {
        fields
            .add(needed[1], format_args!("{} and {} exclude each other", needed[0], needed[1]))
            .help("keep one of them");
    }
}

/// How fast to scale (`validateScalingRules`).
fn scaling(rules: Spot<'_, '_>, release: Release, whose: &dyn Display, faults: &mut Faults) {
    let mut fields = Fields::of(rules, AUTOSCALER, whose, faults);
    fields.in_range("stabilizationWindowSeconds", 0..=3600);
    fields.one_of_set("selectPolicy", &["Max", "Min", "Disabled"]);
    if rules.has("policies") && rules.count("policies") == 0 {
        fields.add("policies", "there are no policies").help("remove `policies` for those of Kubernetes");
    }
    // Clusters before 1.35 forget it.
    if release >= Release(35) && fields.quantity("tolerance").is_some_and(Quantity::is_negative) {
        fields.add("tolerance", "tolerance must not be negative");
    }
    for policy in rules.items("policies") {
        let mut fields = Fields::of(policy, AUTOSCALER, whose, faults);
        if fields.required("type").is_some() {
            fields.one_of("type", &["Pods", "Percent"]);
        }
        if policy.int("value").unwrap_or_default() < 1 {
            fields.add("value", "value must be 1 or more");
        }
        if !(1..=1800).contains(&policy.int("periodSeconds").unwrap_or_default()) {
            fields.add("periodSeconds", "periodSeconds must be between 1 and 1800");
        }
    }
}
