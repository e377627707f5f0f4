//! The wanted folders as a trie, so that disk and tree are walked together, one handle a folder.

use super::{Folder, RECORD, Scope, Tree};
use crate::names::RelPath;
use std::collections::BTreeMap;

/// A folder that is wanted, leads to one, or is to be looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Node<'t> {
    /// Its files, if it holds any.
    pub(super) folder: Option<&'t Folder>,
    pub(super) children: BTreeMap<&'t str, Node<'t>>,
    /// `true` if it and all below it are in scope.
    pub(super) within: bool,
}

impl<'t> Node<'t> {
    /// What of `tree` is in `scope`, below the folder `output`.
    ///
    /// # Panics
    /// When a folder lies outside of `output` or has no record.
    pub(super) fn new(output: &RelPath, tree: &'t Tree, scope: &'t Scope) -> Self {
        let mut top = Self::default();
        match scope {
            Scope::All => top.within = true,
            Scope::Folders(folders) => {
                for folder in folders {
                    top.at(output, folder).within = true;
                }
            }
        }
        for folder in tree.folders() {
            assert!(
                folder.files.iter().any(|(name, _)| name == RECORD),
                "a folder of output has a record: see Folder::new"
            );
            if scope.contains(&folder.path) {
                top.at(output, &folder.path).folder = Some(folder);
            }
        }
        top
    }

    fn at(&mut self, output: &RelPath, path: &'t RelPath) -> &mut Self {
        assert!(path.is_within(output), "`{path}` is not below `{output}`");
        let below = path.as_str()[output.as_str().len()..].split('/').filter(|name| !name.is_empty());
        below.fold(self, |node, name| node.children.entry(name).or_default())
    }

    /// Every folder at or below this node.
    pub(super) fn folders(&self) -> Vec<&'t Folder> {
        let mut all: Vec<_> = self.folder.into_iter().collect();
        for child in self.children.values() {
            all.append(&mut child.folders());
        }
        all
    }

    /// `true` if no folder is wanted here or below: the node only says where to look.
    pub(super) fn is_bare(&self) -> bool {
        self.folder.is_none() && self.children.values().all(Self::is_bare)
    }
}
