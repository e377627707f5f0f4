//! Where a difference comes from: the parameter, template or client file behind a group of changes.
//!
//! Compares the sources of the base with those of today, for one instance of each group. Says nothing where it is not
//! sure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Error;
use super::prepare::Prepared;
use crate::diff::{Detail, DiffReport, Group, Owner, What};
use crate::fleet::{Content, Deletion, Fleet, Sources, load};
use crate::git::{Repository, Revision};
use crate::names::RelPath;
use crate::params::{ParamValue, Params};

/// Groups that are looked into, worst and rarest first.
const GROUPS: usize = 100;

/// Shorter texts occur in others by chance.
const TELLING: usize = 3;

/// Names the cause of each group, where there is one, and says whose objects stay.
///
/// # Errors
/// The base cannot be read.
pub fn add_causes(
    report: &mut DiffReport,
    base: (&Repository, &Revision),
    now: (&Prepared, &Sources),
) -> Result<(), Error> {
    let (prepared, files) = now;
    let looked_into = || report.groups.iter().take(GROUPS).filter(|group| group.what == What::Objects);
    let clients: BTreeSet<String> = looked_into().map(|group| client_file(&group.instances[0])).collect();
    let old = if clients.is_empty() { Sources::default() } else { sources_at(base, files, &clients)? };
    let templates = changed_templates(&old, files);
    let fleet = load(&old).fleet;
    let causes: Vec<Option<String>> = report
        .groups
        .iter()
        .take(GROUPS)
        .map(|group| {
            let owner = &group.instances[0];
            match (group.what, &fleet) {
                (What::InstancesCreated, _) => Some(first_of(group, client_file(owner))),
                (What::InstancesDeleted, _) => Some(first_of(group, gone(owner, &prepared.fleet))),
                (What::Objects, Some(fleet)) => {
                    let changed = changed_params(owner, fleet, prepared);
                    cause(group, &changed, &Elsewhere::of(owner, report, &templates, &prepared.fleet))
                }
                (What::Objects, None) => None,
            }
        })
        .collect();
    for (group, cause) in report.groups.iter_mut().zip(causes) {
        group.cause = cause;
    }
    let orphans = |name: &str| {
        let environment = prepared.fleet.environments.iter().find(|one| one.name.as_str() == name);
        environment.is_some_and(|environment| environment.deletion == Deletion::Orphan)
    };
    for group in report.groups.iter_mut().filter(|group| group.what == What::InstancesDeleted) {
        group.stays = orphans(&group.environment);
    }
    Ok(())
}

fn client_file(owner: &Owner) -> String {
    format!("clients/{}.toml", owner.client)
}

fn gone(owner: &Owner, fleet: &Fleet) -> String {
    let file = client_file(owner);
    let exists = fleet.clients.iter().any(|client| client.id.as_str() == owner.client);
    if exists { file } else { format!("{file} removed") }
}

fn first_of(group: &Group, first: String) -> String {
    match group.instances.len() {
        1 => first,
        n => format!("{first} and {} more", n - 1),
    }
}

/// What the base says in place of today's files; of the clients only those asked for.
fn sources_at(
    (repository, revision): (&Repository, &Revision),
    files: &Sources,
    clients: &BTreeSet<String>,
) -> Result<Sources, Error> {
    let wanted = |path: &&RelPath| !path.as_str().starts_with("clients/") || clients.contains(path.as_str());
    let paths: Vec<RelPath> = files.iter().map(|(path, _)| path).filter(wanted).cloned().collect();
    let old = repository.files_at(revision, &paths)?;
    Ok(Sources::new(paths.into_iter().zip(old).filter_map(|(path, bytes)| Some((path, Content::File(bytes?.into()))))))
}

/// Paths of templates that differ.
fn changed_templates(old: &Sources, new: &Sources) -> Vec<String> {
    let changed = new.iter().filter(|(path, content)| old.get(path) != Some(content)).map(|(path, _)| path.as_str());
    changed.filter(|path| path.starts_with("templates/") && !path.ends_with("/stack.toml")).map(str::to_owned).collect()
}

/// What a change can come from besides the parameters whose values it shows.
struct Elsewhere {
    /// The template that differs, or the folder of several.
    template: Option<String>,
    /// A Secret of the owner differs: what follows from it looks like any other change.
    is_secret: bool,
    /// What the owner's changes show, in all groups: a parameter that is seen there is the cause of that.
    fields: Vec<(String, String)>,
}

impl Elsewhere {
    fn of(owner: &Owner, report: &DiffReport, templates: &[String], fleet: &Fleet) -> Self {
        let groups = report.groups.iter().filter(|group| group.instances.binary_search(owner).is_ok());
        let objects: Vec<_> = groups.flat_map(|group| &group.objects).collect();
        let stack = fleet.clients.iter().find(|client| client.id.as_str() == owner.client);
        let stack = stack.map(|client| format!("templates/{}/", fleet.stacks[client.stack].name));
        let is_its = |path: &&String| {
            let below = path.split('/').nth(2).unwrap_or_default();
            let shared = below == "components";
            stack
                .as_ref()
                .map_or(below == "environment" || shared, |stack| path.starts_with(stack) && below != "environment")
        };
        let template = match templates.iter().filter(is_its).collect::<Vec<_>>().as_slice() {
            [] => None,
            [one] => Some((*one).clone()),
            several => Some(format!("{} templates", several.len())),
        };
        Self {
            template,
            is_secret: objects.iter().any(|object| object.kind == "Secret"),
            fields: objects.iter().flat_map(|object| &object.fields).filter_map(|field| texts(&field.detail)).collect(),
        }
    }
}

/// A parameter that has another value than at the base.
struct ChangedParam {
    /// Where it is set today.
    place: String,
    /// Its scalars that differ, before and now.
    scalars: Vec<(Option<String>, Option<String>)>,
}

impl ChangedParam {
    /// `true` if a field's old value holds an old value of the parameter, and its new value the new one.
    fn is_in(&self, field: &(String, String)) -> bool {
        let within = |value: &Option<String>, text: &str| {
            let holds = |value: &String| value == text || (value.len() >= TELLING && text.contains(value.as_str()));
            value.as_ref().is_none_or(holds)
        };
        self.scalars.iter().any(|(old, new)| within(old, &field.0) && within(new, &field.1))
    }

    fn is_in_any(&self, fields: &[(String, String)]) -> bool {
        fields.iter().any(|field| self.is_in(field))
    }
}

fn changed_params(owner: &Owner, old: &Fleet, now: &Prepared) -> Vec<ChangedParam> {
    let (Some(before), Some(after)) = (params(owner, old), params(owner, &now.fleet)) else { return Vec::new() };
    let before: BTreeMap<&str, &ParamValue> =
        before.iter().filter_map(|(decl, value)| Some((decl.path.as_str(), &value?.value))).collect();
    let mut changed = Vec::new();
    for (decl, value) in after.iter() {
        let (old, new) = (before.get(decl.path.as_str()).copied(), value.map(|value| &value.value));
        if old != new {
            let place = value.map_or_else(|| client_file(owner), |value| now.sources.place(value.origin.span));
            changed.push(ChangedParam { place, scalars: differing(old, new) });
        }
    }
    changed
}

/// The parameters of an instance; for an environment's own objects those of its first stack.
fn params<'f>(owner: &Owner, fleet: &'f Fleet) -> Option<&'f Params> {
    let environment = fleet.environments.iter().position(|one| one.name.as_str() == owner.environment)?;
    if !owner.is_instance() {
        return fleet.environment_parts.iter().find(|part| part.environment == environment).map(|part| &part.params);
    }
    let client = fleet.clients.iter().position(|client| client.id.as_str() == owner.client)?;
    let is_it = |one: &&crate::fleet::Instance| one.environment == environment && one.client == client;
    fleet.instances.iter().find(is_it).map(|instance| &instance.params)
}

fn differing(old: Option<&ParamValue>, new: Option<&ParamValue>) -> Vec<(Option<String>, Option<String>)> {
    let flat = |value: Option<&ParamValue>| {
        let mut out = BTreeMap::new();
        if let Some(value) = value {
            flatten(value, "", &mut out);
        }
        out
    };
    let (old, new) = (flat(old), flat(new));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let pair = |path: &String| (old.get(path).cloned(), new.get(path).cloned());
    paths.into_iter().map(pair).filter(|(old, new)| old != new).collect()
}

fn flatten(value: &ParamValue, path: &str, out: &mut BTreeMap<String, String>) {
    match value {
        ParamValue::Bool(flag) => drop(out.insert(path.into(), flag.to_string())),
        ParamValue::Integer(number) => drop(out.insert(path.into(), number.to_string())),
        ParamValue::Float(number) => drop(out.insert(path.into(), number.to_string())),
        ParamValue::String(text) => drop(out.insert(path.into(), text.clone())),
        ParamValue::List(items) => {
            for (at, item) in items.iter().enumerate() {
                flatten(item, &format!("{path}/{at}"), out);
            }
        }
        ParamValue::Table(table) => {
            for (key, value) in table {
                flatten(value, &format!("{path}/{key}"), out);
            }
        }
    }
}

/// The places behind a group: parameters whose values its fields show, and for what shows no parameter's value the only
/// thing left that it can come from.
fn cause(group: &Group, changed: &[ChangedParam], elsewhere: &Elsewhere) -> Option<String> {
    let fields = group.objects.iter().flat_map(|object| &object.fields);
    let fields: Vec<(String, String)> = fields.filter_map(|field| texts(&field.detail)).collect();
    let seen: Vec<&ChangedParam> = changed.iter().filter(|param| param.is_in_any(&fields)).collect();
    let mut places: Vec<String> = seen.iter().map(|param| param.place.clone()).collect();
    let open = fields.iter().any(|field| !seen.iter().any(|param| param.is_in(field)));
    if open || places.is_empty() {
        let unseen = changed.iter().filter(|param| !param.is_in_any(&elsewhere.fields));
        let unseen: BTreeSet<String> = unseen.map(|param| param.place.clone()).collect();
        match (&elsewhere.template, unseen.len()) {
            (Some(template), 0) if !elsewhere.is_secret => places.push(template.clone()),
            (None, 1) if !elsewhere.is_secret => places.extend(unseen),
            _ if places.is_empty() => return None,
            _ => places.push("…".into()),
        }
    }
    Some(by_file(&places).join(", "))
}

/// One entry for each file: with its line, if there is one only.
fn by_file(places: &[String]) -> Vec<String> {
    let mut files: Vec<(&str, &str, bool)> = Vec::new();
    for place in places {
        let file = place.rsplit_once(':').map_or(place.as_str(), |(file, _)| file);
        match files.iter_mut().find(|(this, ..)| *this == file) {
            Some((_, first, several)) => *several |= *first != place,
            None => files.push((file, place, false)),
        }
    }
    files.into_iter().map(|(file, place, several)| if several { file } else { place }.to_owned()).collect()
}

/// The values of a field as text, before and now; `None` where no value is shown.
fn texts(detail: &Detail) -> Option<(String, String)> {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match detail {
        Detail::Set { old, new } => Some((text(old), text(new))),
        Detail::Added { new } => Some((String::new(), text(new))),
        Detail::Removed { old } => Some((text(old), String::new())),
        Detail::Lines { hunks } => {
            let side =
                |sign: char| hunks.lines().filter_map(|line| line.strip_prefix(sign)).collect::<Vec<_>>().join("\n");
            Some((side('-'), side('+')))
        }
        Detail::Order { .. } | Detail::Digest | Detail::Hidden { .. } => None,
    }
}
