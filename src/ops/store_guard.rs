//! What is refused to happen to committed store files without a person's word: an older version put back, and a file
//! encrypted wholly anew, which anybody who knows the public recipients can make; and values that changed without a word. Needs
//! no private key.

use std::collections::BTreeSet;

use crate::git::{Files, Repository, Revision};
use crate::names::RelPath;
use crate::secret::StoreFile;

use super::Error;
use super::committed::is_unraised;

/// Files that a message names.
const NAMED: usize = 5;

/// How the files to be published differ from those of commits.
#[derive(Debug, Default)]
pub struct StoreChanges {
    /// Older versions, each with its revisions.
    backwards: Vec<String>,
    /// Files that hold nothing of what was there.
    anew: Vec<String>,
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
            for (path, old) in paths.iter().zip(repository.files_at(base, &paths)?) {
                if let (Some(old), Some(new)) = (old, store.get(path)) {
                    changes.add(path, &old, new);
                }
            }
        }
        Ok(changes)
    }

    fn add(&mut self, path: &RelPath, old: &[u8], new: &[u8]) {
        if old == new {
            return;
        }
        if is_unraised(old, new) {
            self.unraised.insert(path.clone());
        }
        let (Ok(old), Ok(new)) = (StoreFile::parse(old), StoreFile::parse(new)) else { return };
        let (list, text) = if new.revision() < old.revision() {
            let text = format!("{path} (revision {} after {})", new.revision(), old.revision());
            (&mut self.backwards, text)
        } else if !new.shares_ciphertext_with(&old) {
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
