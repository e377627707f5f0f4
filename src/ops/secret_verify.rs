//! `secrets verify`: every store file opened with a private key and compared with what it must be, and with its history.
//! Writes nothing; no value leaves this module.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::diagnostic::{Class, Code, Diagnostic, FileId, Sink, SourceMap, Span};
use crate::files::Root;
use crate::fleet::{Fleet, SecretDecl, SecretSource, Selection, Sources};
use crate::git::{Reach, Repository};
use crate::names::RelPath;
use crate::secret::{
    Generator, StoreError, StoreFile, StoredSecret, damaged_wraps, decrypt_file, pem_to_line, public_half,
};
use crate::sops::{Identities, Plaintext, short};

use super::committed::{Committed, GONE, restore};
use super::interrupted::warn_interrupted;
use super::orphans::orphans;
use super::prepare::Checked;
use super::secret_place::place_name;
use super::store::{Wanted, add_masked, compare, wanted};
use super::store_change::{Failed, report_failed};
use super::store_files::{STORE, StoreFiles, WholeStore};
use super::store_history::{former_recipients, still_known};

use super::{Error, Watch};
use crate::template::hex;

/// A value that is not made of what it is declared to be made of.
pub const NOT_DERIVED: Code = Code::new("LMS445", Class::Secret);
/// A data key that does not open for one of the file's recipients.
const DAMAGED_WRAP: Code = Code::new("LMS446", Class::Finding);
/// A file with a lower revision than an earlier one.
const BACKWARDS: Code = Code::new("LMS447", Class::Finding);

/// What was looked at.
#[derive(Debug, Default)]
pub struct Verified {
    /// Files opened.
    pub files: usize,
    /// Values decrypted.
    pub values: usize,
    /// How far the history was compared; `None` without a repository or a commit.
    pub history: Option<Reach>,
}

/// Opens every file of the selection.
///
/// # Errors
/// A broken operation; what is wrong with files is in the result.
pub fn verify_secrets(
    root: &Root,
    selection: &Selection,
    identities: &Identities,
    watch: &dyn Watch,
) -> Result<Checked<Verified>, Error> {
    let loaded = crate::fleet::load(&Sources::from_disk(root)?);
    let broken = loaded.found.has_errors();
    let (Some(fleet), false) = (&loaded.fleet, broken) else {
        let found = loaded.found.into_sorted(&loaded.sources);
        return Ok(Checked { outcome: None, found, sources: loaded.sources, n_instances: 0, n_objects: 0 });
    };
    let instances = selection.instances(fleet)?;
    let mut sources = loaded.sources;
    let mut sink = Sink::default();
    warn_interrupted(root, &mut sources, &mut sink)?;
    let whole = WholeStore::read(root)?;
    let files = StoreFiles::Read(root, &whole);
    let mut all = wanted(fleet, &instances);
    all.retain(|one| selection.names_environment(fleet.environments[one.place.environment].name.as_str()));
    let stored = |one: &&Wanted<'_>| fleet.environments[one.place.environment].form.stored().is_some();
    let read = all.iter().filter(stored).map(|one| Ok((one, files.read(&one.path)?)));
    let present: Vec<(&Wanted<'_>, Arc<[u8]>)> = read
        .filter_map(|read: Result<_, Error>| read.map(|(one, bytes)| bytes.map(|bytes| (one, bytes))).transpose())
        .collect::<Result<_, _>>()?;
    watch.begin("Verifying", present.len());
    let done = AtomicUsize::new(0);
    let looks: Vec<Look> = present
        .par_iter()
        .map(|(one, bytes)| {
            let look = look(fleet, one, bytes, identities);
            watch.advance(done.fetch_add(1, Ordering::Relaxed) + 1);
            look
        })
        .collect();
    let mut verified = Verified { files: present.len(), ..Verified::default() };
    let mut failed = Vec::new();
    let mut known = HashMap::new();
    for ((one, bytes), look) in present.iter().zip(looks) {
        verified.values += look.values;
        known.extend(look.revision.map(|revision| (one.path.clone(), (revision, Arc::clone(bytes)))));
        let file = (!look.found.is_empty()).then(|| add_masked(&mut sources, one.path.as_str(), bytes));
        for found in look.found {
            let place = place_name(fleet, one.place);
            if let Some(file) = file {
                sink.push(found.diagnostic(file).in_instance(place));
            }
        }
        failed.extend(look.failed.map(|error| Failed { one, bytes, error }));
    }
    report_failed(fleet, failed, &mut sources, &mut sink);
    if selection.is_everything() {
        orphans(files, fleet, &all, &mut sources, &mut sink)?;
    }
    let there: HashSet<&RelPath> = present.iter().map(|(one, _)| &one.path).collect();
    let is_absent = |one: &&Wanted<'_>| !there.contains(&one.path);
    let absent = all.iter().filter(stored).filter(is_absent).map(|one| one.path.clone()).collect::<Vec<_>>();
    report_gone(root, &absent, &mut sources, &mut sink)?;
    verified.history = compare_history(root, &known, &mut sources, &mut sink)?;
    report_former(root, &known, &mut sources, &mut sink)?;
    let n_instances = instances.len();
    let outcome = (!sink.has_errors()).then_some(verified);
    Ok(Checked { outcome, found: sink.into_sorted(&sources), sources, n_instances, n_objects: 0 })
}

/// What opening one file gave.
#[derive(Default)]
struct Look {
    values: usize,
    revision: Option<u64>,
    found: Vec<Found>,
    failed: Option<StoreError>,
}

/// Something wrong with a file that can be read.
enum Found {
    /// Its shape, place, recipients or keys.
    Fault(crate::secret::Fault),
    /// `key` is not the digest or the public half that it must be.
    NotDerived { key: String, what: &'static str },
    /// The data key wrapped for this recipient is broken.
    DamagedWrap(String),
}

impl Found {
    fn diagnostic(&self, file: FileId) -> Diagnostic {
        let start = Span::file_start(file);
        match self {
            Self::Fault(fault) => fault.diagnostic(file),
            Self::NotDerived { key, what } => {
                let message = format!("key `{key}` is not the {what} that the stack declares");
                Diagnostic::error(NOT_DERIVED, message)
                    .at(start, "")
                    .help("set the key that it is made of with `lmsgen secrets set`, and a digest follows; a public half follows with `lmsgen secrets bind`")
            }
            Self::DamagedWrap(recipient) => {
                let message = format!("the data key wrapped for {} does not open", short(recipient));
                Diagnostic::error(DAMAGED_WRAP, message)
                    .at(start, "")
                    .help("others can still decrypt the file: restore it, or encrypt it anew with `lmsgen secrets rewrap --rekey`")
            }
        }
    }
}

fn look(fleet: &Fleet, one: &Wanted<'_>, bytes: &Arc<[u8]>, identities: &Identities) -> Look {
    let file = match StoreFile::parse(bytes) {
        Ok(file) => file,
        Err(faults) => return Look { found: faults.into_iter().map(Found::Fault).collect(), ..Look::default() },
    };
    let stored = StoredSecret::of(&file, bytes);
    let mut found: Vec<Found> = compare(fleet, one, &stored).faults.into_iter().map(Found::Fault).collect();
    let revision = Some(stored.revision);
    let values = match decrypt_file(&file, identities) {
        Ok(values) => values,
        Err(error) => return Look { revision, found, failed: Some(error), values: 0 },
    };
    found.extend(underived(one, &values));
    found.extend(other_halves(&stored, &values));
    found.extend(damaged_wraps(&file, identities).into_iter().map(Found::DamagedWrap));
    Look { values: values.len(), revision, found, failed: None }
}

/// Digests that are not those of their keys.
fn underived(one: &Wanted<'_>, values: &[(String, Plaintext)]) -> Vec<Found> {
    let wrong = stale_digests(one.decl, values);
    wrong.into_iter().map(|key| Found::NotDerived { key: key.to_owned(), what: "SHA-256" }).collect()
}

/// Keys that are declared as digests of others, and are not.
pub fn stale_digests<'d>(decl: &'d SecretDecl, values: &[(String, Plaintext)]) -> Vec<&'d str> {
    let value = |key: &str| values.iter().find(|(known, _)| known == key).map(|(_, value)| value);
    let digests = decl.keys.iter().filter_map(|key| match &key.source {
        SecretSource::Generate(Generator::Sha256Of { key: of }) => Some((&key.key, value(&key.key)?, value(of)?)),
        _ => None,
    });
    let wrong = digests.filter(|(_, digest, of)| digest.expose() != hex(&Sha256::digest(of.expose())).as_bytes());
    wrong.map(|(key, ..)| key.as_str()).collect()
}

/// Public halves that are not those of their keys.
fn other_halves(stored: &StoredSecret, values: &[(String, Plaintext)]) -> Vec<Found> {
    let is_of = |half: &str, value: &Plaintext| public_half(value).is_ok_and(|pem| pem_to_line(&pem) == half);
    let right = |key: &str, half: &str| values.iter().any(|(known, value)| known == key && is_of(half, value));
    let wrong = stored.public.iter().filter(|(key, half)| !right(key, half));
    wrong.map(|(key, _)| Found::NotDerived { key: key.clone(), what: "private key of the public half" }).collect()
}

/// Reports files that the last commit has and the disk has not: what is not there cannot be opened.
fn report_gone(root: &Root, absent: &[RelPath], sources: &mut SourceMap, sink: &mut Sink) -> Result<(), Error> {
    let committed = Committed::at(root, absent)?;
    for path in absent.iter().filter(|path| committed.holds(path)) {
        let file = sources.add(path.as_str(), "");
        let fault = Diagnostic::error(GONE, "the file is in the last commit, but not on disk");
        sink.push(fault.at(Span::file_start(file), "").help(restore(path)));
    }
    Ok(())
}

/// Reports files whose data key somebody knows who is no recipient any more.
fn report_former(
    root: &Root,
    present: &HashMap<RelPath, (u64, Arc<[u8]>)>,
    sources: &mut SourceMap,
    sink: &mut Sink,
) -> Result<(), Error> {
    for (path, former) in former_recipients(root, present.iter().map(|(path, (_, bytes))| (path, &**bytes)))? {
        sink.push(still_known(&path, &former, sources));
    }
    Ok(())
}

/// Compares revisions with those of all earlier versions that the repository has.
fn compare_history(
    root: &Root,
    present: &HashMap<RelPath, (u64, Arc<[u8]>)>,
    sources: &mut SourceMap,
    sink: &mut Sink,
) -> Result<Option<Reach>, Error> {
    let Ok(repository) = Repository::open(root.path()) else { return Ok(None) };
    let Some(head) = repository.head()? else { return Ok(None) };
    // Only what shares ciphertext with a file is a version of it: one made anew after another was deleted shares none.
    let mut highest: HashMap<RelPath, u64> = HashMap::new();
    let reach = repository.versions_below(&head, STORE, &mut |path, bytes| {
        let (Some((_, now)), Ok(before)) = (present.get(path), StoreFile::parse(bytes)) else { return };
        if StoreFile::parse(now).is_ok_and(|now| now.is_made_from(&before)) {
            let known = highest.entry(path.clone()).or_default();
            *known = before.revision().max(*known);
        }
    })?;
    for (path, (revision, _)) in present {
        let Some(before) = highest.get(path).filter(|before| *before > revision) else { continue };
        let file = sources.add(path.as_str(), "");
        let message = format!("the file moved backwards: revision {revision}, and there was {before} before");
        let help = format!("an older version was put back; find the right one with `git log -- {path}` and restore it");
        sink.push(Diagnostic::error(BACKWARDS, message).at(Span::file_start(file), "").help(help));
    }
    Ok(Some(reach))
}
