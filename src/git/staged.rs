//! What the next `git commit` would commit: the files of the index that differ from HEAD, read from the index itself.

use std::path::Path;

use git2::{Delta, DiffOptions, FileMode};

use super::{Error, Repository};

/// A file of the index.
pub struct StagedFile {
    /// From the work tree's top, with bytes that are no UTF-8 replaced.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    oid: git2::Oid,
}

impl Repository {
    /// Regular files that are new or changed in the index.
    ///
    /// `index`: the file that Git names to its hooks in `GIT_INDEX_FILE`, relative to the work tree's top: `git commit -a`
    /// has one of its own.
    ///
    /// # Errors
    /// An index or HEAD that cannot be read.
    pub fn staged_files(&self, index: Option<&Path>) -> Result<Vec<StagedFile>, Error> {
        let failed = || Error::library("read what is staged");
        let index = match index {
            Some(path) => git2::Index::open(&self.workdir.join(path)).map_err(failed())?,
            None => self.index()?,
        };
        let head = match self.head()? {
            Some(head) => Some(self.git.find_commit(head.oid).and_then(|commit| commit.tree()).map_err(failed())?),
            None => None,
        };
        let mut options = DiffOptions::new();
        options.include_typechange(true);
        let diff = self.git.diff_tree_to_index(head.as_ref(), Some(&index), Some(&mut options)).map_err(failed())?;
        let odb = self.git.odb().map_err(failed())?;
        let mut found = Vec::new();
        for delta in diff.deltas().filter(|delta| delta.status() != Delta::Deleted) {
            let file = delta.new_file();
            if !matches!(file.mode(), FileMode::Blob | FileMode::BlobExecutable | FileMode::BlobGroupWritable) {
                continue;
            }
            let (size, _) = odb.read_header(file.id()).map_err(failed())?;
            let path = String::from_utf8_lossy(file.path_bytes().unwrap_or_default()).into_owned();
            found.push(StagedFile { path, size: size as u64, oid: file.id() });
        }
        Ok(found)
    }

    /// The bytes of a staged file.
    ///
    /// # Errors
    /// An object that cannot be read.
    pub fn read_staged(&self, file: &StagedFile) -> Result<Vec<u8>, Error> {
        let blob = self.git.find_blob(file.oid).map_err(Error::library("read what is staged"))?;
        Ok(blob.content().to_vec())
    }

    /// The fleet's folder from the work tree's top; empty if they are one.
    #[must_use]
    pub fn fleet_prefix(&self) -> String {
        self.prefix.as_ref().map_or_else(String::new, |prefix| format!("{prefix}/"))
    }
}
