//! Deployments, StatefulSets and DaemonSets: roll-outs as `kubectl rollout status` sees them, with their Pods' troubles.

use super::condition::{condition, is_set, is_true, message, reason, since};
use super::expected::{images, integer};
use super::judge::Look;
use super::live::{annotation, count_at, created, is_observed, label};
use super::model::{State, Trouble};
use super::pod::troubles;
use crate::manifest::Value;

pub(super) fn deployment(object: &Value, look: &Look<'_>) -> Vec<Trouble> {
    let wanted = integer(object, &["spec", "replicas"]).unwrap_or(1);
    let count = |key: &str| count_at(object, &["status", key]);
    let (updated, available) = (count("updatedReplicas"), count("availableReplicas"));
    let is_done = is_observed(object)
        && updated == wanted
        && available == wanted
        && count("readyReplicas") == wanted
        && count("replicas") == wanted
        && (wanted == 0 || is_true(object, "Available"));
    if is_done {
        return Vec::new();
    }
    let progress = condition(object, "Progressing");
    let begun = progress.and_then(since);
    if let Some(failure) = condition(object, "ReplicaFailure").filter(|one| is_set(one)) {
        return vec![refused(message(failure), since(failure), look)];
    }
    let pods: Vec<Trouble> = current_pods(object, look).into_iter().flat_map(|pod| troubles(pod, look)).collect();
    if let Some(failed) = failed_of(&pods) {
        return failed;
    }
    let is_late = progress.is_some_and(|one| reason(one) == "ProgressDeadlineExceeded");
    if is_late {
        return vec![late(updated, available, wanted, pods.first(), look).since(begun)];
    }
    if object.at(&["spec", "paused"]) == Some(&Value::Bool(true)) {
        let resume = format!("kubectl rollout resume -n {} {}", look.namespace, look.reference());
        return vec![look.trouble(State::Progressing, "Paused", "is paused").since(begun).next(resume)];
    }
    let text = match pods.first() {
        Some(pod) if updated >= wanted => return vec![pod.clone()],
        _ if updated < wanted => format!("{updated} of {wanted} Pods updated"),
        _ if available < wanted => format!("{available} of {wanted} Pods available"),
        _ if count("replicas") > updated => "old Pods are still there".to_owned(),
        _ => "the roll-out has not begun".to_owned(),
    };
    vec![look.trouble(State::Progressing, "RollingOut", text).since(begun)]
}

fn late(updated: i64, available: i64, wanted: i64, pod: Option<&Trouble>, look: &Look<'_>) -> Trouble {
    let mut text = format!("the roll-out is stuck: {updated} of {wanted} Pods updated, {available} available");
    if let Some(pod) = pod {
        text = format!("{text}; {}", pod.message);
    }
    let describe = format!("kubectl describe -n {} {}", look.namespace, look.reference());
    look.trouble(State::Failed, "ProgressDeadlineExceeded", text).next(describe)
}

pub(super) fn stateful_set(object: &Value, look: &Look<'_>) -> Vec<Trouble> {
    let wanted = integer(object, &["spec", "replicas"]).unwrap_or(1);
    let count = |key: &str| count_at(object, &["status", key]);
    let partition = count_at(object, &["spec", "updateStrategy", "rollingUpdate", "partition"]);
    let is_by_hand = object.str_at(&["spec", "updateStrategy", "type"]) == Some("OnDelete");
    let to_update = if is_by_hand { 0 } else { (wanted - partition).max(0) };
    let updated = if object.at(&["status", "updateRevision"]) == object.at(&["status", "currentRevision"]) {
        // Without a roll-out the controller stops counting.
        count("updatedReplicas").max(count("currentReplicas")).max(count("readyReplicas"))
    } else {
        count("updatedReplicas")
    };
    let ready = count("readyReplicas");
    if is_observed(object) && ready == wanted && count("replicas") == wanted && updated >= to_update {
        return Vec::new();
    }
    let counts = if updated < to_update { (updated, to_update, "updated") } else { (ready, wanted, "ready") };
    set(object, counts, look)
}

pub(super) fn daemon_set(object: &Value, look: &Look<'_>) -> Vec<Trouble> {
    let count = |key: &str| count_at(object, &["status", key]);
    let wanted = count("desiredNumberScheduled");
    let (updated, available) = (count("updatedNumberScheduled"), count("numberAvailable"));
    let is_by_hand = object.str_at(&["spec", "updateStrategy", "type"]) == Some("OnDelete");
    let is_updated = is_by_hand || updated >= wanted;
    if is_observed(object) && is_updated && available >= wanted && count("numberReady") >= wanted {
        return Vec::new();
    }
    let counts = if is_updated { (available, wanted, "available") } else { (updated, wanted, "updated") };
    set(object, counts, look)
}

/// A set of Pods that it owns itself, with so many of them as they should be.
fn set(object: &Value, (n, of, how): (i64, i64, &str), look: &Look<'_>) -> Vec<Trouble> {
    let owned: Vec<&Value> = look.live.owned(object, "Pod").collect();
    let lacks = i64::try_from(owned.len()).is_ok_and(|n| n < of);
    let pods: Vec<Trouble> = owned.into_iter().flat_map(|pod| troubles(pod, look)).collect();
    if let Some(failed) = failed_of(&pods) {
        return failed;
    }
    // The event stays for an hour, also when the Pods came later.
    if let Some(said) = look.live.warning(object, &["FailedCreate"]).filter(|_| lacks) {
        return vec![refused(said, created(object), look)];
    }
    if let Some(pod) = pods.into_iter().next() {
        return vec![pod];
    }
    vec![look.trouble(State::Progressing, "RollingOut", format!("{n} of {of} Pods {how}"))]
}

/// The different failures among them.
fn failed_of(pods: &[Trouble]) -> Option<Vec<Trouble>> {
    let mut failed: Vec<Trouble> = Vec::new();
    for one in pods.iter().filter(|one| one.state == State::Failed) {
        match failed.iter_mut().find(|known| known.reason == one.reason && known.message == one.message) {
            Some(known) => known.restarts = known.restarts.max(one.restarts),
            None => failed.push(one.clone()),
        }
    }
    (!failed.is_empty()).then_some(failed)
}

/// The API server refuses to make Pods: a quota, Pod security, a webhook.
fn refused(said: &str, since: Option<i64>, look: &Look<'_>) -> Trouble {
    let said_clean = look.speech.message(said);
    let (why, text) = if let Some((_, rest)) = said_clean.split_once("exceeded quota: ") {
        ("QuotaExceeded", format!("the namespace's quota is used up: {rest}"))
    } else if said_clean.contains("violates PodSecurity") {
        ("PodSecurity", format!("the namespace's Pod security refuses the Pods: {said_clean}"))
    } else {
        ("FailedCreate", format!("no Pod can be made: {said_clean}"))
    };
    let mut trouble = look.trouble(State::Failed, why, text).since(since);
    if why == "QuotaExceeded" {
        trouble.next = Some(format!("kubectl describe -n {} resourcequota", look.namespace));
    }
    trouble
}

/// Pods of the latest ReplicaSet. Those of older ones are on their way out.
fn current_pods<'d>(object: &'d Value, look: &Look<'d>) -> Vec<&'d Value> {
    let sets: Vec<&Value> = look.live.owned(object, "ReplicaSet").collect();
    let revision = |set: &Value| {
        annotation(set, "deployment.kubernetes.io/revision").and_then(|text| text.parse::<u64>().ok()).unwrap_or(0)
    };
    if let Some(latest) = sets.iter().max_by_key(|set| revision(set)) {
        // Of a template that changed a moment ago there is no set yet.
        let is_current = images(latest.at(&["spec", "template"]).unwrap_or(&Value::Null))
            == images(object.at(&["spec", "template"]).unwrap_or(&Value::Null));
        let pods = look.live.owned(latest, "Pod").collect();
        return if is_current { pods } else { Vec::new() };
    }
    let pods: Vec<&Value> = look.live.owned(object, "Pod").collect();
    let latest = pods.last().and_then(|pod| label(pod, "pod-template-hash"));
    pods.iter().copied().filter(|pod| label(pod, "pod-template-hash") == latest).collect()
}
