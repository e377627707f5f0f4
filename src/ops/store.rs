//! Reading the secret store for the places that are rendered, and finding what it lacks. Needs no private key.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{Class, Code, Diagnostic, FileId, Sink, SourceMap, Span};
use crate::files::{Kind, Root};
use crate::fleet::{Fleet, SecretDecl, SecretSource};
use crate::names::{RelPath, SecretName};
use crate::params::Params;
use crate::render::{SecretFile, SecretPlace, Secrets, object_name};
use crate::secret::{Declared, Fault, StoredSecret, masked};

use super::Error;

/// A file of the store that belongs to nothing.
const ORPHAN: Code = Code::new("LMS440", Class::Secret);

/// The folder of the store.
pub const STORE: &str = "secrets";
/// The folder, in place of a client's, of an environment's own Secrets.
pub const OF_ENVIRONMENT: &str = "environment";
/// Flux refuses larger files.
const MAX_FILE: u64 = 5 << 20;

/// What the store holds for some places.
#[derive(Debug, Default)]
pub struct Store {
    /// Files for rendering.
    pub secrets: Secrets,
    /// What is declared but not there, by place and name.
    pub missing: Vec<Missing>,
}

/// A declared Secret that lacks keys.
#[derive(Clone, Debug)]
pub struct Missing {
    /// Where it belongs.
    pub place: SecretPlace,
    /// Its logical name.
    pub name: SecretName,
    /// Index of the stack that declares it.
    pub stack: usize,
    /// `secrets/lms-dev/C7/lms-secret.yaml`.
    pub path: RelPath,
    /// `metadata.name` of the object.
    pub object_name: String,
    /// The file's bytes when it exists.
    pub existing: Option<Arc<[u8]>>,
    /// Keys without value.
    pub keys: Vec<MissingKey>,
}

/// A key without value.
#[derive(Clone, Debug)]
pub struct MissingKey {
    /// The key.
    pub key: String,
    /// Where its value comes from.
    pub source: SecretSource,
}

impl Missing {
    /// `true` if lmsgen can make something of it.
    #[must_use]
    pub fn has_generated(&self) -> bool {
        self.keys.iter().any(|key| matches!(key.source, SecretSource::Generate(_)))
    }

    /// Keys that a person must give; optional ones only when asked for.
    pub fn provided(&self, with_optional: Optional) -> impl Iterator<Item = &MissingKey> {
        self.keys.iter().filter(move |key| match key.source {
            SecretSource::Provided { optional, .. } => !optional || with_optional == Optional::Included,
            SecretSource::Generate(_) => false,
        })
    }
}

/// Whether keys that a place can do without count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optional {
    /// They do.
    Included,
    /// They do not.
    LeftOut,
}

/// One declared Secret of one place.
pub struct Wanted<'f> {
    pub place: SecretPlace,
    pub stack: usize,
    pub decl: &'f SecretDecl,
    pub path: RelPath,
    pub object_name: String,
}

/// Every Secret that the selected instances and their environments need.
pub fn wanted<'f>(fleet: &'f Fleet, instances: &[usize]) -> Vec<Wanted<'f>> {
    let mut list = Vec::new();
    let environments: HashSet<usize> = instances.iter().map(|&at| fleet.instances[at].environment).collect();
    for part in fleet.environment_parts.iter().filter(|part| environments.contains(&part.environment)) {
        let place = SecretPlace { environment: part.environment, client: None };
        list.extend(
            fleet.stacks[part.stack]
                .environment_secrets
                .iter()
                .map(|decl| wanted_one(fleet, place, part.stack, decl, &part.params)),
        );
    }
    for &at in instances {
        let instance = &fleet.instances[at];
        let stack = fleet.clients[instance.client].stack;
        let place = SecretPlace { environment: instance.environment, client: Some(instance.client) };
        list.extend(
            fleet.stacks[stack].secrets.iter().map(|decl| wanted_one(fleet, place, stack, decl, &instance.params)),
        );
    }
    list
}

fn wanted_one<'f>(
    fleet: &'f Fleet,
    place: SecretPlace,
    stack: usize,
    decl: &'f SecretDecl,
    params: &Params,
) -> Wanted<'f> {
    let client = place.client.map(|client| &fleet.clients[client].id);
    let folder = client.map_or(OF_ENVIRONMENT, |id| id.as_str());
    let path = format!("{STORE}/{}/{folder}/{}.yaml", fleet.environments[place.environment].name, decl.name);
    let path = RelPath::new(&path).expect("names of environments, clients and Secrets are checked and short");
    let slug = client.map(crate::names::ClientId::slug);
    let object_name = object_name(decl, params, slug.as_deref());
    Wanted { place, stack, decl, path, object_name }
}

/// Where the store's files are.
#[derive(Clone, Copy)]
pub enum StoreFiles<'a> {
    /// On disk.
    Disk(&'a Root),
    /// In memory, by path: while publishing, merged with what changed upstream.
    Memory(&'a BTreeMap<RelPath, Vec<u8>>),
}

impl StoreFiles<'_> {
    fn read(&self, path: &RelPath) -> Result<Option<Arc<[u8]>>, Error> {
        Ok(match self {
            Self::Disk(root) => root.read(path, MAX_FILE)?.map(Into::into),
            Self::Memory(files) => files.get(path).map(|bytes| bytes.as_slice().into()),
        })
    }

    /// Every file of the store.
    fn paths(&self) -> Result<Vec<String>, Error> {
        match self {
            Self::Disk(root) => paths_below(root, STORE),
            Self::Memory(files) => {
                let store = format!("{STORE}/");
                Ok(files.keys().map(|path| path.as_str().to_owned()).filter(|path| path.starts_with(&store)).collect())
            }
        }
    }
}

/// Every file below a folder; links and special files too, for others to refuse.
///
/// # Errors
/// A folder that cannot be read.
pub fn paths_below(root: &Root, folder: &str) -> Result<Vec<String>, Error> {
    let mut folders = vec![folder.to_owned()];
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(path) = RelPath::new(&folder) else { continue };
        for entry in root.list(&path)?.unwrap_or_default() {
            let Some(name) = entry.name() else { continue };
            let path = format!("{folder}/{name}");
            if entry.kind == Kind::Folder { folders.push(path) } else { paths.push(path) }
        }
    }
    paths.sort();
    Ok(paths)
}

/// Reads the store's files for `instances` and their environments. Faults go to `sink`.
///
/// # Errors
/// A file that cannot be read.
pub fn read_store(
    files: StoreFiles<'_>,
    fleet: &Fleet,
    instances: &[usize],
    sources: &mut SourceMap,
    sink: &mut Sink,
) -> Result<Store, Error> {
    let wanted = wanted(fleet, instances);
    let read = wanted.par_iter().map(|one| -> Result<_, Error> {
        let Some(bytes) = files.read(&one.path)? else { return Ok(None) };
        Ok(Some((Arc::clone(&bytes), StoredSecret::parse(&bytes))))
    });
    let read = read.collect::<Result<Vec<_>, _>>()?;
    let mut store = Store::default();
    for (one, read) in wanted.iter().zip(read) {
        let (stored, bytes) = match read {
            None => (None, None),
            Some((bytes, Ok(stored))) => (Some(stored), Some(bytes)),
            Some((bytes, Err(faults))) => {
                report(&faults, one.path.as_str(), &bytes, sources, sink);
                continue;
            }
        };
        let absent = match &stored {
            None => one.decl.keys.iter().map(|key| key.key.as_str()).collect(),
            Some(stored) => compare(fleet, one, stored, sources, sink),
        };
        if let Some(stored) = stored {
            let file = SecretFile { bytes: stored.bytes, revision: stored.revision };
            store.secrets.insert(one.place, one.decl.name.clone(), file);
        }
        let keys: Vec<MissingKey> = one
            .decl
            .keys
            .iter()
            .filter(|key| absent.contains(&key.key.as_str()))
            .map(|key| MissingKey { key: key.key.clone(), source: key.source.clone() })
            .collect();
        if !keys.is_empty() {
            store.missing.push(Missing {
                place: one.place,
                name: one.decl.name.clone(),
                stack: one.stack,
                path: one.path.clone(),
                object_name: one.object_name.clone(),
                existing: bytes,
                keys,
            });
        }
    }
    if instances.len() == fleet.instances.len() {
        orphans(&files.paths()?, &wanted, sources, sink);
    }
    Ok(store)
}

fn compare<'f>(
    fleet: &'f Fleet,
    one: &'f Wanted<'f>,
    stored: &StoredSecret,
    sources: &mut SourceMap,
    sink: &mut Sink,
) -> Vec<&'f str> {
    let environment = &fleet.environments[one.place.environment];
    let keys: Vec<&str> = one.decl.keys.iter().map(|key| key.key.as_str()).collect();
    let declared = Declared {
        object_name: &one.object_name,
        namespace: &environment.namespace,
        labels: None,
        keys: &keys,
        recipients: &environment.recipients,
    };
    let compared = stored.compare(&declared);
    // The file is added to the map only when there is something to say about it: fleets have tens of thousands.
    if !compared.faults.is_empty() {
        report(&compared.faults, one.path.as_str(), &stored.bytes, sources, sink);
    }
    let absent: Vec<String> = compared.missing.into_iter().map(str::to_owned).collect();
    one.decl.keys.iter().map(|key| key.key.as_str()).filter(|key| absent.iter().any(|one| one == key)).collect()
}

fn report(faults: &[Fault], path: &str, bytes: &[u8], sources: &mut SourceMap, sink: &mut Sink) {
    let file = add_masked(sources, path, bytes);
    for fault in faults {
        sink.push(fault.diagnostic(file));
    }
}

/// Adds a store file to the map with every value masked: a broken file may hold plaintext, and the text in the map is
/// shown to people.
pub fn add_masked(sources: &mut SourceMap, path: &str, bytes: &[u8]) -> FileId {
    sources.add(path, masked(bytes))
}

/// Files of the store that no declared Secret of any instance is, a folder at a time.
fn orphans(paths: &[String], wanted: &[Wanted<'_>], sources: &mut SourceMap, sink: &mut Sink) {
    let known: HashSet<&str> = wanted.iter().map(|one| one.path.as_str()).collect();
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in paths.iter().filter(|path| !known.contains(path.as_str())) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !name.starts_with('.') {
            folders.entry(folder).or_default().push(name);
        }
    }
    for (folder, names) in folders {
        let file = sources.add(format!("{folder}/{}", names[0]), "");
        let what = if names.len() == 1 { "a file belongs" } else { "files belong" };
        let message =
            format!("in `{folder}`, {what} to no client, environment or declared Secret: {}", names.join(", "));
        sink.push(Diagnostic::warning(ORPHAN, message).at(Span::file_start(file), "").help(
            "if the client is gone for good, delete them with Git; its data in databases is not touched by that",
        ));
    }
}
