//! Files in memory as the folders Git would make of them, each with its id.

use git2::{ObjectType, Oid};
use rayon::prelude::*;

use super::object::{self, Entry, FILE, FOLDER};
use super::publish::Files;
use crate::tree::Tree;

/// A file with its path, and how far the path is already part of enclosing folders.
struct Leaf<'a> {
    path: String,
    data: &'a [u8],
}

/// A folder, by name.
#[derive(Debug)]
pub(super) struct Folder<'a> {
    pub oid: Oid,
    /// Sorted by name, bytewise.
    pub children: Vec<(String, Child<'a>)>,
}

/// What a folder holds.
#[derive(Debug)]
pub(super) enum Child<'a> {
    Folder(Folder<'a>),
    File { oid: Oid, data: &'a [u8] },
}

impl<'a> Folder<'a> {
    /// The folders of `sources` and `tree` together, seen from the fleet's root.
    pub fn new(sources: Option<&'a Files>, tree: &'a Tree) -> Self {
        let mut leaves: Vec<Leaf<'a>> = Vec::with_capacity(tree.n_files() + sources.map_or(0, Files::len));
        for (path, data) in sources.into_iter().flatten() {
            leaves.push(Leaf { path: path.as_str().into(), data });
        }
        for folder in tree.folders() {
            for (name, data) in &folder.files {
                leaves.push(Leaf { path: format!("{}/{name}", folder.path), data });
            }
        }
        leaves.par_sort_unstable_by(|a, b| a.path.cmp(&b.path));
        leaves.dedup_by(|a, b| a.path == b.path);
        nest(&leaves, 0)
    }

    pub fn get(&self, name: &str) -> Option<&Child<'a>> {
        let at = self.children.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok()?;
        Some(&self.children[at].1)
    }
}

/// The folder of `leaves`, which are sorted and share the first `skip` bytes of their paths.
fn nest<'a>(leaves: &[Leaf<'a>], skip: usize) -> Folder<'a> {
    let first = |leaf: &Leaf<'_>| leaf.path[skip..].find('/').map_or(leaf.path.len(), |at| skip + at);
    let groups: Vec<&[Leaf<'a>]> = leaves.chunk_by(|a, b| a.path[skip..first(a)] == b.path[skip..first(b)]).collect();
    let mut children: Vec<(String, Child<'a>)> = groups
        .into_par_iter()
        .map(|group| {
            let end = first(&group[0]);
            let name = group[0].path[skip..end].to_owned();
            // A file and a folder of one name cannot both be; whoever made the tree has checked that.
            if end == group[0].path.len() {
                let data = group[0].data;
                (name, Child::File { oid: object::id(ObjectType::Blob, data), data })
            } else {
                (name, Child::Folder(nest(group, end + 1)))
            }
        })
        .collect();
    children.sort_by(|a, b| a.0.cmp(&b.0));
    let mut entries: Vec<Entry<'_>> = children
        .iter()
        .map(|(name, child)| match child {
            Child::Folder(folder) => Entry { name: name.as_bytes(), mode: FOLDER, oid: folder.oid },
            Child::File { oid, .. } => Entry { name: name.as_bytes(), mode: FILE, oid: *oid },
        })
        .collect();
    let oid = object::id(ObjectType::Tree, &object::encode_tree(&mut entries));
    Folder { oid, children }
}
