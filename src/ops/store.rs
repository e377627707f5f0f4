//! Reading the secret store for the places that are rendered, and finding what it lacks. Needs no private key.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{Code, Diagnostic, FileId, Sink, SourceMap, Span};
use crate::fleet::{EnvironmentPart, Fleet, SecretDecl, SecretForm, SecretSource};
use crate::names::{EnvName, RelPath, SecretName};
use crate::params::Params;
use crate::render::{SecretFile, SecretPlace, Secrets, external_secret, object_name};
use crate::secret::{
    Declared, Fault, Generator, OTHER_OBJECT, OTHER_RECIPIENTS, StoredSecret, UNBOUND, UNDECLARED_KEY, line_to_pem,
    masked,
};

use super::Error;
use super::orphans::{ORPHAN, orphans};
use super::secret_place::{OF_ENVIRONMENT, labels, place_text};
use super::store_copies::copies;
use super::store_files::{STORE, StoreFiles, WholeStore};

/// What the store holds for some places.
#[derive(Debug, Default)]
pub struct Store {
    /// Files for rendering.
    pub secrets: Secrets,
    /// What is declared but not there, by place and name.
    pub missing: Vec<Missing>,
    /// What stands in the clear and is published as it is: notes beside the store's files, and comments in them.
    pub texts: Vec<(RelPath, String)>,
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
    /// Its declaration.
    #[must_use]
    pub fn decl<'f>(&self, fleet: &'f Fleet) -> &'f SecretDecl {
        let stack = &fleet.stacks[self.stack];
        let declared = if self.place.client.is_some() { &stack.secrets } else { &stack.environment_secrets };
        declared.iter().find(|decl| decl.name == self.name).expect("what is missing was declared")
    }

    /// `true` if lmsgen can make something of it.
    #[must_use]
    pub fn has_generated(&self) -> bool {
        !self.generated().is_empty()
    }

    /// Keys that lmsgen can make now, with their generators: a digest of what a person has not given yet waits for it.
    #[must_use]
    pub fn generated(&self) -> Vec<(&str, &Generator)> {
        let waits = |generator: &Generator| match generator {
            Generator::Sha256Of { key } => self.provided(Optional::Included).any(|one| one.key == *key),
            _ => false,
        };
        let made = self.keys.iter().filter_map(|key| match &key.source {
            SecretSource::Generate(generator) if !waits(generator) => Some((key.key.as_str(), generator)),
            _ => None,
        });
        made.collect()
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
    let mut environments: HashSet<usize> = instances.iter().map(|&at| fleet.instances[at].environment).collect();
    if instances.len() == fleet.instances.len() {
        // What an environment shares is there before its first client, so that no client brings or takes it.
        let ready = |at: &usize| !fleet.environments[*at].recipients.is_empty();
        environments.extend((0..fleet.environments.len()).filter(ready));
    }
    list.extend(of_environments(fleet, |environment| environments.contains(&environment)));
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

/// The Secrets of the environments that `which` picks, by index, whether or not a client runs there.
pub fn of_environments<'f>(fleet: &'f Fleet, which: impl Fn(usize) -> bool) -> Vec<Wanted<'f>> {
    let parts = fleet.environment_parts.iter().filter(|part| which(part.environment));
    let of_part = |part: &'f EnvironmentPart| {
        let place = SecretPlace { environment: part.environment, client: None };
        let secrets = fleet.stacks[part.stack].environment_secrets.iter();
        secrets.map(move |decl| wanted_one(fleet, place, part.stack, decl, &part.params))
    };
    parts.flat_map(of_part).collect()
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
    let whole;
    let files = match files {
        StoreFiles::Disk(root) if instances.len() == fleet.instances.len() => {
            whole = WholeStore::read(root)?;
            StoreFiles::Read(root, &whole)
        }
        other => other,
    };
    let read = wanted.par_iter().map(|one| Ok(files.read(&one.path)?.map(|bytes| look(fleet, one, bytes))));
    let read = read.collect::<Result<Vec<_>, Error>>()?;
    let marked = wanted.iter().zip(&read).filter_map(|(one, read)| Some((&one.path, read.as_ref()?.marks.as_slice())));
    for fault in copies(marked, sources) {
        sink.push(fault);
    }
    let mut store = Store::default();
    let mut unbound: BTreeMap<usize, Vec<&RelPath>> = BTreeMap::new();
    for (one, read) in wanted.iter().zip(read) {
        let environment = &fleet.environments[one.place.environment];
        if let SecretForm::External(outside) = &environment.form {
            let labels = labels(fleet, one.place);
            let object = external_secret(fleet, outside, one.place, one.decl, &one.object_name, &labels);
            store.secrets.insert(one.place, one.decl.name.clone(), object);
            continue;
        }
        let Read { bytes, file, text, mut faults, missing, .. } = read.unwrap_or_else(|| Read::nothing(one));
        if let Some(at) = faults.iter().position(|fault| fault.code == UNBOUND) {
            faults.remove(at);
            unbound.entry(one.place.environment).or_default().push(&one.path);
        }
        store.texts.extend(text.map(|text| (one.path.clone(), text)));
        // The file is added to the map only when there is something to say about it: fleets have tens of thousands.
        if let (Some(bytes), false) = (&bytes, faults.is_empty()) {
            report(&faults, one.path.as_str(), bytes, sources, sink);
        }
        if let Some(file) = file {
            store.secrets.insert(one.place, one.decl.name.clone(), file);
        }
        let keys = missing.iter().map(|&at| &one.decl.keys[at]);
        let keys: Vec<MissingKey> =
            keys.map(|key| MissingKey { key: key.key.clone(), source: key.source.clone() }).collect();
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
    for (environment, paths) in unbound {
        sink.push(not_bound(&fleet.environments[environment].name, &paths, sources));
    }
    if instances.len() == fleet.instances.len() {
        store.texts.extend(orphans(files, fleet, &wanted, sources, sink)?);
    }
    Ok(store)
}

/// One warning for all files of an environment that do not say their place: plain `sops` makes such files.
fn not_bound(environment: &EnvName, paths: &[&RelPath], sources: &mut SourceMap) -> Diagnostic {
    let file = sources.add(paths[0].as_str(), "");
    let (what, more) = match paths.len() {
        1 => ("a store file does not say which place it was".to_owned(), String::new()),
        n => (format!("{n} store files do not say which place they were"), format!(", this and {} more", n - 1)),
    };
    let message = format!("{what} written for{more}: a copy of another client's file would not be noticed");
    let help = format!(
        "`lmsgen secrets bind -e {environment}` binds them, with a private key; so does any other change by lmsgen"
    );
    Diagnostic::warning(UNBOUND, message).at(Span::file_start(file), "").help(help)
}

/// `true` for a fault of a store file by itself, `false` for one that comes from comparing it with declarations.
pub fn is_of_the_file(code: Code) -> bool {
    ![OTHER_OBJECT, OTHER_RECIPIENTS, UNDECLARED_KEY, ORPHAN].contains(&code)
}

/// What one file of the store is.
#[derive(Default)]
struct Read {
    bytes: Option<Arc<[u8]>>,
    /// `None` when the file is missing or broken.
    file: Option<SecretFile>,
    /// What a person may have written in it.
    text: Option<String>,
    faults: Vec<Fault>,
    /// Declared keys that it lacks, by index.
    missing: Vec<usize>,
    /// Hashes of what no two files have in common.
    marks: Vec<u64>,
}

impl Read {
    /// Of a file that is not there.
    fn nothing(one: &Wanted<'_>) -> Self {
        let missing = (0..one.decl.keys.len()).collect();
        Self { missing, ..Self::default() }
    }
}

/// Reads a store file and compares it with what is declared.
fn look(fleet: &Fleet, one: &Wanted<'_>, bytes: Arc<[u8]>) -> Read {
    let mut stored = match StoredSecret::parse(&bytes) {
        Ok(stored) => stored,
        Err(faults) => return Read { bytes: Some(bytes), faults, ..Read::default() },
    };
    let Compared { faults, missing } = compare(fleet, one, &stored);
    let text = stored.clear_text.take();
    Read { file: Some(rendered(&stored)), bytes: Some(bytes), text, faults, missing, marks: stored.marks }
}

/// How a store file differs from what is declared for its place.
pub struct Compared {
    pub faults: Vec<Fault>,
    /// Declared keys that it lacks, by index.
    pub missing: Vec<usize>,
}

/// Compares a store file with what is declared for its place.
pub fn compare(fleet: &Fleet, one: &Wanted<'_>, stored: &StoredSecret) -> Compared {
    let environment = &fleet.environments[one.place.environment];
    let keys: Vec<&str> = one.decl.keys.iter().map(|key| key.key.as_str()).collect();
    let public: Vec<&str> = one.decl.keys.iter().filter(|key| key.is_public()).map(|key| key.key.as_str()).collect();
    let declared = Declared {
        form: environment.form.stored().unwrap_or_default(),
        place: &place_text(fleet, one.place, &one.decl.name),
        object_name: &one.object_name,
        namespace: &environment.namespace,
        labels: &labels(fleet, one.place),
        keys: &keys,
        public: &public,
        recipients: &environment.recipients,
    };
    let compared = stored.compare(&declared);
    let missing = (0..keys.len()).filter(|&at| compared.missing.contains(&keys[at])).collect();
    Compared { faults: compared.faults, missing }
}

/// A store file as rendering takes it.
pub fn rendered(stored: &StoredSecret) -> SecretFile {
    let public = stored.public.iter().filter_map(|(key, half)| Some((key.clone(), line_to_pem(half)?)));
    SecretFile {
        object: stored.form.object(),
        bytes: Arc::clone(&stored.bytes),
        public: public.collect(),
        revision: stored.revision,
    }
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
