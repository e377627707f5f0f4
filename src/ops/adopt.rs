//! `import --from`: what runs already becomes files of clients. Proposes; writes only what it is told to, and nothing over anything.

use std::collections::{BTreeMap, BTreeSet};

use crate::adopt::{AdoptedClient, candidates, clean};
use crate::diff::{DiffReport, Owner, compare};
use crate::files::{Durability, Root};
use crate::fleet::{self, Content, Fleet, Selection, Sources};
use crate::manifest::{Value, emit_document};
use crate::names::{ClientId, RelPath};
use crate::params::{ParamDecl, ParamValue, SetBy};
use crate::secret::{SecretHead, dumped_objects, plain_values};
use crate::sops::Identities;
use crate::tree::{FileChange, RECORD};

use super::adopt_propose::{Matched, Place, propose};
use super::prepare::{Checked, Prepared, prepare};
use super::store_files::StoreFiles;
use super::{Error, Import, SecretRef, import_secret};

/// More objects, or clients in them, are no dump of one namespace.
const MOST: usize = 50_000;

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct AdoptOptions {
    /// Environments; all whose namespace the dump has when empty.
    pub environments: Vec<String>,
    /// The stack; the fleet's only one when left out.
    pub stack: Option<String>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Adoption {
    /// Files to write.
    pub clients: Vec<AdoptedClient>,
    /// Objects of no client: `Deployment lms-dev/other`.
    pub unmatched: Vec<String>,
    /// What would still differ: objects of the dump against what the files render to. Holds values of the dump: only places of
    /// fields may be shown, since a ConfigMap made by hand may hold passwords.
    pub remaining: DiffReport,
}

pub(super) struct Dump {
    /// Kind, name, namespace, and the object.
    pub objects: Vec<(String, String, String, Value)>,
    pub secrets: Vec<SecretHead>,
}

/// Reads a dump and proposes files.
///
/// # Errors
/// A dump that cannot be read or is too large, an unknown stack or environment, a broken operation; faults of the fleet and of
/// the proposal are in the result.
pub fn adopt(root: &Root, dump: &str, options: &AdoptOptions) -> Result<Checked<Adoption>, Error> {
    let dump = read(dump)?;
    let loaded = fleet::load(&Sources::from_disk(root)?);
    let (Some(fleet), false) = (&loaded.fleet, loaded.found.has_errors()) else {
        let found = loaded.found.into_sorted(&loaded.sources);
        return Ok(Checked { found, sources: loaded.sources, ..Checked::default() });
    };
    let stack = stack_of(fleet, options)?;
    let probes = probes(fleet, stack, &dump, options)?;
    let files = probes.iter().map(|(id, environments)| (id, probe_text(fleet, stack, id, environments)));
    let prepared = match prepared_with(root, files)? {
        Ok(prepared) => prepared,
        Err(faults) => return Ok(faults.with(None)),
    };
    let mut used = BTreeSet::new();
    let (clients, matched) = propose(&prepared, &dump, &mut used);
    let mut adoption = Adoption { clients, ..Adoption::default() };
    let objects = dump.objects.iter().enumerate().filter(|(at, _)| !used.contains(&Place::Object(*at)));
    adoption.unmatched.extend(objects.map(|(_, (kind, name, namespace, _))| format!("{kind} {namespace}/{name}")));
    let secrets = dump.secrets.iter().enumerate().filter(|(at, _)| !used.contains(&Place::Secret(*at)));
    adoption.unmatched.extend(secrets.map(|(_, one)| format!("Secret {}/{}", one.namespace, one.name)));
    if adoption.clients.is_empty() {
        return Ok(Checked { outcome: Some(adoption), ..Checked::default() });
    }
    let id = |client: &AdoptedClient| client.path["clients/".len()..client.path.len() - ".toml".len()].to_owned();
    let ids: Vec<String> = adoption.clients.iter().map(id).collect();
    let files = ids.iter().zip(adoption.clients.iter().map(|client| client.text.clone()));
    match prepared_with(root, files)? {
        Ok(prepared) => {
            adoption.remaining = remaining(&prepared, &dump, &matched);
            let outcome = (!prepared.found.has_errors()).then_some(adoption);
            Ok(prepared.finish(outcome))
        }
        Err(faults) => Ok(faults.with(None)),
    }
}

/// Writes the files that were proposed, and puts the values of their Secrets into the store. `text` is the dump. A client whose
/// Secrets cannot be taken over gets no file; those before it stay, and the rest is proposed again by the next run.
///
/// # Errors
/// A file that is there, a value that does not fit, a broken operation.
pub fn write_adoption(
    root: &Root,
    adoption: &Adoption,
    text: &str,
    store: (&Identities, &str),
) -> Result<Checked<usize>, Error> {
    let mut n = 0;
    for client in &adoption.clients {
        let path = RelPath::new(&client.path).expect("a client's id is a file name");
        // Secrets are declared for clients that are there.
        root.create_new(&path, client.text.as_bytes(), Durability::Durable)?;
        let done = import_secrets(root, client, text, store);
        if !done.as_ref().is_ok_and(|done| !done.has_errors()) {
            root.remove(&path)?;
        }
        let done = done?;
        if done.has_errors() {
            return Ok(done.with(None));
        }
        n += client.secrets.len();
    }
    Ok(Checked { outcome: Some(n), ..Checked::default() })
}

/// Puts the values of a client's Secrets into the store.
fn import_secrets(
    root: &Root,
    client: &AdoptedClient,
    text: &str,
    store: (&Identities, &str),
) -> Result<Checked<()>, Error> {
    for secret in &client.secrets {
        let values = plain_values(text, Some(&secret.object)).map_err(|error| Error::Usage(error.to_string()))?;
        let values = values.into_iter().filter(|(key, _)| secret.keys.contains(key)).collect();
        let which = SecretRef { place: secret.place.clone(), name: secret.name.clone() };
        let import = Import { values, renamed: Vec::new(), ignored: Vec::new() };
        let done = import_secret(root, &which, import, store)?;
        if done.has_errors() {
            return Ok(done.with(None));
        }
    }
    Ok(Checked::default())
}

fn read(text: &str) -> Result<Dump, Error> {
    let (objects, secrets) = dumped_objects(text).map_err(|error| Error::Usage(format!("the dump {error}")))?;
    let head = |object: Value| {
        let text = |path: &[&str]| object.str_at(path).map(str::to_owned);
        let (kind, name) = (text(&["kind"])?, text(&["metadata", "name"])?);
        Some((kind, name, text(&["metadata", "namespace"]).unwrap_or_default(), clean(object)))
    };
    let objects: Vec<_> = objects.into_iter().filter_map(head).collect();
    if objects.is_empty() && secrets.is_empty() {
        return Err(Error::Usage("the dump holds no objects; make it with `kubectl get … -o json`".into()));
    }
    if objects.len() + secrets.len() > MOST {
        return Err(Error::Usage(format!("the dump holds more than {MOST} objects; dump one namespace at a time")));
    }
    Ok(Dump { objects, secrets })
}

fn stack_of(fleet: &Fleet, options: &AdoptOptions) -> Result<usize, Error> {
    let named = |name: &String| fleet.stacks.iter().position(|stack| stack.name.as_str() == name);
    match (&options.stack, fleet.stacks.len()) {
        (Some(name), _) => named(name).ok_or_else(|| Error::Usage(format!("there is no stack `{name}`"))),
        (None, 1) => Ok(0),
        (None, _) => Err(Error::Usage("the fleet has several stacks: name one with --stack".into())),
    }
}

/// Clients that names of objects speak of, and the environments they would run in.
type Probes = BTreeMap<String, BTreeSet<usize>>;

fn probes(fleet: &Fleet, stack: usize, dump: &Dump, options: &AdoptOptions) -> Result<Probes, Error> {
    let wanted = |name: &str| options.environments.is_empty() || options.environments.iter().any(|one| one == name);
    if let Some(name) =
        options.environments.iter().find(|name| !fleet.environments.iter().any(|one| one.name.as_str() == **name))
    {
        return Err(Error::Usage(format!("there is no environment `{name}`")));
    }
    let names = dump.objects.iter().map(|(_, name, namespace, _)| (name, namespace));
    let names = names.chain(dump.secrets.iter().map(|one| (&one.name, &one.namespace)));
    let mut probes = Probes::new();
    for (name, namespace) in names {
        let environments = fleet.environments.iter().enumerate();
        let here = environments.filter(|(_, one)| one.namespace == *namespace && wanted(one.name.as_str()));
        for (environment, _) in here {
            for id in candidates(name, fleet.stacks[stack].client_id.as_ref()) {
                let is_known = fleet.clients.iter().any(|client| client.id.as_str().eq_ignore_ascii_case(&id));
                if ClientId::new(&id).is_ok() && !is_known {
                    probes.entry(id).or_default().insert(environment);
                }
            }
        }
    }
    Ok(probes)
}

/// A file that sets what stands for the client's id where it is unset, so that templates print it as a parameter.
fn probe_text(fleet: &Fleet, stack: usize, id: &str, environments: &BTreeSet<usize>) -> String {
    let slug = id.to_ascii_lowercase();
    let unset = fleet.stacks[stack].params.iter().filter(|decl| decl.set_by == SetBy::Client);
    let values: Vec<(String, ParamValue)> =
        unset.filter_map(|decl| Some((decl.path.as_str().to_owned(), standing_in(decl, id, &slug)?))).collect();
    let values: Vec<(&str, &ParamValue)> = values.iter().map(|(path, value)| (path.as_str(), value)).collect();
    let of_each = environments.iter().map(|&at| (at, values.clone())).collect::<Vec<_>>();
    client_text(fleet, stack, None, id, &of_each)
}

fn standing_in(decl: &ParamDecl, id: &str, slug: &str) -> Option<ParamValue> {
    let text = decl.unique.as_ref()?.when_unset.as_ref()?;
    Some(ParamValue::String(text.replace("{client}", slug).replace("{id}", id)))
}

/// The text of a client's file.
pub(super) fn client_text(
    fleet: &Fleet,
    stack: usize,
    name: Option<&str>,
    id: &str,
    environments: &[(usize, Vec<(&str, &ParamValue)>)],
) -> String {
    let mut text = match name {
        Some(name) => format!("name = {}\n", ParamValue::String(name.to_owned())),
        None => format!("# The organisation's name is not in the cluster.\nname = \"{id}\"\n"),
    };
    if fleet.stacks.len() > 1 {
        text.push_str(&format!("stack = \"{}\"\n", fleet.stacks[stack].name));
    }
    for (environment, values) in environments {
        text.push_str(&format!("\n[environments.{}]\n", fleet.environments[*environment].name));
        for (path, value) in values {
            text.push_str(&format!("params.{path} = {value}\n"));
        }
    }
    text
}

type Ready = Result<Prepared, Checked<()>>;

/// The fleet with these clients' files, of which only these clients are rendered.
fn prepared_with<'i>(root: &Root, files: impl Iterator<Item = (&'i String, String)>) -> Result<Ready, Error> {
    let mut sources = Sources::from_disk(root)?;
    let mut selection = Selection::default();
    for (id, text) in files {
        let path = RelPath::new(&format!("clients/{id}.toml")).expect("a client's id is a file name");
        sources.insert(path, Content::File(text.into_bytes().into()));
        selection.clients.push(id.clone());
    }
    if selection.clients.is_empty() {
        return Err(Error::Usage(
            "no object's name in the dump holds an id of a client that is new to the fleet".into(),
        ));
    }
    prepare(StoreFiles::Disk(root), sources, &selection)
}

/// The dump's objects of each instance against what it renders to; Secrets are not compared.
fn remaining(prepared: &Prepared, dump: &Dump, matched: &Matched) -> DiffReport {
    let mut changes = Vec::new();
    let mut owners = Vec::new();
    for ((environment, id), objects) in matched {
        owners.push(Owner::new(environment, id));
        for (nth, &at) in objects.iter().enumerate() {
            let mut text = String::new();
            emit_document(&mut text, &dump.objects[at].3);
            let path =
                RelPath::new(&format!("rendered/{environment}/{id}/dump/{nth}.yaml")).expect("names of the fleet");
            changes.push(FileChange { path, old: Some(text.into_bytes()), new: None });
        }
        let prefix = format!("rendered/{environment}/{id}/");
        let folders = prepared.rendered.tree.folders().iter();
        for folder in folders.filter(|folder| folder.path.as_str().starts_with(&prefix)) {
            for (name, bytes) in &folder.files {
                let is_secret = ["secret-", "sopssecret-", "externalsecret-"].iter().any(|kind| name.starts_with(kind));
                if let (false, Ok(path)) =
                    (name == RECORD || is_secret, RelPath::new(&format!("{}/{name}", folder.path)))
                {
                    changes.push(FileChange { path, old: None, new: Some(bytes.to_vec()) });
                }
            }
        }
    }
    compare(&changes, &owners, &owners)
}
