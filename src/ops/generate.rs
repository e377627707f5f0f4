//! Making the secret values that are missing: for `render` and `publish` in memory first, on disk only when everything
//! else is right; for `secrets generate` on disk at once, so that a run that is ended has lost nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::files::{Durability, Root};
use crate::fleet::{Fleet, SecretSource};
use crate::names::RelPath;
use crate::render::SecretPlace;
use crate::secret::{StoredSecret, decrypt, encrypt, generate, set};
use crate::sops::Identities;

use super::Error;
use super::committed::{Committed, refuse_lost_keys};
use super::prepare::Prepared;
use super::render::Watch;
use super::secret_place::{recipients, spec};
use super::store::{Missing, rendered};

/// A store file that was made or extended, not yet on disk.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Where it belongs.
    pub place: SecretPlace,
    /// `secrets/lms-dev/C7/lms-secret.yaml`.
    pub path: RelPath,
    /// The file, encrypted.
    pub bytes: Arc<[u8]>,
    /// Number of values that were made.
    pub n_values: usize,
    /// `true` for a file that the store did not have.
    pub is_new: bool,
}

/// What generating needs from outside.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// The fleet's folder, to ask its repository what was there before.
    pub root: &'a Root,
    /// The time, `2026-01-02T03:04:05Z`, that new files carry.
    pub now: &'a str,
    /// Private keys: needed only to add a key to a file that exists.
    pub identities: &'a Identities,
    /// Told about progress.
    pub watch: &'a dyn Watch,
}

/// Makes every missing value that has a generator and puts the files into the prepared store. What exists is never
/// changed; a file that lacks a key is extended, which needs a private key.
///
/// # Errors
/// The first file that cannot be made.
pub fn generate_missing(prepared: &mut Prepared, making: Making<'_>) -> Result<Vec<Generated>, Error> {
    let todo = todo(&prepared.store.missing);
    let made = make_each(&prepared.fleet, &todo, making, Ok)?;
    for (missing, file) in todo.iter().zip(&made) {
        if let Ok(stored) = StoredSecret::parse(&file.bytes) {
            prepared.store.secrets.replace(missing.place, missing.name.clone(), rendered(&stored));
        }
    }
    for missing in &mut prepared.store.missing {
        missing.keys.retain(|key| matches!(key.source, SecretSource::Provided { .. }));
    }
    prepared.store.missing.retain(|missing| !missing.keys.is_empty());
    Ok(made)
}

/// Makes every missing value that has a generator and writes each file as soon as it is made; gives the number of values
/// in each. However the run ends, every file is there whole or not at all, and the next run makes the others.
///
/// # Errors
/// The first file that cannot be made or written, after the others were: only what cannot be written stops the run.
pub fn write_missing(prepared: &Prepared, making: Making<'_>) -> Result<Vec<usize>, Error> {
    let written = make_each(&prepared.fleet, &todo(&prepared.store.missing), making, |file| {
        // To force each new file to the disk would leave the cores waiting for it twenty thousand times. All of them
        // together, below, cost one wait, and until then nobody can have used a value: a power cut loses what can be
        // made again. A file that is extended holds values that are in use, and is never less than safe.
        let durability = if file.is_new { Durability::Cached } else { Durability::Durable };
        write_one(making.root, &file, durability)?;
        Ok(file.n_values)
    });
    let synced = if matches!(&written, Ok(files) if files.is_empty()) { Ok(()) } else { making.root.sync() };
    let written = written?;
    synced?;
    Ok(written)
}

fn todo(missing: &[Missing]) -> Vec<&Missing> {
    missing.iter().filter(|missing| missing.has_generated()).collect()
}

/// Makes what each of `todo` lacks, on all cores, and gives every file to `keep` once it is made.
fn make_each<T: Send>(
    fleet: &Fleet,
    todo: &[&Missing],
    making: Making<'_>,
    keep: impl Fn(Generated) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    if todo.is_empty() {
        return Ok(Vec::new());
    }
    let paths: Vec<RelPath> = todo.iter().map(|missing| missing.path.clone()).collect();
    let committed = Committed::at(making.root, &paths)?;
    committed.refuse_gone(todo.iter().filter(|missing| missing.existing.is_none()).map(|missing| &missing.path))?;
    refuse_lost_keys(&committed, fleet, todo)?;
    making.watch.begin("Generating secrets", todo.len());
    let (done, is_stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    // One file is one piece of work: some take a thousand times as long as others, and no core shall idle at the end.
    let made = todo.par_iter().with_max_len(1).map(|missing| {
        // Where one file cannot be kept, the next cannot, either: the disk is full.
        if is_stopped.load(Ordering::Relaxed) {
            return None;
        }
        let made = generate_one(fleet, missing, making)
            .and_then(|file| keep(file).inspect_err(|_| is_stopped.store(true, Ordering::Relaxed)));
        making.watch.advance(done.fetch_add(1, Ordering::Relaxed) + 1);
        Some(made)
    });
    // The first error in order, whichever thread was faster.
    made.collect::<Vec<_>>().into_iter().flatten().collect()
}

fn generate_one(fleet: &Fleet, missing: &Missing, making: Making<'_>) -> Result<Generated, Error> {
    let failed = |source| Error::Secret { path: missing.path.to_string(), source };
    let keys = missing.generated();
    let known = match &missing.existing {
        Some(bytes) => decrypt(bytes, making.identities).map_err(failed)?,
        None => Vec::new(),
    };
    let values =
        generate(&keys, &known).map_err(|source| Error::Generate { path: missing.path.to_string(), source })?;
    let n_values = values.len();
    let spec = spec(fleet, (missing.place, missing.decl(fleet)), &missing.object_name, values)?;
    let recipients = recipients(fleet, missing.place);
    let bytes = match &missing.existing {
        Some(existing) => set(Some(existing), &spec, &recipients, making.identities, making.now),
        None => encrypt(&spec, &recipients, making.now),
    };
    Ok(Generated {
        place: missing.place,
        path: missing.path.clone(),
        bytes: bytes.map_err(failed)?.into(),
        n_values,
        is_new: missing.existing.is_none(),
    })
}

/// Writes store files durably: unlike output, they cannot be made again.
///
/// # Errors
/// The first file that cannot be written, or that appeared in the meantime.
pub fn write_generated(root: &Root, files: &[Generated]) -> Result<(), Error> {
    files.par_iter().try_for_each(|file| write_one(root, file, Durability::Durable))
}

fn write_one(root: &Root, file: &Generated, durability: Durability) -> Result<(), Error> {
    // A file that came meanwhile, with a `git pull`, holds values that are in use somewhere.
    if file.is_new {
        root.create_new(&file.path, &file.bytes, durability)?;
    } else {
        root.write(&file.path, &file.bytes, durability)?;
    }
    Ok(())
}
