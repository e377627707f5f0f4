//! `secrets rewrap`: the recipients of store files made those that their environments declare.

use std::sync::Arc;

use crate::fleet::Fleet;
use crate::secret::{NewDataKey, OTHER_LABELS, OTHER_OBJECT, OTHER_PLACE, StoreError, StoreFile, StoredSecret, rewrap};
use crate::sops::Identities;

use super::Error;
use super::prepare::Checked;
use super::secret_place::recipients;
use super::store::{Wanted, compare};
use super::store_change::{Change, ChangedFiles};

/// How one file's recipients change.
#[derive(Debug)]
pub struct RecipientChange {
    /// Who can open it now and could not before.
    pub added: Vec<String>,
    /// Who could open it; whoever has the old file still can.
    pub removed: Vec<String>,
    /// The Secret's name in the stack.
    pub secret: String,
    /// Its keys.
    pub keys: Vec<String>,
}

/// Rewraps every file of the selection, or says what would be done, which needs no key. After a kill, the next run finds all
/// files old, or finishes what was begun.
///
/// # Errors
/// A broken operation; faults in files are in the result, and then nothing was written.
pub fn rewrap_secrets(
    change: Change<'_>,
    when: NewDataKey,
    identities: &Identities,
    now: &str,
) -> Result<Checked<ChangedFiles<RecipientChange>>, Error> {
    let dry_run = change.dry_run;
    change.apply(|fleet, one, bytes| {
        let failed = |source| Error::Secret { path: one.path.to_string(), source };
        refuse_other(fleet, one, bytes).map_err(failed)?;
        let declared = recipients(fleet, one.place);
        let secret = one.decl.name.to_string();
        if dry_run {
            let file = StoreFile::parse(bytes).map_err(|faults| failed(StoreError::Faults(faults)))?;
            let (added, removed) = file.recipients_against(&declared);
            let keys = file.keys().map(str::to_owned).collect();
            let todo = when == NewDataKey::Always || !added.is_empty() || !removed.is_empty();
            // Nothing is written, so that no bytes are needed but such that differ.
            return Ok(todo.then(|| (Vec::new(), RecipientChange { added, removed, secret, keys })));
        }
        let done = rewrap(bytes, &declared, when, identities, now).map_err(failed)?;
        let note = RecipientChange { added: done.added, removed: done.removed, secret, keys: done.keys };
        Ok(Some((done.bytes, note)))
    })
}

/// A file of another place, or one in which characters were moved between texts, can have a right MAC. Only what is declared
/// gets a new one.
fn refuse_other(fleet: &Fleet, one: &Wanted<'_>, bytes: &[u8]) -> Result<(), StoreError> {
    let stored = StoredSecret::parse(&Arc::from(bytes)).map_err(StoreError::Faults)?;
    let mut faults = compare(fleet, one, &stored).faults;
    faults.retain(|fault| [OTHER_OBJECT, OTHER_PLACE, OTHER_LABELS].iter().any(|code| code.id == fault.code.id));
    if faults.is_empty() { Ok(()) } else { Err(StoreError::Faults(faults)) }
}
