//! `secrets generate`.

use crate::files::Root;
use crate::fleet::{Selection, Sources};
use crate::ops::generate::{Generated, Making, generate_missing, write_generated};
use crate::ops::prepare::{Checked, prepare};
use crate::ops::store_files::{self, StoreFiles};
use crate::ops::{Error, Watch, sops_yaml};
use crate::sops::Identities;

/// Makes what is missing in the store and writes it; touches nothing else.
///
/// # Errors
/// A broken operation; faults in files are in the result.
pub fn generate_secrets(
    root: &Root,
    selection: &Selection,
    (identities, now): (&Identities, &str),
    watch: &dyn Watch,
) -> Result<Checked<Vec<Generated>>, Error> {
    let lock = store_files::lock(root)?;
    let files = Sources::from_disk(root)?;
    let mut prepared = match prepare(StoreFiles::Disk(root), files, selection)? {
        Ok(prepared) => prepared,
        Err(faults) => return Ok(faults.with(None)),
    };
    let mut outcome = None;
    if !prepared.found.has_errors() {
        let made = generate_missing(&mut prepared, Making { root, now, identities, watch })?;
        write_generated(root, &made)?;
        sops_yaml::keep_in_step(root, &prepared.fleet)?;
        outcome = Some(made);
    }
    drop(lock);
    Ok(prepared.finish(outcome))
}
