//! Building a commit from bytes: only the trees on the way to a changed file are read and written again.
//!
//! No filter of Git runs, so a blob is what was rendered, whatever `core.autocrlf` or `.gitattributes` say.

use std::borrow::Cow;
use std::collections::BTreeMap;

use git2::{ObjectType, Odb, Oid};

use super::compare::{parse, read_tree};
use super::object::{self, Entry, FILE, FOLDER};
use super::{Error, Repository};

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
        // By names, not bytes: `a`, `a/b` and then `a-`, so that what shares a folder stands together.
        edits.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
        let odb = self.odb()?;
        let mut objects = Vec::with_capacity(edits.len() * 2);
        let root = edit(&odb, base, &edits, 0, &mut objects)?;
        let root = root.unwrap_or_else(|| {
            let oid = object::id(ObjectType::Tree, b"");
            objects.push(NewObject { kind: ObjectType::Tree, oid, data: Cow::Borrowed(b"") });
            oid
        });
        self.write_objects(objects)?;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::LazyLock;

    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::compare::Scope;
    use super::super::publish::Files;
    use super::super::snapshot::Folder;
    use super::*;
    use crate::names::RelPath;
    use crate::tree::Tree;

    /// One repository for all cases: making one takes longer than a case.
    static FOLDER_OF_ALL: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        git2::Repository::init(folder.path()).unwrap();
        folder
    });

    /// Files of few names, so that a file here is often a folder there.
    fn files() -> impl Strategy<Value = Files> {
        let name = select(vec!["a", "a-", "a.b", "a0", "b"]);
        let path = vec(name, 1..4).prop_map(|parts| format!("clients/{}", parts.join("/")));
        btree_map(path, 0..3_u8, 0..12).prop_map(|map| {
            let all: BTreeSet<String> = map.keys().cloned().collect();
            let is_folder = |path: &str| all.iter().any(|other| other.starts_with(&format!("{path}/")));
            let kept = map.into_iter().filter(|(path, _)| !is_folder(path));
            kept.map(|(path, content)| (RelPath::new(&path).unwrap(), vec![content; usize::from(content)].into()))
                .collect()
        })
    }

    /// The tree that libgit2 makes of `files`.
    fn reference(git: &git2::Repository, files: &Files) -> Oid {
        let mut index = git2::Index::new().unwrap();
        for (path, data) in files {
            let entry = git2::IndexEntry {
                ctime: git2::IndexTime::new(0, 0),
                mtime: git2::IndexTime::new(0, 0),
                dev: 0,
                ino: 0,
                mode: FILE,
                uid: 0,
                gid: 0,
                file_size: 0,
                id: git.blob(data).unwrap(),
                flags: 0,
                flags_extended: 0,
                path: path.as_str().into(),
            };
            index.add(&entry).unwrap();
        }
        index.write_tree_to(git).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        /// What comparing finds is what building needs: from any tree to any other, and as libgit2 would build it.
        #[test]
        fn differences_lead_from_one_tree_to_another(old in files(), new in files()) {
            let repository = Repository::open(FOLDER_OF_ALL.path()).unwrap();
            let (from, to) = (reference(&repository.git, &old), reference(&repository.git, &new));
            let tree = Tree::default();
            let ours = Folder::new(Some(&new), &tree);
            prop_assert_eq!(ours.oid, to);
            let found = repository.compare(Some(from), &ours, &Scope::new([RelPath::new("clients").unwrap()])).unwrap();
            let all: BTreeSet<&RelPath> = old.keys().chain(new.keys()).collect();
            let expected: Vec<&RelPath> = all.into_iter().filter(|path| old.get(*path) != new.get(*path)).collect();
            prop_assert_eq!(&found.iter().map(|one| &one.path).collect::<Vec<_>>(), &expected);
            let moved = repository.between(Some(from), Some(to), &["clients"]).unwrap();
            prop_assert_eq!(moved.keys().collect::<Vec<_>>(), expected);
            let edit = |path: &RelPath, new| Edit { path: path.to_string(), new };
            let there = found.iter().map(|one| {
                edit(&one.path, one.new.map(|(oid, data)| Put { mode: None, oid, data: Some(data) }))
            });
            prop_assert_eq!(repository.build_tree(Some(from), there.collect()).unwrap(), to);
            let back = found.iter().map(|one| {
                edit(&one.path, one.old.map(|(mode, oid)| Put { mode: Some(mode), oid, data: None }))
            });
            prop_assert_eq!(repository.build_tree(Some(to), back.collect()).unwrap(), from);
        }
    }
}
