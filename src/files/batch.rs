//! Several files replaced as one: after a kill at any point, the next run finds all of them old, or finishes what was
//! begun.
//!
//! The files are staged with a list of where they belong, and the folder that holds them gets a name that says so in one
//! step. From then on nothing but renames is left to do.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::stage::clear;
use super::{Dir, Durability, Error, Kind, Lock, STATE};
use crate::names::RelPath;

/// The staged folder once it is complete.
const READY: &str = "batch";
/// Where each file in it belongs: `NUMBER PATH` a line.
const LIST: &str = "list";
/// Far above what a fleet's store needs.
const LIMIT: u64 = 64 << 20;
/// The last line of a list.
const LAST: &str = "end";

impl Lock<'_> {
    /// Replaces or makes `files`, all of them below `folder`. They are on the disk when this returns.
    ///
    /// # Errors
    /// [`Error`] with the path. Before the first file has its name nothing has changed; after that, [`Lock::finish`]
    /// completes the work.
    pub fn replace_all(&self, folder: &RelPath, files: &[(RelPath, impl AsRef<[u8]> + Sync)]) -> Result<(), Error> {
        if files.is_empty() {
            return Ok(());
        }
        let stage = self.stage()?;
        let dir = stage.dir();
        files.par_iter().enumerate().try_for_each(|(n, (path, bytes))| {
            dir.put_shown(&n.to_string(), bytes.as_ref(), Durability::Cached, path.as_str())
        })?;
        let mut list = String::new();
        for (n, (path, _)) in files.iter().enumerate() {
            debug_assert!(path.is_within(folder), "{path}");
            list.push_str(&format!("{n} {path}\n"));
        }
        dir.put_shown(LIST, format!("{list}{LAST}\n").as_bytes(), Durability::Cached, folder.as_str())?;
        // One call for all files: forcing each to the disk by itself takes longer than everything else.
        dir.sync_all()?;
        stage.keep_as(READY)?;
        self.state()?.sync()?;
        self.finish(folder)
    }

    /// Finishes what a killed [`Lock::replace_all`] has begun below `folder`; mostly there is nothing.
    ///
    /// # Errors
    /// [`Error`] with the path; [`Error::Foreign`] if the staged files are not lmsgen's.
    pub fn finish(&self, folder: &RelPath) -> Result<(), Error> {
        let state = self.state()?;
        if state.kind(READY)?.is_none() {
            return Ok(());
        }
        let foreign = || Error::Foreign { path: format!("{STATE}/{READY}") };
        let batch = state.sub(READY)?.ok_or_else(foreign)?;
        // Without a list, the folder is being removed: everything is in place.
        if let Some(list) = batch.read(LIST, LIMIT)? {
            let list = String::from_utf8(list).ok().and_then(|text| parse(&text, folder)).ok_or_else(foreign)?;
            let by_folder: Vec<(RelPath, Vec<(String, RelPath)>)> = list.into_iter().collect();
            by_folder.par_iter().try_for_each(|(parent, files)| self.place(&batch, parent, files))?;
            batch.sync_all()?;
            // First, so that a kill while the rest is removed does not begin again.
            batch.remove(LIST)?;
        }
        clear(&batch, |_| true)?;
        state.remove_empty_dir(READY)?;
        Ok(())
    }

    /// Gives the files of one folder their names; those that have them already are not staged any more.
    fn place(&self, batch: &Dir<'_>, parent: &RelPath, files: &[(String, RelPath)]) -> Result<(), Error> {
        let dir = self.root().make_dir(parent)?;
        for (staged, path) in files {
            match batch.kind(staged)? {
                None => {}
                Some(Kind::File) => batch.rename_over(staged, &dir, path.file_name())?,
                Some(_) => return Err(Error::Foreign { path: batch.path_of(staged) }),
            }
        }
        Ok(())
    }
}

/// Files by the folder they belong in; `None` for a list that lmsgen did not write or that leads out of `folder`.
fn parse(text: &str, folder: &RelPath) -> Option<BTreeMap<RelPath, Vec<(String, RelPath)>>> {
    let mut found: BTreeMap<RelPath, Vec<(String, RelPath)>> = BTreeMap::new();
    let body = text.strip_suffix('\n')?.strip_suffix(LAST)?;
    for line in body.lines() {
        let (number, path) = line.split_once(' ')?;
        let path = RelPath::new(path).ok().filter(|path| path.is_within(folder) && path != folder)?;
        number.parse::<usize>().ok()?;
        found.entry(path.parent()?).or_default().push((number.to_owned(), path));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_leads_nowhere_else() {
        let folder = RelPath::new("secrets").unwrap();
        assert_eq!(parse("0 secrets/a/b.yaml\n1 secrets/a/c.yaml\nend\n", &folder).unwrap().len(), 1);
        for text in [
            "",
            "0 secrets/a\n",
            "0 secrets\nend\n",
            "0 .git/hooks/pre-commit\nend\n",
            "0 secrets/../clients/C1.toml\nend\n",
            "0 /etc/passwd\nend\n",
            "x secrets/a\nend\n",
            "../0 secrets/a\nend\n",
            "secrets/a\nend\n",
        ] {
            assert!(parse(text, &folder).is_none(), "{text:?}");
        }
    }
}
