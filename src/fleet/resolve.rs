//! From clients, environments and layers to instances with their values.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::client::{ClientEnvironment, ClientRead};
use super::model::{EnvironmentPart, Fleet, Instance, Layers};
use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::params::{Overlay, Params, Placeholders};

const NO_VALUE: Code = Code::new("LMS146", Class::Input);
const INCOMPLETE: Code = Code::new("LMS147", Class::Input);
const NO_RECIPIENTS: Code = Code::new("LMS137", Class::Input);

/// An instance whose values are still to be checked.
struct Made {
    instance: Instance,
    overlay: Overlay,
    /// `[environments.<env>]` in the client's file.
    key: Span,
    /// Parameters without a value that need one.
    missing: Vec<usize>,
    faults: Vec<(usize, String)>,
}

/// Fills `fleet` with clients, instances and environment parts; `fleet` has its environments, stacks and the layers
/// of both.
pub(super) fn add_clients(fleet: &mut Fleet, clients: Vec<ClientRead>, sink: &mut Sink) {
    let mut places: Vec<(usize, usize, ClientEnvironment)> = Vec::new();
    for (index, read) in clients.into_iter().enumerate() {
        fleet.clients.push(read.client);
        fleet.layers.clients.push(read.overlay);
        places.extend(read.environments.into_iter().map(|place| (place.environment, index, place)));
    }
    places.sort_by_key(|(environment, client, _)| (*environment, *client));

    let mut bases: BTreeMap<(usize, usize), Params> = BTreeMap::new();
    for (at, environment) in fleet.environments.iter().enumerate() {
        for &stack in &environment.stacks {
            bases.insert((at, stack), base(&fleet.layers, at, stack));
        }
    }
    // Clients of a stack that their environment does not run are faults already; they are judged all the same.
    for (environment, client, _) in &places {
        let stack = fleet.clients[*client].stack;
        bases.entry((*environment, stack)).or_insert_with(|| base(&fleet.layers, *environment, stack));
    }
    for (&(environment, stack), base) in &bases {
        let names = Placeholders { client: None, environment: fleet.environments[environment].name.as_str() };
        let params = base.with(&fleet.layers.declarations[stack], &[], names);
        fleet.environment_parts.push(EnvironmentPart { environment, stack, params });
    }
    let made: Vec<Made> = places.into_par_iter().with_min_len(64).map(|place| make(fleet, &bases, place)).collect();
    report(fleet, &bases, &made, sink);
    for one in made {
        fleet.instances.push(one.instance);
        fleet.layers.instances.push(one.overlay);
    }
    super::unique::check(fleet, sink);
}

fn base(layers: &Layers, environment: usize, stack: usize) -> Params {
    let below = [&layers.fleet[stack], &layers.environments[environment][stack]];
    Params::base(&layers.declarations[stack], &below)
}

fn make(
    fleet: &Fleet,
    bases: &BTreeMap<(usize, usize), Params>,
    (environment, client, place): (usize, usize, ClientEnvironment),
) -> Made {
    let stack = fleet.clients[client].stack;
    let slug = fleet.clients[client].id.slug();
    let names = Placeholders { client: Some(&slug), environment: fleet.environments[environment].name.as_str() };
    let layers = [&fleet.layers.clients[client], &place.overlay];
    let params = bases[&(environment, stack)].with(&fleet.layers.declarations[stack], &layers, names);
    let is_judged = |index: usize| !is_wrong(&fleet.layers, (environment, stack), &layers, index);
    let missing = params.missing().filter(|index| is_judged(*index)).collect();
    let faults = params.own_faults().into_iter().filter(|(index, _)| is_judged(*index)).collect();
    Made {
        instance: Instance { environment, client, state: place.state, params },
        overlay: place.overlay,
        key: place.key,
        missing,
        faults,
    }
}

/// `true` if some layer's value of a parameter was reported already: what is missing without it says nothing new.
fn is_wrong(layers: &Layers, (environment, stack): (usize, usize), own: &[&Overlay], index: usize) -> bool {
    layers.declarations[stack].is_default_wrong(index)
        || layers.fleet[stack].is_wrong(index)
        || layers.environments[environment][stack].is_wrong(index)
        || own.iter().any(|layer| layer.is_wrong(index))
}

fn report(fleet: &Fleet, bases: &BTreeMap<(usize, usize), Params>, made: &[Made], sink: &mut Sink) {
    let mut groups: BTreeMap<(usize, usize), Vec<&Made>> = BTreeMap::new();
    for one in made {
        let stack = fleet.clients[one.instance.client].stack;
        groups.entry((one.instance.environment, stack)).or_default().push(one);
    }
    for ((environment, stack), instances) in groups {
        report_missing(fleet, environment, stack, &instances, sink);
        report_faults(fleet, stack, &bases[&(environment, stack)], &instances, sink);
        let stack = &fleet.stacks[stack];
        let needs_recipients = !stack.secrets.is_empty() || !stack.environment_secrets.is_empty();
        let environment = &fleet.environments[environment];
        // What is kept elsewhere is encrypted by nobody here.
        if needs_recipients && environment.form.stored().is_some() && environment.recipients.is_empty() {
            let message = format!("environment `{}` has no recipients to encrypt secrets to", environment.name);
            let fault = Diagnostic::error(NO_RECIPIENTS, message).at(Span::file_start(environment.file), "");
            sink.push(fault.help("write `[secrets]` with `recipients = [\"age1…\"]`"));
        }
    }
}

/// So few instances are told each at its own client.
const FEW: usize = 3;

/// Says once what every instance of an environment lacks, or many, and at the client what only few lack.
fn report_missing(fleet: &Fleet, environment: usize, stack: usize, instances: &[&Made], sink: &mut Sink) {
    let mut lacking: BTreeMap<usize, Vec<&Made>> = BTreeMap::new();
    for one in instances {
        for &index in &one.missing {
            lacking.entry(index).or_default().push(one);
        }
    }
    let environment = &fleet.environments[environment];
    for (index, lack) in lacking {
        let decl = &fleet.stacks[stack].params[index];
        let message = format!("parameter `{}` has no value", decl.path);
        let fault = |span, help: String| {
            Diagnostic::error(NO_VALUE, message.clone()).at(span, "").also(decl.span, "declared here").help(help)
        };
        if lack.len() > FEW || lack.len() > 1 && lack.len() == instances.len() {
            let help =
                format!("set it in `environments/{}.toml`, in `lmsgen.toml` or in each client", environment.name);
            let mut fault = fault(Span::file_start(environment.file), help);
            fault.instances = lack.iter().map(|one| instance_name(fleet, one)).collect();
            sink.push(fault);
        } else {
            for one in lack {
                let client = &fleet.clients[one.instance.client];
                let help =
                    format!("set it in `clients/{}.toml` or in `environments/{}.toml`", client.id, environment.name);
                sink.push(fault(one.key, help).in_instance(instance_name(fleet, one)));
            }
        }
    }
}

/// Reports values that are wrong once their layers are merged, at the highest layer that had a say.
fn report_faults(fleet: &Fleet, stack: usize, base: &Params, instances: &[&Made], sink: &mut Sink) {
    let declarations = &fleet.layers.declarations[stack];
    let mut shared = base.shared_faults();
    if let Some(one) = instances.first() {
        shared.retain(|(index, _)| !is_wrong(&fleet.layers, (one.instance.environment, stack), &[], *index));
    }
    for one in instances {
        let inherited = shared.iter().filter(|(index, _)| !one.instance.params.is_own(*index));
        for (index, message) in one.faults.iter().chain(inherited) {
            let Some(value) = one.instance.params.get(*index) else { continue };
            let decl = &declarations.list()[*index];
            let fault = Diagnostic::error(INCOMPLETE, message.clone()).at(value.origin.span, "");
            sink.push(fault.also(decl.span, "declared here").in_instance(instance_name(fleet, one)));
        }
    }
}

fn instance_name(fleet: &Fleet, one: &Made) -> String {
    let environment = &fleet.environments[one.instance.environment];
    format!("{}/{}", environment.name, fleet.clients[one.instance.client].id)
}
