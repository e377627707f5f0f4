//! Rendered objects before they are written: what the API server would reject, and what objects say about each other.

use crate::checks::{
    self, Claim, Found, Group, Lens, Object as Checked, Outside, Parts, Policy, Standard, StoredSecret, Usage,
    check_object, claims, usage,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::fleet::{Environment, Fleet};
use crate::kubernetes::Release;
use crate::manifest::{Path, Value, parse_documents, read_block};

use super::object::EXTERNAL_KINDS;
use super::place::{Object, Site};

/// Looks at rendered objects, as each environment's cluster would.
pub struct Inspector {
    /// By environment.
    views: Vec<View>,
}

struct View {
    lens: Lens,
    outside: Outside,
    policy: Policy,
}

/// What the fleet must know of a place to compare it with others.
#[derive(Default)]
pub struct Seen {
    /// Hosts and paths of its routes.
    pub claims: Vec<Claim>,
    /// What its Pods ask for.
    pub usage: Usage,
}

/// The objects of a place, read.
#[derive(Default)]
pub(super) struct Inspected {
    /// What they hold.
    pub values: Vec<Value>,
    /// What is wrong with them.
    pub found: Vec<Found>,
    /// For the others.
    pub seen: Seen,
}

impl Inspector {
    /// An inspector for the environments of `fleet`.
    #[must_use]
    pub fn new(fleet: &Fleet) -> Self {
        let mut lenses: Vec<Lens> = Vec::new();
        let views = fleet.environments.iter().map(|environment| {
            let release = release(environment);
            let known = lenses.iter().find(|lens| lens.release == release).cloned();
            let lens = known.unwrap_or_else(|| Lens::new(release).with(&fleet.definitions));
            lenses.push(lens.clone());
            view(environment, lens)
        });
        Self { views: views.collect() }
    }

    /// Reads `objects`, which are those of one place in an environment, and says what is wrong with them.
    ///
    /// `around`: what they may refer to besides: the environment's own objects, and what the instance's state leaves out.
    /// `secrets`: Secrets that no template writes. `is_whole`: no template failed, so that what is not there will not be.
    pub(super) fn look(
        &self,
        environment: usize,
        objects: &[Object],
        around: [&[Value]; 2],
        secrets: &[StoredSecret],
        is_whole: bool,
    ) -> Inspected {
        let view = &self.views[environment];
        let values: Vec<Value> = objects.iter().map(|object| read(&object.filled.text)).collect();
        let (mut found, mut seen) = (Vec::new(), Seen::default());
        for (at, value) in values.iter().enumerate() {
            found.extend(
                check_object(value, &view.lens)
                    .into_iter()
                    .map(|fault| Found { help: fault.help, ..Found::error(fault.code, at, fault.path, fault.message) }),
            );
        }
        let list: Vec<Checked<'_>> = values.iter().filter_map(Checked::of).collect();
        if list.len() == values.len() {
            let around: Vec<Checked<'_>> = around.into_iter().flatten().filter_map(Checked::of).collect();
            let (outside, policy) = (&view.outside, &view.policy);
            let group =
                Group::new(Parts { objects: &list, around: &around, secrets, outside, is_closed: is_whole, policy });
            checks::check(&group, &mut found);
            seen = Seen { claims: claims(&group), usage: usage(&group) };
        }
        Inspected { values, found, seen }
    }
}

fn release(environment: &Environment) -> Release {
    let minor = environment.kubernetes.strip_prefix("1.").and_then(|minor| minor.parse().ok());
    minor.map_or(Release::NEWEST, Release)
}

fn view(environment: &Environment, lens: Lens) -> View {
    let kinds = EXTERNAL_KINDS.iter().filter_map(|(kind, key)| Some((kind, environment.external.get(*key)?)));
    let outside = kinds.flat_map(|(kind, names)| names.iter().map(|name| ((*kind).to_owned(), name.clone())));
    View { lens, outside: Outside(outside.collect()), policy: policy(environment) }
}

fn policy(environment: &Environment) -> Policy {
    let own = &environment.policy;
    Policy {
        registries: own.registries.clone(),
        hosts: own.hosts.clone(),
        requires_digest: own.requires_digest,
        requires_resources: own.requires_resources,
        forbidden_annotations: own.forbidden_annotations.clone(),
        max_replicas: own.max_replicas,
        max_requests: own.max_requests.clone(),
        gateway_features: environment.gateway.as_ref().map(|gateway| gateway.features.clone()),
        pod_security: own.pod_security.as_deref().map(|standard| match standard {
            "restricted" => Standard::Restricted,
            _ => Standard::Baseline,
        }),
        is_reconciled: environment.delivery.is_continuous(),
    }
}

/// Rendered text is canonical; the parser is there for what a literal block may hold.
fn read(text: &str) -> Value {
    let parsed = || parse_documents(text).ok().and_then(|mut documents| documents.pop());
    read_block(text).or_else(parsed).unwrap_or(Value::Null)
}

/// Turns what was found in `objects` into diagnostics, with the parameters behind it.
pub(super) fn diagnostics(
    found: Vec<Found>,
    objects: &[Object],
    site: Site<'_>,
    set_at: &dyn Fn(&str) -> Option<Span>,
) -> Vec<Diagnostic> {
    let trace = |object: &Object, path: &Path| {
        site.engine.trace(object.template, site.context, site.scope, object.offset, path)
    };
    let mut list = Vec::with_capacity(found.len());
    for one in found {
        let object = &objects[one.object];
        let traced = trace(object, &one.path);
        let message = format!("{}: {}", object.kind, one.message);
        let mut fault = Diagnostic { severity: one.severity, help: one.help, ..Diagnostic::error(one.code, message) };
        fault.subject = Some(format!("{} {}", object.kind, one.path));
        fault = match traced.parameter.as_deref().and_then(set_at) {
            Some(set) => fault.at(set, "set here").also(traced.span, "used here"),
            None => fault.at(traced.span, ""),
        };
        if let Some(related) = one.related {
            fault = fault.also(trace(&objects[related.object], &related.path).span, related.text);
        }
        list.push(fault);
    }
    list
}
