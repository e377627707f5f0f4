//! `secrets convert`: store files in another form than their environment's, written anew in that form.

use crate::secret::{StoreError, StoreFile, decrypt, encrypt};
use crate::sops::Identities;

use super::Error;
use super::prepare::Checked;
use super::secret_place::{recipients, spec};
use super::store_change::{Change, ChangedFiles};

/// Converts every file of the selection whose form is not the declared one. Values, revision and recipients stay; the data
/// key is a new one.
///
/// # Errors
/// A broken operation; faults in files are in the result, and then nothing was written.
pub fn convert_secrets(
    change: Change<'_>,
    identities: &Identities,
    now: &str,
) -> Result<Checked<ChangedFiles<()>>, Error> {
    change.apply(|fleet, one, bytes| {
        let environment = &fleet.environments[one.place.environment];
        let Some(form) = environment.form.stored() else { return Ok(None) };
        let failed = |source| Error::Secret { path: one.path.to_string(), source };
        let file = StoreFile::parse(bytes).map_err(|faults| failed(StoreError::Faults(faults)))?;
        if file.form() == form {
            return Ok(None);
        }
        let values = decrypt(bytes, identities).map_err(failed)?;
        let mut spec = spec(fleet, (one.place, one.decl), &one.object_name, values)?;
        spec.revision = file.revision();
        Ok(Some((encrypt(&spec, &recipients(fleet, one.place), now).map_err(failed)?, ())))
    })
}
