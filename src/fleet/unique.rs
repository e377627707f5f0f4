//! Values that no two clients of an environment may share: a database, a public path.
//!
//! Compared without regard to case: ingress-nginx matches paths so, and PostgreSQL folds names. A path takes
//! everything below it.

use std::collections::{BTreeSet, HashMap};

use super::model::{Fleet, Instance};
use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::document::quoted;
use crate::params::{Layer, NOT_UNIQUE, ParamDecl, ParamValue, Unique};

/// What an instance has under a `unique` parameter.
struct Claim<'f> {
    instance: &'f Instance,
    decl: &'f ParamDecl,
    value: String,
    /// In lower case, without slashes at its ends.
    key: String,
    /// Where it was set.
    span: Option<Span>,
    is_the_clients: bool,
}

/// Reports every instance whose value of a `unique` parameter another one of its environment has, too.
pub(super) fn check(fleet: &Fleet, sink: &mut Sink) {
    let declared = fleet.stacks.iter().flat_map(|stack| stack.params.iter());
    let paths: BTreeSet<&str> = declared.filter(|decl| decl.unique.is_some()).map(|decl| decl.path.as_str()).collect();
    for path in paths {
        let at: Vec<Option<usize>> = fleet.layers.declarations.iter().map(|one| one.index_of(path)).collect();
        for instances in fleet.instances.chunk_by(|a, b| a.environment == b.environment) {
            check_parameter(fleet, instances, &at, sink);
        }
    }
}

/// `at` is the parameter's index in each stack.
fn check_parameter(fleet: &Fleet, instances: &[Instance], at: &[Option<usize>], sink: &mut Sink) {
    let stack = |instance: &Instance| fleet.clients[instance.client].stack;
    // What no client of one stack sets can only be taken twice if it is the same for all: a look at two is enough.
    let is_theirs = instances.iter().any(|one| {
        let set = at[stack(one)].and_then(|at| one.params.get(at));
        stack(one) != stack(&instances[0]) || set.is_some_and(|set| set.origin.layer >= Layer::Client)
    });
    let looked_at = if is_theirs { instances } else { &instances[..instances.len().min(2)] };
    let mut claims: Vec<Claim<'_>> = looked_at.iter().filter_map(|one| claim(fleet, one, at[stack(one)]?)).collect();
    // Whoever set nothing comes first: the fault is with the one who took it.
    claims.sort_by_key(|claim| claim.is_the_clients);
    let mut taken: HashMap<&str, &Claim<'_>> = HashMap::with_capacity(claims.len());
    for claim in &claims {
        match taken.get(claim.key.as_str()) {
            Some(first) => sink.push(fault(fleet, claim, first)),
            None => drop(taken.insert(&claim.key, claim)),
        }
    }
    for claim in &claims {
        let above = claim.key.match_indices('/').find_map(|(end, _)| taken.get(&claim.key[..end]));
        if let Some(above) = above.filter(|above| above.instance.client != claim.instance.client) {
            sink.push(fault(fleet, claim, above));
        }
    }
}

/// `None` where no value counts.
fn claim<'f>(fleet: &'f Fleet, instance: &'f Instance, index: usize) -> Option<Claim<'f>> {
    let client = &fleet.clients[instance.client];
    let decl = &fleet.stacks[client.stack].params[index];
    let set = instance.params.get(index);
    let value = value(decl.unique.as_ref()?, set.map(|set| &set.value), &client.id)?;
    Some(Claim {
        instance,
        decl,
        key: value.trim_matches('/').to_lowercase(),
        value,
        span: set.map(|set| set.origin.span),
        is_the_clients: set.is_some_and(|set| set.origin.layer >= Layer::Client),
    })
}

fn value(unique: &Unique, set: Option<&ParamValue>, client: &crate::names::ClientId) -> Option<String> {
    match set {
        Some(ParamValue::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
        None => {
            let stand_in = unique.when_unset.as_deref()?;
            Some(stand_in.replace("{client}", &client.slug()).replace("{id}", client.as_str()))
        }
    }
}

fn fault(fleet: &Fleet, claim: &Claim<'_>, other: &Claim<'_>) -> Diagnostic {
    let [here, there] = [claim, other].map(|one| &fleet.clients[one.instance.client]);
    let environment = &fleet.environments[claim.instance.environment].name;
    let (path, value) = (&claim.decl.path, quoted(&claim.value));
    let message = if claim.key == other.key {
        format!(
            "`{path}` is {value} for both `{}` and `{}` in `{environment}`: it must be each client's own",
            there.id, here.id
        )
    } else {
        format!("`{path}`: {value} lies below {}, which is `{}`'s in `{environment}`", quoted(&other.value), there.id)
    };
    Diagnostic::error(NOT_UNIQUE, message)
        .at(claim.span.unwrap_or(Span::file_start(here.file)), format!("of `{}`", here.id))
        .also(other.span.unwrap_or(Span::file_start(there.file)), format!("of `{}`", there.id))
        .help("give one of them another value; letters that differ in case only do not count")
}
