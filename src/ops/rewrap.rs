//! `secrets rewrap`: the recipients of store files made those that their environments declare.

use crate::fleet::SecretSource;
use crate::secret::{NewDataKey, StoreError, StoreFile, rewrap};
use crate::sops::Identities;

use super::Error;
use super::prepare::Checked;
use super::secret_place::recipients;
use super::store_change::{Change, ChangedFiles};
use super::store_files::WholeStore;
use super::store_history::former_recipients;

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
    /// Those of the keys that lmsgen makes, so that they can be rotated.
    pub generated: Vec<String>,
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
    let store = WholeStore::read(change.root)?;
    let former = former_recipients(change.root, store.files.iter().map(|(path, bytes)| (path, &**bytes)))?;
    change.apply(|fleet, one, bytes| {
        let failed = |source| Error::Secret { path: one.path.to_string(), source };
        let declared = recipients(fleet, one.place);
        // Who was taken off the list by other means still knows the data key.
        let is_declared = |one: &&String| declared.iter().any(|known| known.as_str() == one.as_str());
        let of_file = former.get(&one.path).into_iter().flatten();
        let former: Vec<String> = of_file.filter(|one| !is_declared(one)).cloned().collect();
        let when = if former.is_empty() { when } else { NewDataKey::Always };
        let with_former = |mut removed: Vec<String>| {
            removed.extend(former.iter().filter(|one| !removed.contains(one)).cloned().collect::<Vec<_>>());
            removed
        };
        let secret = one.decl.name.to_string();
        let generated = |key: &&String| {
            let decl = one.decl.keys.iter().find(|decl| decl.key == **key);
            decl.is_some_and(|decl| matches!(decl.source, SecretSource::Generate(_)))
        };
        if dry_run {
            let file = StoreFile::parse(bytes).map_err(|faults| failed(StoreError::Faults(faults)))?;
            let (added, removed) = file.recipients_against(&declared);
            let keys: Vec<String> = file.keys().map(str::to_owned).collect();
            let generated = keys.iter().filter(generated).cloned().collect();
            let todo = when == NewDataKey::Always || !added.is_empty() || !removed.is_empty();
            // Nothing is written, so that no bytes are needed but such that differ.
            let removed = with_former(removed);
            return Ok(todo.then(|| (Vec::new(), RecipientChange { added, removed, secret, keys, generated })));
        }
        let done = rewrap(bytes, &declared, when, identities, now).map_err(failed)?;
        let generated = done.keys.iter().filter(generated).cloned().collect();
        let removed = with_former(done.removed);
        let note = RecipientChange { added: done.added, removed, secret, keys: done.keys, generated };
        Ok(Some((done.bytes, note)))
    })
}
