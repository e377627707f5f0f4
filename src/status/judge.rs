//! The judgement of one environment: every committed object by the rule of its kind, and the worst of them for each instance.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::compare::out_of_date;
use super::condition::of_operator;
use super::dump::Dump;
use super::expected::{Expected, Owner, delivered};
use super::live::{Live, created, group, is_being_deleted, kind, label, name, namespace, owners};
use super::missing::{apply, missing};
use super::model::{EnvironmentStatus, Foreign, Part, State, Trouble};
use super::query::Seen;
use super::speech::{Speech, is_object_name};
use super::{claim, delivery, job, pod, route, workload};
use crate::manifest::Value;

/// Seconds in which errors of images and settings may pass: an object that comes a moment later, a node that is new.
const GRACE: i64 = 60;

/// Who made an object.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// What is asked about an environment.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Who applies its objects: `flux`, `argocd` or `kubectl`.
    pub delivery: &'static str,
    /// Everything that is committed for it, whatever is asked.
    pub expected: &'a [Expected],
    /// Instances, and what the environment has once.
    pub parts: Vec<Asking>,
    /// `true` to tell what is in the cluster and not committed.
    pub is_whole: bool,
    /// Paths of the output that have changed from a commit that the cluster may run to the one that is compared with, by the
    /// commit's id.
    pub changed: &'a HashMap<String, Vec<String>>,
    /// The id of the commit that is compared with.
    pub commit: &'a str,
}

/// An instance that is asked about.
#[derive(Clone, Debug)]
pub struct Asking {
    /// The client; `None` for what the environment has once.
    pub client: Option<String>,
    /// The client's name for people.
    pub title: String,
    /// Phases in order.
    pub phases: Vec<String>,
    /// Nothing of it may be committed: it keeps what holds data, if there is such a thing.
    pub may_be_empty: bool,
}

/// What a rule sees.
pub(super) struct Look<'a> {
    pub(super) live: &'a Live<'a>,
    pub(super) speech: &'a Speech,
    pub(super) now: i64,
    /// The committed object; `None` for what an engine made by itself.
    pub(super) expected: Option<&'a Expected>,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
    pub(super) environment_namespace: &'a str,
    pub(super) phase: Option<&'a str>,
    /// Seconds in which errors may pass.
    pub(super) grace: i64,
}

impl Look<'_> {
    /// A trouble of the object that is looked at.
    pub(super) fn trouble(&self, state: State, reason: &str, message: impl Into<String>) -> Trouble {
        Trouble {
            state,
            phase: self.phase.map(str::to_owned),
            kind: self.kind.to_owned(),
            name: self.name.to_owned(),
            reason: self.speech.message(reason),
            message: message.into(),
            ..Trouble::default()
        }
    }

    /// `true` when something that began at `since` had its time to get better.
    pub(super) fn is_past_grace(&self, since: Option<i64>) -> bool {
        since.is_none_or(|since| self.now.saturating_sub(since) >= self.grace)
    }

    pub(super) fn after_grace(&self, since: Option<i64>) -> State {
        if self.is_past_grace(since) { State::Failed } else { State::Progressing }
    }

    /// `deployment/lms-deployment-c42`, for commands.
    pub(super) fn reference(&self) -> String {
        format!("{}/{}", self.kind.to_lowercase(), self.name)
    }
}

/// Judges what `dump` holds at `now`, in seconds since 1970.
#[must_use]
pub fn judge(asked: &Asked<'_>, dump: &Dump, seen: &Seen, speech: &Speech, now: i64) -> EnvironmentStatus {
    let judge = Judge::new(asked, dump, seen, speech, now);
    let parts = asked.parts.iter().map(|part| judge.part(part)).collect();
    // Where nothing is committed at all, whoever asks is on another branch, or new.
    let foreign = if asked.is_whole && !asked.expected.is_empty() { judge.foreign() } else { Vec::new() };
    let unseen = asked.expected.iter().map(|one| &one.object).filter(|object| !seen.holds(object));
    let mut unseen: Vec<String> = unseen.map(|object| object.kind.clone()).collect();
    unseen.sort();
    unseen.dedup();
    EnvironmentStatus { name: asked.name.clone(), namespace: asked.namespace.clone(), at: now, parts, foreign, unseen }
}

struct Judge<'a> {
    asked: &'a Asked<'a>,
    live: Live<'a>,
    seen: &'a Seen,
    speech: &'a Speech,
    now: i64,
    by_owner: HashMap<&'a Owner, Vec<&'a Expected>>,
    /// Kustomizations and Applications that are not committed, by whom they are about.
    made: HashMap<Owner, Vec<(Option<String>, &'a Value)>>,
    /// What an autoscaler sets the replicas of.
    scaled: HashSet<(&'a str, &'a str)>,
}

impl<'a> Judge<'a> {
    fn new(asked: &'a Asked<'a>, dump: &'a Dump, seen: &'a Seen, speech: &'a Speech, now: i64) -> Self {
        let live = Live::new(dump);
        let mut by_owner: HashMap<&Owner, Vec<&Expected>> = HashMap::new();
        for one in asked.expected {
            by_owner.entry(&one.owner).or_default().push(one);
        }
        let committed: HashSet<_> = asked.expected.iter().map(Expected::key).collect();
        let mut made: HashMap<Owner, Vec<(Option<String>, &Value)>> = HashMap::new();
        for object in live.iter().filter(|object| is_application(object) && has_plain_names(object)) {
            let key = (group(object), kind(object), namespace(object), name(object));
            if !committed.contains(&key)
                && let Some((owner, phase)) = delivered(object, &asked.name)
            {
                made.entry(owner).or_default().push((phase, object));
            }
        }
        let scaled = asked.expected.iter().filter_map(|one| one.scales.as_ref());
        let scaled = scaled.map(|(kind, name)| (kind.as_str(), name.as_str())).collect();
        Self { asked, live, seen, speech, now, by_owner, made, scaled }
    }

    fn part(&self, asking: &Asking) -> Part {
        let owner = asking.client.clone().map_or(Owner::Environment, Owner::Client);
        let objects = self.by_owner.get(&owner).map(Vec::as_slice).unwrap_or_default();
        let mut troubles = self.troubles(asking, &owner, objects, GRACE);
        // An engine that gave up has waited long enough; what it waited for says why.
        if has_given_up(&troubles) {
            let at_once = self.troubles(asking, &owner, objects, 0);
            if !has_given_up(&at_once) {
                troubles = at_once;
            }
        }
        settle(&mut troubles);
        Part {
            client: asking.client.clone(),
            title: asking.title.clone(),
            state: troubles.iter().map(|one| one.state).max().unwrap_or_default(),
            objects: objects.len(),
            troubles,
        }
    }

    /// What is wrong with an instance when errors may pass for `grace` seconds.
    fn troubles(&self, asking: &Asking, owner: &Owner, objects: &[&Expected], grace: i64) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        if objects.is_empty() && asking.client.is_some() && !asking.may_be_empty {
            troubles.push(unpublished());
        }
        for phase in phases(asking, objects) {
            let of_phase: Vec<&Expected> =
                objects.iter().copied().filter(|one| one.phase.as_deref() == phase).collect();
            self.of_phase(&of_phase, asking, grace, &mut troubles);
        }
        for (phase, object) in self.made.get(owner).into_iter().flatten() {
            troubles.extend(self.rule(&self.look(object, None, phase.as_deref(), grace), object));
        }
        troubles.extend(self.hidden(objects));
        if let Some(nothing) = self.nothing(objects, asking) {
            troubles.retain(|one| one.state == State::Failed);
            troubles.push(nothing);
        }
        troubles
    }

    /// What may not be seen is not called ready.
    fn hidden(&self, objects: &[&Expected]) -> Option<Trouble> {
        let hidden = objects.iter().map(|one| &one.object).filter(|object| self.seen.hides(object));
        let kinds: BTreeSet<&str> = hidden.map(|object| object.kind.as_str()).collect();
        let kinds: Vec<&str> = kinds.into_iter().collect();
        (!kinds.is_empty()).then(|| Trouble {
            state: State::Progressing,
            reason: "Hidden".into(),
            message: format!("the cluster does not show {}: nobody knows whether it runs", kinds.join(", ")),
            next: Some("let the account of `[cluster]` get, list and watch them".into()),
            ..Trouble::default()
        })
    }

    /// What is said of an instance that nothing is there of yet.
    fn nothing(&self, objects: &[&Expected], asking: &Asking) -> Option<Trouble> {
        let looked: Vec<&Expected> =
            objects.iter().copied().filter(|one| !one.is_delivery && self.seen.holds(&one.object)).collect();
        let is_there = |one: &&Expected| self.live.get(one.key()).is_some();
        let is_nothing = looked.len() > 1 && !looked.iter().any(is_there);
        let trouble = || missing(&looked, looked.len(), None, asking.client.as_deref(), self.asked);
        is_nothing.then(|| Trouble { phase: None, ..trouble() })
    }

    /// Adds the troubles of a phase's objects, after those of the phases before it.
    fn of_phase(&self, objects: &[&Expected], asking: &Asking, grace: i64, troubles: &mut Vec<Trouble>) {
        let before = troubles.iter().find(|one| one.reason != "Waiting").cloned();
        let mut absent: Vec<&Expected> = Vec::new();
        let mut own = Vec::new();
        for one in objects.iter().filter(|one| self.seen.holds(&one.object)) {
            let Some(object) = self.live.get(one.key()) else {
                absent.push(one);
                continue;
            };
            let is_scaled = self.scaled.contains(&(one.object.kind.as_str(), one.object.name.as_str()));
            let look = self.look(object, Some(one), one.phase.as_deref(), grace);
            let stale = out_of_date(one, object, is_scaled, &look);
            let client = asking.client.as_deref();
            own.extend(stale.map(|stale| Trouble { next: apply(one, client, self.asked), ..stale }));
            own.extend(self.rule(&look, object));
        }
        let (engine, plain): (Vec<&Expected>, Vec<&Expected>) = absent.iter().partition(|one| one.is_delivery);
        for absent in [plain, engine] {
            if !absent.is_empty() {
                let is_engine = absent[0].is_delivery;
                let all =
                    objects.iter().filter(|one| one.is_delivery == is_engine && self.seen.holds(&one.object)).count();
                let before = before.as_ref().filter(|_| !is_engine);
                own.push(missing(&absent, all, before, asking.client.as_deref(), self.asked));
            }
        }
        troubles.append(&mut own);
    }

    fn look<'l>(
        &'l self,
        object: &'l Value,
        expected: Option<&'l Expected>,
        phase: Option<&'l str>,
        grace: i64,
    ) -> Look<'l> {
        Look {
            live: &self.live,
            speech: self.speech,
            now: self.now,
            expected,
            kind: kind(object),
            name: name(object),
            namespace: namespace(object),
            environment_namespace: &self.asked.namespace,
            phase,
            grace,
        }
    }

    /// The rule of the object's kind.
    fn rule(&self, look: &Look<'_>, object: &Value) -> Vec<Trouble> {
        if is_being_deleted(object) {
            return vec![look.trouble(State::Progressing, "Terminating", "is being deleted")];
        }
        let mut found = match (group(object), kind(object)) {
            ("batch", "Job") => job::job(object, look),
            ("apps", "Deployment") => workload::deployment(object, look),
            ("apps", "StatefulSet") => workload::stateful_set(object, look),
            ("apps", "DaemonSet") => workload::daemon_set(object, look),
            ("", "Pod") => pod::pod(object, look),
            ("", "PersistentVolumeClaim") => claim::claim(object, look),
            ("", "PersistentVolume") => claim::volume(object, look),
            ("gateway.networking.k8s.io", kind) if kind.ends_with("Route") => route::route(object, look),
            ("isindir.github.com" | "external-secrets.io", "SopsSecret" | "ExternalSecret") => {
                of_operator(object, look)
            }
            ("argoproj.io", "Application") => delivery::argocd(object, self.asked, look),
            (group, _) if group.ends_with(".toolkit.fluxcd.io") => delivery::flux(object, self.asked, look),
            // Of everything else it is enough to be there.
            _ => Vec::new(),
        };
        // Every failure ends with what to do.
        for one in found.iter_mut().filter(|one| one.state == State::Failed && one.next.is_none()) {
            one.next = Some(format!("kubectl describe -n {} {}", look.namespace, look.reference()));
        }
        found
    }

    /// Objects that say they are lmsgen's, in the environment's namespace or about its folders, and are not committed.
    fn foreign(&self) -> Vec<Foreign> {
        let committed: HashSet<_> = self.asked.expected.iter().map(Expected::key).collect();
        let is_foreign = |object: &&Value| {
            let key = (group(object), kind(object), namespace(object), name(object));
            let is_here = namespace(object) == self.asked.namespace
                || is_application(object) && delivered(object, &self.asked.name).is_some();
            label(object, MANAGED_BY) == Some("lmsgen")
                && is_here
                && owners(object).is_empty()
                && !committed.contains(&key)
        };
        let mut found: Vec<Foreign> = self
            .live
            .iter()
            .filter(is_foreign)
            .map(|object| Foreign {
                kind: self.speech.message(kind(object)),
                name: self.speech.message(name(object)),
                since: created(object),
                is_plain: is_object_name(name(object)) && kind(object).bytes().all(|byte| byte.is_ascii_alphanumeric()),
            })
            .collect();
        found.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
        found
    }
}

/// What may stand in a command.
fn has_plain_names(object: &Value) -> bool {
    is_object_name(name(object)) && is_object_name(namespace(object))
}

/// What applies a folder of the tree.
fn is_application(object: &Value) -> bool {
    matches!(
        (group(object), kind(object)),
        ("kustomize.toolkit.fluxcd.io", "Kustomization") | ("argoproj.io", "Application")
    )
}

/// Phases in order; those that no stack knows come last.
fn phases<'p>(asking: &'p Asking, objects: &[&'p Expected]) -> Vec<Option<&'p str>> {
    let mut found: Vec<Option<&str>> = objects.iter().map(|one| one.phase.as_deref()).collect();
    let rank = |phase: Option<&str>| {
        phase.map(|phase| asking.phases.iter().position(|known| known == phase).unwrap_or(usize::MAX))
    };
    found.sort_by_key(|phase| (rank(*phase), *phase));
    found.dedup();
    found
}

fn unpublished() -> Trouble {
    Trouble {
        state: State::Progressing,
        reason: "Unpublished".into(),
        message: "nothing of it is committed".into(),
        next: Some("lmsgen publish".into()),
        ..Trouble::default()
    }
}

/// Drops what only repeats what another trouble says, and puts the worst first.
fn settle(troubles: &mut Vec<Trouble>) {
    let is_failed = troubles.iter().any(|one| one.state == State::Failed && !is_echo(one));
    if is_failed {
        troubles.retain(|one| !is_echo(one));
    }
    troubles.sort_by_key(|one| std::cmp::Reverse(one.state));
}

/// `true` if an engine says that something failed, and nothing says why.
fn has_given_up(troubles: &[Trouble]) -> bool {
    let mut failed = troubles.iter().filter(|one| one.state == State::Failed).peekable();
    failed.peek().is_some() && failed.all(is_echo)
}

/// What engines say of objects that they wait for.
fn is_echo(trouble: &Trouble) -> bool {
    let is_engine = matches!(trouble.kind.as_str(), "Kustomization" | "Application");
    is_engine
        && matches!(trouble.reason.as_str(), "HealthCheckFailed" | "Degraded" | "Progressing" | "DependencyNotReady")
}
