//! What two revisions' files do not have in common. Folders that both share are not read.

use std::collections::{BTreeMap, BTreeSet};

use git2::{Odb, Oid};

use super::compare::{join, parse, read_tree};
use super::object::{FOLDER, is_file};
use super::repository::path_error;
use super::{Error, Repository};
use crate::names::RelPath;

/// The ids of a file's content before and after; `None` where it does not exist.
pub(super) type Versions = (Option<Oid>, Option<Oid>);

impl Repository {
    /// The files below `roots` with different content in fleet trees `old` and `new`. Links and submodules do not
    /// count, nor do modes.
    pub(super) fn between(
        &self,
        old: Option<Oid>,
        new: Option<Oid>,
        roots: &[&str],
    ) -> Result<BTreeMap<RelPath, Versions>, Error> {
        let odb = self.odb()?;
        let mut found = BTreeMap::new();
        let (old_top, new_top) = (entries(&odb, old)?, entries(&odb, new)?);
        for &root in roots {
            let of = |top: &Entries| top.get(root.as_bytes()).copied();
            child(&odb, root, (of(&old_top), of(&new_top)), &mut found)?;
        }
        Ok(found)
    }
}

/// Mode and id by name.
type Entries = BTreeMap<Vec<u8>, (u32, Oid)>;
type Entry = Option<(u32, Oid)>;

fn entries(odb: &Odb<'_>, tree: Option<Oid>) -> Result<Entries, Error> {
    let Some(oid) = tree else { return Ok(Entries::new()) };
    let data = read_tree(odb, oid)?;
    Ok(parse(&data, oid)?.into_iter().map(|entry| (entry.name.to_vec(), (entry.mode, entry.oid))).collect())
}

fn child(
    odb: &Odb<'_>,
    path: &str,
    (old, new): (Entry, Entry),
    found: &mut BTreeMap<RelPath, Versions>,
) -> Result<(), Error> {
    if old == new {
        return Ok(());
    }
    let folder = |entry: Entry| entry.filter(|(mode, _)| *mode == FOLDER).map(|(_, oid)| oid);
    let file = |entry: Entry| entry.filter(|(mode, _)| is_file(*mode)).map(|(_, oid)| oid);
    if file(old) != file(new) {
        let path = RelPath::new(path).map_err(|e| path_error(path.as_bytes(), &e))?;
        found.insert(path, (file(old), file(new)));
    }
    if folder(old) == folder(new) {
        return Ok(());
    }
    let (old, new) = (entries(odb, folder(old))?, entries(odb, folder(new))?);
    let names: BTreeSet<&Vec<u8>> = old.keys().chain(new.keys()).collect();
    for name in names {
        child(odb, &join(path, name)?, (old.get(name).copied(), new.get(name).copied()), found)?;
    }
    Ok(())
}
