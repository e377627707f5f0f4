//! What differs between files in memory and a revision, without a checkout: folders with equal ids are skipped,
//! and only the old files that differ are read.

use std::collections::BTreeMap;

use git2::{Odb, Oid};
use rayon::prelude::*;

use super::object::{self, Entry};
use super::owned;
use super::repository::path_error;
use super::snapshot::{Child, Folder};
use super::{Error, Repository, Revision};
use crate::names::RelPath;
use crate::tree::{FileChange, RECORD, Tree};

/// A file that differs.
#[derive(Clone, Debug)]
pub(super) struct Difference<'a> {
    /// Below the fleet's root.
    pub path: RelPath,
    /// Mode and id at the revision.
    pub old: Option<(u32, Oid)>,
    /// Id and bytes in memory.
    pub new: Option<(Oid, &'a [u8])>,
}

/// The folders and files that a comparison is about.
pub(super) struct Scope {
    /// Sorted.
    roots: Vec<RelPath>,
}

enum Cover {
    Inside,
    Above,
    Outside,
}

impl Scope {
    pub fn new(roots: impl IntoIterator<Item = RelPath>) -> Self {
        let mut roots: Vec<RelPath> = roots.into_iter().collect();
        roots.sort();
        Self { roots }
    }

    fn cover(&self, path: &str) -> Cover {
        let is_root = |path: &str| self.roots.binary_search_by(|root| root.as_str().cmp(path)).is_ok();
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        if ends.into_iter().any(|end| is_root(&path[..end])) {
            return Cover::Inside;
        }
        let below = format!("{path}/");
        let at = self.roots.partition_point(|root| root.as_str() < below.as_str());
        match self.roots.get(at) {
            Some(root) if root.as_str().starts_with(&below) => Cover::Above,
            _ => Cover::Outside,
        }
    }
}

impl Repository {
    /// What `tree`, a fresh rendering, changes against `revision`, by path.
    ///
    /// Only files below `scope` count. A file of the revision that `tree` lacks counts as deleted if the
    /// `kustomization.yaml` beside it says that lmsgen wrote it; others are none of lmsgen's business.
    ///
    /// # Errors
    /// The revision cannot be read.
    pub fn changed_files(
        &self,
        revision: Option<&Revision>,
        tree: &Tree,
        scope: &[RelPath],
    ) -> Result<Vec<FileChange>, Error> {
        let ours = Folder::new(None, tree);
        let base = self.fleet_tree(revision)?;
        let found = self.compare(base, &ours, &Scope::new(scope.iter().cloned()))?;
        let old: Vec<Option<Oid>> = found.iter().map(|one| one.old.map(|(_, oid)| oid)).collect();
        let old = self.read_blobs(&old)?;
        let change = |(one, old): (Difference<'_>, Option<Vec<u8>>)| FileChange {
            path: one.path,
            old,
            new: one.new.map(|(_, data)| data.to_vec()),
        };
        Ok(found.into_iter().zip(old).map(change).collect())
    }

    /// Compares the fleet's tree `base` with `ours` below `scope`. Sorted by path.
    pub(super) fn compare<'a>(
        &self,
        base: Option<Oid>,
        ours: &Folder<'a>,
        scope: &Scope,
    ) -> Result<Vec<Difference<'a>>, Error> {
        let odb = self.odb()?;
        let mut walk = Walk { odb: &odb, scope, found: Vec::new() };
        walk.folder("", base, Some(ours), false)?;
        walk.found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(walk.found)
    }

    pub(super) fn odb(&self) -> Result<Odb<'_>, Error> {
        self.git.odb().map_err(Error::library("open the object store"))
    }

    /// The bytes of blobs; `None` stays `None`.
    pub(super) fn read_blobs(&self, ids: &[Option<Oid>]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        /// Fewer are read faster than a second handle is opened.
        const PARALLEL: usize = 512;
        let read = |odb: &Odb<'_>, oid: Oid| {
            odb.read(oid).map(|object| object.data().to_vec()).map_err(Error::library(format!("read object {oid}")))
        };
        if ids.len() < PARALLEL {
            let odb = self.odb()?;
            return ids.iter().map(|oid| oid.map(|oid| read(&odb, oid)).transpose()).collect();
        }
        // A handle of libgit2 serves one thread at a time: each piece opens its own.
        let path = self.git.path();
        let pieces: Vec<Vec<Option<Vec<u8>>>> = ids
            .par_chunks(ids.len().div_ceil(rayon::current_num_threads()))
            .map(|piece| {
                let git = git2::Repository::open(path).map_err(Error::library("open the repository again"))?;
                let odb = git.odb().map_err(Error::library("open the object store"))?;
                piece.iter().map(|oid| oid.map(|oid| read(&odb, oid)).transpose()).collect()
            })
            .collect::<Result<_, Error>>()?;
        Ok(pieces.into_iter().flatten().collect())
    }
}

struct Walk<'r, 'a> {
    odb: &'r Odb<'r>,
    scope: &'r Scope,
    found: Vec<Difference<'a>>,
}

impl<'a> Walk<'_, 'a> {
    /// Compares one folder; `inside` when all of it is in scope.
    fn folder(&mut self, path: &str, base: Option<Oid>, ours: Option<&Folder<'a>>, inside: bool) -> Result<(), Error> {
        if ours.map(|folder| folder.oid) == base {
            return Ok(());
        }
        let data = base.map(|oid| read_tree(self.odb, oid)).transpose()?.unwrap_or_default();
        let theirs: BTreeMap<&[u8], Entry<'_>> = match base {
            Some(oid) => parse(&data, oid)?.into_iter().map(|entry| (entry.name, entry)).collect(),
            None => BTreeMap::new(),
        };
        for (name, child) in ours.iter().flat_map(|folder| &folder.children) {
            self.child(path, theirs.get(name.as_bytes()).copied(), Some((name, child)), inside)?;
        }
        let gone: Vec<Entry<'_>> = theirs
            .values()
            .filter(|entry| {
                std::str::from_utf8(entry.name).is_ok_and(|name| ours.is_none_or(|folder| folder.get(name).is_none()))
            })
            .copied()
            .collect();
        let owned = self.owned(path, &theirs, gone.iter().any(|entry| !entry.is_folder()))?;
        for entry in gone {
            if entry.is_folder() || owned.holds(entry.name) {
                self.child(path, Some(entry), None, inside)?;
            }
        }
        Ok(())
    }

    /// Which files of a folder of the revision are lmsgen's to delete.
    fn owned(&self, path: &str, theirs: &BTreeMap<&[u8], Entry<'_>>, needed: bool) -> Result<owned::Record, Error> {
        if !needed || !owned::is_output(path) {
            return Ok(owned::Record::All);
        }
        match theirs.get(RECORD.as_bytes()) {
            Some(entry) if entry.is_file() => {
                let object = self.odb.read(entry.oid).map_err(Error::library(format!("read {path}")))?;
                Ok(owned::Record::read(object.data()))
            }
            _ => Ok(owned::Record::Nothing),
        }
    }

    /// Compares what stands under one name.
    fn child(
        &mut self,
        folder: &str,
        theirs: Option<Entry<'_>>,
        ours: Option<(&String, &Child<'a>)>,
        inside: bool,
    ) -> Result<(), Error> {
        let name = theirs.map(|entry| entry.name).or(ours.map(|(name, _)| name.as_bytes())).unwrap_or_default();
        let path = join(folder, name)?;
        let inside = inside
            || match self.scope.cover(&path) {
                Cover::Inside => true,
                Cover::Above => false,
                Cover::Outside => return Ok(()),
            };
        let (our_folder, our_file) = match ours {
            Some((_, Child::Folder(folder))) => (Some(folder), None),
            Some((_, Child::File { oid, data })) => (None, Some((*oid, *data))),
            None => (None, None),
        };
        let (base, old) = match theirs {
            Some(entry) if entry.is_folder() => (Some(entry.oid), None),
            Some(entry) => (None, Some((entry.mode, entry.oid))),
            None => (None, None),
        };
        if base.is_some() || our_folder.is_some() {
            self.folder(&path, base, our_folder, inside)?;
        }
        let same =
            matches!((old, our_file), (Some((mode, old)), Some((new, _))) if old == new && object::is_file(mode));
        // A link or submodule that nothing replaces is not ours to remove.
        let removable = our_file.is_some() || old.is_some_and(|(mode, _)| object::is_file(mode));
        if inside && !same && removable && (old.is_some() || our_file.is_some()) {
            let path = RelPath::new(&path).map_err(|e| path_error(path.as_bytes(), &e))?;
            self.found.push(Difference { path, old, new: our_file });
        }
        Ok(())
    }
}

pub(super) fn join(folder: &str, name: &[u8]) -> Result<String, Error> {
    let name = std::str::from_utf8(name).map_err(|_| path_error(name, &"it is not UTF-8"))?;
    Ok(if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
}

pub(super) fn read_tree(odb: &Odb<'_>, oid: Oid) -> Result<Vec<u8>, Error> {
    let object = odb.read(oid).map_err(Error::library(format!("read tree {oid}")))?;
    Ok(object.data().to_vec())
}

pub(super) fn parse(data: &[u8], oid: Oid) -> Result<Vec<Entry<'_>>, Error> {
    object::parse_tree(data).ok_or_else(|| Error::Library {
        doing: format!("read tree {oid}"),
        source: git2::Error::from_str("it is damaged"),
    })
}
