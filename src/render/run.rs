//! Rendering every place, in parallel, into one tree.

use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::fleet::{Environment, Fleet, SecretDecl, Stack};
use crate::params::Params;
use crate::template::{
    Fault, InstanceFacts, SharedParams, TemplateRole, TemplateValue, environment_context, instance_context,
};

use super::collect::{Folders, OutputFile, Part, Rendered, collect, push};
use super::engines::Engines;
use super::facts::{environment_facts, object_name, scope};
use super::object::{OwnerKind, check};
use super::place::{Object, PlaceRun, Site, digests, phase_of};
use super::policy;
use super::secrets::{SecretPlace, Secrets};
use super::sentry::Sentry;
use super::steering;

/// The folder of all output.
pub const OUTPUT: &str = "rendered";

/// Renders `instances` (indices into the fleet) and the environments they run in; all environments when `instances`
/// is everything. Faults go to `sink`; a tree with faults must not be written.
pub fn render(
    fleet: &Fleet,
    engines: &Engines,
    secrets: &Secrets,
    instances: &[usize],
    sentry: &Sentry,
    sink: &mut Sink,
) -> Rendered {
    let facts: Vec<TemplateValue> = fleet.environments.iter().map(environment_facts).collect();
    let shared: Vec<SharedParams> =
        fleet.environment_parts.iter().map(|part| SharedParams::new(&part.params)).collect();
    let job = Job { fleet, engines, secrets, sentry, facts: &facts, shared: &shared };
    let parts: Vec<Part> =
        (0..fleet.environment_parts.len()).into_par_iter().map(|at| job.environment_part(at)).collect();
    let all = instances.len() == fleet.instances.len();
    let wanted = |environment: usize| all || instances.iter().any(|&at| fleet.instances[at].environment == environment);
    let mut places: Vec<Part> = instances.par_iter().map(|&at| job.instance(at, &parts)).collect();
    let mut parts = parts;
    parts.retain(|part| wanted(part.place.environment));
    places.append(&mut parts);
    collect(fleet, places, sink)
}

/// What the objects of one place must obey.
struct Rules<'a> {
    owner: OwnerKind,
    stack: &'a Stack,
    environment: &'a Environment,
    sentry: &'a Sentry,
}

impl Rules<'_> {
    /// Checks `objects` and adds them to their folders.
    fn add(
        &self,
        objects: Vec<Object>,
        site: Site<'_>,
        folder_of: impl Fn(&str) -> String,
        (folders, faults): (&mut Folders, &mut Vec<Diagnostic>),
    ) {
        for object in objects {
            let source = site.engine.source(object.template);
            if let Some(fault) = check(&object.kind, &object.filled, self.owner, self.stack, self.environment) {
                faults.push(fault.at(site.span(object.template, Fault::Offset(object.offset)), ""));
                continue;
            }
            let text = &object.filled.text;
            let mut against_policy = policy::check(&object.kind, &object.filled.name, text, self.environment);
            against_policy.extend(steering::check(&object.kind, text, |key| site.engine.writes(key)));
            if !against_policy.is_empty() {
                let span = site.span(object.template, Fault::Offset(object.offset));
                faults.extend(against_policy.into_iter().map(|fault| fault.at(span, "")));
            }
            let in_the_clear = self.sentry.look(self.stack, &source.name, &object.filled.text);
            if !in_the_clear.is_empty() {
                let span = site.span(object.template, Fault::Offset(object.offset));
                faults.extend(in_the_clear.iter().map(|finding| finding.rendered(&object.kind, span)));
            }
            let bytes = object.filled.text.into_bytes().into();
            let span = Span::file_start(source.file);
            let file = OutputFile::new((object.api_version, object.kind), &object.filled.name, bytes, span);
            push(folders, &folder_of(&source.name), file);
        }
    }
}

#[derive(Clone, Copy)]
struct Job<'a> {
    fleet: &'a Fleet,
    engines: &'a Engines,
    secrets: &'a Secrets,
    sentry: &'a Sentry,
    facts: &'a [TemplateValue],
    /// By environment part.
    shared: &'a [SharedParams],
}

impl Job<'_> {
    fn environment_part(&self, at: usize) -> Part {
        let part = &self.fleet.environment_parts[at];
        let place = SecretPlace { environment: part.environment, client: None };
        let stack = &self.fleet.stacks[part.stack];
        let engine = self.engines.get(part.stack);
        let mut faults = Vec::new();
        let context = environment_context(self.facts[part.environment].clone(), self.shared[at].with_own(&part.params));
        let scope = scope(self.fleet, stack, place, &part.params, self.secrets);
        let site = Site { engine, context: &context, scope: &scope };
        let run = PlaceRun::new(site, TemplateRole::Environment, &[], &mut faults);
        let objects = run.objects(&mut faults);
        let digests = digests(engine, &objects);
        let environment = &self.fleet.environments[part.environment];
        let folder = format!("{OUTPUT}/{}/environment", environment.name);
        let mut folders = vec![(folder.clone(), Vec::new())];
        let rules = Rules { owner: OwnerKind::Environment, stack, environment, sentry: self.sentry };
        rules.add(objects, site, |_| folder.clone(), (&mut folders, &mut faults));
        self.add_secrets(&stack.environment_secrets, place, &part.params, &folder, &mut folders);
        for fault in &mut faults {
            fault.instances.push(environment.name.to_string());
        }
        Part { place, stack: part.stack, folders, digests, faults }
    }

    fn instance(&self, at: usize, parts: &[Part]) -> Part {
        let instance = &self.fleet.instances[at];
        let client = &self.fleet.clients[instance.client];
        let environment = &self.fleet.environments[instance.environment];
        let stack = &self.fleet.stacks[client.stack];
        let place = SecretPlace { environment: instance.environment, client: Some(instance.client) };
        let name = format!("{}/{}", environment.name, client.id);
        let facts = InstanceFacts {
            name: &name,
            client_id: client.id.as_str(),
            client_slug: &client.id.slug(),
            client_name: &client.name,
            client_labels: &client.labels,
        };
        let part = parts
            .iter()
            .position(|part| part.place.environment == instance.environment && part.stack == client.stack)
            .expect("loading makes a part for each environment and stack of an instance");
        let params = self.shared[part].with_own(&instance.params);
        let context = instance_context(self.facts[instance.environment].clone(), &facts, params);
        let scope = scope(self.fleet, stack, place, &instance.params, self.secrets);
        let mut faults = Vec::new();
        let engine = self.engines.get(client.stack);
        let site = Site { engine, context: &context, scope: &scope };
        let run = PlaceRun::new(site, TemplateRole::Instance, &parts[part].digests, &mut faults);
        let objects = run.objects(&mut faults);
        let base = format!("{OUTPUT}/{name}");
        // A phase without objects keeps its folder: whoever delivers it finds an empty list, not a missing path.
        let mut folders: Folders = stack.phases.iter().map(|phase| (format!("{base}/{phase}"), Vec::new())).collect();
        let folder_of = |template: &str| {
            let phase = phase_of(&stack.phases, template).or(stack.phases.first());
            format!("{base}/{}", phase.map_or("app", |phase| phase.as_str()))
        };
        let rules = Rules { owner: OwnerKind::Client, stack, environment, sentry: self.sentry };
        rules.add(objects, site, folder_of, (&mut folders, &mut faults));
        if let Some(first) = stack.phases.first() {
            self.add_secrets(&stack.secrets, place, &instance.params, &format!("{base}/{first}"), &mut folders);
        }
        for fault in &mut faults {
            fault.instances.push(name.clone());
        }
        Part { place, stack: client.stack, folders, digests: Vec::new(), faults }
    }

    fn add_secrets(
        &self,
        declared: &[SecretDecl],
        place: SecretPlace,
        params: &Params,
        folder: &str,
        folders: &mut Folders,
    ) {
        let slug = place.client.map(|client| self.fleet.clients[client].id.slug());
        for secret in declared {
            let Some(file) = self.secrets.get(place, &secret.name) else { continue };
            let name = object_name(secret, params, slug.as_deref());
            let object = (file.object.0.into(), file.object.1.into());
            push(folders, folder, OutputFile::new(object, &name, Arc::clone(&file.bytes), secret.span));
        }
    }
}
