//! Earlier versions of store files, as Git has them. Needs no private key.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Class, Code, Diagnostic, SourceMap, Span};
use crate::files::Root;
use crate::git::{Repository, Revision};
use crate::names::RelPath;
use crate::secret::{StoreFile, Trace};

use super::Error;
use super::store_files::STORE;

/// A data key that removed recipients know.
const STILL_KNOWN: Code = Code::new("LMS476", Class::Finding);

/// Versions by path, in no order.
pub type History = HashMap<RelPath, Vec<Trace>>;

/// Every version that the files at `paths` had in `from` or before it. What was no store file is left out.
///
/// # Errors
/// A commit or file that cannot be read.
pub fn versions_of(repository: &Repository, from: &Revision, paths: &HashSet<RelPath>) -> Result<History, Error> {
    let mut history = History::new();
    if paths.is_empty() {
        return Ok(history);
    }
    repository.versions_below(from, STORE, &mut |path, bytes| {
        if paths.contains(path)
            && let Ok(file) = StoreFile::parse(bytes)
        {
            history.entry(path.clone()).or_default().push(file.trace());
        }
    })?;
    Ok(history)
}

/// Recipients that the store files on disk had once, and whose data key they still have, by path: `sops updatekeys` takes
/// somebody off the list and leaves the data key. Without a repository or a commit there are none.
///
/// # Errors
/// A commit or file that cannot be read.
pub fn former_recipients<'b>(
    root: &Root,
    files: impl IntoIterator<Item = (&'b RelPath, &'b [u8])>,
) -> Result<HashMap<RelPath, Vec<String>>, Error> {
    let Ok(repository) = Repository::open(root.path()) else { return Ok(HashMap::new()) };
    let Some(head) = repository.head()? else { return Ok(HashMap::new()) };
    let now: HashMap<RelPath, Trace> = files
        .into_iter()
        .filter_map(|(path, bytes)| Some((path.clone(), StoreFile::parse(bytes).ok()?.trace())))
        .collect();
    let history = versions_of(&repository, &head, &now.keys().cloned().collect())?;
    let former = now.iter().filter_map(|(path, now)| {
        let former: Vec<String> = now.former_recipients(history.get(path)?).into_iter().collect();
        (!former.is_empty()).then(|| (path.clone(), former))
    });
    Ok(former.collect())
}

/// What is said of a file whose data key `former` know, who are no recipients any more.
pub fn still_known(path: &RelPath, former: &[String], sources: &mut SourceMap) -> Diagnostic {
    let file = sources.add(path.as_str(), "");
    let message = format!("who was removed still knows the data key: {}", former.join(", "));
    let help = "`sops updatekeys` keeps it: run `lmsgen secrets rewrap`, which makes a new one, and rotate what they could read";
    Diagnostic::error(STILL_KNOWN, message).at(Span::file_start(file), "").help(help)
}
