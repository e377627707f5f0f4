//! HTTPRoutes and their kin: what the Gateways that they attach to say. An Ingress says nothing that can be relied on.

use super::condition::{is_set, message, reason, since};
use super::expected::integer;
use super::judge::Look;
use super::live::created;
use super::model::{State, Trouble};
use crate::manifest::Value;

pub(super) fn route(object: &Value, look: &Look<'_>) -> Vec<Trouble> {
    let parents = object.at(&["status", "parents"]).and_then(Value::as_list).unwrap_or_default();
    if parents.is_empty() {
        return vec![
            look.trouble(State::Progressing, "NoParents", "no Gateway has looked at it yet").since(created(object)),
        ];
    }
    let mut found = Vec::new();
    for parent in parents {
        let gateway = look.speech.message(parent.str_at(&["parentRef", "name"]).unwrap_or("a Gateway"));
        for (named, refused) in
            [("Accepted", "does not accept it"), ("ResolvedRefs", "cannot resolve what it refers to")]
        {
            found.extend(look_at(object, parent, named, &format!("Gateway {gateway} {refused}"), look));
        }
    }
    found
}

fn look_at(object: &Value, parent: &Value, named: &str, refused: &str, look: &Look<'_>) -> Option<Trouble> {
    let conditions = parent.at(&["conditions"]).and_then(Value::as_list).unwrap_or_default();
    let Some(condition) = conditions.iter().find(|one| one.str_at(&["type"]) == Some(named)) else {
        return Some(look.trouble(State::Progressing, named, "a Gateway has not looked at all of it yet"));
    };
    let generation = integer(object, &["metadata", "generation"]);
    let observed = integer(condition, &["observedGeneration"]);
    if generation.is_some_and(|generation| observed.is_some_and(|observed| observed < generation)) {
        return Some(look.trouble(State::Progressing, "Stale", "the Gateway has not seen the latest change yet"));
    }
    if is_set(condition) {
        return None;
    }
    let said = look.speech.message(message(condition));
    let text = if said.is_empty() { refused.to_owned() } else { format!("{refused}: {said}") };
    let is_unknown = condition.str_at(&["status"]) == Some("Unknown");
    let state = if is_unknown { State::Progressing } else { State::Failed };
    Some(look.trouble(state, reason(condition), text).since(since(condition)))
}
