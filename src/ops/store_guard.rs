//! What is refused to happen to committed store files without a person's word: an older version put back, and a file
//! encrypted wholly anew, which anybody who knows the public recipients can make. Needs no private key.

use crate::git::{ChangeKind, Files, Proposal, Repository};
use crate::names::RelPath;
use crate::secret::StoreFile;

use super::Error;
use super::store_files::STORE;

/// Files that a message names.
const NAMED: usize = 5;

/// Stops a commit that does either; `store` holds the files to be committed.
///
/// # Errors
/// [`Error::Guard`] with the files; a commit that cannot be read.
pub fn guard_store(repository: &Repository, proposal: &Proposal<'_>, store: &Files) -> Result<(), Error> {
    let Some(parent) = proposal.parent else { return Ok(()) };
    let in_store = |path: &RelPath| path.as_str().strip_prefix(STORE).is_some_and(|rest| rest.starts_with('/'));
    let changed = proposal.changes.iter().filter(|one| one.kind == ChangeKind::Changed && in_store(&one.path));
    let paths: Vec<RelPath> = changed.map(|one| one.path.clone()).collect();
    let before = repository.files_at(parent, &paths)?;
    let (mut backwards, mut anew) = (Vec::new(), Vec::new());
    for (path, old) in paths.iter().zip(&before) {
        let (Some(old), Some(new)) = (old, store.get(path)) else { continue };
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
        let why = "so does `secrets rewrap` when it removes a recipient, and so could anybody who knows the public recipients";
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
