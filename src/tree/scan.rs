//! Walks the output folder and the wanted tree together and tells what differs. Only reads.

use super::journal::Journal;
use super::node::Node;
use super::plan::{Change, New};
use super::record::Record;
use super::{Folder, RECORD};
use crate::diagnostic::{Class, Code, Diagnostic, Sink};
use crate::files::{Dir, Entry, Error, Kind, Root};
use crate::names::RelPath;
use rayon::prelude::*;
use std::collections::HashSet;
use std::sync::Arc;

const FOREIGN: Code = Code::new("LMS300", Class::Guard);
const IN_THE_WAY: Code = Code::new("LMS301", Class::Guard);
const NOT_A_FILE: Code = Code::new("LMS302", Class::Guard);
const GIT_FILE: Code = Code::new("LMS303", Class::Guard);
const BROKEN_RECORD: Code = Code::new("LMS304", Class::Guard);

/// Git would read these as its own.
const OF_GIT: [&str; 3] = [".git", ".gitattributes", ".gitmodules"];
/// Deeper folders are reported, not read.
const MAX_DEPTH: usize = 32;
/// Folders with fewer sub-folders are walked by one thread: handles stay few, and so do hand-overs.
const WORTH_SHARING: usize = 16;
/// Far above the list of the largest folder.
const RECORD_LIMIT: u64 = 16 << 20;

/// What a walk needs to know everywhere.
pub(super) struct Scan<'a> {
    pub(super) root: &'a Root,
    pub(super) output: &'a RelPath,
    pub(super) journal: &'a Journal,
}

/// A file to write.
#[derive(Clone, Debug)]
pub(super) struct Write<'t> {
    pub(super) name: &'t str,
    pub(super) bytes: &'t [u8],
    /// Create or update.
    pub(super) change: Change,
}

/// A folder that is there and changes.
#[derive(Clone, Debug)]
pub(super) struct Touched<'t> {
    pub(super) path: RelPath,
    /// The record is last.
    pub(super) writes: Vec<Write<'t>>,
    /// The record is last.
    pub(super) deletes: Vec<String>,
    /// `true` if the folder is still wanted.
    pub(super) stays: bool,
}

/// What a walk found in a folder and below.
#[derive(Default)]
pub(super) struct Found<'t> {
    pub(super) new: Vec<New<'t>>,
    pub(super) touched: Vec<Touched<'t>>,
    pub(super) unchanged: usize,
    faults: Vec<Diagnostic>,
    /// Folder and a name in it that nobody claims.
    foreign: Vec<(String, String)>,
    /// `true` if anything here is wanted or owned.
    ours: bool,
}

impl Found<'_> {
    fn take(&mut self, mut other: Self) {
        self.new.append(&mut other.new);
        self.touched.append(&mut other.touched);
        self.unchanged += other.unchanged;
        self.faults.append(&mut other.faults);
        self.foreign.append(&mut other.foreign);
        self.ours |= other.ours;
    }

    fn foreign(&mut self, dir: &Dir<'_>, name: String) {
        self.foreign.push((dir.path().to_owned(), name));
    }

    fn in_the_way(&mut self, path: &str) {
        self.faults.push(
            Diagnostic::error(IN_THE_WAY, format!("`{path}` was not written by lmsgen and stands where it must write"))
                .help("move it away or delete it, then render again"),
        );
    }

    fn not_a_file(&mut self, path: &str, kind: Kind) {
        self.faults.push(
            Diagnostic::error(NOT_A_FILE, format!("`{path}` is {kind}"))
                .help("remove it: output is made of regular files and folders only"),
        );
    }
}

/// Walks from the output folder down; faults and foreign files go to `sink`.
pub(super) fn look<'t>(scan: &Scan<'_>, top: Node<'t>, sink: &mut Sink) -> Result<Found<'t>, Error> {
    let mut found = Found::default();
    match scan.root.dir(scan.output) {
        Ok(Some(dir)) => found.take(scan.walk_through(&dir, &top, 0)?),
        Ok(None) if top.is_bare() => {}
        Ok(None) => found.new.push(New { path: scan.output.clone(), node: top }),
        Err(Error::Kind { path, found: kind, .. }) => found.not_a_file(&path, kind),
        Err(error) => return Err(error),
    }
    for fault in std::mem::take(&mut found.faults) {
        sink.push(fault);
    }
    found.foreign.sort();
    for same in found.foreign.chunk_by(|a, b| a.0 == b.0) {
        let names: Vec<_> = same.iter().map(|(_, name)| name.as_str()).collect();
        sink.push(foreign(scan.output, &same[0].0, &names));
    }
    Ok(found)
}

fn foreign(output: &RelPath, folder: &str, names: &[&str]) -> Diagnostic {
    const SHOWN: usize = 5;
    let message = if let [name] = names {
        format!("`{folder}/{name}` was not written by lmsgen")
    } else {
        let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
        let more = if names.len() > SHOWN { ", …" } else { "" };
        format!("`{folder}` holds {} entries that lmsgen did not write: {}{more}", names.len(), shown.join(", "))
    };
    Diagnostic::warning(FOREIGN, message).help(format!("move what you need out of `{output}` and delete the rest"))
}

impl Scan<'_> {
    /// Walks a folder that is in scope, with all below it.
    fn walk<'t>(&self, dir: &Dir<'_>, node: Option<&Node<'t>>, depth: usize) -> Result<Found<'t>, Error> {
        let mut found = Found { ours: node.is_some_and(|node| !node.is_bare()), ..Found::default() };
        let folder = node.and_then(|node| node.folder);
        let entries = dir.list()?;
        let owned = self.owned(dir, folder, &entries, &mut found)?;
        compare(dir, folder, &entries, &owned, &mut found)?;

        let mut below = Vec::new();
        for entry in entries.iter().filter(|entry| entry.kind == Kind::Folder && !is_of_git(entry)) {
            match entry.name().filter(|name| depth < MAX_DEPTH && RelPath::new(&dir.path_of(name)).is_ok()) {
                Some(name) => below.push((name, node.and_then(|node| node.children.get(name)))),
                None => found.foreign(dir, format!("{}/", entry.shown())),
            }
        }
        for (&name, child) in node.iter().flat_map(|node| &node.children) {
            match find(&entries, name).map(|entry| entry.kind) {
                None if !child.is_bare() => found.new.push(new_folder(dir, name, child)),
                Some(Kind::File) if !child.is_bare() => found.in_the_way(&dir.path_of(name)),
                _ => {}
            }
        }
        found.take(steps(&below, |name, child| self.step(dir, name, child, depth))?);
        Ok(found)
    }

    /// Walks a folder that only leads to what is in scope: it is not listed.
    fn walk_through<'t>(&self, dir: &Dir<'_>, node: &Node<'t>, depth: usize) -> Result<Found<'t>, Error> {
        if node.within {
            return self.walk(dir, Some(node), depth);
        }
        let below: Vec<_> = node.children.iter().map(|(&name, child)| (name, child)).collect();
        steps(&below, |name, child| match dir.sub(name) {
            Ok(Some(sub)) => self.walk_through(&sub, child, depth + 1),
            other => absent(dir, name, Some(child), other),
        })
    }

    /// One step down to `name`.
    fn step<'t>(&self, dir: &Dir<'_>, name: &str, child: Option<&Node<'t>>, depth: usize) -> Result<Found<'t>, Error> {
        let sub = match dir.sub(name) {
            Ok(Some(sub)) => sub,
            other => return absent(dir, name, child, other),
        };
        let mut found = self.walk(&sub, child, depth + 1)?;
        if child.is_none() && !found.ours && !found.foreign.is_empty() {
            // Not file by file: nothing in there is lmsgen's.
            found.foreign.clear();
            found.foreign(dir, format!("{name}/"));
        }
        Ok(found)
    }

    /// The names that the record in `dir` lists, the record itself included.
    fn owned<'t>(
        &self,
        dir: &Dir<'_>,
        folder: Option<&'t Folder>,
        entries: &[Entry],
        found: &mut Found<'t>,
    ) -> Result<Owned<'_>, Error> {
        let mut owned = Owned { as_wanted: false, listed: HashSet::new(), journal: self.journal };
        let is_there = entries.iter().any(|entry| entry.kind == Kind::File && entry.name() == Some(RECORD));
        if !is_there {
            return Ok(owned);
        }
        if let Some(folder) = folder {
            let wanted = folder.files.iter().find(|(name, _)| name == RECORD);
            if let Some((_, bytes)) = wanted
                && dir.holds(RECORD, bytes)? == Some(true)
            {
                owned.as_wanted = true;
                return Ok(owned);
            }
        }
        let path = dir.path_of(RECORD);
        let record = match dir.read(RECORD, RECORD_LIMIT) {
            Ok(bytes) => bytes.map_or(Record::Foreign, |bytes| Record::parse(&bytes)),
            Err(Error::TooLarge { .. }) => Record::Broken(1),
            Err(error) => return Err(error),
        };
        match record {
            Record::Owned(names) => {
                found.ours = true;
                owned.listed = names.into_iter().collect();
                owned.listed.insert(RECORD.to_owned());
            }
            Record::Foreign => {}
            Record::Broken(line) => {
                found.ours = true;
                // It is named here, so it is neither foreign nor in the way.
                owned.listed.insert(RECORD.to_owned());
                found.faults.push(
                    Diagnostic::error(
                        BROKEN_RECORD,
                        format!("`{path}` is not as this lmsgen writes it (line {line}), so nothing says which files are its own"),
                    )
                    .help("restore it from Git, or render with the version that wrote it; nothing was deleted"),
                );
            }
        }
        Ok(owned)
    }
}

/// Takes every step, in parallel where there are many, and gathers what they found in order.
fn steps<'a, 't, C: Copy + Send + Sync + 'a>(
    below: &[(&'a str, C)],
    step: impl Fn(&'a str, C) -> Result<Found<'t>, Error> + Sync,
) -> Result<Found<'t>, Error> {
    let found: Vec<Found<'t>> = if below.len() < WORTH_SHARING {
        below.iter().map(|&(name, child)| step(name, child)).collect::<Result<_, _>>()?
    } else {
        below.par_iter().map(|&(name, child)| step(name, child)).collect::<Result<_, _>>()?
    };
    let mut all = Found::default();
    for one in found {
        all.take(one);
    }
    Ok(all)
}

/// A folder that could not be entered: new, gone, or not a folder.
fn absent<'t>(
    dir: &Dir<'_>,
    name: &str,
    child: Option<&Node<'t>>,
    opened: Result<Option<Dir<'_>>, Error>,
) -> Result<Found<'t>, Error> {
    let mut found = Found::default();
    match opened {
        Ok(_) => found.new.extend(child.filter(|child| !child.is_bare()).map(|child| new_folder(dir, name, child))),
        Err(Error::Kind { path, found: kind, .. }) => found.not_a_file(&path, kind),
        Err(error) => return Err(error),
    }
    Ok(found)
}

fn new_folder<'t>(dir: &Dir<'_>, name: &str, node: &Node<'t>) -> New<'t> {
    let path = RelPath::new(&dir.path_of(name)).expect("because the tree holds checked paths");
    New { path, node: node.clone() }
}

fn find<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    let at = entries.binary_search_by(|entry| entry.name.as_encoded_bytes().cmp(name.as_bytes()));
    at.ok().map(|at| &entries[at])
}

fn is_of_git(entry: &Entry) -> bool {
    entry.name().is_some_and(|name| OF_GIT.contains(&name))
}

/// Which names in a folder are lmsgen's.
struct Owned<'a> {
    /// The record on disk is the wanted one, so it lists just the wanted files.
    as_wanted: bool,
    listed: HashSet<String>,
    journal: &'a Journal,
}

impl Owned<'_> {
    fn has(&self, dir: &Dir<'_>, name: &str) -> bool {
        self.listed.contains(name) || self.journal.owns(dir.path(), name)
    }
}

/// Compares the files of one folder with the wanted ones.
fn compare<'t>(
    dir: &Dir<'_>,
    folder: Option<&'t Folder>,
    entries: &[Entry],
    owned: &Owned<'_>,
    found: &mut Found<'t>,
) -> Result<(), Error> {
    let wanted: &'t [(String, Arc<[u8]>)] = folder.map_or(&[], |folder| &folder.files);
    let mut writes = Vec::new();
    let mut deletes = Vec::new();
    for (name, bytes) in wanted {
        let path = || dir.path_of(name);
        match find(entries, name).map(|entry| entry.kind) {
            // It was read to learn that it is as wanted.
            Some(Kind::File) if owned.as_wanted && name == RECORD => found.unchanged += 1,
            Some(Kind::File) => match dir.holds(name, bytes)? {
                Some(true) => found.unchanged += 1,
                Some(false) if owned.as_wanted || owned.has(dir, name) => {
                    writes.push(Write { name, bytes, change: Change::Update });
                }
                Some(false) => found.in_the_way(&path()),
                None => writes.push(Write { name, bytes, change: Change::Create }),
            },
            Some(Kind::Folder) => found.in_the_way(&path()),
            Some(kind) => found.not_a_file(&path(), kind),
            None => writes.push(Write { name, bytes, change: Change::Create }),
        }
    }
    for entry in entries {
        let name = entry.name();
        if name.is_some_and(|name| wanted.binary_search_by(|(n, _)| n.as_str().cmp(name)).is_ok()) {
            continue;
        }
        match (entry.kind, name) {
            (_, Some(name)) if is_of_git(entry) => found.faults.push(
                Diagnostic::error(
                    GIT_FILE,
                    format!("`{}` would change what Git does with the output", dir.path_of(name)),
                )
                .help("remove it: output holds no files of Git"),
            ),
            (Kind::File, Some(name)) if owned.has(dir, name) => deletes.push(name.to_owned()),
            (Kind::File, _) => found.foreign(dir, entry.shown()),
            (Kind::Folder, _) => {}
            (kind, _) => found.not_a_file(&format!("{}/{}", dir.path(), entry.shown()), kind),
        }
    }
    // A record speaks of files that are there: it comes after those it lists, and goes after those it listed.
    writes.sort_by_key(|write| write.name == RECORD);
    deletes.sort_by_key(|name| name == RECORD);
    found.ours |= !deletes.is_empty();
    if !writes.is_empty() || !deletes.is_empty() {
        let path = RelPath::new(dir.path()).expect("because only checked paths are walked");
        found.touched.push(Touched { path, writes, deletes, stays: folder.is_some() });
    }
    Ok(())
}
