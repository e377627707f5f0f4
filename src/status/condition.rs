//! Conditions of a status, and what says of itself whether it is ready.

use super::judge::Look;
use super::live::{created, is_observed, time_at};
use super::model::{State, Trouble};
use crate::manifest::Value;

/// A condition of `object`.
pub(super) fn condition<'v>(object: &'v Value, named: &str) -> Option<&'v Value> {
    let conditions = object.at(&["status", "conditions"])?.as_list()?;
    conditions.iter().find(|one| one.str_at(&["type"]) == Some(named))
}

/// `true` if the condition is there and `True`.
pub(super) fn is_true(object: &Value, named: &str) -> bool {
    condition(object, named).is_some_and(is_set)
}

/// `true` for `status: "True"`.
pub(super) fn is_set(condition: &Value) -> bool {
    condition.str_at(&["status"]) == Some("True")
}

pub(super) fn reason(condition: &Value) -> &str {
    condition.str_at(&["reason"]).unwrap_or_default()
}

pub(super) fn message(condition: &Value) -> &str {
    condition.str_at(&["message"]).unwrap_or_default()
}

pub(super) fn since(condition: &Value) -> Option<i64> {
    time_at(condition, &["lastTransitionTime"])
}

/// SopsSecret, ExternalSecret and whatever else has `Ready`: an operator makes something of it.
pub(super) fn of_operator(object: &Value, look: &Look<'_>) -> Vec<Trouble> {
    let Some(ready) = condition(object, "Ready") else { return of_words(object, look) };
    if is_set(ready) && is_observed_if_told(object) {
        return Vec::new();
    }
    let is_bad = ready.str_at(&["status"]) == Some("False") && look.is_past_grace(since(ready));
    let state = if is_bad { State::Failed } else { State::Progressing };
    let said = look.speech.message(message(ready));
    let text = if said.is_empty() { "not ready yet".to_owned() } else { said };
    vec![look.trouble(state, reason(ready), text).since(since(ready))]
}

/// The operator of SopsSecrets says it in words: `Healthy`.
fn of_words(object: &Value, look: &Look<'_>) -> Vec<Trouble> {
    match object.str_at(&["status", "message"]) {
        Some("Healthy") => Vec::new(),
        Some(said) => {
            let state = if look.is_past_grace(created(object)) { State::Failed } else { State::Progressing };
            vec![look.trouble(state, "Unhealthy", look.speech.message(said)).since(created(object))]
        }
        None => {
            vec![look.trouble(State::Progressing, "NotSeen", "no operator has seen it yet").since(created(object))]
        }
    }
}

/// Not every operator says which change it has seen.
fn is_observed_if_told(object: &Value) -> bool {
    object.at(&["status", "observedGeneration"]).is_none() || is_observed(object)
}
