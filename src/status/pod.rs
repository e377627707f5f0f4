//! Pods: what they wait for, and why they end. Most of what goes wrong is seen here, and told of the object that made them.

use super::condition::{condition, is_true, message, reason, since};
use super::image;
use super::judge::Look;
use super::live::{count_at, created, is_being_deleted, time_at};
use super::model::{Lacking, State, Trouble};
use crate::manifest::Value;

/// A container that was started so often again does not get better by itself.
const PATIENCE: i64 = 3;

/// What keeps a Pod from being ready; nothing for one that is, that ended well, or that is going away.
pub(super) fn troubles(pod: &Value, look: &Look<'_>) -> Vec<Trouble> {
    let phase = pod.str_at(&["status", "phase"]);
    if is_being_deleted(pod) || is_true(pod, "Ready") || phase == Some("Succeeded") {
        return Vec::new();
    }
    if let Some(unscheduled) = unscheduled(pod, look) {
        return vec![unscheduled];
    }
    let mut found: Vec<Trouble> =
        containers(pod).filter_map(|(container, is_init)| of_container(pod, container, is_init, look)).collect();
    if found.is_empty() && phase == Some("Failed") {
        found.push(ended(pod, look));
    }
    // What is behind comes first; what waits for it says nothing.
    if found.iter().any(|one| one.state == State::Failed) {
        found.retain(|one| one.state == State::Failed);
    }
    found.truncate(1);
    found
}

/// A Pod that is an object of its own.
pub(super) fn pod(object: &Value, look: &Look<'_>) -> Vec<Trouble> {
    let found = troubles(object, look);
    let is_done = is_true(object, "Ready") || object.str_at(&["status", "phase"]) == Some("Succeeded");
    if found.is_empty() && !is_done {
        return vec![look.trouble(State::Progressing, "Pending", "the Pod is not ready yet").since(created(object))];
    }
    found
}

/// Statuses of containers, those of initialisation first, and whether they are such.
fn containers(pod: &Value) -> impl Iterator<Item = (&Value, bool)> {
    [("initContainerStatuses", true), ("containerStatuses", false)].into_iter().flat_map(move |(list, is_init)| {
        let statuses = pod.at(&["status", list]).and_then(Value::as_list).unwrap_or_default();
        statuses.iter().map(move |status| (status, is_init))
    })
}

fn unscheduled(pod: &Value, look: &Look<'_>) -> Option<Trouble> {
    let scheduled = condition(pod, "PodScheduled")?;
    if scheduled.str_at(&["status"]) != Some("False") {
        return None;
    }
    let said = look.speech.message(message(scheduled));
    let state = match reason(scheduled) {
        "SchedulingGated" => State::Progressing,
        _ => look.after_grace(since(scheduled).or_else(|| created(pod))),
    };
    let text = if said.is_empty() { "no node takes the Pod".into() } else { format!("no node takes the Pod: {said}") };
    Some(look.trouble(state, reason(scheduled), text).since(since(scheduled)))
}

fn of_container(pod: &Value, status: &Value, is_init: bool, look: &Look<'_>) -> Option<Trouble> {
    let name = look.speech.message(status.str_at(&["name"]).unwrap_or_default());
    let what = if is_init { format!("init container {name}") } else { format!("container {name}") };
    if let Some(waiting) = status.at(&["state", "waiting"]) {
        return waits(pod, status, waiting, &what, look);
    }
    if let Some(end) = status.at(&["state", "terminated"]) {
        let failed = integer(end, "exitCode") != 0;
        return failed.then(|| crashed(pod, status, end, &what, look));
    }
    if is_init || status.at(&["ready"]) == Some(&Value::Bool(true)) {
        return None;
    }
    // It runs, and is not ready: either it was just started, or a probe fails, or it ends again and again.
    let last = status.at(&["lastState", "terminated"]).filter(|end| integer(end, "exitCode") != 0);
    if let Some(end) = last.filter(|_| integer(status, "restartCount") >= PATIENCE) {
        return Some(crashed(pod, status, end, &what, look));
    }
    let started = time_at(status, &["state", "running", "startedAt"]);
    let probe = look.live.warning(pod, &["Unhealthy"]).map(|said| format!(": {}", look.speech.message(said)));
    let text = format!("{what} runs and is not ready yet{}", probe.unwrap_or_default());
    Some(look.trouble(State::Progressing, "NotReady", text).since(started))
}

fn waits(pod: &Value, status: &Value, waiting: &Value, what: &str, look: &Look<'_>) -> Option<Trouble> {
    let (why, said) = (reason(waiting), message(waiting));
    let begun = time_at(pod, &["status", "startTime"]).or_else(|| created(pod));
    let state = look.after_grace(begun);
    let trouble = match why {
        "" | "ContainerCreating" | "PodInitializing" => return created_slowly(pod, look, begun),
        _ if image::REASONS.contains(&why) => {
            let image = status.str_at(&["image"]).unwrap_or_default();
            // Back-off forgets why; the event does not.
            let events = look.live.warnings(pod, "Failed");
            let (text, is_named_wrong) =
                image::sentence(image, why, &format!("{said} {events}"), |text| look.speech.message(text));
            let trouble = look.trouble(state, why, text);
            if is_named_wrong { trouble.lacking(Lacking::Image(image.to_owned())) } else { trouble }
        }
        "CrashLoopBackOff" => {
            let last = status.at(&["lastState", "terminated"]);
            return Some(match last {
                Some(end) => crashed(pod, status, end, what, look),
                None => look.trouble(crash_state(status), why, format!("{what} ends again and again")),
            });
        }
        "CreateContainerConfigError" => return Some(misconfigured(said, what, look, state).since(begun)),
        _ => look.trouble(state, why, with(&format!("{what} cannot be started"), &look.speech.message(said))),
    };
    Some(trouble.since(begun))
}

/// Volumes that cannot be mounted are told by events only.
fn created_slowly(pod: &Value, look: &Look<'_>, begun: Option<i64>) -> Option<Trouble> {
    let said = look.live.warning(pod, &["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"])?;
    let mut trouble = misconfigured(said, "a volume", look, look.after_grace(begun));
    trouble.reason = "FailedMount".into();
    Some(trouble.since(begun))
}

/// `couldn't find key pg-password in Secret lms-dev/lms-secret-c42`, `secret "lms-secret-c42" not found`.
fn misconfigured(said: &str, what: &str, look: &Look<'_>, state: State) -> Trouble {
    const REASON: &str = "CreateContainerConfigError";
    let trouble = |text: String| look.trouble(state, REASON, text);
    if let Some((_, rest)) = said.split_once("couldn't find key ")
        && let Some((key, place)) = rest.split_once(" in ")
        && let Some((kind, object)) = place.split_once(' ')
    {
        let object = object.split([' ', ',', ';']).next().unwrap_or_default();
        let name = object.rsplit('/').next().unwrap_or_default();
        let text = format!("{kind} {name} has no key `{key}`");
        let trouble = trouble(look.speech.message(&text));
        let lacking = Lacking::Secret { name: name.to_owned(), key: Some(key.to_owned()) };
        return if kind.eq_ignore_ascii_case("secret") { trouble.lacking(lacking) } else { trouble };
    }
    for (word, kind) in [("secret \"", "Secret"), ("configmap \"", "ConfigMap")] {
        let Some((_, rest)) = said.split_once(word) else { continue };
        let Some((name, rest)) = rest.split_once('"') else { continue };
        if rest.trim_start().starts_with("not found") {
            let trouble = trouble(look.speech.message(&format!("{kind} {name} is not there")));
            let lacking = Lacking::Secret { name: name.to_owned(), key: None };
            return if kind == "Secret" { trouble.lacking(lacking) } else { trouble };
        }
    }
    let start = if what == "a volume" { "a volume cannot be mounted" } else { "its settings cannot be had" };
    let start = if what == "a volume" { start.to_owned() } else { format!("{what}: {start}") };
    trouble(with(&start, &look.speech.message(said)))
}

fn crashed(pod: &Value, status: &Value, end: &Value, what: &str, look: &Look<'_>) -> Trouble {
    let restarts = integer(status, "restartCount");
    let mut trouble = look.trouble(crash_state(status), "CrashLoopBackOff", end_sentence(end, what));
    if reason(end) == "OOMKilled" {
        trouble.reason = "OOMKilled".into();
    }
    trouble.said = look.speech.last_words(message(end));
    trouble.restarts = Some(restarts).filter(|&n| n > 0);
    trouble.next(format!("kubectl logs -n {} {} --previous", look.namespace, look.reference())).since(created(pod))
}

fn crash_state(status: &Value) -> State {
    if integer(status, "restartCount") >= PATIENCE { State::Failed } else { State::Progressing }
}

/// `container lms exits with code 2`.
pub(super) fn end_sentence(end: &Value, what: &str) -> String {
    match (reason(end), integer(end, "exitCode"), integer(end, "signal")) {
        ("OOMKilled", ..) => format!("{what} needs more memory than its limit"),
        ("ContainerCannotRun" | "StartError", ..) => format!("{what} cannot be started"),
        ("DeadlineExceeded", ..) => format!("{what} takes longer than it may"),
        (_, _, signal) if signal > 0 => format!("{what} is ended by signal {signal}"),
        (_, code, _) => format!("{what} exits with code {code}"),
    }
}

/// Why a Pod that failed did: its last container that ended badly, or the kubelet.
pub(super) fn ended(pod: &Value, look: &Look<'_>) -> Trouble {
    let bad = |status: &&Value| status.at(&["state", "terminated"]).is_some_and(|end| integer(end, "exitCode") != 0);
    if let Some((status, is_init)) = containers(pod).find(|(status, _)| bad(status))
        && let Some(end) = status.at(&["state", "terminated"])
    {
        let name = look.speech.message(status.str_at(&["name"]).unwrap_or_default());
        let what = if is_init { format!("init container {name}") } else { format!("container {name}") };
        let mut trouble = look.trouble(State::Failed, reason(end), end_sentence(end, &what));
        trouble.said = look.speech.last_words(message(end));
        return trouble.since(time_at(end, &["finishedAt"]));
    }
    let (why, said) = (pod.str_at(&["status", "reason"]), pod.str_at(&["status", "message"]));
    let text = with("the Pod failed", &look.speech.message(said.unwrap_or_default()));
    look.trouble(State::Failed, why.unwrap_or("Failed"), text).since(created(pod))
}

/// A sentence with a reason behind it, if there is one.
pub(super) fn with(sentence: &str, why: &str) -> String {
    if why.is_empty() { sentence.to_owned() } else { format!("{sentence}: {why}") }
}

fn integer(value: &Value, key: &str) -> i64 {
    count_at(value, &[key])
}
