//! Rendering every place, in parallel, into one tree.

use std::sync::Arc;

use rayon::prelude::*;

use crate::checks::{Found, StoredSecret};
use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::fleet::{Environment, Fleet, SecretDecl, Stack, State};
use crate::manifest::{Path, Value};
use crate::params::{ParamDecl, Params};
use crate::template::{
    Fault, InstanceFacts, Printed, SharedParams, TemplateRole, TemplateValue, environment_context, instance_context,
};

use super::collect::{Folders, OutputFile, Part, Rendered, collect, push};
use super::engine_keys::with_engine_keys;
use super::engines::Engines;
use super::facts::{environment_facts, object_name, scope};
use super::inspect::{Inspected, Inspector, Seen, diagnostics};
use super::object::{OwnerKind, check};
use super::place::{Object, PlaceRun, Site, digests, phase_of};
use super::secrets::{SecretPlace, Secrets};
use super::sentry::Sentry;
use super::state::{Delivered, deliver};
use super::steering;
use super::together::{check_claims, check_quotas};

/// The folder of all output.
pub const OUTPUT: &str = "rendered";

/// Who looks at what was rendered.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// For plaintext.
    pub sentry: &'a Sentry,
    /// For what a cluster would refuse.
    pub inspector: &'a Inspector,
}

/// Renders `instances` (indices into the fleet) and the environments they run in; all environments when `instances`
/// is everything. Faults go to `sink`; a tree with faults must not be written.
pub fn render(
    fleet: &Fleet,
    engines: &Engines,
    secrets: &Secrets,
    instances: &[usize],
    watch: Watch<'_>,
    sink: &mut Sink,
) -> Rendered {
    let common = Common::of(fleet);
    let job = common.job((fleet, engines, secrets), watch);
    let mut parts = job.environment_parts();
    let mut around: Vec<Vec<Value>> = fleet.environments.iter().map(|_| Vec::new()).collect();
    for part in &mut parts {
        around[part.place.environment].append(&mut part.values);
    }
    let all = instances.len() == fleet.instances.len();
    let wanted = |environment: usize| all || instances.iter().any(|&at| fleet.instances[at].environment == environment);
    let mut places: Vec<Part> = instances.par_iter().map(|&at| job.instance(at, &parts, &around)).collect();
    let tell = |nth: usize, found| job.tell(instances[nth], &parts, found);
    check_claims(fleet, &places, tell, sink);
    parts.retain(|part| wanted(part.place.environment));
    places.append(&mut parts);
    check_quotas(fleet, &places, sink);
    collect(fleet, places, sink)
}

/// An object of an instance, and what its scalars are made of.
#[derive(Clone, Debug)]
pub struct Origins {
    /// `kind`.
    pub kind: Arc<str>,
    /// `metadata.name`.
    pub name: String,
    /// The object as YAML.
    pub text: String,
    /// Its scalars with values.
    pub printed: Vec<Printed>,
}

/// The objects of each of `instances` with what they are made of; those with faults are left out.
pub fn origins(
    fleet: &Fleet,
    engines: &Engines,
    secrets: &Secrets,
    instances: &[usize],
    watch: Watch<'_>,
) -> Vec<Vec<Origins>> {
    let common = Common::of(fleet);
    let job = common.job((fleet, engines, secrets), watch);
    let parts = job.environment_parts();
    let of = |site: Site<'_>, object: Object| Origins {
        printed: site.engine.origins(object.template, site.context, site.scope, object.offset),
        kind: object.kind,
        name: object.filled.name,
        text: object.filled.text,
    };
    let all = |at: &usize| {
        job.with_instance(*at, &parts, |site, objects, _| {
            objects.objects.into_iter().map(|one| of(site, one)).collect()
        })
    };
    instances.par_iter().map(all).collect()
}

/// What the objects of one place must obey.
struct Rules<'a> {
    owner: OwnerKind,
    stack: &'a Stack,
    environment: &'a Environment,
    watch: Watch<'a>,
    /// Nothing around the objects is missing because its template failed.
    is_whole: bool,
}

impl Rules<'_> {
    /// Says what a cluster would refuse in `objects`, unless they are wrong in a way that [`check`] reports. Gives
    /// what they hold.
    fn inspect(
        &self,
        (environment, objects, secrets): (usize, &[Object], &[StoredSecret]),
        around: [&[Value]; 2],
        site: Site<'_>,
        set_at: &dyn Fn(&str) -> Option<Span>,
        faults: &mut Vec<Diagnostic>,
    ) -> (Vec<Value>, Seen) {
        let is_wrong =
            |object: &Object| check(&object.kind, &object.filled, self.owner, self.stack, self.environment).is_some();
        if objects.iter().any(is_wrong) {
            return Default::default();
        }
        let is_whole = self.is_whole && faults.is_empty();
        let Inspected { values, found, seen } =
            self.watch.inspector.look(environment, objects, around, secrets, is_whole);
        if !found.is_empty() {
            faults.append(&mut diagnostics(found, objects, site, set_at));
        }
        (values, seen)
    }

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
            let trace = |path: &Path| site.engine.trace(object.template, site.context, site.scope, object.offset, path);
            faults.append(&mut steering::check(&object.kind, text, trace));
            let in_the_clear = self.watch.sentry.look(self.stack, &source.name, &object.filled.text);
            if !in_the_clear.is_empty() {
                let span = site.span(object.template, Fault::Offset(object.offset));
                faults.extend(in_the_clear.iter().map(|finding| finding.rendered(&object.kind, span)));
            }
            let phase = match source.role {
                TemplateRole::Deprovision => Some(self.stack.phases.len()),
                _ => phase_of(&self.stack.phases, &source.name),
            };
            let delivery = &self.environment.delivery;
            let bytes = with_engine_keys(object.filled.text, &object.kind, delivery, phase).into_bytes().into();
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
    watch: Watch<'a>,
    facts: &'a [TemplateValue],
    /// By environment part.
    shared: &'a [SharedParams],
}

/// What places have in common, made once.
struct Common {
    facts: Vec<TemplateValue>,
    shared: Vec<SharedParams>,
}

impl Common {
    fn of(fleet: &Fleet) -> Self {
        Self {
            facts: fleet.environments.iter().map(environment_facts).collect(),
            shared: fleet.environment_parts.iter().map(|part| SharedParams::new(&part.params)).collect(),
        }
    }

    fn job<'a>(
        &'a self,
        (fleet, engines, secrets): (&'a Fleet, &'a Engines, &'a Secrets),
        watch: Watch<'a>,
    ) -> Job<'a> {
        Job { fleet, engines, secrets, watch, facts: &self.facts, shared: &self.shared }
    }
}

impl Job<'_> {
    fn environment_parts(&self) -> Vec<Part> {
        (0..self.fleet.environment_parts.len()).into_par_iter().map(|at| self.environment_part(at)).collect()
    }

    fn environment_part(&self, at: usize) -> Part {
        let part = &self.fleet.environment_parts[at];
        let place = SecretPlace { environment: part.environment, client: None };
        let stack = &self.fleet.stacks[part.stack];
        let engine = self.engines.get(part.stack);
        let mut faults = Vec::new();
        let context = environment_context(self.facts[part.environment].clone(), self.shared[at].with_own(&part.params));
        let scope = scope(self.fleet, stack, place, &part.params, self.secrets);
        let site = Site { engine, context: &context, scope: &scope };
        let run = PlaceRun::new(site, &[TemplateRole::Environment], &[], &mut faults);
        let objects = run.objects(&mut faults);
        let digests = digests(engine, &objects);
        let environment = &self.fleet.environments[part.environment];
        let folder = format!("{OUTPUT}/{}/environment", environment.name);
        let mut folders = vec![(folder.clone(), Vec::new())];
        let rules = Rules { owner: OwnerKind::Environment, stack, environment, watch: self.watch, is_whole: true };
        let keys = self.stored(&stack.environment_secrets, place, &part.params);
        let set_at = |path: &str| set_at(&stack.params, &part.params, path);
        let (values, seen) = rules.inspect((part.environment, &objects, &keys), [&[], &[]], site, &set_at, &mut faults);
        rules.add(objects, site, |_| folder.clone(), (&mut folders, &mut faults));
        self.add_secrets(&stack.environment_secrets, place, &part.params, &folder, &mut folders);
        for fault in &mut faults {
            fault.instances.push(environment.name.to_string());
        }
        Part { place, stack: part.stack, folders, digests, values, seen, faults }
    }

    /// Renders the objects of an instance for `use_it`, with what is wrong so far.
    fn with_instance<T>(
        &self,
        at: usize,
        parts: &[Part],
        use_it: impl FnOnce(Site<'_>, Delivered, Vec<Diagnostic>) -> T,
    ) -> T {
        let instance = &self.fleet.instances[at];
        let client = &self.fleet.clients[instance.client];
        let stack = &self.fleet.stacks[client.stack];
        let place = SecretPlace { environment: instance.environment, client: Some(instance.client) };
        let name = self.name(at);
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
        let site = Site { engine: self.engines.get(client.stack), context: &context, scope: &scope };
        let roles: &[TemplateRole] = match instance.state {
            State::Deprovisioned => &[TemplateRole::Instance, TemplateRole::Deprovision],
            _ => &[TemplateRole::Instance],
        };
        let run = PlaceRun::new(site, roles, &parts[part].digests, &mut faults);
        let objects = run.objects(&mut faults);
        let is_kept = |object: &Object| site.engine.source(object.template).role == TemplateRole::Deprovision;
        use_it(site, deliver(instance.state, objects, is_kept, &stack.without_data), faults)
    }

    fn instance(&self, at: usize, parts: &[Part], around: &[Vec<Value>]) -> Part {
        self.with_instance(at, parts, |site, Delivered { objects, left_out }, mut faults| {
            let instance = &self.fleet.instances[at];
            let stack = &self.fleet.stacks[self.fleet.clients[instance.client].stack];
            let environment = &self.fleet.environments[instance.environment];
            let place = SecretPlace { environment: instance.environment, client: Some(instance.client) };
            let name = self.name(at);
            let base = format!("{OUTPUT}/{name}");
            // A phase without objects keeps its folder: whoever delivers it finds an empty list, not a missing path.
            let mut folders: Folders =
                self.fleet.phases(instance).map(|phase| (format!("{base}/{phase}"), Vec::new())).collect();
            let folder_of = |template: &str| format!("{base}/{}", template.split('/').next().unwrap_or_default());
            let mut of_environment = parts.iter().filter(|part| part.place.environment == instance.environment);
            let is_whole = of_environment.all(|part| part.faults.is_empty());
            let rules = Rules { owner: OwnerKind::Client, stack, environment, watch: self.watch, is_whole };
            let mut keys = self.stored(&stack.secrets, place, &instance.params);
            let of_environment = SecretPlace { client: None, ..place };
            keys.append(&mut self.stored(&stack.environment_secrets, of_environment, &instance.params));
            let input = (instance.environment, objects.as_slice(), keys.as_slice());
            let set_at = |path: &str| self.set_at(at, path);
            let (_, seen) =
                rules.inspect(input, [&around[instance.environment], &left_out], site, &set_at, &mut faults);
            rules.add(objects, site, folder_of, (&mut folders, &mut faults));
            if let Some(first) = stack.phases.first() {
                self.add_secrets(&stack.secrets, place, &instance.params, &format!("{base}/{first}"), &mut folders);
            }
            for fault in &mut faults {
                fault.instances.push(name.clone());
            }
            let stack = self.fleet.clients[instance.client].stack;
            Part { place, stack, folders, digests: Vec::new(), values: Vec::new(), seen, faults }
        })
    }

    /// Gives something found in an instance its place; renders the instance again.
    fn tell(&self, at: usize, parts: &[Part], found: Found) -> Option<Diagnostic> {
        let set_at = |path: &str| self.set_at(at, path);
        self.with_instance(at, parts, |site, delivered, _| {
            diagnostics(vec![found], &delivered.objects, site, &set_at).pop()
        })
    }

    fn name(&self, at: usize) -> String {
        let instance = &self.fleet.instances[at];
        let environment = &self.fleet.environments[instance.environment].name;
        format!("{environment}/{}", self.fleet.clients[instance.client].id)
    }

    /// Where an instance's parameter was set.
    fn set_at(&self, at: usize, path: &str) -> Option<Span> {
        self.fleet.explain(at, path).ok()?.steps.first().map(|step| step.origin.span)
    }

    /// Declared Secrets with what everybody may know of them.
    fn stored(&self, declared: &[SecretDecl], place: SecretPlace, params: &Params) -> Vec<StoredSecret> {
        let slug = place.client.map(|client| self.fleet.clients[client].id.slug());
        let stored = |secret: &SecretDecl| StoredSecret {
            name: object_name(secret, params, slug.as_deref()),
            keys: secret.keys.iter().map(|key| key.key.clone()).collect(),
            revision: self.secrets.get(place, &secret.name).map_or(1, |file| file.revision),
        };
        declared.iter().map(stored).collect()
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

/// Where the parameter at `path`, or the one that holds it, was set.
fn set_at(declared: &[ParamDecl], params: &Params, path: &str) -> Option<Span> {
    let holds = |decl: &ParamDecl| {
        path.strip_prefix(decl.path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let index = declared.iter().position(holds)?;
    params.get(index).map(|resolved| resolved.origin.span)
}
