//! What is refused to happen to committed store files without a person's word: an older version put back, and a file
//! encrypted wholly anew, which anybody who knows the public recipients can make. Needs no private key.

use crate::git::{Files, Repository, Revision};
use crate::names::RelPath;
use crate::secret::StoreFile;

use super::Error;

/// Files that a message names.
const NAMED: usize = 5;

/// Stops a publication that does either; `store` holds the files to be published, `bases` are the commits it goes on top of:
/// the local one, and what was last seen of the remote, which commits made by hand are on top of.
///
/// # Errors
/// [`Error::Guard`] with the files; a commit that cannot be read.
pub fn guard_store(repository: &Repository, bases: &[Revision], store: &Files) -> Result<(), Error> {
    bases.iter().try_for_each(|base| guard_against(repository, base, store))
}

fn guard_against(repository: &Repository, parent: &Revision, store: &Files) -> Result<(), Error> {
    let paths: Vec<RelPath> = store.keys().cloned().collect();
    let before = repository.files_at(parent, &paths)?;
    let (mut backwards, mut anew) = (Vec::new(), Vec::new());
    for (path, old) in paths.iter().zip(&before) {
        let (Some(old), Some(new)) = (old, store.get(path)) else { continue };
        if **old == **new {
            continue;
        }
        let (Ok(old), Ok(new)) = (StoreFile::parse(old), StoreFile::parse(new)) else { continue };
        if new.revision() < old.revision() {
            backwards.push(format!("{path} (revision {} after {})", new.revision(), old.revision()));
        } else if !new.shares_ciphertext_with(&old) {
            anew.push(path.to_string());
        }
    }
    let help = "look at them with `lmsgen diff`; if that is meant, publish with --allow-secret-change";
    if !backwards.is_empty() {
        let message = format!("{} older than in the last commit: {}", files(&backwards), named(&backwards));
        return Err(Error::Guard { message, help: format!("an older version was put back; {help}") });
    }
    if !anew.is_empty() {
        let message = format!("{} encrypted wholly anew: {}", files(&anew), named(&anew));
        let why = "so do `secrets rewrap` when it removes a recipient and `secrets convert`, and so could anybody who knows the public recipients";
        return Err(Error::Guard { message, help: format!("{why}; {help}") });
    }
    Ok(())
}

fn files(list: &[String]) -> String {
    if list.len() == 1 { "a file of the store is".into() } else { format!("{} files of the store are", list.len()) }
}

fn named(list: &[String]) -> String {
    let names = list.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if list.len() > NAMED { format!("{names} and {} more", list.len() - NAMED) } else { names }
}
