//! Changes of many store files that a killed run has begun: found, told, and finished by whoever writes next.

use crate::diagnostic::{Class, Code, Diagnostic, Sink, SourceMap, Span};
use crate::files::{Root, STATE};

use super::Error;
use super::store_files::folder;

/// Some files are new and some are old.
const INTERRUPTED: Code = Code::new("LMS472", Class::Secret);

/// Finishes what a killed run has begun in the store, and gives the number of its files; mostly there is nothing.
///
/// # Errors
/// Another run holds the lock, somebody has changed one of the files since, or the disk refuses.
pub fn finish_interrupted(root: &Root) -> Result<Option<usize>, Error> {
    // Looked at first, so that nobody waits for a lock that is not needed.
    if root.unfinished(&folder())?.is_none() {
        return Ok(None);
    }
    Ok(root.lock()?.finish(&folder())?)
}

/// Warns of such a change: what is looked at is neither the old state nor the new one.
///
/// # Errors
/// The disk refuses.
pub fn warn_interrupted(root: &Root, sources: &mut SourceMap, sink: &mut Sink) -> Result<(), Error> {
    let Some(n) = root.unfinished(&folder())? else { return Ok(()) };
    let what = if n == 1 { "1 store file".to_owned() } else { format!("{n} store files") };
    let file = sources.add(format!("{STATE}/batch"), "");
    let message = format!("a change of {what} was interrupted, and is not finished");
    let help = "`lmsgen render` finishes it, and so does every other command that writes";
    sink.push(Diagnostic::warning(INTERRUPTED, message).at(Span::file_start(file), "").help(help));
    Ok(())
}
