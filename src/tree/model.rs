//! Folders of output files, in memory.

use std::sync::Arc;

use crate::names::RelPath;

/// One folder of output: its files, among them the `kustomization.yaml` that lists the others and so records
/// which files lmsgen owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// `rendered/lms-dev/C7/app`.
    pub path: RelPath,
    /// File name and bytes, sorted by name; names are unique. An encrypted Secret's bytes are those of the store.
    pub files: Vec<(String, Arc<[u8]>)>,
}

/// A set of folders, sorted by path; paths are unique.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    folders: Vec<Folder>,
}

impl Tree {
    /// A tree of `folders`, in any order.
    ///
    /// # Panics
    /// When two folders have one path or two files of a folder one name: whoever builds a tree has checked that.
    #[must_use]
    pub fn new(mut folders: Vec<Folder>) -> Self {
        folders.sort_by(|a, b| a.path.cmp(&b.path));
        assert!(folders.windows(2).all(|pair| pair[0].path < pair[1].path), "two folders with one path");
        for folder in &mut folders {
            folder.files.sort_by(|a, b| a.0.cmp(&b.0));
            assert!(folder.files.windows(2).all(|pair| pair[0].0 < pair[1].0), "two files with one name");
        }
        Self { folders }
    }

    /// This tree and `folders`.
    ///
    /// # Panics
    /// As [`Tree::new`].
    #[must_use]
    pub fn with(mut self, mut folders: Vec<Folder>) -> Self {
        self.folders.append(&mut folders);
        Self::new(self.folders)
    }

    /// Folders by path.
    #[must_use]
    pub fn folders(&self) -> &[Folder] {
        &self.folders
    }

    /// The number of files.
    #[must_use]
    pub fn n_files(&self) -> usize {
        self.folders.iter().map(|folder| folder.files.len()).sum()
    }

    /// The bytes of one file.
    #[must_use]
    pub fn get(&self, folder: &RelPath, name: &str) -> Option<&[u8]> {
        let at = self.folders.binary_search_by(|f| f.path.cmp(folder)).ok()?;
        let files = &self.folders[at].files;
        let at = files.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok()?;
        Some(&files[at].1)
    }
}
