//! What Flux and Argo CD say of the folders that they apply.

use super::condition::{condition, is_set, message, reason, since};
use super::judge::{Asked, Look};
use super::live::{created, is_observed};
use super::model::{State, Trouble};
use super::speech::is_object_name;
use crate::manifest::Value;

/// A Kustomization, or another object of Flux.
pub(super) fn flux(object: &Value, asked: &Asked<'_>, look: &Look<'_>) -> Vec<Trouble> {
    let ready = condition(object, "Ready");
    if object.at(&["spec", "suspend"]) == Some(&Value::Bool(true)) {
        let is_ready = ready.is_some_and(is_set);
        let resume = format!("flux resume kustomization -n {} {}", look.namespace, look.name);
        let trouble =
            look.trouble(State::Progressing, "Suspended", "is suspended: nothing that is committed is applied");
        return if is_ready { Vec::new() } else { vec![trouble.next(resume)] };
    }
    let Some(ready) = ready else {
        return vec![look.trouble(State::Progressing, "NotSeen", "Flux has not seen it yet").since(created(object))];
    };
    if is_set(ready) {
        let stale = look.trouble(State::Progressing, "Stale", "Flux has not seen its latest change yet");
        let behind = || behind(object, object.str_at(&["status", "lastAppliedRevision"]), asked, look);
        return if is_observed(object) { behind().into_iter().collect() } else { vec![stale] };
    }
    let is_failed = ready.str_at(&["status"]) == Some("False")
        && !matches!(
            reason(ready),
            "DependencyNotReady" | "Progressing" | "ProgressingWithRetry" | "HealthCheckCanceled"
        );
    // A source that is not there yet, a namespace that comes a moment later: Flux tries again.
    let is_sure =
        is_immutable(message(ready)) || reason(ready) == "HealthCheckFailed" || look.is_past_grace(since(ready));
    let state = if is_failed && is_sure { State::Failed } else { State::Progressing };
    let (text, next) = sentence(reason(ready), message(ready), look);
    let mut trouble = look.trouble(state, reason(ready), text).since(since(ready));
    if is_immutable(message(ready)) {
        trouble.reason = "Immutable".into();
    }
    trouble.next = next;
    vec![trouble]
}

/// `true` words of an engine about an older commit: what it applies has changed since.
fn behind(object: &Value, applied: Option<&str>, asked: &Asked<'_>, look: &Look<'_>) -> Option<Trouble> {
    let id = applied?.rsplit([':', '/', '@']).next()?;
    let path = object.str_at(&["spec", "path"]).or_else(|| object.str_at(&["spec", "source", "path"]))?;
    let folder = path.find("rendered/").map(|at| format!("{}/", path[at..].trim_end_matches('/')))?;
    let has_changed = asked.changed.get(id)?.iter().any(|path| path.starts_with(&folder));
    let short = |id: &str| id.get(..7).unwrap_or(id).to_owned();
    let text = format!("has applied commit {}, compared with {}", short(id), short(asked.commit));
    has_changed.then(|| look.trouble(State::Progressing, "OutOfDate", text))
}

/// An Application.
pub(super) fn argocd(object: &Value, asked: &Asked<'_>, look: &Look<'_>) -> Vec<Trouble> {
    let at = |path: &[&str]| object.str_at(path).unwrap_or_default();
    let conditions = object.at(&["status", "conditions"]).and_then(Value::as_list).unwrap_or_default();
    let error = conditions.iter().find(|one| one.str_at(&["type"]).is_some_and(|kind| kind.ends_with("Error")));
    if let Some(error) = error {
        let (text, next) = sentence("", message(error), look);
        let mut trouble = look.trouble(State::Failed, at_type(error), text).since(since(error));
        trouble.next = next;
        return vec![trouble];
    }
    if matches!(at(&["status", "operationState", "phase"]), "Failed" | "Error") {
        let (text, next) = sentence("", at(&["status", "operationState", "message"]), look);
        let mut trouble = look.trouble(State::Failed, "SyncFailed", text);
        trouble.next = next;
        return vec![trouble];
    }
    let said = look.speech.message(at(&["status", "health", "message"]));
    let text = |start: &str| if said.is_empty() { start.to_owned() } else { format!("{start}: {said}") };
    match (at(&["status", "health", "status"]), at(&["status", "sync", "status"])) {
        ("Degraded", _) => vec![look.trouble(State::Failed, "Degraded", text("Argo CD finds its objects degraded"))],
        (_, "OutOfSync") => {
            vec![look.trouble(State::Progressing, "OutOfSync", "Argo CD has not applied what is committed yet")]
        }
        ("Healthy", "Synced") => {
            behind(object, object.str_at(&["status", "sync", "revision"]), asked, look).into_iter().collect()
        }
        ("Suspended", _) => vec![look.trouble(State::Progressing, "Suspended", text("is suspended"))],
        ("Missing", _) => vec![look.trouble(State::Progressing, "Missing", text("objects are missing"))],
        ("", _) => vec![look.trouble(State::Progressing, "NotSeen", "Argo CD has not seen it yet")],
        _ => vec![look.trouble(State::Progressing, "Progressing", text("Argo CD waits for its objects"))],
    }
}

fn at_type(condition: &Value) -> &str {
    condition.str_at(&["type"]).unwrap_or_default()
}

fn is_immutable(said: &str) -> bool {
    said.contains("field is immutable") || said.contains("are forbidden") && said.contains("updates to")
}

/// What an engine says, in fewer words where they are known, and what to do.
fn sentence(why: &str, said: &str, look: &Look<'_>) -> (String, Option<String>) {
    if is_immutable(said) {
        let (object, fields) = immutable(said);
        let clean = |text: &str| look.speech.message(text);
        let fields = if fields.is_empty() { "a field".to_owned() } else { format!("`{}`", fields.join("`, `")) };
        let text = match &object {
            Some((kind, name)) => format!("{} {}: {} cannot be changed", clean(kind), clean(name), clean(&fields)),
            None => format!("{} cannot be changed: {}", clean(&fields), clean(said)),
        };
        return (text, Some(way_out(object.as_ref(), look)));
    }
    let said = look.speech.message(said);
    let text = match why {
        "DependencyNotReady" => dependency(&said),
        "HealthCheckFailed" => format!("what was applied did not become ready in time: {said}"),
        "BuildFailed" => format!("its folder cannot be built: {said}"),
        "ArtifactFailed" => format!("the repository cannot be read: {said}"),
        _ if said.is_empty() => "is not ready yet".to_owned(),
        _ => said,
    };
    (text, None)
}

/// `dependency 'flux-system/lms-dev-c1-provision' is not ready`.
fn dependency(said: &str) -> String {
    let name = said.split('\'').nth(1).and_then(|name| name.rsplit('/').next());
    name.map_or_else(|| said.to_owned(), |name| format!("waits for {name}"))
}

/// `Job/lms-dev/a dry-run failed (Invalid): Job.batch "a" is invalid: spec.template: Invalid value: …: field is immutable`.
fn immutable(said: &str) -> (Option<(String, String)>, Vec<String>) {
    let object = said.split_once(" dry-run failed").and_then(|(before, _)| {
        let mut parts = before.rsplit([' ', '\n']).next()?.split('/');
        Some((parts.next()?.to_owned(), parts.next_back()?.to_owned()))
    });
    let object = object.or_else(|| {
        let (before, _) = said.split_once("\" is invalid")?;
        let (kind, name) = before.rsplit_once(" \"")?;
        let kind = kind.rsplit(' ').next()?.split('.').next()?;
        Some((kind.to_owned(), name.to_owned()))
    });
    let details = said.split_once("is invalid: ").map_or("", |(_, rest)| rest);
    let mut fields: Vec<String> = Vec::new();
    for (before, _) in details.match_indices(": Invalid value:").map(|(at, _)| details.split_at(at)) {
        let field = before.rsplit([' ', '[']).next().unwrap_or_default();
        if !field.is_empty() && !fields.iter().any(|known| known == field) && fields.len() < 3 {
            fields.push(field.to_owned());
        }
    }
    (object, fields)
}

/// Data is never told to be deleted.
fn way_out(object: Option<&(String, String)>, look: &Look<'_>) -> String {
    let keeps_data = ["PersistentVolume", "PersistentVolumeClaim", "StatefulSet", "Namespace", "Secret"];
    match object {
        Some((kind, name))
            if !keeps_data.contains(&kind.as_str()) && is_object_name(name) && is_object_name(&kind.to_lowercase()) =>
        {
            let (kind, namespace) = (kind.to_lowercase(), look.environment_namespace);
            format!("take the change back, or have it made anew: kubectl delete -n {namespace} {kind}/{name}")
        }
        _ => "take the change back: git revert".to_owned(),
    }
}
