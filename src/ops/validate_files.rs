//! `validate FILE…`: any Kubernetes YAML, rendered by lmsgen or not.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use crate::checks::{self, Found, Group, Lens, Object, Outside, Parts, Policy, check_object};
use crate::diagnostic::{Class, Code, Diagnostic, Sink, SourceMap, Span};
use crate::document::decode;
use crate::guard::{Guard, TextKind};
use crate::kubernetes::Fault;
use crate::manifest::{ParseError, Path, Step, Value, locate, read_stream, stream_nodes};
use crate::names::RelPath;

use super::Error;
use super::named_files::NamedFiles;
use super::prepare::Checked;

/// A file that is no YAML.
const NOT_YAML: Code = Code::new("LMS449", Class::Input);

/// A file that becomes too much.
const TOO_MUCH: Code = Code::new("LMS473", Class::Limit);

/// Nothing to look at.
const NO_OBJECT: Code = Code::new("LMS474", Class::Input);

/// An object that a file holds twice.
const TWICE: Code = Code::new("LMS475", Class::Input);

/// Larger files are refused; the API server takes objects of 1.5 MiB.
pub const MAX_FILE: u64 = 64 << 20;

/// More faults of one file tell nobody anything, and finding the place of each takes time.
const MOST_FAULTS: usize = 1_000;

/// What to look at, and how.
pub struct FileTarget {
    /// Files, folders and streams.
    pub inputs: Vec<Input>,
    /// What objects are judged by.
    pub lens: Lens,
    /// Which rules.
    pub rules: Rules,
}

/// Where manifests come from.
pub enum Input {
    /// A file or a folder.
    Path(PathBuf),
    /// What stdin said, whole.
    Stdin(Vec<u8>),
}

/// Which rules objects must obey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rules {
    /// All that can be judged.
    #[default]
    All,
    /// Those of the API server only.
    Server,
}

/// Checks every object in the files of `target`.
///
/// # Errors
/// Something that cannot be read. Faults are in the result.
pub fn validate_files(target: &FileTarget) -> Result<Checked<()>, Error> {
    let mut sources = SourceMap::default();
    let mut sink = Sink::default();
    let mut n_objects = 0;
    for input in &target.inputs {
        let Seen { shown, what, is_folder, mut looked } = look_at(input, target)?;
        if looked.iter().all(|one| one.n_objects == 0 && one.faults.is_empty()) {
            let fault = no_object(&what);
            match looked.first_mut().filter(|_| !is_folder) {
                Some(one) => one.faults.push(Placed { diagnostic: fault, place: Place::Byte(0) }),
                None => sink.push(fault),
            }
        }
        for one in looked {
            n_objects += one.n_objects;
            if !one.faults.is_empty() {
                report(&format!("{shown}{}", one.path), &one, &mut sources, &mut sink);
            }
        }
    }
    let outcome = (!sink.has_errors()).then_some(());
    Ok(Checked { outcome, found: sink.into_sorted(&sources), sources, n_instances: 0, n_objects })
}

/// What an input holds.
struct Seen {
    /// What to show before the paths of files.
    shown: String,
    /// The input, in a person's words.
    what: String,
    is_folder: bool,
    looked: Vec<Looked>,
}

fn look_at(input: &Input, target: &FileTarget) -> Result<Seen, Error> {
    let path = match input {
        Input::Path(path) => path,
        Input::Stdin(bytes) => {
            let name = RelPath::new("stdin").map_err(|error| Error::Usage(error.to_string()))?;
            let parsed = look_alone(&name, bytes.clone(), target);
            let looked = together(vec![parsed], target);
            return Ok(Seen { shown: String::new(), what: "stdin".into(), is_folder: false, looked });
        }
    };
    let NamedFiles { root, is_folder, list, shown, .. } = NamedFiles::find(path)?;
    let folders = by_folder(list, is_folder);
    let looked: Vec<Vec<Looked>> =
        folders.par_iter().map(|files| look_at_folder(&root, files, target)).collect::<Result<_, _>>()?;
    let kind = if is_folder { "folder" } else { "file" };
    let what = format!("the {kind} `{}`", path.display().to_string().escape_debug());
    Ok(Seen { shown, what, is_folder, looked: looked.into_iter().flatten().collect() })
}

/// A job that looks at nothing must not be green.
fn no_object(what: &str) -> Diagnostic {
    Diagnostic::error(NO_OBJECT, format!("there is no object in {what}"))
        .help("a program that failed, such as `helm template`, leaves an empty file: look at what it said")
}

/// Manifests by their folder, which are looked at together. A file that was named itself may be called anything.
fn by_folder(list: Vec<RelPath>, is_folder: bool) -> Vec<Vec<RelPath>> {
    let mut folders: BTreeMap<String, Vec<RelPath>> = BTreeMap::new();
    let is_manifest = |path: &RelPath| {
        let extension = path.file_name().rsplit_once('.').map(|(_, extension)| extension);
        matches!(extension, Some("yaml" | "yml" | "json"))
    };
    for path in list.into_iter().filter(|path| !is_folder || is_manifest(path)) {
        let folder = path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        folders.entry(folder).or_default().push(path);
    }
    folders.into_values().collect()
}

/// One file and what is wrong in it.
struct Looked {
    path: RelPath,
    text: String,
    n_objects: usize,
    faults: Vec<Placed>,
}

/// Something wrong at a path inside a document.
struct Placed {
    diagnostic: Diagnostic,
    place: Place,
}

enum Place {
    Byte(usize),
    Path { document: usize, path: Path },
}

/// A file with its documents, as long as somebody looks at them.
struct Parsed {
    looked: Looked,
    documents: Vec<Value>,
}

fn look_at_folder(root: &crate::files::Root, files: &[RelPath], target: &FileTarget) -> Result<Vec<Looked>, Error> {
    // All files are of one folder, which is opened once.
    let folder = files.first().and_then(|path| path.as_str().rsplit_once('/')).map(|(folder, _)| folder);
    let folder = match folder.and_then(|folder| RelPath::new(folder).ok()) {
        Some(folder) => root.dir(&folder)?,
        None => Some(root.top()?),
    };
    let read = |path: &RelPath| -> Result<Parsed, Error> {
        let bytes = folder.as_ref().map_or(Ok(None), |folder| folder.read(path.file_name(), MAX_FILE))?;
        Ok(look_alone(path, bytes.unwrap_or_default(), target))
    };
    let parsed = files.par_iter().with_min_len(8).map(read).collect::<Result<_, _>>()?;
    Ok(together(parsed, target))
}

/// Reads a file; says what is wrong with each object by itself. Drops each document at once if nobody looks at it again.
fn look_alone(path: &RelPath, bytes: Vec<u8>, target: &FileTarget) -> Parsed {
    let mut parsed = Parsed {
        looked: Looked { path: path.clone(), text: String::new(), n_objects: 0, faults: Vec::new() },
        documents: Vec::new(),
    };
    let looked = &mut parsed.looked;
    let Ok(text) = decode(bytes) else {
        let diagnostic = Diagnostic::error(NOT_YAML, "this is no text in UTF-8");
        looked.faults.push(Placed { diagnostic, place: Place::Byte(0) });
        return parsed;
    };
    let each = |at, document| {
        let (n_objects, faults) = check_document(at, &document, target);
        (n_objects, faults, (target.rules == Rules::All).then_some(document))
    };
    match read_stream(&text, each) {
        Ok(documents) => {
            for (n_objects, mut faults, document) in documents {
                looked.n_objects += n_objects;
                looked.faults.append(&mut faults);
                parsed.documents.extend(document);
            }
            looked.faults.extend(twice(&objects(&parsed.documents)));
        }
        Err(error) => looked.faults.push(unread(error)),
    }
    // Nobody shows the text of a file that is right.
    if target.rules == Rules::All || !looked.faults.is_empty() {
        looked.text = text;
    }
    parsed
}

fn unread(error: ParseError) -> Placed {
    let diagnostic = if error.is_limit {
        Diagnostic::error(TOO_MUCH, error.message)
    } else {
        Diagnostic::error(NOT_YAML, format!("this is no YAML that lmsgen reads: {}", error.message))
    };
    Placed { diagnostic, place: Place::Byte(error.offset) }
}

/// How many objects a document has, and what each says by itself.
fn check_document(nth: usize, document: &Value, target: &FileTarget) -> (usize, Vec<Placed>) {
    let mut found = Vec::new();
    objects_of(nth, document, &mut found);
    let check = |(document, prefix, object): &(usize, Vec<Step>, &Value)| -> Vec<Placed> {
        let placed = |fault: Fault| {
            let path = prefix.iter().chain(fault.path.steps()).cloned().collect();
            let diagnostic = Diagnostic { help: fault.help, ..Diagnostic::error(fault.code, fault.message) };
            Placed { diagnostic, place: Place::Path { document: *document, path } }
        };
        check_object(object, &target.lens).into_iter().map(placed).collect()
    };
    (found.len(), found.par_iter().with_min_len(64).flat_map_iter(check).collect())
}

fn together(mut parsed: Vec<Parsed>, target: &FileTarget) -> Vec<Looked> {
    if target.rules == Rules::All {
        look_together(&mut parsed);
    }
    let settled = |Parsed { mut looked, .. }: Parsed| {
        if looked.faults.is_empty() {
            looked.text = String::new();
        }
        looked
    };
    parsed.into_iter().map(settled).collect()
}

/// Objects of a file that are there already: the last one would win.
fn twice(objects: &[(usize, Vec<Step>, &Value)]) -> Vec<Placed> {
    let mut seen = HashSet::with_capacity(objects.len());
    let mut faults = Vec::new();
    for (document, prefix, value) in objects {
        let Some(object) = Object::of(value).filter(|object| !object.name.is_empty()) else { continue };
        let group = object.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        if !seen.insert((group, object.kind, object.namespace, object.name)) {
            let (kind, name) = (object.kind.escape_debug(), object.name.escape_debug());
            let message = format!("{kind} `{name}` is in this file twice");
            let path =
                prefix.iter().cloned().chain(["metadata", "name"].map(|step| Step::Field(step.into()))).collect();
            let diagnostic =
                Diagnostic::error(TWICE, message).help("remove or rename one: the last one replaces the others");
            faults.push(Placed { diagnostic, place: Place::Path { document: *document, path } });
        }
    }
    faults
}

/// What the objects of a folder say about each other.
fn look_together(parsed: &mut [Parsed]) {
    let mut found: Vec<Found> = Vec::new();
    let mut origins: Vec<(usize, usize, Vec<Step>)> = Vec::new();
    {
        let mut list: Vec<Object<'_>> = Vec::new();
        for (file, one) in parsed.iter().enumerate() {
            for (document, prefix, value) in objects(&one.documents) {
                if let Some(object) = Object::of(value) {
                    list.push(object);
                    origins.push((file, document, prefix));
                }
            }
        }
        let (outside, policy) = (Outside::default(), Policy::default());
        let group = Group::new(Parts {
            objects: &list,
            around: &[],
            secrets: &[],
            outside: &outside,
            is_closed: false,
            policy: &policy,
        });
        checks::check(&group, &mut found);
    }
    for one in found {
        let (file, document, prefix) = &origins[one.object];
        let path = prefix.iter().chain(one.path.steps()).cloned().collect();
        let diagnostic =
            Diagnostic { severity: one.severity, help: one.help, ..Diagnostic::error(one.code, one.message) };
        parsed[*file].looked.faults.push(Placed { diagnostic, place: Place::Path { document: *document, path } });
    }
}

/// The objects of documents, those in lists each for itself: number of the document, way to the object, object.
fn objects(documents: &[Value]) -> Vec<(usize, Vec<Step>, &Value)> {
    let mut found = Vec::with_capacity(documents.len());
    documents.iter().enumerate().for_each(|(at, document)| objects_of(at, document, &mut found));
    found
}

fn objects_of<'v>(at: usize, document: &'v Value, found: &mut Vec<(usize, Vec<Step>, &'v Value)>) {
    let items = document.at(&["items"]).and_then(Value::as_list);
    let is_list = document.str_at(&["apiVersion"]) == Some("v1") && document.str_at(&["kind"]) == Some("List");
    match items {
        Some(items) if is_list => {
            let item = |(nth, item)| (at, vec![Step::Field("items".into()), Step::Index(nth)], item);
            found.extend(items.iter().enumerate().map(item));
        }
        _ if is_of_kustomize(document) => {}
        _ => found.push((at, Vec::new(), document)),
    }
}

/// kustomize's own files are no objects of a cluster.
fn is_of_kustomize(document: &Value) -> bool {
    document.str_at(&["apiVersion"]).is_some_and(|version| version.starts_with("kustomize.config.k8s.io/"))
}

fn report(path: &str, looked: &Looked, sources: &mut SourceMap, sink: &mut Sink) {
    let text: Arc<str> = looked.text.as_str().into();
    let file = sources.add(path, Arc::clone(&text));
    // Lines of a file are shown; what is secret in them is not.
    let secrets = Guard::default().scan(&text, TextKind::Data);
    sources.conceal(file, secrets.into_iter().map(|finding| finding.range));
    let nodes = stream_nodes(&text).unwrap_or_default();
    for fault in looked.faults.iter().take(MOST_FAULTS) {
        let range = match &fault.place {
            Place::Byte(at) => *at..*at,
            Place::Path { document, path } => nodes.get(*document).map_or(0..0, |node| locate(node, path).range()),
        };
        sink.push(fault.diagnostic.clone().at(Span::new(file, range), ""));
    }
    if let Some(rest) = looked.faults.len().checked_sub(MOST_FAULTS).filter(|rest| *rest > 0) {
        let message = format!("{rest} more faults in this file are not listed");
        sink.push(Diagnostic::error(TOO_MUCH, message).at(Span::file_start(file), ""));
    }
}
