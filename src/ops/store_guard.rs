//! What is refused to happen to committed store files without a person's word: an older version put back, a file encrypted
//! wholly anew, which anybody who knows the public recipients can make, and a recipient removed who keeps the data key; and
//! values that changed without a word. Needs no private key.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{Files, Repository, Revision};
use crate::names::RelPath;
use crate::secret::{StoreFile, Trace};

use super::Error;
use super::committed::is_unraised;
use super::store_history::versions_of;

/// Files that a message names.
const NAMED: usize = 5;

/// How the files to be published differ from those of commits.
#[derive(Debug, Default)]
pub struct StoreChanges {
    /// Older versions, each with its revisions.
    backwards: Vec<String>,
    /// Files that hold nothing of what was there.
    anew: Vec<String>,
    /// Files that somebody was taken off and still knows the data key of.
    known: Vec<String>,
    /// Files with other values and no higher revision.
    unraised: BTreeSet<RelPath>,
}

impl StoreChanges {
    /// Compares `store` with each of `bases`.
    ///
    /// # Errors
    /// A commit that cannot be read.
    pub fn find(repository: &Repository, bases: &[Revision], store: &Files) -> Result<Self, Error> {
        let paths: Vec<RelPath> = store.keys().cloned().collect();
        let mut changes = Self::default();
        for base in bases {
            let mut pairs = BTreeMap::new();
            for (path, old) in paths.iter().zip(repository.files_at(base, &paths)?) {
                if let (Some(old), Some(new)) = (old, store.get(path))
                    && *old != **new
                {
                    changes.add(path, &old, new);
                    if let (Ok(old), Ok(new)) = (StoreFile::parse(&old), StoreFile::parse(new)) {
                        pairs.insert(path.clone(), (old.trace(), new.trace()));
                    }
                }
            }
            let history = versions_of(repository, base, &pairs.keys().cloned().collect())?;
            for (path, (old, new)) in pairs {
                changes.add_history(&path, (&old, &new), history.get(&path).map_or(&[], Vec::as_slice));
            }
        }
        Ok(changes)
    }

    fn add_history(&mut self, path: &RelPath, (old, new): (&Trace, &Trace), history: &[Trace]) {
        let is_told = |list: &[String]| list.iter().any(|text| text.split(' ').next() == Some(path.as_str()));
        if new.brings_back(old, history) && !is_told(&self.backwards) {
            self.backwards.push(format!("{path} (a value of an earlier version)"));
        }
        let former = new.former_recipients(history);
        if !former.is_empty() && !is_told(&self.known) {
            self.known.push(format!("{path} ({})", former.into_iter().collect::<Vec<_>>().join(", ")));
        }
    }

    fn add(&mut self, path: &RelPath, old: &[u8], new: &[u8]) {
        if is_unraised(old, new) {
            self.unraised.insert(path.clone());
        }
        let (Ok(old), Ok(new)) = (StoreFile::parse(old), StoreFile::parse(new)) else { return };
        let (list, text) = if new.revision() < old.revision() {
            let text = format!("{path} (revision {} after {})", new.revision(), old.revision());
            (&mut self.backwards, text)
        } else if !new.is_made_from(&old) {
            (&mut self.anew, path.to_string())
        } else {
            return;
        };
        if !list.contains(&text) {
            list.push(text);
        }
    }

    /// Files whose values changed without a word.
    pub fn unraised(&self) -> Vec<RelPath> {
        self.unraised.iter().cloned().collect()
    }

    /// Stops a publication with older versions, or with files encrypted wholly anew.
    ///
    /// # Errors
    /// [`Error::Guard`] with the files.
    pub fn refuse(&self) -> Result<(), Error> {
        let help = "look at them with `lmsgen diff`; if that is meant, publish with --allow-secret-change";
        if !self.backwards.is_empty() {
            let message =
                format!("{} older than in the last commit: {}", files(&self.backwards), named(&self.backwards));
            return Err(Error::Guard { message, help: format!("an older version was put back; {help}") });
        }
        if !self.known.is_empty() {
            let message = format!(
                "{} encrypted with a data key that removed recipients know: {}",
                files(&self.known),
                named(&self.known)
            );
            let why = "`sops updatekeys` keeps the data key: run `lmsgen secrets rewrap`, which makes a new one, and rotate what they could read";
            return Err(Error::Guard { message, help: format!("{why}; {help}") });
        }
        if !self.anew.is_empty() {
            let message = format!("{} encrypted wholly anew: {}", files(&self.anew), named(&self.anew));
            let why = "so do `secrets rewrap` when it removes a recipient and `secrets convert`, and so could anybody who knows the public recipients";
            return Err(Error::Guard { message, help: format!("{why}; {help}") });
        }
        Ok(())
    }
}

fn files(list: &[String]) -> String {
    if list.len() == 1 { "a file of the store is".into() } else { format!("{} files of the store are", list.len()) }
}

fn named(list: &[String]) -> String {
    let names = list.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if list.len() > NAMED { format!("{names} and {} more", list.len() - NAMED) } else { names }
}
