//! Rendering every place, in parallel, into one tree.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::fleet::{Environment, Fleet, SecretDecl, Stack};
use crate::names::RelPath;
use crate::params::Params;
use crate::template::{
    Fault, InstanceFacts, SharedParams, TemplateRole, TemplateValue, environment_context, instance_context,
};
use crate::tree::{Folder, Tree};

use super::engines::Engines;
use super::facts::{environment_facts, object_name, scope};
use super::object::{OwnerKind, check, check_external};
use super::place::{Object, PlaceRun, Site, digests, phase_of};
use super::policy;
use super::secrets::{SecretPlace, Secrets};

/// Two objects that are one to Kubernetes.
const TWICE: Code = Code::new("LMS238", Class::Input);
/// Two objects that would be one file, or a name that no file can have.
const SAME_FILE: Code = Code::new("LMS239", Class::Input);

/// The folder of all output.
pub const OUTPUT: &str = "rendered";

/// What rendering gave.
#[derive(Debug, Default)]
pub struct Rendered {
    /// The output files of the places that were rendered.
    pub tree: Tree,
    /// Objects in it.
    pub n_objects: usize,
}

/// Renders `instances` (indices into the fleet) and the environments they run in; all environments when `instances`
/// is everything. Faults go to `sink`; a tree with faults must not be written.
pub fn render(fleet: &Fleet, engines: &Engines, secrets: &Secrets, instances: &[usize], sink: &mut Sink) -> Rendered {
    let facts: Vec<TemplateValue> = fleet.environments.iter().map(environment_facts).collect();
    let shared: Vec<SharedParams> =
        fleet.environment_parts.iter().map(|part| SharedParams::new(&part.params)).collect();
    let job = Job { fleet, engines, secrets, facts: &facts, shared: &shared };
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

/// Everything that was rendered at one place.
struct Part {
    place: SecretPlace,
    stack: usize,
    folders: Folders,
    digests: Vec<(String, String)>,
    faults: Vec<Diagnostic>,
}

struct OutputFile {
    name: String,
    /// Group, kind and name: what makes an object one in its namespace.
    identity: (String, String, String),
    bytes: Arc<[u8]>,
    /// Where it comes from.
    span: Span,
}

/// Files by the path of their folder.
type Folders = BTreeMap<String, Vec<OutputFile>>;

/// What the objects of one place must obey.
struct Rules<'a> {
    owner: OwnerKind,
    stack: &'a Stack,
    environment: &'a Environment,
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
            let against_policy =
                policy::check(&object.kind, &object.filled.name, &object.filled.text, self.environment);
            if !against_policy.is_empty() {
                let span = site.span(object.template, Fault::Offset(object.offset));
                faults.extend(against_policy.into_iter().map(|fault| fault.at(span, "")));
            }
            let group = object.api_version.split_once('/').map_or("", |(group, _)| group).to_owned();
            folders.entry(folder_of(&source.name)).or_default().push(OutputFile {
                name: format!("{}-{}.yaml", object.kind.to_ascii_lowercase(), object.filled.name),
                identity: (group, object.kind, object.filled.name),
                bytes: object.filled.text.into_bytes().into(),
                span: Span::file_start(source.file),
            });
        }
    }
}

#[derive(Clone, Copy)]
struct Job<'a> {
    fleet: &'a Fleet,
    engines: &'a Engines,
    secrets: &'a Secrets,
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
        let mut folders = BTreeMap::from([(folder.clone(), Vec::new())]);
        let rules = Rules { owner: OwnerKind::Environment, stack, environment };
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
        let mut folders: BTreeMap<_, _> =
            stack.phases.iter().map(|phase| (format!("{base}/{phase}"), Vec::new())).collect();
        let folder_of = |template: &str| {
            let phase = phase_of(&stack.phases, template).or(stack.phases.first());
            format!("{base}/{}", phase.map_or("app", |phase| phase.as_str()))
        };
        let rules = Rules { owner: OwnerKind::Client, stack, environment };
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
            folders.entry(folder.to_owned()).or_default().push(OutputFile {
                name: format!("secret-{name}.yaml"),
                identity: (String::new(), "Secret".into(), name),
                bytes: Arc::clone(&file.bytes),
                span: secret.span,
            });
        }
    }
}

/// Joins all places into one tree and finds objects and files that occur twice.
fn collect(fleet: &Fleet, mut places: Vec<Part>, sink: &mut Sink) -> Rendered {
    for fault in places.iter_mut().flat_map(|part| part.faults.drain(..)) {
        sink.push(fault);
    }
    check_identities(fleet, &places, sink);
    let mut folders = Folders::new();
    for (folder, mut files) in places.into_iter().flat_map(|part| part.folders) {
        folders.entry(folder).or_default().append(&mut files);
    }
    let finished: Vec<Finished> = folders.into_par_iter().map(|(path, files)| finish(&path, files)).collect();
    let mut rendered = Rendered::default();
    let mut tree = Vec::with_capacity(finished.len());
    for one in finished {
        rendered.n_objects += one.n_objects;
        tree.extend(one.folder);
        for fault in one.faults {
            sink.push(fault);
        }
    }
    if !sink.has_errors() {
        rendered.tree = Tree::new(tree);
    }
    rendered
}

/// Reports objects that are one to Kubernetes, and those that are somebody else's.
fn check_identities(fleet: &Fleet, places: &[Part], sink: &mut Sink) {
    let label = |place: SecretPlace| {
        let environment = &fleet.environments[place.environment].name;
        place.client.map_or_else(|| environment.to_string(), |at| format!("{environment}/{}", fleet.clients[at].id))
    };
    let n_files = places.iter().flat_map(|part| part.folders.values()).map(Vec::len).sum();
    let mut identities = HashMap::with_capacity(n_files);
    for part in places {
        for file in part.folders.values().flatten() {
            let (_, kind, name) = &file.identity;
            if let Some(fault) = check_external(kind, name, &fleet.environments[part.place.environment]) {
                sink.push(fault.at(file.span, "rendered here").in_instance(label(part.place)));
            }
            let key = (part.place.environment, &file.identity);
            let Some((span, other)) = identities.insert(key, (file.span, part.place)) else { continue };
            let (label, other) = (label(part.place), label(other));
            let by = if other == label { "twice".into() } else { format!("by `{other}` and `{label}`") };
            let message = format!("{kind} `{name}` is rendered {by}");
            let fault = Diagnostic::error(TWICE, message).at(file.span, "rendered here").also(span, "and here");
            let fault = fault.help("make the name depend on the client, or remove one of the two");
            sink.push(fault.in_instance(label));
        }
    }
}

/// A folder with its record, and what is wrong with it.
struct Finished {
    folder: Option<Folder>,
    n_objects: usize,
    faults: Vec<Diagnostic>,
}

fn finish(path: &str, mut files: Vec<OutputFile>) -> Finished {
    let mut faults = Vec::new();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    for pair in files.windows(2).filter(|pair| pair[0].name == pair[1].name && pair[0].identity != pair[1].identity) {
        let message = format!("two objects would be the file {path}/{}", pair[0].name);
        let fault =
            Diagnostic::error(SAME_FILE, message).at(pair[1].span, "this object").also(pair[0].span, "and this");
        faults.push(fault.help("give one of them another name"));
    }
    files.dedup_by(|a, b| a.name == b.name);
    let n_objects = files.len();
    let span = files.first().map(|file| file.span);
    let made = RelPath::new(path).map_err(|error| error.to_string()).and_then(|path| {
        Folder::new(path, files.into_iter().map(|file| (file.name, file.bytes)).collect())
            .map_err(|error| error.to_string())
    });
    let folder = made.map_err(|error| {
        let fault = Diagnostic::error(SAME_FILE, format!("{path}: {error}")).help("give the object another name");
        faults.push(match span {
            Some(span) => fault.at(span, ""),
            None => fault,
        });
    });
    Finished { folder: folder.ok(), n_objects, faults }
}
