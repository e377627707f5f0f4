//! Loading: from source files to a [`Fleet`], with every fault found on the way.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::allow::Allow;
use super::client::{ClientRead, Known, UNKNOWN_STACK, read_client, unknown_stack};
use super::config::{Config, read_config};
use super::definitions::read_definitions;
use super::environment::{EnvironmentRead, TOKEN, read_environment};
use super::environment_secrets::check_optional;
use super::layout::Place;
use super::limits::{cap, check_count};
use super::model::{Layers, Stack};
use super::resolve::add_clients;
use super::stack::{TemplateText, read_stack};
use super::texts::{SourceText, read};
use super::{Fleet, Sources};
use crate::diagnostic::{Class, Code, Diagnostic, FileId, Sink, SourceMap, Span};
use crate::document::Document;
use crate::names::{ClientId, EnvName, StackName};
use crate::params::{Declarations, Overlay, UNKNOWN_PARAMETER};

const NO_CONFIG: Code = Code::new("LMS153", Class::Input);
const NO_STACK: Code = Code::new("LMS148", Class::Input);
const SAME_ID: Code = Code::new("LMS128", Class::Input);
const SAME_NAMESPACE: Code = Code::new("LMS154", Class::Input);
const SOURCES: Code = Code::new("LMS155", Class::Limit);

/// What loading found.
#[derive(Debug)]
pub struct Loaded {
    /// The fleet; `None` when its files are too broken to say. When `found` has errors it holds only what is
    /// right, so that later checks can report their faults too; nothing may be written from it.
    pub fleet: Option<Fleet>,
    /// `[[allow]]`, also when there is no fleet: what is allowed is no news then either.
    pub allow: Vec<Allow>,
    /// The text of every file read.
    pub sources: SourceMap,
    /// Every fault found.
    pub found: Sink,
}

/// Reads a fleet from its source files.
///
/// The result depends on `sources` alone. Faults are in [`Loaded::found`], never a panic.
#[must_use]
pub fn load(sources: &Sources) -> Loaded {
    let mut map = SourceMap::default();
    let mut found = Sink::default();
    if let Some(excess) = sources.excess() {
        found.push(Diagnostic::error(SOURCES, format!("the fleet's sources are {excess}")));
        return Loaded { fleet: None, allow: Vec::new(), sources: map, found };
    }
    let texts = Files::sort(read(sources, &mut map, &mut found));
    let mut allow = Vec::new();
    let fleet = texts.load(&mut allow, &mut found);
    for fault in found.as_slice().iter().filter(|fault| fault.code == TOKEN) {
        if let Some(label) = &fault.primary {
            map.blot(label.span);
        }
    }
    Loaded { fleet, allow, sources: map, found: cap(found) }
}

/// The fleet's texts by what they are.
#[derive(Default)]
struct Files {
    config: Given,
    environments: Vec<(EnvName, Option<SourceText>)>,
    clients: Vec<(ClientId, SourceText)>,
    stacks: BTreeMap<StackName, StackFiles>,
    definitions: Vec<SourceText>,
}

/// A file that a fleet or a stack has once.
#[derive(Default)]
enum Given {
    #[default]
    Absent,
    /// Reported already.
    Unreadable,
    Text(SourceText),
}

impl From<Option<SourceText>> for Given {
    fn from(text: Option<SourceText>) -> Self {
        text.map_or(Self::Unreadable, Self::Text)
    }
}

#[derive(Default)]
struct StackFiles {
    declaration: Given,
    templates: Vec<TemplateText>,
}

/// What reading all stacks gave.
#[derive(Default)]
struct Stacks {
    list: Vec<Stack>,
    declarations: Vec<Declarations>,
    broken: Vec<String>,
}

impl Files {
    fn sort(texts: Vec<(Place, Option<SourceText>)>) -> Self {
        let mut files = Self::default();
        for (place, text) in texts {
            match place {
                Place::Config => files.config = text.into(),
                Place::Environment(name) => files.environments.push((name, text)),
                Place::Client(id) => files.clients.extend(text.map(|text| (id, text))),
                Place::Stack(name) => files.stacks.entry(name).or_default().declaration = text.into(),
                Place::Template { stack, folder } => {
                    let Some(SourceText { file, path, .. }) = text else { continue };
                    let template = TemplateText { folder, path, file };
                    files.stacks.entry(stack).or_default().templates.push(template);
                }
                Place::Definition => files.definitions.extend(text),
                Place::Nothing | Place::Ignored | Place::Wrong(_) => {}
            }
        }
        files.clients.sort_by(|a, b| a.0.cmp(&b.0));
        files
    }

    fn load(self, allow: &mut Vec<Allow>, sink: &mut Sink) -> Option<Fleet> {
        let Self { config, environments, clients, stacks, definitions } = self;
        let definitions = read_definitions(&definitions, sink);
        if !check_count(clients.len(), "clients", sink) {
            return None;
        }
        let stacks = read_stacks(stacks, sink);
        let mut config = config_of(config, &stacks, sink);
        allow.append(&mut config.allow);
        let default_stack = default_stack(&config, &stacks, sink);
        let is_default_wrong = config.stack.is_some() || config.is_broken || !stacks.broken.is_empty();
        let mut broken_environments = Vec::new();
        let environments = read_environments(environments, &stacks, &mut broken_environments, sink);
        check_namespaces(&environments, sink);
        report_same_ids(&clients, sink);

        let mut layers = Layers { fleet: config.overlays, ..Layers::default() };
        let mut list = Vec::with_capacity(environments.len());
        for mut read in environments {
            layers.environments.push(read.overlays);
            if !read.names_stacks {
                let all = || (0..stacks.list.len()).collect();
                read.environment.stacks = default_stack.map_or_else(all, |stack| vec![stack]);
            }
            check_optional(&read.environment, &stacks.list, sink);
            list.push(read.environment);
        }
        let known = Known {
            stacks: &stacks.list,
            declarations: &stacks.declarations,
            broken_stacks: &stacks.broken,
            default_stack,
            is_default_wrong,
            environments: &list,
            broken_environments: &broken_environments,
        };
        let clients = read_clients(clients, &known, sink);
        if !check_count(clients.iter().map(|read| read.environments.len()).sum(), "instances", sink) {
            return None;
        }
        layers.declarations = stacks.declarations;
        let mut fleet = Fleet {
            git: config.git,
            environments: list,
            stacks: stacks.list,
            definitions,
            clients: Vec::with_capacity(clients.len()),
            instances: Vec::new(),
            environment_parts: Vec::new(),
            layers,
        };
        add_clients(&mut fleet, clients, sink);
        Some(fleet)
    }
}

impl Stacks {
    fn by_name(&self) -> Vec<(&str, &Declarations)> {
        self.list.iter().map(|stack| stack.name.as_str()).zip(&self.declarations).collect()
    }
}

/// What shared layers set can only be unknown when every stack could be read.
fn judged<T>(stacks: &Stacks, sink: &mut Sink, read: impl FnOnce(&[(&str, &Declarations)], &mut Sink) -> T) -> T {
    let mut found = Sink::default();
    let result = read(&stacks.by_name(), &mut found);
    for fault in found.into_vec() {
        if stacks.broken.is_empty() || (fault.code != UNKNOWN_PARAMETER && fault.code != UNKNOWN_STACK) {
            sink.push(fault);
        }
    }
    result
}

fn read_stacks(files: BTreeMap<StackName, StackFiles>, sink: &mut Sink) -> Stacks {
    let mut read = Stacks::default();
    for (name, files) in files {
        let text = match files.declaration {
            Given::Text(text) => Some(text),
            Given::Unreadable => None,
            Given::Absent => {
                sink.push(no_declaration(&name, &files.templates));
                None
            }
        };
        let parsed = text.as_ref().and_then(|text| Some((text, Document::parse(text.file, &text.text, sink)?)));
        let Some((text, document)) = parsed else {
            read.broken.push(name.to_string());
            continue;
        };
        let (stack, declarations) = read_stack(&document, name, text.file, files.templates, sink);
        read.list.push(stack);
        read.declarations.push(declarations);
    }
    read
}

fn no_declaration(name: &StackName, templates: &[TemplateText]) -> Diagnostic {
    let fault = Diagnostic::error(NO_STACK, format!("`templates/{name}` has no `stack.toml`"))
        .help("declare the stack's phases and parameters there");
    match templates.first() {
        Some(template) => fault.at(Span::file_start(template.file), ""),
        None => fault,
    }
}

fn config_of(given: Given, stacks: &Stacks, sink: &mut Sink) -> Config {
    let none = Config { overlays: vec![Overlay::default(); stacks.list.len()], ..Config::default() };
    let broken =
        || Config { overlays: vec![Overlay::unreadable(); stacks.list.len()], is_broken: true, ..Config::default() };
    let text = match given {
        Given::Text(text) => text,
        Given::Unreadable => return broken(),
        Given::Absent => {
            let fault = Diagnostic::error(NO_CONFIG, "the fleet has no `lmsgen.toml`");
            sink.push(fault.help("it may be empty; it marks the root of the fleet"));
            return none;
        }
    };
    match Document::parse(text.file, &text.text, sink) {
        Some(document) => judged(stacks, sink, |names, sink| read_config(&document, names, sink)),
        None => broken(),
    }
}

/// The stack of clients that name none: the one in `lmsgen.toml`, or the only one there is.
fn default_stack(config: &Config, stacks: &Stacks, sink: &mut Sink) -> Option<usize> {
    let Some((name, span)) = &config.stack else {
        return (stacks.list.len() == 1 && stacks.broken.is_empty()).then_some(0);
    };
    let found = stacks.list.iter().position(|stack| stack.name.as_str() == name);
    if found.is_none() && !stacks.broken.contains(name) {
        sink.push(unknown_stack(name, *span, stacks.list.iter().map(|stack| stack.name.as_str())));
    }
    found
}

fn read_environments(
    files: Vec<(EnvName, Option<SourceText>)>,
    stacks: &Stacks,
    broken: &mut Vec<String>,
    sink: &mut Sink,
) -> Vec<EnvironmentRead> {
    let mut read = Vec::with_capacity(files.len());
    for (name, text) in files {
        let environment = text.as_ref().and_then(|text| {
            let document = Document::parse(text.file, &text.text, sink)?;
            judged(stacks, sink, |names, sink| read_environment(&document, name.clone(), text.file, names, sink))
        });
        match environment {
            Some(environment) => read.push(environment),
            None => broken.push(name.to_string()),
        }
    }
    read.sort_by(|a, b| a.environment.name.cmp(&b.environment.name));
    read
}

fn check_namespaces(environments: &[EnvironmentRead], sink: &mut Sink) {
    let mut taken: HashMap<&str, &EnvironmentRead> = HashMap::new();
    for read in environments {
        if let Some(other) = taken.insert(&read.environment.namespace, read) {
            let [a, b] = [other, read].map(|read| &read.environment.name);
            let message = format!("environments `{a}` and `{b}` have one namespace, `{}`", read.environment.namespace);
            let fault = Diagnostic::error(SAME_NAMESPACE, message).at(read.namespace, "").also(other.namespace, "");
            sink.push(fault.help("give each environment a namespace of its own"));
        }
    }
}

/// Ids that differ only by case make one slug, and one file on some systems.
fn report_same_ids(clients: &[(ClientId, SourceText)], sink: &mut Sink) {
    let mut taken: HashMap<String, (&ClientId, FileId)> = HashMap::with_capacity(clients.len());
    for (id, text) in clients {
        if let Some((other, first)) = taken.insert(id.slug(), (id, text.file)) {
            let message = format!("clients `{other}` and `{id}` have one id in lower case");
            let fault = Diagnostic::error(SAME_ID, message).at(Span::file_start(text.file), "");
            sink.push(fault.also(Span::file_start(first), "").help("rename one of the files"));
        }
    }
}

fn read_clients(files: Vec<(ClientId, SourceText)>, known: &Known<'_>, sink: &mut Sink) -> Vec<ClientRead> {
    let read: Vec<(Option<ClientRead>, Sink)> = files
        .into_par_iter()
        .with_min_len(16)
        .map(|(id, text)| {
            let mut sink = Sink::default();
            let read = Document::parse(text.file, &text.text, &mut sink)
                .and_then(|document| read_client(&document, id, text.file, known, &mut sink));
            (read, sink)
        })
        .collect();
    let mut clients: Vec<ClientRead> = Vec::with_capacity(read.len());
    let mut slugs = std::collections::HashSet::with_capacity(read.len());
    for (client, found) in read {
        sink.append(found);
        // Of two clients with one slug the first stays, so that slugs are unique in every fleet.
        clients.extend(client.filter(|read| slugs.insert(read.client.id.slug())));
    }
    clients
}
