//! What instances do to each other: two that take the same host and path, and all of them against the quota.
//!
//! Looks at what was seen of each place; objects are rendered again only to show where a fault is.

use std::collections::HashMap;

use crate::checks::{COLLISION, Claim, Found, QUOTA, Usage};
use crate::diagnostic::{Diagnostic, Sink};
use crate::fleet::Fleet;
use crate::kubernetes::Quantity;

use super::collect::Part;

/// The environment, and what claims must have in common to collide.
type Key<'p> = (usize, &'p str, &'p str, String);

/// Reports hosts and paths that two routes of an environment take. `tell` gives something found in the `n`th of
/// `places` its place.
pub(super) fn check_claims(
    fleet: &Fleet,
    places: &[Part],
    tell: impl Fn(usize, Found) -> Option<Diagnostic>,
    sink: &mut Sink,
) {
    let mut taken: HashMap<Key<'_>, Vec<(usize, &Claim)>> = HashMap::new();
    for (at, part) in places.iter().enumerate() {
        for claim in &part.seen.claims {
            let (way, host, path) = claim.key();
            let others = taken.entry((part.place.environment, way, host, path)).or_default();
            if let Some((other, first)) = others.iter().find(|(_, other)| other.collides(claim)) {
                let names = [label(fleet, &places[*other]), label(fleet, part)];
                if let Some(fault) = collision((*other, first), (at, claim), names, &tell) {
                    sink.push(fault);
                }
            }
            others.push((at, claim));
        }
    }
}

fn collision(
    (other, first): (usize, &Claim),
    (at, claim): (usize, &Claim),
    [there, here]: [String; 2],
    tell: &impl Fn(usize, Found) -> Option<Diagnostic>,
) -> Option<Diagnostic> {
    let host =
        if claim.host.is_empty() { "every host".into() } else { format!("host `{}`", claim.host.escape_debug()) };
    let by = if other == at { format!("twice by `{here}`") } else { format!("by `{there}` and by `{here}`") };
    let message = format!("path `{}` of {host} is taken {by}", claim.path.escape_debug());
    let found = |claim: &Claim| Found::error(COLLISION, claim.object, claim.place.clone(), message.clone());
    let mut fault = tell(at, found(claim))?.help("give one of the two another path or host");
    let same = fault.primary.as_ref().map(|label| label.span);
    if let Some(label) = tell(other, found(first)).and_then(|first| first.primary)
        && Some(label.span) != same
    {
        fault = fault.also(label.span, "taken here, too");
    }
    if other != at {
        fault.instances.push(there);
    }
    fault.instances.push(here);
    Some(fault)
}

/// Reports environments whose instances together ask for more than the quota.
pub(super) fn check_quotas(fleet: &Fleet, places: &[Part], sink: &mut Sink) {
    for (at, environment) in fleet.environments.iter().enumerate() {
        let Some(span) = environment.quota_span else { continue };
        let mut used = Usage::default();
        for part in places.iter().filter(|part| part.place.environment == at) {
            used.add(&part.seen.usage);
        }
        for (name, text) in &environment.quota {
            let Some(most) = Quantity::parse(text) else { continue };
            let Some(sum) = used.of(name).filter(|sum| *sum > most) else { continue };
            let message = format!(
                "environment `{}`: {name} of all instances are {}, the quota is {text}",
                environment.name,
                sum.shown()
            );
            let help = "lower requests or replicas, or raise the quota: Pods beyond it are not started";
            sink.push(Diagnostic::error(QUOTA, message).at(span, "").help(help));
        }
    }
}

fn label(fleet: &Fleet, part: &Part) -> String {
    let environment = &fleet.environments[part.place.environment].name;
    part.place.client.map_or_else(|| environment.to_string(), |at| format!("{environment}/{}", fleet.clients[at].id))
}
