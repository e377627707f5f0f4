//! `validate FILE…`: any Kubernetes YAML, rendered by lmsgen or not.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use crate::checks::{self, Found, Group, Lens, Object, Outside, Parts, Policy, check_object};
use crate::diagnostic::{Class, Code, Diagnostic, Sink, SourceMap, Span};
use crate::document::decode;
use crate::guard::{Guard, TextKind};
use crate::kubernetes::Fault;
use crate::manifest::{ParseError, Path, Step, Value, locate, parse_documents, parse_nodes, read_block};
use crate::names::RelPath;

use super::Error;
use super::named_files::NamedFiles;
use super::prepare::Checked;

/// A file that is no YAML.
const NOT_YAML: Code = Code::new("LMS449", Class::Input);

/// Larger files are refused; the API server takes objects of 1.5 MiB.
const MAX_FILE: u64 = 64 << 20;

/// What to look at, and how.
pub struct FileTarget {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// What objects are judged by.
    pub lens: Lens,
    /// Which rules.
    pub rules: Rules,
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
    for path in &target.paths {
        let named = NamedFiles::find(path)?;
        let folders = by_folder(named.list);
        let looked: Vec<Vec<Looked>> =
            folders.par_iter().map(|files| look_at_folder(&named.root, files, target)).collect::<Result<_, _>>()?;
        for one in looked.into_iter().flatten() {
            n_objects += one.n_objects;
            if !one.faults.is_empty() {
                report(&format!("{}{}", named.shown, one.path), &one, &mut sources, &mut sink);
            }
        }
    }
    let outcome = (!sink.has_errors()).then_some(());
    Ok(Checked { outcome, found: sink.into_sorted(&sources), sources, n_instances: 0, n_objects })
}

/// Manifests by their folder, which are looked at together.
fn by_folder(list: Vec<RelPath>) -> Vec<Vec<RelPath>> {
    let mut folders: BTreeMap<String, Vec<RelPath>> = BTreeMap::new();
    let is_manifest = |path: &RelPath| {
        let extension = path.file_name().rsplit_once('.').map(|(_, extension)| extension);
        matches!(extension, Some("yaml" | "yml" | "json"))
    };
    let only = list.len() == 1;
    for path in list.into_iter().filter(|path| only || is_manifest(path)) {
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

/// A file's documents.
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
        let mut parsed = parse(path, &bytes.unwrap_or_default());
        let found = objects(&parsed.documents);
        parsed.looked.n_objects = found.len();
        let check = |(document, prefix, object): &(usize, Vec<Step>, &Value)| -> Vec<Placed> {
            let placed = |fault: Fault| {
                let path = prefix.iter().chain(fault.path.steps()).cloned().collect();
                let diagnostic = Diagnostic { help: fault.help, ..Diagnostic::error(fault.code, fault.message) };
                Placed { diagnostic, place: Place::Path { document: *document, path } }
            };
            check_object(object, &target.lens).into_iter().map(placed).collect()
        };
        parsed.looked.faults.par_extend(found.par_iter().with_min_len(64).flat_map_iter(check));
        if target.rules == Rules::Server {
            parsed.documents.clear();
        }
        Ok(parsed)
    };
    let mut parsed: Vec<Parsed> = files.par_iter().with_min_len(8).map(read).collect::<Result<_, _>>()?;
    if target.rules == Rules::All {
        look_together(&mut parsed);
    }
    Ok(parsed.into_iter().map(|one| one.looked).collect())
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

fn parse(path: &RelPath, bytes: &[u8]) -> Parsed {
    let looked = |text, faults| Looked { path: path.clone(), text, n_objects: 0, faults };
    let Ok(text) = decode(bytes) else {
        let diagnostic = Diagnostic::error(NOT_YAML, "this is no text in UTF-8");
        let fault = Placed { diagnostic, place: Place::Byte(0) };
        return Parsed { looked: looked(String::new(), vec![fault]), documents: Vec::new() };
    };
    match documents(&text) {
        Ok(documents) => Parsed { looked: looked(text, Vec::new()), documents },
        Err(error) => {
            let diagnostic =
                Diagnostic::error(NOT_YAML, format!("this is no YAML that lmsgen reads: {}", error.message));
            let fault = Placed { diagnostic, place: Place::Byte(error.offset) };
            Parsed { looked: looked(text, vec![fault]), documents: Vec::new() }
        }
    }
}

/// Every document that is not empty.
fn documents(text: &str) -> Result<Vec<Value>, ParseError> {
    if let Some(value) = read_block(text) {
        return Ok(vec![value]);
    }
    match pieces(text).into_par_iter().with_min_len(64).map(read_block).collect::<Option<Vec<Value>>>() {
        Some(documents) => Ok(documents),
        None => parse_documents(text),
    }
}

/// The texts between `---`, each with the newline at its end.
fn pieces(text: &str) -> Vec<&str> {
    let mut start = 0;
    let mut pieces = Vec::new();
    for (at, _) in text.match_indices("\n---\n") {
        pieces.push(&text[start..=at]);
        start = at + "\n---\n".len();
    }
    pieces.push(&text[start..]);
    pieces
}

/// The objects of documents, those in lists each for itself: number of the document, way to the object, object.
fn objects(documents: &[Value]) -> Vec<(usize, Vec<Step>, &Value)> {
    let mut found = Vec::with_capacity(documents.len());
    for (at, document) in documents.iter().enumerate() {
        let items = document.at(&["items"]).and_then(Value::as_list);
        let is_list = document.str_at(&["apiVersion"]) == Some("v1") && document.str_at(&["kind"]) == Some("List");
        match items {
            Some(items) if is_list => found.extend(
                items
                    .iter()
                    .enumerate()
                    .map(|(nth, item)| (at, vec![Step::Field("items".into()), Step::Index(nth)], item)),
            ),
            _ if is_of_kustomize(document) => {}
            _ => found.push((at, Vec::new(), document)),
        }
    }
    found
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
    let nodes = parse_nodes(&text).unwrap_or_default();
    for fault in &looked.faults {
        let range = match &fault.place {
            Place::Byte(at) => *at..*at,
            Place::Path { document, path } => nodes.get(*document).map_or(0..0, |node| locate(node, path).range()),
        };
        sink.push(fault.diagnostic.clone().at(Span::new(file, range), ""));
    }
}
