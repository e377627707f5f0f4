//! What must happen so that the disk holds a tree.

use super::journal::{Broken, Journal};
use super::node::Node;
use super::scan::{Scan, Touched, look};
use super::{Folder, Tree};
use crate::diagnostic::{Class, Code, Diagnostic, Sink};
use crate::files::{Error, Root};
use crate::names::RelPath;
use std::collections::BTreeSet;

const BROKEN_JOURNAL: Code = Code::new("LMS305", Class::Guard);

/// Which part of the output a run is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of it: folders of clients and environments that are gone are found too.
    All,
    /// What lies in these folders (`rendered/lms-dev/C7`); the others are not even read.
    Folders(Vec<RelPath>),
}

impl Scope {
    /// `true` if `path` is part of it.
    #[must_use]
    pub fn contains(&self, path: &RelPath) -> bool {
        match self {
            Self::All => true,
            Self::Folders(folders) => folders.iter().any(|folder| path.is_within(folder)),
        }
    }
}

/// How many files a plan is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files that are not there yet.
    pub created: usize,
    /// Files with other bytes.
    pub updated: usize,
    /// Owned files that are rendered no longer.
    pub deleted: usize,
    /// Files that are right already; they are not touched.
    pub unchanged: usize,
}

/// What happens to one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// It is not there yet.
    Create,
    /// It has other bytes.
    Update,
    /// It is owned and rendered no longer.
    Delete,
}

/// A folder that is not there yet, with all below it: appears in one step.
#[derive(Clone, Debug)]
pub(super) struct New<'t> {
    pub(super) path: RelPath,
    pub(super) node: Node<'t>,
}

/// What must happen so that the disk holds the tree it was made for.
#[derive(Clone, Debug)]
pub struct Plan<'t> {
    pub(super) new: Vec<New<'t>>,
    pub(super) touched: Vec<Touched<'t>>,
    /// Folders that may become empty, deepest first.
    pub(super) prune: Vec<RelPath>,
    /// What a killed run has left, all of it.
    pub(super) left: Journal,
    /// The part of it that is out of scope, and stays.
    pub(super) stays: Journal,
    pub(super) blocked: bool,
    unchanged: usize,
}

impl<'t> Plan<'t> {
    /// The number of files, by what happens to them.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { unchanged: self.unchanged, ..Counts::default() };
        counts.created += self.new_folders().map(|folder| folder.files.len()).sum::<usize>();
        for touched in &self.touched {
            let created = touched.writes.iter().filter(|write| write.change == Change::Create).count();
            counts.created += created;
            counts.updated += touched.writes.len() - created;
            counts.deleted += touched.deletes.len();
        }
        counts
    }

    /// Every file that changes, by path.
    #[must_use]
    pub fn changes(&self) -> Vec<(RelPath, Change)> {
        let path = |folder: &RelPath, name: &str| folder.join(name).expect("because a plan holds checked names");
        let mut all = Vec::new();
        for folder in self.new_folders() {
            all.extend(folder.files.iter().map(|(name, _)| (path(&folder.path, name), Change::Create)));
        }
        for touched in &self.touched {
            all.extend(touched.writes.iter().map(|write| (path(&touched.path, write.name), write.change)));
            all.extend(touched.deletes.iter().map(|name| (path(&touched.path, name), Change::Delete)));
        }
        all.sort();
        all
    }

    /// `true` if the disk holds the tree already.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.new.is_empty() && self.touched.is_empty()
    }

    fn new_folders(&self) -> impl Iterator<Item = &'t Folder> {
        self.new.iter().flat_map(|new| new.node.folders())
    }
}

/// Compares the disk with `tree` below the folder `output` (`rendered`), within `scope`. Whoever is going to
/// [`apply`](super::apply) the plan takes the lock first, so that it stays true.
///
/// Foreign files are warnings. What must not be written over, deleted or followed is an error in `sink`; such a plan
/// must not be applied.
///
/// # Errors
/// [`Error`] if something cannot be read: nothing can be said then.
///
/// # Panics
/// If a folder of the tree lies outside of `output` or was not made by [`Folder::new`].
pub fn plan<'t>(
    root: &Root,
    output: &RelPath,
    tree: &'t Tree,
    scope: &'t Scope,
    sink: &mut Sink,
) -> Result<Plan<'t>, Error> {
    let mut mine = Sink::default();
    let left = Journal::load(root, output)?.unwrap_or_else(|Broken| {
        mine.push(
            Diagnostic::error(BROKEN_JOURNAL, format!("`{}` cannot be relied on", Journal::path()))
                .help("delete it; files that a killed run has left are then reported, and yours to delete"),
        );
        Journal::default()
    });
    let scope_node = Node::new(output, tree, scope);
    let found = look(&Scan { root, output, journal: &left }, scope_node, &mut mine)?;

    let parents = |path: &RelPath| {
        let above = std::iter::successors(path.parent(), RelPath::parent);
        above.take_while(|folder| folder != output && folder.is_within(output)).collect::<Vec<_>>()
    };
    let emptied = found.touched.iter().filter(|touched| !touched.deletes.is_empty() && !touched.stays);
    let mut prune: BTreeSet<RelPath> = BTreeSet::new();
    for touched in emptied {
        prune.insert(touched.path.clone());
        prune.extend(parents(&touched.path));
    }
    prune.extend(left.paths().filter(|path| scope.contains(path)).flat_map(parents));
    prune.remove(output);

    let blocked = mine.has_errors();
    sink.append(mine);
    Ok(Plan {
        new: found.new,
        touched: found.touched,
        prune: prune.into_iter().rev().collect(),
        stays: left.filter(|path| !scope.contains(path)),
        left,
        blocked,
        unchanged: found.unchanged,
    })
}
