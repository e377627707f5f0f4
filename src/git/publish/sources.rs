//! The sources of one publication: as they were on disk, merged with upstream's, and with what rendering generated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::land::scope_of;
use super::{Files, SourcePolicy, SourceWrite};
use crate::git::between::Versions;
use crate::git::compare::Difference;
use crate::git::merge::{Side, side};
use crate::git::snapshot::Folder;
use crate::git::{Error, Repository, object};
use crate::names::RelPath;
use crate::tree::Tree;

/// Sources on their way.
#[derive(Default)]
pub(super) struct Sources {
    /// What is rendered and committed.
    files: Files,
    /// The fleet tree that `files` were last merged with.
    base: Option<Oid>,
    /// Where `files`, without what was generated, differ from `base`: the ids there and here.
    changed: BTreeMap<RelPath, Versions>,
    /// What stood on disk where `files` differ from it now.
    on_disk: BTreeMap<RelPath, Option<Arc<[u8]>>>,
    /// What generated files replaced.
    generated: BTreeMap<RelPath, Option<Arc<[u8]>>>,
    /// Files as they stand on disk that were given with CRLF where HEAD has LF.
    crlf: Files,
    /// Files taken over from upstream.
    pub merged: BTreeSet<RelPath>,
}

impl Sources {
    /// Starts from the `files` on disk and HEAD's fleet tree `base`.
    pub fn new(
        repository: &Repository,
        mut files: Files,
        base: Option<Oid>,
        policy: SourcePolicy,
    ) -> Result<Self, Error> {
        let mut changed = repository.changed_sources(base, &files)?;
        let mut crlf = Files::new();
        let mut missing = Vec::new();
        changed.retain(|path, versions| match (*versions, files.get_mut(path)) {
            ((Some(old), _), Some(data)) => {
                let lf = without_cr(data);
                let same = object::id(ObjectType::Blob, &lf) == old;
                if same {
                    // A checkout with `core.autocrlf`: the same file to Git, so to us.
                    crlf.insert(path.clone(), std::mem::replace(data, lf.into()));
                }
                !same
            }
            ((_, None), _) => {
                missing.push(path.clone());
                true
            }
            _ => true,
        });
        let hidden = repository.hidden(&missing)?;
        if !hidden.is_empty() {
            return Err(Error::Hidden { paths: hidden });
        }
        // On disk and not given: nothing says that it should go.
        missing.retain(|path| repository.is_on_disk(path));
        let ids: Vec<Option<Oid>> = missing.iter().map(|path| changed.remove(path).and_then(|(old, _)| old)).collect();
        for (path, data) in missing.into_iter().zip(repository.read_blobs(&ids)?) {
            files.extend(data.map(|data| (path, data.into())));
        }
        if policy == SourcePolicy::Refuse && !changed.is_empty() {
            return Err(Error::UncommittedSources { paths: changed.into_keys().collect() });
        }
        Ok(Self { files, base, changed, crlf, ..Self::default() })
    }

    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Merges with the sources of fleet tree `theirs`, and says whether that changed anything.
    ///
    /// `published` tells whether a version of a file (`None`: its absence) was already part of upstream's
    /// history: then what is on disk is not a change but merely old. The remote and the branch are for words.
    pub fn merge(
        &mut self,
        repository: &Repository,
        theirs: Option<Oid>,
        published: impl Fn(&RelPath, Option<Oid>) -> Result<bool, Error>,
        (remote, branch): (&str, &str),
    ) -> Result<bool, Error> {
        if theirs == self.base {
            return Ok(false);
        }
        let moved = repository.between(self.base, theirs, &Repository::SOURCES)?;
        let here = |path: &RelPath, base| self.changed.get(path).map_or(base, |&(_, ours)| ours);
        let mut take = Vec::new();
        let mut conflicts = Vec::new();
        for (path, &(base, new)) in &moved {
            let ours = here(path, base);
            match side(base, ours, new) {
                Side::Ours => {}
                Side::Theirs => take.push((path, new)),
                Side::Conflict if published(path, ours)? => take.push((path, new)),
                Side::Conflict => conflicts.push(path.clone()),
            }
        }
        if !conflicts.is_empty() {
            return Err(Error::Conflict { remote: remote.into(), branch: branch.into(), paths: conflicts });
        }
        let mut changed = !take.is_empty();
        let generated = std::mem::take(&mut self.generated);
        for (path, before) in generated {
            // A secret that upstream has now: theirs is in use, ours never was.
            if moved.contains_key(&path) {
                self.put(&path, before);
                changed = true;
            } else {
                self.generated.insert(path, before);
            }
        }
        let bytes = repository.read_blobs(&take.iter().map(|(_, new)| *new).collect::<Vec<_>>())?;
        for ((path, _), bytes) in take.into_iter().zip(bytes) {
            self.remember(path);
            self.put(path, bytes.map(Into::into));
            self.merged.insert(path.clone());
        }
        // Whatever moved upstream is now the same here.
        self.changed.retain(|path, _| !moved.contains_key(path));
        self.base = theirs;
        Ok(changed)
    }

    /// Adds what rendering generated.
    pub fn generate(&mut self, generated: Files) {
        for (path, data) in generated {
            self.remember(&path);
            let before = self.files.insert(path.clone(), data);
            self.generated.entry(path).or_insert(before);
        }
    }

    /// Keeps what is on disk at `path`, before `files` changes there for the first time.
    fn remember(&mut self, path: &RelPath) {
        if !self.on_disk.contains_key(path) {
            let before = self.crlf.get(path).or_else(|| self.files.get(path)).cloned();
            self.on_disk.insert(path.clone(), before);
        }
    }

    fn put(&mut self, path: &RelPath, data: Option<Arc<[u8]>>) {
        match data {
            Some(data) => self.files.insert(path.clone(), data),
            None => self.files.remove(path),
        };
    }

    /// What has to be written so that the disk holds these sources.
    pub fn writes(&self) -> Vec<SourceWrite> {
        self.on_disk
            .iter()
            .filter(|(path, before)| self.files.get(*path) != before.as_ref())
            .map(|(path, before)| SourceWrite {
                path: path.clone(),
                expected: before.clone(),
                new: self.files.get(path).cloned(),
            })
            .collect()
    }
}

impl Repository {
    /// Where `files` differ from the sources of fleet tree `base`.
    fn changed_sources(&self, base: Option<Oid>, files: &Files) -> Result<BTreeMap<RelPath, Versions>, Error> {
        let tree = Tree::default();
        let folder = Folder::new(Some(files), &tree);
        let found = self.compare(base, &folder, &scope_of(Self::SOURCES))?;
        let versions = |one: &Difference<'_>| (one.old.map(|(_, oid)| oid), one.new.map(|(oid, _)| oid));
        Ok(found.into_iter().map(|one| (one.path.clone(), versions(&one))).collect())
    }
}

/// `data` with LF for each CRLF.
fn without_cr(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    for (at, &byte) in data.iter().enumerate() {
        if byte != b'\r' || data.get(at + 1) != Some(&b'\n') {
            out.push(byte);
        }
    }
    out
}
