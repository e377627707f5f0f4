//! One file of Kubernetes YAML: its documents, their objects, and what each of these says by itself.

use std::collections::HashSet;

use rayon::prelude::*;

use crate::checks::{Object, check_object, is_definition};
use crate::diagnostic::{Class, Code, Diagnostic};
use crate::document::decode;
use crate::kubernetes::Fault;
use crate::manifest::{ParseError, Path, Step, Value, read_stream};
use crate::names::RelPath;

use super::validate_files::{FileTarget, Rules};

/// A file that is no YAML.
const NOT_YAML: Code = Code::new("LMS449", Class::Input);
/// A file that becomes too much.
pub const TOO_MUCH: Code = Code::new("LMS473", Class::Limit);
/// An object that a file holds twice.
const TWICE: Code = Code::new("LMS475", Class::Input);

/// One file and what is wrong in it.
pub struct Looked {
    pub path: RelPath,
    pub text: String,
    pub n_objects: usize,
    pub faults: Vec<Placed>,
    /// `CustomResourceDefinition`s.
    pub definitions: Vec<Value>,
}

/// Something wrong at a path inside a document.
pub struct Placed {
    pub diagnostic: Diagnostic,
    pub place: Place,
}

pub enum Place {
    Byte(usize),
    Path { document: usize, path: Path },
}

/// A file with its documents, as long as somebody looks at them.
pub struct Parsed {
    pub looked: Looked,
    pub documents: Vec<Value>,
}

/// Reads a file; says what is wrong with each object by itself. Drops each document at once if nobody looks at it again.
pub fn look_alone(path: &RelPath, bytes: Vec<u8>, target: &FileTarget) -> Parsed {
    let mut parsed = Parsed {
        looked: Looked {
            path: path.clone(),
            text: String::new(),
            n_objects: 0,
            faults: Vec::new(),
            definitions: Vec::new(),
        },
        documents: Vec::new(),
    };
    let looked = &mut parsed.looked;
    let Ok(text) = decode(bytes) else {
        let diagnostic = Diagnostic::error(NOT_YAML, "this is no text in UTF-8");
        looked.faults.push(Placed { diagnostic, place: Place::Byte(0) });
        return parsed;
    };
    let each = |at, document| {
        let alone = check_document(at, &document, target);
        (alone, (target.rules == Rules::All).then_some(document))
    };
    match read_stream(&text, each) {
        Ok(documents) => {
            for (mut alone, document) in documents {
                looked.n_objects += alone.n_objects;
                looked.faults.append(&mut alone.faults);
                looked.definitions.append(&mut alone.definitions);
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

/// What the objects of a document say by themselves.
struct Alone {
    n_objects: usize,
    faults: Vec<Placed>,
    definitions: Vec<Value>,
}

fn check_document(nth: usize, document: &Value, target: &FileTarget) -> Alone {
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
    let definitions = found.iter().filter(|(.., object)| is_definition(object)).map(|(.., object)| (*object).clone());
    Alone {
        n_objects: found.len(),
        definitions: definitions.collect(),
        faults: match found.len() {
            0..64 => found.iter().flat_map(check).collect(),
            _ => found.par_iter().with_min_len(64).flat_map_iter(check).collect(),
        },
    }
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

/// The objects of documents, those in lists each for itself: number of the document, way to the object, object.
pub fn objects(documents: &[Value]) -> Vec<(usize, Vec<Step>, &Value)> {
    let mut found = Vec::with_capacity(documents.len());
    documents.iter().enumerate().for_each(|(at, document)| objects_of(at, document, &mut found));
    found
}

fn objects_of<'v>(at: usize, document: &'v Value, found: &mut Vec<(usize, Vec<Step>, &'v Value)>) {
    let items = document.at(&["items"]).and_then(Value::as_list);
    // `List` of anything, or `ConfigMapList` of one kind: `kubectl` takes out the items of both.
    let is_list = document.str_at(&["kind"]).is_some_and(|kind| kind.ends_with("List"));
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
