//! `secrets bind`: files that plain `sops` made or changed are taken over. They say their place afterwards and show public halves
//! that are declared public, and where a value differs from the last commit, their revision is higher than there.

use std::collections::HashMap;

use crate::diagnostic::Severity;
use crate::fleet::SecretKeyDecl;
use crate::git::Repository;
use crate::names::RelPath;
use crate::secret::{EMPTY_VALUE, Fault, StoreError, StoreFile, bind, decrypt};
use crate::sops::{Identities, Plaintext};

use super::Error;
use super::prepare::Checked;
use super::secret_place::{public_halves, recipients, spec};
use super::secret_verify::{NOT_DERIVED, stale_digests};
use super::store::Wanted;
use super::store_change::{Change, ChangedFiles};
use super::store_files::STORE;

/// Binds every file of the selection.
///
/// # Errors
/// A broken operation; faults in files are in the result, and then nothing was written.
pub fn bind_secrets(
    change: Change<'_>,
    identities: &Identities,
    now: &str,
) -> Result<Checked<ChangedFiles<()>>, Error> {
    let committed = committed(change)?;
    change.apply(|fleet, one, bytes| {
        let failed = |source| Error::Secret { path: one.path.to_string(), source };
        let mut spec = spec(fleet, (one.place, one.decl), &one.object_name, Vec::new())?;
        let values = decrypt(bytes, identities).map_err(failed)?;
        let faults = faults(one, &values);
        if !faults.is_empty() {
            return Err(failed(StoreError::Faults(faults)));
        }
        if one.decl.keys.iter().any(SecretKeyDecl::is_public) {
            spec.public = public_halves(one.decl, &values)?;
        }
        let old = committed.get(&one.path);
        if let Some((now, before)) = old.and_then(|old| older(old, bytes)) {
            return Err(Error::Guard {
                message: format!("{} is older than in the last commit (revision {now} after {before})", one.path),
                help: "an older version was put back; restore the file, or set its values with `lmsgen secrets set`"
                    .into(),
            });
        }
        let revision = old.map_or(0, |old| revision_above(old, (bytes, &values), identities));
        let new = bind(bytes, &spec, &recipients(fleet, one.place), revision, identities, now).map_err(failed)?;
        Ok(Some((new, ())))
    })
}

/// What lmsgen would not have written, and does not take over.
fn faults(one: &Wanted<'_>, values: &[(String, Plaintext)]) -> Vec<Fault> {
    let fault = |code, message, help: String| Fault {
        code,
        severity: Severity::Error,
        message,
        help: Some(help.into()),
        span: 0..0,
    };
    let empty = values.iter().filter(|(_, value)| value.is_empty()).map(|(key, _)| {
        let help = "SOPS does not protect empty values: set one, or remove the key with `sops unset`";
        fault(EMPTY_VALUE, format!("the value of key `{key}` is empty"), help.to_owned())
    });
    let stale = stale_digests(one.decl, values).into_iter().map(|key| {
        let message = format!("key `{key}` is not the SHA-256 that the stack declares");
        let help = "the key that it is made of was changed without it: set that with `lmsgen secrets set`, and the digest follows";
        fault(NOT_DERIVED, message, help.to_owned())
    });
    empty.chain(stale).collect()
}

/// The store files of the last commit; none without a repository or a commit.
fn committed(change: Change<'_>) -> Result<HashMap<RelPath, Vec<u8>>, Error> {
    let Ok(repository) = Repository::open(change.root.path()) else { return Ok(HashMap::new()) };
    let Some(head) = repository.head()? else { return Ok(HashMap::new()) };
    Ok(repository.files_below(&head, STORE)?)
}

/// The revisions of a file and of `old` where the file's is lower.
fn older(old: &[u8], new: &[u8]) -> Option<(u64, u64)> {
    let (old, new) = (StoreFile::parse(old).ok()?, StoreFile::parse(new).ok()?);
    // Without its place it may be of plain `sops`, which knows no revision.
    (new.place().is_some() && new.revision() < old.revision()).then(|| (new.revision(), old.revision()))
}

/// The revision that a file must have if its values differ from those of `old`; 0 if they do not. Ciphertext differs where the file
/// was encrypted anew as well, so that values are compared where `old` opens.
fn revision_above(old: &[u8], (new, values): (&[u8], &[(String, Plaintext)]), identities: &Identities) -> u64 {
    let (Ok(before), Ok(after)) = (StoreFile::parse(old), StoreFile::parse(new)) else { return 0 };
    let is_equal =
        |known: &[(String, Plaintext)]| known.len() == values.len() && values.iter().all(|value| known.contains(value));
    let differs = match decrypt(old, identities) {
        Ok(known) => !is_equal(&known),
        Err(_) => after.differs_in_values_from(&before),
    };
    if differs { before.revision().saturating_add(1) } else { 0 }
}
