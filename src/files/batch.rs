//! Several files replaced as one: after a kill at any point, the next run finds all of them old, or finishes what was
//! begun.
//!
//! The files are staged with a list of where they belong, and the folder that holds them gets a name that says so in one
//! step. From then on nothing but renames is left to do.

use std::collections::BTreeMap;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::stage::clear;
use super::{Dir, Durability, Error, Kind, Lock, Root, STATE};
use crate::names::RelPath;

/// The staged folder once it is complete.
const READY: &str = "batch";
/// Where each file in it belongs: `NUMBER BEFORE PATH` a line; `BEFORE` is the SHA-256 of what stands there, `-` for nothing.
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
        let lines = files.par_iter().enumerate().map(|(n, (path, _))| {
            debug_assert!(path.is_within(folder), "{path}");
            Ok(format!("{n} {} {path}\n", digest(self.root().read(path, LIMIT)?.as_deref())))
        });
        let list = lines.collect::<Result<Vec<String>, Error>>()?.concat();
        dir.put_shown(LIST, format!("{list}{LAST}\n").as_bytes(), Durability::Cached, folder.as_str())?;
        // One call for all files: forcing each to the disk by itself takes longer than everything else.
        dir.sync_all()?;
        stage.keep_as(READY)?;
        self.state()?.sync()?;
        self.finish(folder).map(|_| ())
    }

    /// Finishes what a killed [`Lock::replace_all`] has begun below `folder`, and gives the number of its files; mostly there is
    /// nothing.
    ///
    /// # Errors
    /// [`Error`] with the path; [`Error::Foreign`] if the staged files are not lmsgen's; [`Error::Overtaken`] if somebody has
    /// changed one of the files since, and then nothing is done.
    pub fn finish(&self, folder: &RelPath) -> Result<Option<usize>, Error> {
        let state = self.state()?;
        if state.kind(READY)?.is_none() {
            return Ok(None);
        }
        let mut finished = None;
        let foreign = || Error::Foreign { path: format!("{STATE}/{READY}") };
        let batch = state.sub(READY)?.ok_or_else(foreign)?;
        // Without a list, the folder is being removed: everything is in place.
        if let Some(list) = batch.read(LIST, LIMIT)? {
            let list = String::from_utf8(list).ok().and_then(|text| parse(&text, folder)).ok_or_else(foreign)?;
            let by_folder: Vec<(RelPath, Vec<Staged>)> = list.into_iter().collect();
            finished = Some(by_folder.iter().map(|(_, files)| files.len()).sum());
            by_folder.par_iter().flat_map(|(_, files)| files).try_for_each(|one| self.check(&batch, one))?;
            by_folder.par_iter().try_for_each(|(parent, files)| self.place(&batch, parent, files))?;
            batch.sync_all()?;
            // First, so that a kill while the rest is removed does not begin again.
            batch.remove(LIST)?;
        }
        clear(&batch, |_| true)?;
        state.remove_empty_dir(READY)?;
        Ok(finished)
    }

    /// Refuses to write over what has come since the run that was killed: a `git pull`, another tool.
    fn check(&self, batch: &Dir<'_>, one: &Staged) -> Result<(), Error> {
        match batch.kind(&one.name)? {
            // It has its name already.
            None => return Ok(()),
            Some(Kind::File) => {}
            Some(_) => return Err(Error::Foreign { path: batch.path_of(&one.name) }),
        }
        if digest(self.root().read(&one.path, LIMIT)?.as_deref()) == one.before {
            return Ok(());
        }
        Err(Error::Overtaken { path: one.path.to_string() })
    }

    /// Gives the files of one folder their names; those that have them already are not staged any more.
    fn place(&self, batch: &Dir<'_>, parent: &RelPath, files: &[Staged]) -> Result<(), Error> {
        let dir = self.root().make_dir(parent)?;
        for one in files {
            if batch.kind(&one.name)?.is_some() {
                batch.rename_over(&one.name, &dir, one.path.file_name())?;
            }
        }
        Ok(())
    }
}

impl Root {
    /// The number of files of a change that a killed run has begun below `folder` and nobody has finished. A list that is not
    /// lmsgen's is for [`Lock::finish`] to refuse.
    ///
    /// # Errors
    /// [`Error`] with the path.
    pub fn unfinished(&self, folder: &RelPath) -> Result<Option<usize>, Error> {
        let Some(state) = self.top()?.sub(STATE)? else { return Ok(None) };
        let Some(batch) = state.sub(READY)? else { return Ok(None) };
        let Some(list) = batch.read(LIST, LIMIT)? else { return Ok(None) };
        let list = String::from_utf8(list).ok().and_then(|text| parse(&text, folder));
        Ok(list.map(|list| list.values().map(Vec::len).sum()))
    }
}

/// A staged file.
#[derive(Debug)]
struct Staged {
    /// Its name in the staged folder.
    name: String,
    /// The digest of what it replaces.
    before: String,
    /// Where it belongs.
    path: RelPath,
}

/// SHA-256 in hex, `-` of nothing.
fn digest(bytes: Option<&[u8]>) -> String {
    use std::fmt::Write as _;
    let Some(bytes) = bytes else { return "-".to_owned() };
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String does not fail");
        text
    })
}

/// Files by the folder they belong in; `None` for a list that lmsgen did not write or that leads out of `folder`.
fn parse(text: &str, folder: &RelPath) -> Option<BTreeMap<RelPath, Vec<Staged>>> {
    let mut found: BTreeMap<RelPath, Vec<Staged>> = BTreeMap::new();
    let body = text.strip_suffix('\n')?.strip_suffix(LAST)?;
    for line in body.lines() {
        let (number, rest) = line.split_once(' ')?;
        let (before, path) = rest.split_once(' ')?;
        let path = RelPath::new(path).ok().filter(|path| path.is_within(folder) && path != folder)?;
        number.parse::<usize>().ok()?;
        let (name, before) = (number.to_owned(), before.to_owned());
        found.entry(path.parent()?).or_default().push(Staged { name, before, path });
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_leads_nowhere_else() {
        let folder = RelPath::new("secrets").unwrap();
        assert_eq!(parse("0 - secrets/a/b.yaml\n1 - secrets/a/c.yaml\nend\n", &folder).unwrap().len(), 1);
        for text in [
            "",
            "0 - secrets/a\n",
            "0 - secrets\nend\n",
            "0 - .git/hooks/pre-commit\nend\n",
            "0 - secrets/../clients/C1.toml\nend\n",
            "0 - /etc/passwd\nend\n",
            "x - secrets/a\nend\n",
            "../0 - secrets/a\nend\n",
            "secrets/a\nend\n",
        ] {
            assert!(parse(text, &folder).is_none(), "{text:?}");
        }
    }
}
