//! Changes of many store files that a killed run has begun: found, told, and finished by whoever writes next.

use crate::diagnostic::{Class, Code, Diagnostic, Sink, SourceMap, Span};
use crate::files::{Root, STATE};
use crate::git::Repository;

use super::Error;
use super::store_files::folder;

/// Some files are new and some are old.
const INTERRUPTED: Code = Code::new("LMS472", Class::Secret);

/// What another machine has begun, or nobody.
const COMMITTED: Code = Code::new("LMS479", Class::Secret);

/// Finishes what a killed run has begun in the store, and gives the number of its files; mostly there is nothing.
///
/// # Errors
/// Another run holds the lock, somebody has changed one of the files since, or the disk refuses.
pub fn finish_interrupted(root: &Root) -> Result<Option<usize>, Error> {
    // Looked at first, so that nobody waits for a lock that is not needed.
    if root.unfinished(&folder())?.is_none() {
        return Ok(None);
    }
    if is_committed(root)? {
        return Err(Error::Guard { message: COMMITTED_MESSAGE.to_owned(), help: COMMITTED_HELP.into() });
    }
    Ok(root.lock()?.finish(&folder())?)
}

const COMMITTED_MESSAGE: &str =
    "`.lmsgen/batch` is in Git: whoever committed it would change store files that nobody reviewed";
const COMMITTED_HELP: &str =
    "lmsgen's working folder is never committed: remove it with `git rm -r .lmsgen`, and look at who added it";

/// `true` if what looks begun was checked out, and so was not begun here.
fn is_committed(root: &Root) -> Result<bool, Error> {
    let Ok(repository) = Repository::open(root.path()) else { return Ok(false) };
    let state = format!("{}{STATE}", repository.fleet_prefix());
    // The folder itself is an entry where it is a submodule.
    let is_of_state =
        |path: &String| path.strip_prefix(&state).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    Ok(repository.tracked_below(&state)?.iter().any(is_of_state))
}

/// Warns of such a change: what is looked at is neither the old state nor the new one.
///
/// # Errors
/// The disk refuses.
pub fn warn_interrupted(root: &Root, sources: &mut SourceMap, sink: &mut Sink) -> Result<(), Error> {
    let Some(n) = root.unfinished(&folder())? else { return Ok(()) };
    if is_committed(root)? {
        let file = sources.add(format!("{STATE}/batch"), "");
        let fault = Diagnostic::error(COMMITTED, COMMITTED_MESSAGE).at(Span::file_start(file), "");
        sink.push(fault.help(COMMITTED_HELP));
        return Ok(());
    }
    let what = if n == 1 { "1 store file".to_owned() } else { format!("{n} store files") };
    let file = sources.add(format!("{STATE}/batch"), "");
    let message = format!("a change of {what} was interrupted, and is not finished");
    let help = "`lmsgen render` finishes it, and so does every other command that writes";
    sink.push(Diagnostic::warning(INTERRUPTED, message).at(Span::file_start(file), "").help(help));
    Ok(())
}
