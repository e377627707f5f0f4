//! How Pods spread over nodes: `topologySpreadConstraints` and label keys (`validateTopologySpreadConstraints`).

use std::fmt::Display;

use crate::kubernetes::check::Release;
use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::selector;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::qualified_name;

use super::pod_spec::PodSpec;
use super::scheduling::SCHEDULING;

/// `topologySpreadConstraints`.
pub(super) fn check(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    let whose = &"a topologySpreadConstraint";
    for (nth, spread) in pod.spec.items("topologySpreadConstraints").enumerate() {
        let mut fields = Fields::of(spread, SCHEDULING, whose, faults);
        let is_number = spread.int("maxSkew").is_some() || !spread.has("maxSkew");
        if is_number && spread.int("maxSkew").unwrap_or_default() < 1 {
            fields.add("maxSkew", "maxSkew must be 1 or more");
        }
        fields.required("topologyKey");
        if fields.required("whenUnsatisfiable").is_some() {
            fields.one_of("whenUnsatisfiable", &["DoNotSchedule", "ScheduleAnyway"]);
        }
        fields.one_of_set("nodeAffinityPolicy", &["Ignore", "Honor"]);
        fields.one_of_set("nodeTaintsPolicy", &["Ignore", "Honor"]);
        if spread.has("minDomains") {
            if spread.int("minDomains").is_some_and(|least| least < 1) {
                fields.add("minDomains", "minDomains must be 1 or more");
            }
            if spread.text_or_empty("whenUnsatisfiable") != "DoNotSchedule" {
                fields.add("minDomains", "minDomains goes only with `whenUnsatisfiable: DoNotSchedule`");
            }
        }
        let same = |other: Spot<'_, '_>| {
            ["topologyKey", "whenUnsatisfiable"].iter().all(|key| other.text(key) == spread.text(key))
        };
        if pod.spec.items("topologySpreadConstraints").take(nth).any(same) {
            fields.add_here("another one has the same topologyKey and whenUnsatisfiable");
        }
        if let Some(labels) = spread.get("labelSelector") {
            selector::check(labels, SCHEDULING, whose, faults);
        }
        if pod.release >= Release(34) {
            label_keys(spread, &["matchLabelKeys"], whose, faults);
        } else {
            old_label_keys(spread, whose, faults);
        }
    }
}

/// Keys of labels whose values are taken from the Pod; they need a labelSelector that does not have them twice.
pub(super) fn label_keys(at: Spot<'_, '_>, lists: &[&'static str], whose: &dyn Display, faults: &mut Faults) {
    let labels = at.get("labelSelector");
    for list in lists.iter().copied().filter(|list| at.count(list) > 0) {
        if labels.is_none() {
            faults.add(SCHEDULING, at.path_to(list), format!("{whose}: {list} needs a labelSelector"));
            continue;
        }
        keys(at, list, whose, faults);
    }
    let Some(labels) = labels else { return };
    for (nth, expression) in labels.items("matchExpressions").enumerate() {
        let key = expression.text_or_empty("key");
        let is_matched = at.texts("matchLabelKeys").any(|(other, _)| other == key);
        let is_twice = labels.entries("matchLabels").any(|(other, _)| other == key)
            || labels.items("matchExpressions").take(nth).any(|other| other.text("key") == Some(key));
        if is_matched && is_twice {
            let message = format!("{whose}: `{}` is in matchLabelKeys and in labelSelector", key.escape_debug());
            faults.add(SCHEDULING, expression.path_to("key"), message);
        }
    }
}

/// As it was before Kubernetes 1.34: the labelSelector must not have the keys at all.
fn old_label_keys(at: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    if at.count("matchLabelKeys") == 0 {
        return;
    }
    let Some(labels) = at.get("labelSelector") else {
        faults.add(SCHEDULING, at.path_to("matchLabelKeys"), format!("{whose}: matchLabelKeys needs a labelSelector"));
        return;
    };
    keys(at, "matchLabelKeys", whose, faults);
    for (key, place) in at.texts("matchLabelKeys") {
        let is_twice = labels.entries("matchLabels").any(|(other, _)| other == key)
            || labels.items("matchExpressions").any(|other| other.text("key") == Some(key));
        if is_twice {
            let message = format!("{whose}: `{}` is in matchLabelKeys and in labelSelector", key.escape_debug());
            faults.add(SCHEDULING, place.path(), message);
        }
    }
}

fn keys(at: Spot<'_, '_>, list: &'static str, whose: &dyn Display, faults: &mut Faults) {
    for (key, place) in at.texts(list) {
        if let Err(rule) = qualified_name(key) {
            let message = format!("{whose}: the label key `{}` {rule}", key.escape_debug());
            faults.add(SCHEDULING, place.path(), message);
        }
    }
}
