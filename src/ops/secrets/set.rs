//! `secrets set`, and how every command writes values.

use crate::files::{Durability, Root};
use crate::fleet::{SecretDecl, SecretSource};
use crate::names::RelPath;
use crate::ops::Error;
use crate::ops::generate::refuse_lost;
use crate::ops::prepare::Checked;
use crate::ops::secret_place::{recipients, spec};
use crate::ops::{sops_yaml, store_files};
use crate::secret::{Generator, StoredSecret, generate, is_rsa_private_key, set};
use crate::sops::{Identities, Plaintext};

use super::SecretRef;
use super::target::{Found, on_secret};

/// What came of setting values.
#[derive(Debug, PartialEq, Eq)]
pub struct SetOutcome {
    /// The store file.
    pub path: RelPath,
    /// `false` if the values were those already.
    pub changed: bool,
    /// Values that were generated along with them, for a file that did not exist.
    pub n_generated: usize,
    /// The file's revision now.
    pub revision: u64,
}

/// Sets values of one Secret in one write. A file that does not exist yet is made complete, so that no private key is
/// needed later; digests of what is set follow.
///
/// # Errors
/// A Secret or key that the fleet does not declare, or a file that cannot be opened or written.
pub fn set_secret(
    root: &Root,
    which: &SecretRef,
    values: Vec<(String, Plaintext)>,
    (identities, now): (&Identities, &str),
) -> Result<Checked<SetOutcome>, Error> {
    let lock = store_files::lock(root)?;
    let done = on_secret(root, which, |found| {
        for (key, _) in &values {
            if let SecretSource::Generate(Generator::Sha256Of { key: of }) = &found.key(key)?.source {
                return Err(Error::Usage(format!("`{key}` is the SHA-256 of `{of}`; set `{of}`, and it follows")));
            }
        }
        write(root, found, values, (identities, now))
    });
    drop(lock);
    done
}

/// Writes values of declared keys, which are no digests, while the caller holds the lock. What is declared as an RSA key must
/// be one.
pub(super) fn write(
    root: &Root,
    found: &Found<'_>,
    mut values: Vec<(String, Plaintext)>,
    (identities, now): (&Identities, &str),
) -> Result<SetOutcome, Error> {
    for (key, value) in &values {
        let is_rsa = matches!(found.key(key)?.source, SecretSource::Generate(Generator::Rsa(_)));
        if is_rsa && !is_rsa_private_key(value) {
            let why = "is no RSA private key in PEM, as the stack declares it";
            return Err(Error::Usage(format!("the value of `{key}` {why}")));
        }
    }
    let one = &found.one;
    let existing = found.existing.as_deref();
    if existing.is_none() {
        refuse_lost(root, std::slice::from_ref(&one.path))?;
    }
    let given: Vec<&str> = values.iter().map(|(key, _)| key.as_str()).collect();
    // A file that is there keeps everything but what is made of the new values.
    let keys = match existing {
        None => generated_keys(one.decl, &given),
        Some(_) => digests_of(one.decl, &given),
    };
    let made = generate(&keys, &values).map_err(|source| Error::Generate { path: one.path.to_string(), source })?;
    let n_generated = if existing.is_none() { keys.len() } else { 0 };
    values.extend(made);
    let spec = spec(found.fleet, (one.place, one.decl), &one.object_name, values)?;
    let bytes = set(existing, &spec, &recipients(found.fleet, one.place), identities, now)
        .map_err(|source| found.secret_error(source))?;
    let revision = StoredSecret::parse(&bytes.as_slice().into()).map_or(1, |stored| stored.revision);
    let changed = existing != Some(&bytes);
    if changed {
        root.write(&one.path, &bytes, Durability::Durable)?;
        sops_yaml::keep_in_step(root, found.fleet)?;
    }
    Ok(SetOutcome { path: one.path.clone(), changed, n_generated, revision })
}

/// Keys that lmsgen makes, but for those that are given and for digests of what nobody has given yet.
fn generated_keys<'d>(decl: &'d SecretDecl, given: &[&str]) -> Vec<(&'d str, &'d Generator)> {
    let of_nothing = |generator: &Generator| match generator {
        Generator::Sha256Of { key } => {
            let provided = |one: &&crate::fleet::SecretKeyDecl| matches!(one.source, SecretSource::Provided { .. });
            !given.contains(&key.as_str()) && decl.keys.iter().filter(provided).any(|one| one.key == *key)
        }
        _ => false,
    };
    let made = decl.keys.iter().filter(|key| !given.contains(&key.key.as_str())).filter_map(|key| match &key.source {
        SecretSource::Generate(generator) if !of_nothing(generator) => Some((key.key.as_str(), generator)),
        _ => None,
    });
    made.collect()
}

/// Keys that are digests of those given. No digest is made of another.
fn digests_of<'d>(decl: &'d SecretDecl, given: &[&str]) -> Vec<(&'d str, &'d Generator)> {
    let digests = decl.keys.iter().filter_map(|one| match &one.source {
        SecretSource::Generate(generator @ Generator::Sha256Of { key: of }) if given.contains(&of.as_str()) => {
            Some((one.key.as_str(), generator))
        }
        _ => None,
    });
    digests.collect()
}
