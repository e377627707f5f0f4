//! `secrets set`, and how every command writes values.

use crate::files::{Durability, Root};
use crate::fleet::{Fleet, SecretDecl, SecretSource};
use crate::names::RelPath;
use crate::ops::committed::Committed;
use crate::ops::places::{Place, Places, secret_places};
use crate::ops::prepare::Checked;
use crate::ops::secret_place::{recipients, spec};
use crate::ops::store::Wanted;
use crate::ops::store_change::{Change, ChangedFiles};
use crate::ops::{Error, sops_yaml, store_files};
use crate::secret::{Generator, StoredSecret, decrypt, generate, rsa_bits, set};
use crate::sops::{Identities, Plaintext};

use super::SecretRef;
use super::target::{Found, declared_key, on_secret};

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

/// A key that a person gives a value: of one Secret, or of every one that has that name.
#[derive(Clone, Debug)]
pub struct SetTarget {
    /// Whose Secrets.
    pub places: Places,
    /// The Secret's name in the stack.
    pub secret: String,
    /// The key.
    pub key: String,
}

/// The places whose Secret has a key that can be set, before anybody is asked for the value. Of a single one, the file is
/// opened as well.
///
/// # Errors
/// A place, Secret or key that the fleet does not declare, or a file that cannot be opened.
pub fn settable_places(root: &Root, target: &SetTarget, identities: &Identities) -> Result<Checked<Vec<Place>>, Error> {
    let SetTarget { places, secret, key } = target;
    let Some(place) = places.single() else {
        return secret_places(root, places, secret, |decl| settable(decl, key));
    };
    on_secret(root, &SecretRef { place: place.to_owned(), name: secret.clone() }, |found| {
        settable(found.one.decl, key)?;
        if let Some(bytes) = &found.existing {
            decrypt(bytes, identities).map_err(|source| found.secret_error(source))?;
        }
        Ok(vec![Place::of(found.fleet, found.one.place)])
    })
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
        values.iter().try_for_each(|(key, _)| settable(found.one.decl, key))?;
        write(root, found, values, (identities, now))
    });
    drop(lock);
    done
}

/// Sets one value in every place of the change, as [`set_secret`] does in one; all files are written as one.
///
/// # Errors
/// As [`set_secret`]; nothing is written when one file cannot be.
pub fn set_everywhere(
    change: Change<'_>,
    key: &str,
    value: &Plaintext,
    (identities, now): (&Identities, &str),
) -> Result<Checked<ChangedFiles<usize>>, Error> {
    change.apply_or_make(|fleet, one, existing| {
        settable(one.decl, key)?;
        // Each file is encrypted by itself, at the same time as others.
        let values = vec![(key.to_owned(), Plaintext::new(value.expose().to_vec()))];
        let Made { bytes, n_generated } = make(fleet, one, existing, values, (identities, now))?;
        Ok(Some((bytes, n_generated)))
    })
}

/// A declared key that is no digest of another.
fn settable(decl: &SecretDecl, key: &str) -> Result<(), Error> {
    if let SecretSource::Generate(Generator::Sha256Of { key: of }) = &declared_key(decl, key)?.source {
        return Err(Error::Usage(format!("`{key}` is the SHA-256 of `{of}`; set `{of}`, and it follows")));
    }
    Ok(())
}

/// Writes values of declared keys, which are no digests, while the caller holds the lock.
pub(super) fn write(
    root: &Root,
    found: &Found<'_>,
    values: Vec<(String, Plaintext)>,
    with: (&Identities, &str),
) -> Result<SetOutcome, Error> {
    let Found { fleet, one, existing } = found;
    let existing = existing.as_deref();
    if existing.is_none() {
        refuse_gone(root, &one.path)?;
    }
    let Made { bytes, n_generated } = make(fleet, one, existing, values, with)?;
    let revision = StoredSecret::parse(&bytes.as_slice().into()).map_or(1, |stored| stored.revision);
    let changed = existing != Some(&bytes);
    if changed {
        root.write(&one.path, &bytes, Durability::Durable)?;
        sops_yaml::keep_in_step(root, fleet)?;
    }
    Ok(SetOutcome { path: one.path.clone(), changed, n_generated, revision })
}

/// A file that only the last commit has is not begun anew.
pub(super) fn refuse_gone(root: &Root, path: &RelPath) -> Result<(), Error> {
    Committed::at(root, std::slice::from_ref(path))?.refuse_gone([path])
}

/// A store file with values set in it.
struct Made {
    bytes: Vec<u8>,
    n_generated: usize,
}

/// Makes the file. What is declared as an RSA key must be one.
fn make(
    fleet: &Fleet,
    one: &Wanted<'_>,
    existing: Option<&[u8]>,
    mut values: Vec<(String, Plaintext)>,
    (identities, now): (&Identities, &str),
) -> Result<Made, Error> {
    if let Some(fault) = value_faults(one.decl, &values).into_iter().next() {
        return Err(Error::Value(fault));
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
    let spec = spec(fleet, (one.place, one.decl), &one.object_name, values)?;
    let bytes = set(existing, &spec, &recipients(fleet, one.place), identities, now)
        .map_err(|source| Error::Secret { path: one.path.to_string(), source })?;
    Ok(Made { bytes, n_generated })
}

/// What is wrong with values, by what the stack declares their keys to be.
pub(super) fn value_faults(decl: &SecretDecl, values: &[(String, Plaintext)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (key, value) in values {
        let source = decl.keys.iter().find(|one| one.key == *key).map(|one| &one.source);
        let Some(SecretSource::Generate(Generator::Rsa(wanted))) = source else { continue };
        let wanted = wanted.size.bits();
        match rsa_bits(value) {
            None => faults.push(format!("the value of `{key}` is no RSA private key in PEM, as the stack declares it")),
            Some(bits) if bits < wanted => faults.push(format!(
                "the value of `{key}` is an RSA key of {bits} bits, and the stack declares {wanted}: use a longer key, or \
                 declare a shorter one in stack.toml"
            )),
            Some(_) => {}
        }
    }
    faults
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
