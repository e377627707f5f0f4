//! `secrets generate`.

use crate::files::Root;
use crate::fleet::{Selection, Sources};
use crate::ops::generate::{Making, write_missing};
use crate::ops::prepare::{Checked, prepare};
use crate::ops::store_files::{self, StoreFiles};
use crate::ops::{Error, Watch, sops_yaml};
use crate::sops::Identities;

/// What `secrets generate` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GenerateOutcome {
    /// Files that were made or extended.
    pub files: usize,
    /// Values in them that were made.
    pub values: usize,
}

/// Makes what is missing in the store and writes it, file by file; touches nothing else.
///
/// # Errors
/// A broken operation; faults in files are in the result.
pub fn generate_secrets(
    root: &Root,
    selection: &Selection,
    (identities, now): (&Identities, &str),
    watch: &dyn Watch,
) -> Result<Checked<GenerateOutcome>, Error> {
    let lock = store_files::lock(root)?;
    let files = Sources::from_disk(root)?;
    let mut prepared = match prepare(StoreFiles::Disk(root), files, selection)? {
        Ok(prepared) => prepared,
        Err(faults) => return Ok(faults.with(None)),
    };
    let mut outcome = None;
    if !prepared.is_stopped() {
        let made = write_missing(&prepared, Making { root, now, identities, watch })?;
        sops_yaml::keep_in_step(root, &prepared.fleet)?;
        outcome = Some(GenerateOutcome { files: made.len(), values: made.iter().sum() });
        prepared.forget_not_made();
    }
    drop(lock);
    Ok(prepared.finish(outcome))
}
