//! `validate FILE…`: any Kubernetes YAML, rendered by lmsgen or not.

use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use crate::checks::{self, Found, Group, Lens, Object, Outside, Parts, Policy, UNKNOWN_KIND};
use crate::diagnostic::{Class, Code, Diagnostic, Sink, SourceMap, Span};
use crate::guard::{Guard, TextKind};
use crate::manifest::{Step, Value, locate, stream_nodes};
use crate::names::RelPath;

use super::Error;
use super::named_files::NamedFiles;
use super::prepare::Checked;
use super::validate_file::{Looked, Parsed, Place, Placed, TOO_MUCH, look_alone, objects};

/// A manifest by its name that cannot be looked at.
const NOT_LOOKED_AT: Code = Code::new("LMS477", Class::Input);
/// Nothing to look at.
const NO_OBJECT: Code = Code::new("LMS474", Class::Input);

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
#[derive(Clone)]
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
    let mut seen = look_at_all(target)?;
    let all = || seen.iter().flat_map(|one| &one.looked);
    let definitions: Vec<Value> = all().flat_map(|one| one.definitions.iter().cloned()).collect();
    // Kinds that are defined along with their objects, in whatever order, are known.
    if !definitions.is_empty() && all().any(|one| one.faults.iter().any(is_of_unknown_kind)) {
        let lens = Lens::new(target.lens.release).with(&definitions);
        seen = look_at_all(&FileTarget { inputs: target.inputs.clone(), lens, rules: target.rules })?;
    }
    Ok(gather(seen))
}

fn is_of_unknown_kind(fault: &Placed) -> bool {
    fault.diagnostic.code == UNKNOWN_KIND
}

fn look_at_all(target: &FileTarget) -> Result<Vec<Seen>, Error> {
    target.inputs.iter().map(|input| look_at(input, target)).collect()
}

fn gather(seen: Vec<Seen>) -> Checked<()> {
    let mut sources = SourceMap::default();
    let mut sink = Sink::default();
    let mut n_objects = 0;
    for Seen { shown, what, is_folder, mut looked, passed } in seen {
        for path in passed {
            let file = sources.add(format!("{shown}{path}"), "");
            let message = "this was not looked at: it is a link, no regular file, or has a name that is no text";
            let fault = Diagnostic::warning(NOT_LOOKED_AT, message).at(Span::file_start(file), "");
            sink.push(fault.help("name the file that it stands for"));
        }
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
    Checked { outcome, found: sink.into_sorted(&sources), sources, n_instances: 0, n_objects }
}

/// What an input holds.
struct Seen {
    /// What to show before the paths of files.
    shown: String,
    /// The input, in a person's words.
    what: String,
    is_folder: bool,
    looked: Vec<Looked>,
    /// Manifests by their names that were not looked at.
    passed: Vec<String>,
}

fn look_at(input: &Input, target: &FileTarget) -> Result<Seen, Error> {
    let path = match input {
        Input::Path(path) => path,
        Input::Stdin(bytes) => {
            let name = RelPath::new("stdin").map_err(|error| Error::Usage(error.to_string()))?;
            let parsed = look_alone(&name, bytes.clone(), target);
            let looked = together(vec![parsed], target);
            return Ok(Seen {
                shown: String::new(),
                what: "stdin".into(),
                is_folder: false,
                looked,
                passed: Vec::new(),
            });
        }
    };
    let NamedFiles { root, is_folder, list, passed, shown, .. } = NamedFiles::find(path)?;
    let folders = by_folder(list, is_folder);
    let looked: Vec<Vec<Looked>> =
        folders.par_iter().map(|files| look_at_folder(&root, files, target)).collect::<Result<_, _>>()?;
    let kind = if is_folder { "folder" } else { "file" };
    let what = format!("the {kind} `{}`", path.display().to_string().escape_debug());
    let passed = passed.into_iter().filter(|name| is_manifest(name)).collect();
    Ok(Seen { shown, what, is_folder, looked: looked.into_iter().flatten().collect(), passed })
}

/// A job that looks at nothing must not be green.
fn no_object(what: &str) -> Diagnostic {
    Diagnostic::error(NO_OBJECT, format!("there is no object in {what}"))
        .help("a program that failed, such as `helm template`, leaves an empty file: look at what it said")
}

/// Manifests by their folder, which are looked at together; `list` has those of a folder in a row. A file that was named
/// itself may be called anything.
fn by_folder(list: Vec<RelPath>, is_folder: bool) -> Vec<Vec<RelPath>> {
    let folder = |path: &RelPath| path.as_str().len() - path.file_name().len();
    let mut folders: Vec<Vec<RelPath>> = Vec::new();
    for path in list.into_iter().filter(|path| !is_folder || is_manifest(path.file_name())) {
        let is_same = |other: &RelPath| other.as_str()[..folder(other)] == path.as_str()[..folder(&path)];
        match folders.last_mut().filter(|row| row.last().is_some_and(is_same)) {
            Some(row) => row.push(path),
            None => folders.push(vec![path]),
        }
    }
    folders
}

/// `true` for a name that manifests have, in letters of any case.
fn is_manifest(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
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
