//! Everything that was rendered becomes one tree; objects and files that occur twice are found on the way. Renders
//! nothing.

use std::collections::{BTreeMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::fleet::Fleet;
use crate::manifest::Value;
use crate::names::RelPath;
use crate::tree::{Folder, Tree};

use super::inspect::Seen;
use super::object::check_external;
use super::secrets::SecretPlace;

/// Two objects that are one to Kubernetes.
const TWICE: Code = Code::new("LMS238", Class::Input);
/// Two objects that would be one file, or a name that no file can have.
const SAME_FILE: Code = Code::new("LMS239", Class::Input);

/// What rendering gave.
#[derive(Debug, Default)]
pub struct Rendered {
    /// The output files of the places that were rendered.
    pub tree: Tree,
    /// Objects in it.
    pub n_objects: usize,
}

/// Everything that was rendered at one place.
pub struct Part {
    /// The place.
    pub place: SecretPlace,
    /// Index of the stack.
    pub stack: usize,
    /// Its files.
    pub folders: Folders,
    /// Digests of the environment's templates by their name; none for an instance.
    pub digests: Vec<(String, String)>,
    /// Objects of an environment, for what its instances refer to; none for an instance.
    pub values: Vec<Value>,
    /// What is compared with other places.
    pub seen: Seen,
    /// What is wrong there.
    pub faults: Vec<Diagnostic>,
}

/// Files by the path of their folder; few folders, so in no map.
pub type Folders = Vec<(String, Vec<OutputFile>)>;

/// Adds a file to its folder.
pub fn push(folders: &mut Folders, folder: &str, file: OutputFile) {
    match folders.iter_mut().find(|(path, _)| path == folder) {
        Some((_, files)) => files.push(file),
        None => folders.push((folder.to_owned(), vec![file])),
    }
}

/// One object as a file. A fleet has a hundred thousand: its name is kept once.
pub struct OutputFile {
    name: String,
    api_version: Arc<str>,
    kind: Arc<str>,
    bytes: Arc<[u8]>,
    /// Where it comes from.
    span: Span,
}

impl OutputFile {
    /// The file of an object with the given API version, kind and name.
    pub fn new((api_version, kind): (Arc<str>, Arc<str>), name: &str, bytes: Arc<[u8]>, span: Span) -> Self {
        Self { name: format!("{}-{name}.yaml", kind.to_ascii_lowercase()), api_version, kind, bytes, span }
    }

    /// Group, kind and name: what makes an object one in its namespace.
    fn identity(&self) -> (&str, &str, &str) {
        let group = self.api_version.split_once('/').map_or("", |(group, _)| group);
        let name = &self.name[self.kind.len() + 1..self.name.len() - ".yaml".len()];
        (group, &self.kind, name)
    }
}

/// Joins all places into one tree and finds objects and files that occur twice.
pub fn collect(fleet: &Fleet, mut places: Vec<Part>, sink: &mut Sink) -> Rendered {
    for fault in places.iter_mut().flat_map(|part| part.faults.drain(..)) {
        sink.push(fault);
    }
    check_identities(fleet, &places, sink);
    let mut folders: BTreeMap<String, Vec<OutputFile>> = BTreeMap::new();
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
    rendered.tree = Tree::new(tree);
    rendered
}

/// Reports objects that are one to Kubernetes, and those that are somebody else's.
fn check_identities(fleet: &Fleet, places: &[Part], sink: &mut Sink) {
    let label = |place: SecretPlace| {
        let environment = &fleet.environments[place.environment].name;
        place.client.map_or_else(|| environment.to_string(), |at| format!("{environment}/{}", fleet.clients[at].id))
    };
    let n_files = places.iter().flat_map(|part| &part.folders).map(|(_, files)| files.len()).sum();
    let mut identities: HashSet<Identity<'_>> = HashSet::with_capacity(n_files);
    for part in places {
        for file in part.folders.iter().flat_map(|(_, files)| files) {
            let (_, kind, name) = file.identity();
            if let Some(fault) = check_external(kind, name, &fleet.environments[part.place.environment]) {
                sink.push(fault.at(file.span, "rendered here").in_instance(label(part.place)));
            }
            let Some(other) = identities.replace(Identity { place: part.place, file }) else { continue };
            let (here, there) = (label(part.place), label(other.place));
            let by = if here == there { "twice".into() } else { format!("by `{there}` and `{here}`") };
            let message = format!("{kind} `{name}` is rendered {by}");
            let fault =
                Diagnostic::error(TWICE, message).at(file.span, "rendered here").also(other.file.span, "and here");
            let fault = fault.help("make the name depend on the client, or remove one of the two");
            sink.push(fault.in_instance(here));
        }
    }
}

/// What makes an object one in its environment: the environment, group, kind and name.
struct Identity<'p> {
    place: SecretPlace,
    file: &'p OutputFile,
}

impl PartialEq for Identity<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.place.environment == other.place.environment && self.file.identity() == other.file.identity()
    }
}

impl Eq for Identity<'_> {}

impl Hash for Identity<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.place.environment, self.file.identity()).hash(state);
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
    for pair in files.windows(2).filter(|pair| pair[0].name == pair[1].name && pair[0].identity() != pair[1].identity())
    {
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
