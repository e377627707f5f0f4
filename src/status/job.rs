//! Jobs, as Flux judges them: one that has only started is not done.

use super::condition::{condition, is_set, message, reason, since};
use super::judge::Look;
use super::live::{count_at, created, time_at};
use super::model::{Lacking, State, Trouble};
use super::pod;
use crate::manifest::Value;

pub(super) fn job(object: &Value, look: &Look<'_>) -> Vec<Trouble> {
    if condition(object, "Complete").is_some_and(is_set) {
        return Vec::new();
    }
    if let Some(failed) = condition(object, "Failed").filter(|one| is_set(one)) {
        return vec![failure(object, failed, look)];
    }
    if object.at(&["spec", "suspend"]) == Some(&Value::Bool(true)) {
        return vec![look.trouble(State::Progressing, "Suspended", "is suspended").since(created(object))];
    }
    let started = time_at(object, &["status", "startTime"]).or_else(|| created(object));
    let pods: Vec<&Value> = look.live.owned(object, "Pod").collect();
    let mut found: Vec<Trouble> = pods.iter().rev().flat_map(|one| waiting(one, look)).collect();
    found.truncate(1);
    if !found.is_empty() {
        return found;
    }
    // The event stays for an hour, also when the Pod came later.
    let warning = if pods.is_empty() { look.live.warning(object, &["FailedCreate"]) } else { None };
    if let Some(said) = warning {
        let text = format!("no Pod can be made: {}", look.speech.message(said));
        return vec![look.trouble(look.after_grace(started), "FailedCreate", text).since(started)];
    }
    let n_failed = count_at(object, &["status", "failed"]);
    let last = pods.iter().rev().find(|one| one.str_at(&["status", "phase"]) == Some("Failed"));
    let text = match n_failed {
        0 => "runs".to_owned(),
        1 => "runs again after 1 failure".to_owned(),
        n => format!("runs again after {n} failures"),
    };
    let mut trouble = look.trouble(State::Progressing, "Running", text).since(started);
    trouble.said = last.and_then(|one| pod::ended(one, look).said);
    vec![trouble]
}

/// What keeps a Pod from running. One that failed is the Job's to judge.
fn waiting(one: &Value, look: &Look<'_>) -> Vec<Trouble> {
    let is_over = matches!(one.str_at(&["status", "phase"]), Some("Failed" | "Succeeded"));
    let mut found = if is_over { Vec::new() } else { pod::troubles(one, look) };
    found.retain(|trouble| trouble.reason != "NotReady");
    found
}

fn failure(object: &Value, failed: &Value, look: &Look<'_>) -> Trouble {
    let pods: Vec<&Value> = look.live.owned(object, "Pod").collect();
    let why = match reason(failed) {
        "DeadlineExceeded" => "took longer than it may".to_owned(),
        "BackoffLimitExceeded" => match count_at(object, &["status", "failed"]) {
            0 | 1 => "failed".to_owned(),
            n => format!("failed {n} times"),
        },
        "" => "failed".to_owned(),
        // `PodFailurePolicy`, `FailedIndexes` and what is to come.
        _ => pod::with("failed", &look.speech.message(message(failed))),
    };
    let mut trouble = look.trouble(State::Failed, reason(failed), why).since(since(failed));
    // The last Pod knows; a deadline takes Pods away, and the one that was stuck said why.
    let last = pods.iter().rev().find(|one| one.str_at(&["status", "phase"]) == Some("Failed"));
    if let Some(last) = last {
        let end = pod::ended(last, look);
        trouble.message = match &end.said {
            Some(said) => said.clone(),
            None => format!("{}: {}", trouble.message, end.message),
        };
    } else if let Some(stuck) = pods.iter().rev().flat_map(|one| waiting(one, look)).next() {
        trouble.message = format!("{}: {}", trouble.message, stuck.message);
        trouble.lacking = stuck.lacking;
    }
    if says_password(&trouble.message)
        && let Some(expected) = look.expected
    {
        trouble.lacking = Some(Lacking::Password(expected.secrets.clone()));
    }
    trouble.next(format!("kubectl logs -n {} {}", look.namespace, look.reference()))
}

/// A server says that it does not know the password.
fn says_password(text: &str) -> bool {
    let text = text.to_lowercase();
    ["password authentication failed", "authentication failed", "access denied for user"]
        .iter()
        .any(|word| text.contains(word))
}
