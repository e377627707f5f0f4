//! `validate`: everything that is wrong, without writing anything.

use crate::files::Root;
use crate::fleet::{Selection, Sources};
use crate::names::Date;

use super::committed::warn_unraised;
use super::interrupted::warn_interrupted;
use super::plaintext::report_unused;
use super::prepare::{Checked, prepare_on};
use super::render::{Strictness, require_secrets};
use super::store_files::StoreFiles;
use super::{Error, sops_yaml};

/// Nothing is wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Validated;

/// Checks the selection. `today`: the day that entries of `[[allow]]` are held against.
///
/// # Errors
/// A broken operation; faults in files are in the result.
pub fn validate(root: &Root, selection: &Selection, today: Option<Date>) -> Result<Checked<Validated>, Error> {
    let files = Sources::from_disk(root)?;
    Ok(match prepare_on(today, StoreFiles::Disk(root), files, selection)? {
        Err(faults) => faults.with(None),
        Ok(mut prepared) => {
            require_secrets(root, &mut prepared, Strictness::Lenient)?;
            warn_unraised(root, &mut prepared)?;
            warn_interrupted(root, &mut prepared.sources, &mut prepared.found)?;
            sops_yaml::check(root, &prepared.fleet, &mut prepared.sources, &mut prepared.found)?;
            prepared.pass_over_allowed();
            if prepared.is_everything() && !prepared.found.has_errors() {
                report_unused(&prepared.watched.sentry, &mut prepared.found);
            }
            let outcome = (!prepared.found.has_errors()).then_some(Validated);
            prepared.finish(outcome)
        }
    })
}
