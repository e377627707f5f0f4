//! `secrets rotate`: new values for generated keys, what is made of them along with it, and a higher revision.

use crate::fleet::{SecretDecl, SecretSource};
use crate::secret::{Generator, StoreFile, generate, set};
use crate::sops::Identities;

use super::Error;
use super::prepare::Checked;
use super::secret_place::{recipients, spec};
use super::store_change::{Change, ChangedFiles};
use super::typed_key::named_key;

/// What to rotate.
#[derive(Clone, Debug)]
pub struct RotateTarget {
    /// The Secret's name in the stack.
    pub secret: String,
    /// Its keys; empty for all that are generated.
    pub keys: Vec<String>,
}

/// Gives the keys new values in every place of the selection. Nothing is written unless all can be made; after a kill,
/// the next run finds all files old, or finishes what was begun.
///
/// # Errors
/// A Secret or key that no place declares, or one that a person gives; a broken operation. Faults in files are in the
/// result.
pub fn rotate_secrets(
    change: Change<'_>,
    target: &RotateTarget,
    (identities, now): (&Identities, &str),
) -> Result<Checked<ChangedFiles<Rotated>>, Error> {
    let change = Change { secret: Some(&target.secret), ..change };
    change.apply(|fleet, one, bytes| {
        let failed = |source| Error::Secret { path: one.path.to_string(), source };
        let keys = rotated_keys(one.decl, target)?;
        let values = generate(&keys, &[]).map_err(|source| Error::Generate { path: one.path.to_string(), source })?;
        let keys = values.iter().map(|(key, _)| key.clone()).collect();
        let left = if target.keys.is_empty() { given(one.decl, bytes) } else { Vec::new() };
        let spec = spec(fleet, (one.place, one.decl), &one.object_name, values)?;
        let new = set(Some(bytes), &spec, &recipients(fleet, one.place), identities, now).map_err(failed)?;
        Ok(Some((new, Rotated { keys, left })))
    })
}

/// What was rotated in one file.
#[derive(Debug)]
pub struct Rotated {
    /// Its keys, digests included.
    pub keys: Vec<String>,
    /// Keys that a person gives and the file has, where all keys were asked for: they stay as they are.
    pub left: Vec<String>,
}

/// The keys of a store file that a person gives.
fn given(decl: &SecretDecl, bytes: &[u8]) -> Vec<String> {
    let Ok(file) = StoreFile::parse(bytes) else { return Vec::new() };
    let is_given = |key: &&str| {
        decl.keys.iter().any(|one| one.key == **key && matches!(one.source, SecretSource::Provided { .. }))
    };
    file.keys().filter(is_given).map(str::to_owned).collect()
}

/// The keys to make anew, with those that are digests of them.
fn rotated_keys<'d>(decl: &'d SecretDecl, target: &RotateTarget) -> Result<Vec<(&'d str, &'d Generator)>, Error> {
    let generator = |source: &'d SecretSource| match source {
        SecretSource::Generate(generator) => Some(generator),
        SecretSource::Provided { .. } => None,
    };
    let mut keys = Vec::new();
    for asked in &target.keys {
        let Some(key) = decl.keys.iter().find(|key| key.key == *asked) else {
            let known = decl.keys.iter().map(|key| key.key.as_str()).collect::<Vec<_>>().join("`, `");
            return Err(Error::Usage(format!(
                "Secret `{}` has no {}; the stack declares `{known}`",
                decl.name,
                named_key(asked)
            )));
        };
        match generator(&key.source) {
            Some(Generator::Sha256Of { key: of }) => {
                return Err(Error::Usage(format!("`{asked}` is the SHA-256 of `{of}`; rotate `{of}`, and it follows")));
            }
            Some(generator) => keys.push((key.key.as_str(), generator)),
            None => {
                let message = format!("`{asked}` of `{}` is given by a person: use `lmsgen secrets set`", decl.name);
                return Err(Error::Usage(message));
            }
        }
    }
    if target.keys.is_empty() {
        let generated = decl.keys.iter().filter_map(|key| Some((key.key.as_str(), generator(&key.source)?)));
        keys.extend(generated.filter(|(_, generator)| !matches!(generator, Generator::Sha256Of { .. })));
        if keys.is_empty() {
            let message = format!("Secret `{}` has no generated key: use `lmsgen secrets set`", decl.name);
            return Err(Error::Usage(message));
        }
    }
    let follows = decl.keys.iter().filter_map(|key| match generator(&key.source) {
        Some(digest @ Generator::Sha256Of { key: of }) if keys.iter().any(|(key, _)| key == of) => {
            Some((key.key.as_str(), digest))
        }
        _ => None,
    });
    let follows: Vec<_> = follows.collect();
    keys.extend(follows);
    Ok(keys)
}
