//! From a dump's objects and what probes of clients render to: the files that clients would have.

use std::collections::{BTreeMap, BTreeSet};

use crate::adopt::{AdoptedClient, AdoptedSecret, By, Finding, Found, NAME, Observed, find, observe, together};
use crate::fleet::SecretSource;
use crate::manifest::parse_documents;
use crate::params::{ParamValue, SetBy};
use crate::render::{Origins, Watch, object_name, origins};
use crate::secret::{Generator, SecretHead};

use super::adopt::{Dump, client_text};
use super::prepare::Prepared;

/// What of the dump has found its client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Object(usize),
    Secret(usize),
}

/// Objects of the dump by environment and client.
pub(super) type Matched = BTreeMap<(String, String), Vec<usize>>;

/// Files of clients, and the objects they were made from.
pub(super) fn propose(prepared: &Prepared, dump: &Dump, used: &mut BTreeSet<Place>) -> (Vec<AdoptedClient>, Matched) {
    let fleet = &prepared.fleet;
    let watch = Watch { sentry: &prepared.watched.sentry, inspector: &prepared.inspector };
    let rendered = origins(fleet, &prepared.engines, &prepared.store.secrets, &prepared.instances, watch);
    let mut of_client: BTreeMap<&str, Vec<Instance>> = BTreeMap::new();
    for (&at, objects) in prepared.instances.iter().zip(&rendered) {
        let one = instance(prepared, at, objects, dump, used);
        if !one.objects.is_empty() || !one.secrets.is_empty() || one.is_doubtful {
            of_client.entry(fleet.clients[fleet.instances[at].client].id.as_str()).or_default().push(one);
        }
    }
    let mut matched = Matched::new();
    let mut clients = Vec::new();
    for (id, instances) in of_client {
        let stack = fleet.clients[fleet.instances[instances[0].at].client].stack;
        let mut client = AdoptedClient { path: format!("clients/{id}.toml"), ..AdoptedClient::default() };
        let of_each: Vec<_> = instances
            .iter()
            .map(|one| {
                (
                    fleet.instances[one.at].environment,
                    one.values.iter().map(|(path, value)| (path.as_str(), value)).collect(),
                )
            })
            .collect();
        let name = instances.iter().find_map(|one| one.name.as_deref());
        client.text = client_text(fleet, stack, name, id, &of_each);
        for one in instances {
            let environment = fleet.environments[fleet.instances[one.at].environment].name.to_string();
            matched.insert((environment, id.to_owned()), one.objects);
            client.notes.extend(one.notes);
            client.secrets.extend(one.secrets);
        }
        clients.push(client);
    }
    (clients, matched)
}

/// What was found of one instance.
#[derive(Default)]
struct Instance {
    at: usize,
    objects: Vec<usize>,
    values: Vec<(String, ParamValue)>,
    notes: Vec<String>,
    secrets: Vec<AdoptedSecret>,
    /// The client's name, where an object says it.
    name: Option<String>,
    /// Objects were found, but not one for each.
    is_doubtful: bool,
}

fn instance(prepared: &Prepared, at: usize, rendered: &[Origins], dump: &Dump, used: &mut BTreeSet<Place>) -> Instance {
    let fleet = &prepared.fleet;
    let environment = &fleet.environments[fleet.instances[at].environment];
    let client = &fleet.clients[fleet.instances[at].client];
    let stack = &fleet.stacks[client.stack];
    let name = prepared.instance_name(at);
    let mut found = Instance { at, ..Instance::default() };
    let here: Vec<usize> =
        (0..dump.objects.len()).filter(|&one| dump.objects[one].2 == environment.namespace).collect();
    let heads: Vec<(&str, &str)> =
        here.iter().map(|&one| (dump.objects[one].0.as_str(), dump.objects[one].1.as_str())).collect();
    let declared = |path: &str| stack.params.iter().find(|decl| decl.path.as_str() == path).cloned();
    let mut observed = Vec::new();
    for (object, one) in matches(rendered, &heads, &client.id.slug(), &|one| !used.contains(&Place::Object(here[one])))
    {
        let one = match one {
            Found::One(one) => here[one],
            Found::Missing => continue,
            Found::Several(several) => {
                found.is_doubtful = true;
                let names: Vec<&str> = several.iter().map(|&one| heads[one].1).collect();
                let names = names.join(", ");
                found.notes.push(format!("{name}: several could be {} {}: {names}", object.kind, object.name));
                continue;
            }
        };
        used.insert(Place::Object(one));
        found.objects.push(one);
        let Some(ours) = parse_documents(&object.text).ok().and_then(|mut all| all.pop()) else { continue };
        let label = format!("{} {}", object.kind, dump.objects[one].1);
        observed.extend(observe((&label, &dump.objects[one].3), (&ours, &object.printed), &declared));
    }
    judge(prepared, at, observed, &mut found);
    secrets(prepared, at, dump, used, &mut found);
    found
}

/// The object of the dump for each rendered one: by name first, then the only one left of a kind that holds the slug.
fn matches<'r>(
    rendered: &'r [Origins],
    heads: &[(&str, &str)],
    slug: &str,
    is_free: &dyn Fn(usize) -> bool,
) -> Vec<(&'r Origins, Found)> {
    let named = rendered.iter().map(|one| (one, find(heads, (&one.kind, &one.name), By::Name)));
    let mut found: Vec<(&Origins, Found)> = named.collect();
    let taken: BTreeSet<usize> =
        found.iter().filter_map(|(_, one)| if let Found::One(at) = one { Some(*at) } else { None }).collect();
    let free = |at: usize| is_free(at) && !taken.contains(&at);
    let missing: Vec<&str> =
        found.iter().filter(|(_, one)| *one == Found::Missing).map(|(object, _)| &*object.kind).collect();
    for (object, one) in &mut found {
        if *one == Found::Missing && missing.iter().filter(|kind| **kind == &*object.kind).count() == 1 {
            *one = find(heads, (&object.kind, &object.name), By::Slug(slug, &free));
        }
    }
    found
}

/// Which of the values go into the client's file.
fn judge(prepared: &Prepared, at: usize, observed: Vec<Observed>, found: &mut Instance) {
    let fleet = &prepared.fleet;
    let instance = &fleet.instances[at];
    let stack = &fleet.stacks[fleet.clients[instance.client].stack];
    let name = prepared.instance_name(at);
    for (path, finding) in together(observed) {
        if path == NAME {
            if let Finding::Agreed(Observed { value: ParamValue::String(text), .. }) = finding {
                found.name = Some(text);
            }
            continue;
        }
        let Some(index) = stack.params.iter().position(|decl| decl.path.as_str() == path) else { continue };
        let decl = &stack.params[index];
        let current = instance.params.get(index).map(|resolved| &resolved.value);
        match finding {
            Finding::Agreed(one) if current == Some(&one.value) => {}
            Finding::Agreed(one) if decl.set_by == SetBy::Environment => found.notes.push(format!(
                "{name}: {path} is the environment's: {} differs ({})",
                fleet.environments[instance.environment].name, one.place
            )),
            Finding::Agreed(one) if decl.admits(&one.value) => found.values.push((path, one.value)),
            Finding::Agreed(one) => {
                found.notes.push(format!("{name}: {path} cannot be what the cluster has ({})", one.place));
            }
            Finding::Conflict(one, other) => {
                found.notes.push(format!("{name}: {path} is not the same at {} and at {}", one.place, other.place));
            }
        }
    }
}

/// Secrets of the dump that the stack declares, by the names they will have.
fn secrets(prepared: &Prepared, at: usize, dump: &Dump, used: &mut BTreeSet<Place>, found: &mut Instance) {
    let fleet = &prepared.fleet;
    let instance = &fleet.instances[at];
    let client = &fleet.clients[instance.client];
    let namespace = &fleet.environments[instance.environment].namespace;
    let place = prepared.instance_name(at);
    for decl in &fleet.stacks[client.stack].secrets {
        let object = object_name(decl, &instance.params, Some(&client.id.slug()));
        let is_it = |one: &SecretHead| one.namespace == *namespace && one.name.eq_ignore_ascii_case(&object);
        let same: Vec<usize> = (0..dump.secrets.len()).filter(|&one| is_it(&dump.secrets[one])).collect();
        let [one] = same.as_slice() else {
            let why =
                if same.is_empty() { "is not in the dump: its values will be new" } else { "is there several times" };
            found.notes.push(format!("{place}: Secret {object} {why}"));
            continue;
        };
        used.insert(Place::Secret(*one));
        let known = |key: &String| decl.keys.iter().find(|known| known.key == *key);
        let (mut keys, ignored): (Vec<&String>, Vec<&String>) =
            dump.secrets[*one].keys.iter().partition(|key| known(key).is_some());
        // What is made of another key is made anew.
        let is_derived = |source: &SecretSource| matches!(source, SecretSource::Generate(Generator::Sha256Of { .. }));
        keys.retain(|key| known(key).is_some_and(|known| !is_derived(&known.source)));
        let owned = |keys: Vec<&String>| keys.into_iter().cloned().collect::<Vec<_>>();
        let object = dump.secrets[*one].name.clone();
        if !keys.is_empty() {
            let name = decl.name.to_string();
            found.secrets.push(AdoptedSecret {
                place: place.clone(),
                name,
                object,
                keys: owned(keys),
                ignored: owned(ignored),
            });
        }
    }
}
