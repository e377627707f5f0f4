//! Several files replaced as one: after a kill at any point, the next run finds all of them old, or finishes what was
//! begun.
//!
//! The files are staged with a list of where they belong, and the folder that holds them gets a name that says so in one
//! step. From then on nothing but renames is left to do.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};

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

/// A file to replace or make.
#[derive(Clone, Copy, Debug)]
pub struct Replacement<'a> {
    /// Where.
    pub path: &'a RelPath,
    /// What the caller has read there; `None` for nothing. Whoever changed it since is not written over.
    pub before: Option<&'a [u8]>,
    /// What is to stand there.
    pub bytes: &'a [u8],
}

impl Lock<'_> {
    /// Replaces or makes `files`, all of them below `folder`. They are on the disk when this returns.
    ///
    /// # Errors
    /// [`Error`] with the path; [`Error::Raced`] if one of them was changed meanwhile. Before the first file has its name
    /// nothing has changed; after that, [`Lock::finish`] completes the work.
    pub fn replace_all(&self, folder: &RelPath, files: &[Replacement<'_>]) -> Result<(), Error> {
        if files.is_empty() {
            return Ok(());
        }
        let stage = self.stage()?;
        let dir = stage.dir();
        let put = |(n, file): (usize, &Replacement<'_>)| {
            debug_assert!(file.path.is_within(folder), "{}", file.path);
            dir.put_shown(&n.to_string(), file.bytes, Durability::Cached, file.path.as_str())?;
            Ok(format!("{n} {} {}\n", digest(file.before), file.path))
        };
        let list = files.par_iter().enumerate().map(put).collect::<Result<Vec<String>, Error>>()?.concat();
        dir.put_shown(LIST, format!("{list}{LAST}\n").as_bytes(), Durability::Cached, folder.as_str())?;
        // One call for all files: forcing each to the disk by itself takes longer than everything else.
        dir.sync_all()?;
        stage.keep_as(READY)?;
        let parent = self.state()?;
        parent.sync()?;
        match self.finish(folder) {
            // Nothing has its name yet, and the caller is there to be told.
            Err(Error::Overtaken { path }) => {
                if let Some(batch) = parent.sub(READY)? {
                    discard(&parent, &batch)?;
                }
                Err(Error::Raced { path })
            }
            done => done.map(|_| ()),
        }
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
            finished = Some(list.len());
            let folders = by_folder(still_staged(&batch, list)?);
            self.each(&folders, Missing::Left, check)?;
            self.each(&folders, Missing::Made, |dir, files| dir.map_or(Ok(()), |dir| place(&batch, dir, files)))?;
            batch.sync_all()?;
        }
        discard(&state, &batch)?;
        Ok(finished)
    }

    /// Does `work` in each folder that files belong in, on all threads and through the handles of the folders above: from the
    /// root, each would open all folders on its way.
    fn each(
        &self,
        folders: &Folders,
        missing: Missing,
        work: impl Fn(Option<&Dir<'_>>, &[Staged]) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        folders.par_iter().try_for_each(|(above, inside)| {
            let above = match (above, missing) {
                (None, _) => Some(self.root().top()?),
                (Some(path), Missing::Left) => self.root().dir(path)?,
                (Some(path), Missing::Made) => Some(self.root().make_dir(path)?),
            };
            let open = |name: &str| match (&above, missing) {
                (None, _) => Ok(None),
                (Some(above), Missing::Left) => above.sub(name),
                (Some(above), Missing::Made) => above.make(name).map(Some),
            };
            inside.par_iter().try_for_each(|(name, files)| work(open(name)?.as_ref(), files))
        })
    }
}

/// What becomes of folders that are not there.
#[derive(Clone, Copy)]
enum Missing {
    Left,
    Made,
}

/// Removes the staged folder; the list first, so that a kill while the rest is removed does not begin again.
fn discard(state: &Dir<'_>, batch: &Dir<'_>) -> Result<(), Error> {
    batch.remove(LIST)?;
    clear(batch, |_| true)?;
    state.remove_empty_dir(READY)?;
    Ok(())
}

/// Leaves out the files that have their names already.
fn still_staged(batch: &Dir<'_>, mut list: Vec<Staged>) -> Result<Vec<Staged>, Error> {
    let there: HashMap<OsString, Kind> = batch.list()?.into_iter().map(|entry| (entry.name, entry.kind)).collect();
    let kind = |one: &Staged| there.get(OsStr::new(&one.name)).copied();
    if let Some(one) = list.iter().find(|one| kind(one).is_some_and(|kind| kind != Kind::File)) {
        return Err(Error::Foreign { path: batch.path_of(&one.name) });
    }
    list.retain(|one| kind(one).is_some());
    Ok(list)
}

/// Refuses to write over what has come since the run that staged the files: a `git pull`, another tool.
fn check(dir: Option<&Dir<'_>>, files: &[Staged]) -> Result<(), Error> {
    files.iter().try_for_each(|one| {
        let now = dir.map_or(Ok(None), |dir| dir.read(one.path.file_name(), LIMIT))?;
        if digest(now.as_deref()) == one.before {
            return Ok(());
        }
        Err(Error::Overtaken { path: one.path.to_string() })
    })
}

/// Gives the files of one folder their names.
fn place(batch: &Dir<'_>, dir: &Dir<'_>, files: &[Staged]) -> Result<(), Error> {
    files.iter().try_for_each(|one| batch.rename_over(&one.name, dir, one.path.file_name()))
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
        Ok(list.map(|list| list.len()))
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

/// By the path of the folder above, then by the name of the folder.
type Folders = BTreeMap<Option<RelPath>, BTreeMap<String, Vec<Staged>>>;

fn by_folder(list: Vec<Staged>) -> Folders {
    let mut folders = Folders::new();
    for one in list {
        let parent = one.path.parent().expect("`parse` takes files below a folder only");
        let name = parent.file_name().to_owned();
        folders.entry(parent.parent()).or_default().entry(name).or_default().push(one);
    }
    folders
}

/// The staged files; `None` for a list that lmsgen did not write or that leads out of `folder`.
fn parse(text: &str, folder: &RelPath) -> Option<Vec<Staged>> {
    let body = text.strip_suffix('\n')?.strip_suffix(LAST)?;
    let staged = body.lines().map(|line| {
        let (number, rest) = line.split_once(' ')?;
        let (before, path) = rest.split_once(' ')?;
        let path = RelPath::new(path).ok().filter(|path| path.is_within(folder) && path != folder)?;
        number.parse::<usize>().ok()?;
        path.parent()?;
        Some(Staged { name: number.to_owned(), before: before.to_owned(), path })
    });
    staged.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_leads_nowhere_else() {
        let folder = RelPath::new("secrets").unwrap();
        assert_eq!(parse("0 - secrets/a/b.yaml\n1 - secrets/a/c.yaml\nend\n", &folder).unwrap().len(), 2);
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
