//! Names of folders and bytes of files at a revision.

use std::collections::HashMap;

use git2::ObjectType;

use super::{Error, Repository, Revision};
use crate::names::RelPath;

impl Repository {
    /// The pairs of folder names two levels below `path` at `revision`: for `rendered`, environments and clients.
    /// Empty without the revision or the folder.
    ///
    /// # Errors
    /// The revision cannot be read.
    pub fn folders_below(&self, revision: Option<&Revision>, path: &RelPath) -> Result<Vec<(String, String)>, Error> {
        let Some(root) = self.fleet_tree(revision)? else { return Ok(Vec::new()) };
        let doing = || Error::library(format!("list `{path}` at a revision"));
        let root = self.git.find_tree(root).map_err(doing())?;
        let Ok(entry) = root.get_path(std::path::Path::new(path.as_str())) else { return Ok(Vec::new()) };
        let mut pairs = Vec::new();
        let Ok(outer) = self.git.find_tree(entry.id()) else { return Ok(pairs) };
        for first in outer.iter().filter(|entry| entry.kind() == Some(ObjectType::Tree)) {
            let inner = self.git.find_tree(first.id()).map_err(doing())?;
            for second in inner.iter().filter(|entry| entry.kind() == Some(ObjectType::Tree)) {
                let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                pairs.push((name(first.name_bytes()), name(second.name_bytes())));
            }
        }
        Ok(pairs)
    }

    /// The files below `folder`, one at the fleet's top, at `revision`.
    ///
    /// # Errors
    /// The revision cannot be read.
    pub fn files_below(&self, revision: &Revision, folder: &str) -> Result<HashMap<RelPath, Vec<u8>>, Error> {
        let found = self.between(None, self.fleet_tree(Some(revision))?, &[folder])?;
        let ids: Vec<_> = found.values().map(|(_, new)| *new).collect();
        let read = found.into_keys().zip(self.read_blobs(&ids)?);
        Ok(read.filter_map(|(path, data)| Some((path, data?))).collect())
    }

    /// Paths of the files below `folder`, one at the fleet's top, whose content differs between two revisions.
    ///
    /// # Errors
    /// A revision cannot be read.
    pub fn differing_below(&self, old: &Revision, new: &Revision, folder: &str) -> Result<Vec<RelPath>, Error> {
        let found = self.between(self.fleet_tree(Some(old))?, self.fleet_tree(Some(new))?, &[folder])?;
        Ok(found.into_keys().collect())
    }

    /// The bytes of each of `paths` at `revision`; `None` for what is no file there.
    ///
    /// # Errors
    /// The revision cannot be read.
    pub fn files_at(&self, revision: &Revision, paths: &[RelPath]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let Some(root) = self.fleet_tree(Some(revision))? else { return Ok(vec![None; paths.len()]) };
        let root = self.git.find_tree(root).map_err(Error::library("read files at a revision"))?;
        let blob = |path: &RelPath| {
            let entry = root.get_path(std::path::Path::new(path.as_str())).ok()?;
            (entry.kind() == Some(ObjectType::Blob)).then(|| entry.id())
        };
        self.read_blobs(&paths.iter().map(blob).collect::<Vec<_>>())
    }
}
