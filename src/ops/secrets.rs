//! `secrets set` and `secrets generate`.

use crate::diagnostic::{Diagnostic, SourceMap};
use crate::files::Root;
use crate::fleet::{Fleet, SecretDecl, SecretSource, Selection, Sources};
use crate::names::RelPath;
use crate::secret::{Generator, StoredSecret, generate, set};
use crate::sops::{Identities, Plaintext};

use super::generate::{Making, public_halves, refuse_lost, write_missing};
use super::prepare::{Checked, prepare};
use super::secret_place::{recipients, spec};
use super::store::{Wanted, add_masked, wanted};
use super::store_files::StoreFiles;
use super::{Error, Watch};

/// Which value of which Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `lms-dev/C42`, or `lms-dev` for a Secret of the environment.
    pub place: String,
    /// Logical name of the Secret.
    pub name: String,
    /// Key.
    pub key: String,
}

/// What `secrets set` did.
#[derive(Debug, PartialEq, Eq)]
pub struct SetOutcome {
    /// The store file.
    pub path: RelPath,
    /// `false` if the value was that already.
    pub changed: bool,
    /// Values that were generated along with it, for a file that did not exist.
    pub n_generated: usize,
    /// The file's revision now.
    pub revision: u64,
}

/// Sets one value. A file that does not exist yet is made complete, so that no private key is needed later.
///
/// # Errors
/// A target that the fleet does not declare, or a file that cannot be opened or written.
pub fn set_secret(
    root: &Root,
    target: &Target,
    value: Plaintext,
    identities: &Identities,
    now: &str,
) -> Result<Checked<SetOutcome>, Error> {
    let lock = super::store_files::lock(root)?;
    let loaded = crate::fleet::load(&Sources::from_disk(root)?);
    let found = loaded.found.has_errors();
    let (Some(fleet), false) = (&loaded.fleet, found) else {
        let found = loaded.found.into_sorted(&loaded.sources);
        return Ok(Checked { outcome: None, found, sources: loaded.sources, n_instances: 0, n_objects: 0 });
    };
    let one = find(fleet, target)?;
    let existing = root.read(&one.path, 5 << 20)?;
    if existing.is_none() {
        refuse_lost(root, std::slice::from_ref(&one.path))?;
    }
    let mut sources = loaded.sources;
    let written = write(fleet, &one, existing.as_deref(), (target, value), (identities, now));
    let (bytes, n_generated) = match written {
        Ok(written) => written,
        Err(Error::Secret { source, .. }) => {
            let file = add_masked(&mut sources, one.path.as_str(), existing.as_deref().unwrap_or_default());
            return Ok(faults(source.diagnostics(file), sources));
        }
        Err(other) => return Err(other),
    };
    let revision = StoredSecret::parse(&bytes.as_slice().into()).map_or(1, |stored| stored.revision);
    let changed = existing.as_deref() != Some(&bytes);
    if changed {
        root.write(&one.path, &bytes, crate::files::Durability::Durable)?;
    }
    drop(lock);
    let outcome = SetOutcome { path: one.path, changed, n_generated, revision };
    Ok(Checked { outcome: Some(outcome), found: Vec::new(), sources, n_instances: 0, n_objects: 0 })
}

fn faults(found: Vec<Diagnostic>, sources: SourceMap) -> Checked<SetOutcome> {
    Checked { outcome: None, found, sources, n_instances: 0, n_objects: 0 }
}

/// The declared Secret that a target names.
fn find<'f>(fleet: &'f Fleet, target: &Target) -> Result<Wanted<'f>, Error> {
    let (environment, client) = match target.place.split_once('/') {
        Some((environment, client)) => (environment, Some(client)),
        None => (target.place.as_str(), None),
    };
    // A pattern would mean the first of several.
    if target.place.contains(['*', '?']) {
        return Err(Error::Usage(format!("`{}` is a pattern; a value is set in one place at a time", target.place)));
    }
    let selection = Selection {
        environments: vec![environment.to_owned()],
        clients: client.map(str::to_owned).into_iter().collect(),
        labels: Vec::new(),
    };
    let instances = selection.instances(fleet)?;
    let places = wanted(fleet, &instances);
    let of_place: Vec<Wanted<'f>> =
        places.into_iter().filter(|one| one.place.client.is_some() == client.is_some()).collect();
    let known: Vec<String> = of_place.iter().map(|one| one.decl.name.to_string()).collect();
    let one = of_place.into_iter().find(|one| one.decl.name.as_str() == target.name).ok_or_else(|| {
        let known = if known.is_empty() { "none".to_owned() } else { format!("`{}`", known.join("`, `")) };
        let of_clients = client.is_none()
            && fleet.stacks.iter().any(|stack| stack.secrets.iter().any(|secret| secret.name.as_str() == target.name));
        let hint =
            if of_clients { format!("; it belongs to clients: name `{}/CLIENT`", target.place) } else { String::new() };
        Error::Usage(format!("`{}` has no Secret `{}`; there is {known}{hint}", target.place, target.name))
    })?;
    match one.decl.keys.iter().find(|key| key.key == target.key).map(|key| &key.source) {
        Some(SecretSource::Generate(Generator::Sha256Of { key })) => {
            Err(Error::Usage(format!("`{}` is the SHA-256 of `{key}`; set `{key}`, and it follows", target.key)))
        }
        Some(_) => Ok(one),
        None => {
            let keys: Vec<&str> = one.decl.keys.iter().map(|key| key.key.as_str()).collect();
            let keys = keys.join("`, `");
            let message = format!("Secret `{}` has no key `{}`; the stack declares `{keys}`", target.name, target.key);
            Err(Error::Usage(message))
        }
    }
}

fn write(
    fleet: &Fleet,
    one: &Wanted<'_>,
    existing: Option<&[u8]>,
    (target, value): (&Target, Plaintext),
    (identities, now): (&Identities, &str),
) -> Result<(Vec<u8>, usize), Error> {
    let mut values = vec![(target.key.clone(), value)];
    // A file that is there keeps everything but what is made of the new value.
    let keys = match existing {
        None => generated_keys(one.decl, &target.key),
        Some(_) => digests_of(one.decl, &target.key),
    };
    let made = generate(&keys, &values).map_err(|source| Error::Generate { path: one.path.to_string(), source })?;
    values.extend(made);
    let n_generated = if existing.is_none() { keys.len() } else { 0 };
    let mut spec = spec(fleet, (one.place, &one.decl.name), &one.object_name, values);
    let public = one.decl.keys.iter().filter(|key| key.is_public()).map(|key| key.key.as_str());
    spec.public = public_halves(public, &spec.values)?;
    let bytes = set(existing, &spec, &recipients(fleet, one.place), identities, now);
    Ok((bytes.map_err(|source| Error::Secret { path: one.path.to_string(), source })?, n_generated))
}

fn generated_keys<'d>(decl: &'d SecretDecl, but: &str) -> Vec<(&'d str, &'d Generator)> {
    decl.keys
        .iter()
        .filter(|key| key.key != but)
        .filter_map(|key| match &key.source {
            SecretSource::Generate(generator) => Some((key.key.as_str(), generator)),
            SecretSource::Provided { .. } => None,
        })
        .collect()
}

/// Keys that are digests of `key`. No digest is made of another.
fn digests_of<'d>(decl: &'d SecretDecl, key: &str) -> Vec<(&'d str, &'d Generator)> {
    let digests = decl.keys.iter().filter_map(|one| match &one.source {
        SecretSource::Generate(generator @ Generator::Sha256Of { key: of }) if of == key => {
            Some((one.key.as_str(), generator))
        }
        _ => None,
    });
    digests.collect()
}

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
    let lock = super::store_files::lock(root)?;
    let files = Sources::from_disk(root)?;
    let mut prepared = match prepare(StoreFiles::Disk(root), files, selection)? {
        Ok(prepared) => prepared,
        Err(faults) => return Ok(faults.with(None)),
    };
    let mut outcome = None;
    if !prepared.is_stopped() {
        let made = write_missing(&prepared, Making { root, now, identities, watch })?;
        super::sops_yaml::keep_in_step(root, &prepared.fleet)?;
        outcome = Some(GenerateOutcome { files: made.len(), values: made.iter().sum() });
        prepared.forget_not_made();
    }
    drop(lock);
    Ok(prepared.finish(outcome))
}
