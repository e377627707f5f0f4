//! Which nodes a Pod may run on: affinity, tolerations, nodeSelector (`validateAffinity`, `ValidateTolerations`).

use std::fmt::Display;

use crate::diagnostic::{Class, Code};
use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::selector;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::{dns_label, dns_subdomain, label_value, qualified_name};

use super::pod_spec::PodSpec;
use super::spread;

/// Affinity, tolerations, a spread over nodes or a selector of nodes that Kubernetes refuses.
pub(super) const SCHEDULING: Code = Code::new("LMS723", Class::Input);

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Everything that leads a Pod to nodes.
pub(super) fn check(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    selector::labels(pod.spec, "nodeSelector", SCHEDULING, &"nodeSelector", faults);
    for toleration in pod.spec.items("tolerations") {
        tolerates(toleration, faults);
    }
    spread::check(pod, faults);
    let Some(affinity) = pod.spec.get("affinity") else { return };
    if let Some(nodes) = affinity.get("nodeAffinity") {
        node_affinity(nodes, faults);
    }
    for key in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = affinity.get(key) else { continue };
        for term in pods.items(REQUIRED) {
            pod_term(term, &key, faults);
        }
        for weighted in pods.items(PREFERRED) {
            weight(weighted, &key, faults);
            match weighted.get("podAffinityTerm") {
                Some(term) => pod_term(term, &key, faults),
                None => {
                    faults.add(
                        SCHEDULING,
                        weighted.path_to("podAffinityTerm"),
                        format!("{key} has no podAffinityTerm"),
                    );
                }
            }
        }
    }
}

fn weight(at: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    let weight = at.int("weight");
    if !weight.is_some_and(|weight| (1..=100).contains(&weight)) && (weight.is_some() || !at.has("weight")) {
        faults.add(SCHEDULING, at.path_to("weight"), format!("{whose}: weight must be between 1 and 100"));
    }
}

fn pod_term(term: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    for key in ["labelSelector", "namespaceSelector"] {
        if let Some(labels) = term.get(key) {
            selector::check(labels, SCHEDULING, whose, faults);
        }
    }
    for (name, at) in term.texts("namespaces") {
        if let Err(rule) = dns_label(name) {
            faults.add(SCHEDULING, at.path(), format!("{whose}: namespace `{}` {rule}", name.escape_debug()));
        }
    }
    spread::label_keys(term, &["matchLabelKeys", "mismatchLabelKeys"], whose, faults);
    for (key, at) in term.texts("matchLabelKeys") {
        if term.texts("mismatchLabelKeys").any(|(other, _)| other == key) {
            let message = format!("{whose}: `{}` is in matchLabelKeys and mismatchLabelKeys", key.escape_debug());
            faults.add(SCHEDULING, at.path(), message);
        }
    }
    Fields::of(term, SCHEDULING, whose, faults).required_match("topologyKey", qualified_name);
}

fn node_affinity(nodes: Spot<'_, '_>, faults: &mut Faults) {
    let whose = &"nodeAffinity";
    if let Some(required) = nodes.get(REQUIRED) {
        if required.count("nodeSelectorTerms") == 0 {
            let message = "nodeAffinity has no nodeSelectorTerms";
            faults.add(SCHEDULING, required.path_to("nodeSelectorTerms"), message);
        }
        for term in required.items("nodeSelectorTerms") {
            node_term(term, true, faults);
        }
    }
    for preferred in nodes.items(PREFERRED) {
        weight(preferred, whose, faults);
        if let Some(term) = preferred.get("preference") {
            node_term(term, false, faults);
        }
    }
}

fn node_term(term: Spot<'_, '_>, is_strict: bool, faults: &mut Faults) {
    let whose = &"nodeAffinity";
    for expression in term.items("matchExpressions") {
        let mut fields = Fields::of(expression, SCHEDULING, whose, faults);
        let values = expression.count("values");
        match expression.text_or_empty("operator") {
            "In" | "NotIn" if values == 0 => {
                fields.add("values", "an expression with `In` or `NotIn` must have values");
            }
            "Exists" | "DoesNotExist" if values > 0 => {
                fields.add("values", "an expression with `Exists` or `DoesNotExist` must have no values");
            }
            "Gt" | "Lt" if values != 1 => {
                fields.add("values", "an expression with `Gt` or `Lt` must have one value");
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            other => {
                fields
                    .add("operator", format_args!("operator cannot be `{}`", other.escape_debug()))
                    .help("write `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`");
            }
        }
        fields.required_match("key", qualified_name);
        for (text, value) in expression.texts("values").filter(|_| is_strict) {
            if let Err(rule) = label_value(text) {
                let message = format!("{whose}: the label value `{}` {rule}", text.escape_debug());
                faults.add(SCHEDULING, value.path(), message);
            }
        }
    }
    for expression in term.items("matchFields") {
        let mut fields = Fields::of(expression, SCHEDULING, whose, faults);
        if !matches!(expression.text_or_empty("operator"), "In" | "NotIn") {
            fields.add("operator", "operator of matchFields must be `In` or `NotIn`");
        } else if expression.count("values") != 1 {
            fields.add("values", "matchFields must have one value");
        }
        if expression.text_or_empty("key") != "metadata.name" {
            fields.add("key", "key of matchFields must be `metadata.name`");
            continue;
        }
        for (text, value) in expression.texts("values") {
            if let Err(rule) = dns_subdomain(text) {
                let message = format!("{whose}: the node's name `{}` {rule}", text.escape_debug());
                faults.add(SCHEDULING, value.path(), message);
            }
        }
    }
}

fn tolerates(toleration: Spot<'_, '_>, faults: &mut Faults) {
    let whose = &"a toleration";
    let mut fields = Fields::of(toleration, SCHEDULING, whose, faults);
    let operator = toleration.text_or_empty("operator");
    fields.matches("key", qualified_name);
    match operator {
        "Exists" => {
            if !toleration.text_or_empty("value").is_empty() {
                fields.add("value", "operator `Exists` goes without a value");
            }
        }
        "" | "Equal" => fields.matches("value", label_value),
        _ => fields.one_of("operator", &["Equal", "Exists"]),
    }
    if operator != "Exists" && toleration.text_or_number("key").is_empty() {
        fields.add("operator", "without a key the operator must be `Exists`, which tolerates everything");
    }
    if toleration.has("tolerationSeconds") && toleration.text_or_empty("effect") != "NoExecute" {
        fields.add("effect", "tolerationSeconds need the effect `NoExecute`");
    }
    fields.one_of("effect", &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
}
