//! Building a commit from bytes: only the trees on the way to a changed file are read and written again.
//!
//! No filter of Git runs, so a blob is what was rendered, whatever `core.autocrlf` or `.gitattributes` say.

use std::borrow::Cow;
use std::collections::BTreeMap;

use git2::{ObjectType, Odb, Oid};

use super::compare::{parse, read_tree};
use super::object::{self, Entry, FILE, FOLDER};
use super::{Error, Repository, pack};

/// A change of one file, with its path from the work tree's top.
#[derive(Clone, Debug)]
pub(super) struct Edit<'a> {
    pub path: String,
    /// `None` deletes.
    pub new: Option<Put<'a>>,
}

/// What is put at a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Put<'a> {
    /// `None`: that of the file that is there, or a plain file.
    pub mode: Option<u32>,
    pub oid: Oid,
    /// The content, if it may not be in the repository yet.
    pub data: Option<&'a [u8]>,
}

/// An object to be written.
pub(super) struct NewObject<'a> {
    pub kind: ObjectType,
    pub oid: Oid,
    pub data: Cow<'a, [u8]>,
}

impl Repository {
    /// Writes the tree that `edits`, in any order, make of `base`, and returns its id.
    ///
    /// Modes of files that exist are kept. What `edits` do not name stays as it is.
    pub(super) fn build_tree(&self, base: Option<Oid>, mut edits: Vec<Edit<'_>>) -> Result<Oid, Error> {
        edits.sort_by(|a, b| a.path.cmp(&b.path));
        let odb = self.odb()?;
        let mut objects = Vec::with_capacity(edits.len() * 2);
        let root = edit(&odb, base, &edits, 0, &mut objects)?;
        let root = root.unwrap_or_else(|| {
            let oid = object::id(ObjectType::Tree, b"");
            objects.push(NewObject { kind: ObjectType::Tree, oid, data: Cow::Borrowed(b"") });
            oid
        });
        pack::write(&odb, objects)?;
        Ok(root)
    }
}

type Entries = BTreeMap<Vec<u8>, (u32, Oid)>;

fn entries(odb: &Odb<'_>, base: Option<Oid>) -> Result<Entries, Error> {
    let Some(oid) = base else { return Ok(Entries::new()) };
    let data = read_tree(odb, oid)?;
    Ok(parse(&data, oid)?.into_iter().map(|entry| (entry.name.to_vec(), (entry.mode, entry.oid))).collect())
}

fn encode(entries: &Entries) -> Vec<u8> {
    let mut list: Vec<Entry<'_>> = entries.iter().map(|(name, &(mode, oid))| Entry { name, mode, oid }).collect();
    object::encode_tree(&mut list)
}

fn folder(entries: &Entries, name: &[u8]) -> Option<Oid> {
    entries.get(name).filter(|(mode, _)| *mode == FOLDER).map(|(_, oid)| *oid)
}

/// Applies sorted `edits`, which share the first `skip` bytes of their paths, to the folder `base`.
/// `None` when the folder is empty afterwards.
fn edit<'a>(
    odb: &Odb<'_>,
    base: Option<Oid>,
    edits: &[Edit<'a>],
    skip: usize,
    out: &mut Vec<NewObject<'a>>,
) -> Result<Option<Oid>, Error> {
    let mut entries = entries(odb, base)?;
    let first = |edit: &Edit<'_>| edit.path[skip..].find('/').map_or(edit.path.len(), |at| skip + at);
    for group in edits.chunk_by(|a, b| a.path[skip..first(a)] == b.path[skip..first(b)]) {
        // The shorter path sorts first, so a file that takes a folder's place is seen before the folder's files.
        let end = first(&group[0]);
        let name = &group[0].path.as_bytes()[skip..end];
        let (file, below) = match group.split_first() {
            Some((one, rest)) if one.path.len() == end => (Some(one), rest),
            _ => (None, group),
        };
        if let Some(Edit { new: Some(put), .. }) = file {
            let there = entries.get(name).map(|(mode, _)| *mode).filter(|&mode| object::is_file(mode));
            entries.insert(name.to_vec(), (put.mode.or(there).unwrap_or(FILE), put.oid));
            if let Some(data) = put.data {
                out.push(NewObject { kind: ObjectType::Blob, oid: put.oid, data: Cow::Borrowed(data) });
            }
            continue;
        }
        if file.is_some() && folder(&entries, name).is_none() {
            entries.remove(name);
        }
        if !below.is_empty() {
            match edit(odb, folder(&entries, name), below, end + 1, out)? {
                Some(oid) => entries.insert(name.to_vec(), (FOLDER, oid)),
                None => entries.remove(name),
            };
        }
    }
    if entries.is_empty() {
        return Ok(None);
    }
    let data = encode(&entries);
    let oid = object::id(ObjectType::Tree, &data);
    if Some(oid) != base {
        out.push(NewObject { kind: ObjectType::Tree, oid, data: Cow::Owned(data) });
    }
    Ok(Some(oid))
}
