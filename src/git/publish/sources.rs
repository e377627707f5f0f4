//! The sources of one publication: as they were on disk, merged with upstream's, and with what rendering generated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::{Files, SourcePolicy, SourceWrite};
use crate::git::merge::{Ids, Merge, merge};
use crate::git::{Error, Repository, object};
use crate::names::RelPath;

/// Sources on their way.
#[derive(Default)]
pub(super) struct Sources {
    /// What is rendered and committed.
    files: Files,
    /// Ids of `files` without what was generated.
    ids: Ids,
    /// The revision's that `files` were last merged with.
    base: Ids,
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
        let base: Ids = repository.source_ids(base)?;
        let mut ids = ids_of(&files);
        let mut crlf = Files::new();
        for (path, oid) in &mut ids {
            let (Some(&old), Some(data)) = (base.get(path), files.get_mut(path)) else { continue };
            if *oid != old && id(&without_cr(data)) == old {
                // A checkout with `core.autocrlf`: the same file to Git, so to us.
                let lf = without_cr(data).into();
                crlf.insert(path.clone(), std::mem::replace(data, lf));
                *oid = old;
            }
        }
        let missing: Vec<&RelPath> = base.keys().filter(|path| !files.contains_key(*path)).collect();
        let hidden = repository.hidden(&missing)?;
        if !hidden.is_empty() {
            return Err(Error::Hidden { paths: hidden });
        }
        // On disk and not given: nothing says that it should go.
        let kept: Vec<RelPath> = missing.into_iter().filter(|path| repository.is_on_disk(path)).cloned().collect();
        let bytes = repository.read_blobs(&kept.iter().map(|path| base.get(path).copied()).collect::<Vec<_>>())?;
        for (path, data) in kept.into_iter().zip(bytes) {
            if let (Some(&oid), Some(data)) = (base.get(&path), data) {
                ids.insert(path.clone(), oid);
                files.insert(path, data.into());
            }
        }
        let sources = Self { files, ids, base, crlf, ..Self::default() };
        if policy == SourcePolicy::Refuse {
            let paths = sources.uncommitted();
            if !paths.is_empty() {
                return Err(Error::UncommittedSources { paths });
            }
        }
        Ok(sources)
    }

    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Files that differ from HEAD.
    fn uncommitted(&self) -> Vec<RelPath> {
        let all: BTreeSet<&RelPath> = self.ids.keys().chain(self.base.keys()).collect();
        all.into_iter().filter(|path| self.ids.get(*path) != self.base.get(*path)).cloned().collect()
    }

    /// Merges with the sources of fleet tree `theirs`, and says whether that changed anything.
    ///
    /// `published` tells whether a version of a file (`None`: its absence) was already part of upstream's
    /// history: then what is on disk is not a change but merely old.
    pub fn merge(
        &mut self,
        repository: &Repository,
        theirs: Option<Oid>,
        published: impl Fn(&RelPath, Option<Oid>) -> Result<bool, Error>,
        remote: &str,
    ) -> Result<bool, Error> {
        let theirs = repository.source_ids(theirs)?;
        let Merge { mut take, conflicts } = merge(&self.base, &self.ids, &theirs);
        let mut real = Vec::new();
        for path in conflicts {
            if published(&path, self.ids.get(&path).copied())? {
                take.insert(path.clone(), theirs.get(&path).copied());
            } else {
                real.push(path);
            }
        }
        if !real.is_empty() {
            return Err(Error::Conflict { remote: remote.into(), paths: real });
        }
        let mut changed = !take.is_empty();
        let generated = std::mem::take(&mut self.generated);
        for (path, before) in generated {
            // A secret that upstream has now: theirs is in use, ours never was.
            if theirs.get(&path) == self.base.get(&path) {
                self.generated.insert(path, before);
            } else {
                self.put(&path, before);
                changed = true;
            }
        }
        let wanted: Vec<Option<Oid>> = take.values().copied().collect();
        let bytes = repository.read_blobs(&wanted)?;
        for ((path, oid), bytes) in take.into_iter().zip(bytes) {
            self.remember(&path);
            self.put(&path, bytes.map(Into::into));
            match oid {
                Some(oid) => self.ids.insert(path.clone(), oid),
                None => self.ids.remove(&path),
            };
            self.merged.insert(path);
        }
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
    fn source_ids(&self, fleet: Option<Oid>) -> Result<Ids, Error> {
        let files = self.list_files(fleet, &Self::SOURCES)?;
        Ok(files.into_iter().map(|(path, (_, oid))| (path, oid)).collect())
    }
}

fn id(data: &[u8]) -> Oid {
    object::id(ObjectType::Blob, data)
}

fn ids_of(files: &Files) -> Ids {
    use rayon::prelude::*;
    files.par_iter().map(|(path, data)| (path.clone(), id(data))).collect()
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
