//! One change made to many store files, written as one: what `rewrap`, `rotate`, `convert` and `bind` have in common.
//! Decides nothing about the change itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Sink, SourceMap};
use crate::files::{Replacement, Root};
use crate::fleet::{Fleet, Sources};
use crate::names::RelPath;
use crate::secret::{NO_IDENTITY, OTHER_LABELS, OTHER_OBJECT, OTHER_PLACE, StoreError, StoredSecret};

use super::committed::Committed;
use super::places::Places;
use super::prepare::Checked;
use super::secret_place::place_name;
use super::store::{Wanted, add_masked, compare};
use super::store_files::{StoreFiles, WholeStore, folder, lock};
use super::{Error, Watch, sops_yaml};

/// Which files, and how it goes.
#[derive(Clone, Copy)]
pub struct Change<'a> {
    /// The fleet.
    pub root: &'a Root,
    /// Whose files.
    pub places: &'a Places,
    /// Only the Secret of this name in its stack.
    pub secret: Option<&'a str>,
    /// What is being done, for the progress bar: `Encrypting`.
    pub doing: &'a str,
    /// `true` to say what would be done, and write nothing.
    pub dry_run: bool,
    /// Told about progress.
    pub watch: &'a dyn Watch,
}

/// A file that was changed, or would be.
#[derive(Debug)]
pub struct ChangedFile<T> {
    /// `lms-dev/C7`.
    pub place: String,
    /// The environment.
    pub environment: String,
    /// The file.
    pub path: RelPath,
    /// What the change says about it.
    pub note: T,
}

/// What a change did.
#[derive(Debug)]
pub struct ChangedFiles<T> {
    /// Files with other bytes now.
    pub changed: Vec<ChangedFile<T>>,
    /// Files that were right already.
    pub unchanged: usize,
    /// Files that hold nothing of what the last commit has at their places: `publish` wants a person's word for those.
    pub anew: usize,
}

/// A Secret and its store file, if there is one.
type Target<'f> = (Wanted<'f>, Option<Arc<[u8]>>);

/// New bytes of a file and what is said about it; `None` where nothing is to be done. A fault of the file itself is
/// [`Error::Secret`], told with all others; any other error ends the run.
pub type Made<T> = Result<Option<(Vec<u8>, T)>, Error>;

impl<'a> Change<'a> {
    /// A change of every Secret of these places.
    #[must_use]
    pub const fn new(root: &'a Root, places: &'a Places, doing: &'a str, watch: &'a dyn Watch) -> Self {
        Self { root, places, secret: None, doing, dry_run: false, watch }
    }
}

impl Change<'_> {
    /// Makes every file of the selection that exists what `change` returns for it. When one fails, nothing is written, and
    /// all that fail are told.
    ///
    /// # Errors
    /// A broken operation; faults in files are in the result.
    pub fn apply<T: Send>(
        self,
        change: impl Fn(&Fleet, &Wanted<'_>, &[u8]) -> Made<T> + Sync,
    ) -> Result<Checked<ChangedFiles<T>>, Error> {
        self.run(Absent::LeftOut, |fleet, one, bytes| bytes.map_or(Ok(None), |bytes| change(fleet, one, bytes)))
    }

    /// The same, where `change` makes files that do not exist as well.
    ///
    /// # Errors
    /// As [`Change::apply`]; a file that only the last commit has.
    pub fn apply_or_make<T: Send>(
        self,
        change: impl Fn(&Fleet, &Wanted<'_>, Option<&[u8]>) -> Made<T> + Sync,
    ) -> Result<Checked<ChangedFiles<T>>, Error> {
        self.run(Absent::Included, change)
    }

    fn run<T: Send>(
        self,
        absent: Absent,
        change: impl Fn(&Fleet, &Wanted<'_>, Option<&[u8]>) -> Made<T> + Sync,
    ) -> Result<Checked<ChangedFiles<T>>, Error> {
        let lock = lock(self.root)?;
        let loaded = crate::fleet::load(&Sources::from_disk(self.root)?);
        let broken = loaded.found.has_errors();
        let (Some(fleet), false) = (&loaded.fleet, broken) else {
            let found = loaded.found.into_sorted(&loaded.sources);
            return Ok(Checked { outcome: None, found, sources: loaded.sources, n_instances: 0, n_objects: 0 });
        };
        let instances = self.places.instances(fleet)?;
        let mut sources = loaded.sources;
        let files = self.files(fleet, &instances, absent)?;
        self.watch.begin(self.doing, files.len());
        let done = AtomicUsize::new(0);
        let made: Vec<Made<T>> = files
            .par_iter()
            .map(|(one, bytes)| {
                let fits = bytes.as_ref().map_or(Ok(()), |bytes| refuse_other(fleet, one, bytes));
                let new = fits.and_then(|()| change(fleet, one, bytes.as_deref()));
                self.watch.advance(done.fetch_add(1, Ordering::Relaxed) + 1);
                new
            })
            .collect();
        let mut sink = Sink::default();
        let (mut changed, mut writes) = (Vec::new(), Vec::new());
        let mut failed = Vec::new();
        for ((one, bytes), made) in files.iter().zip(made) {
            match made {
                Ok(Some((new, note))) if Some(&*new) != bytes.as_deref() => {
                    let environment = fleet.environments[one.place.environment].name.to_string();
                    let place = place_name(fleet, one.place);
                    changed.push(ChangedFile { place, environment, path: one.path.clone(), note });
                    writes.push((one, bytes, new));
                }
                Ok(_) => {}
                Err(Error::Secret { source: error, .. }) => {
                    failed.push(Failed { one, bytes: bytes.as_deref().unwrap_or_default(), error });
                }
                Err(other) => return Err(other),
            }
        }
        report_failed(fleet, failed, &mut sources, &mut sink);
        let unchanged = files.len() - changed.len();
        let has_errors = sink.has_errors();
        let mut anew = 0;
        if !has_errors && !self.dry_run {
            let paths: Vec<RelPath> = writes.iter().map(|(one, ..)| one.path.clone()).collect();
            let committed = Committed::at(self.root, &paths)?;
            anew = writes.iter().filter(|(one, _, new)| committed.is_anew(&one.path, new)).count();
            let files = writes.iter().map(|(one, before, new)| Replacement {
                path: &one.path,
                before: before.as_deref(),
                bytes: new,
            });
            lock.replace_all(&folder(), &files.collect::<Vec<_>>())?;
            sops_yaml::keep_in_step(self.root, fleet)?;
        }
        drop(lock);
        let outcome = (!has_errors).then_some(ChangedFiles { changed, unchanged, anew });
        let n_instances = instances.len();
        Ok(Checked { outcome, found: sink.into_sorted(&sources), sources, n_instances, n_objects: 0 })
    }

    /// The store files of the selection.
    fn files<'f>(self, fleet: &'f Fleet, instances: &[usize], absent: Absent) -> Result<Vec<Target<'f>>, Error> {
        let wanted = self.places.secrets(fleet, instances, self.secret)?;
        let whole;
        let files = if instances.len() == fleet.instances.len() {
            whole = WholeStore::read(self.root)?;
            StoreFiles::Read(self.root, &whole)
        } else {
            StoreFiles::Disk(self.root)
        };
        let read = wanted.into_par_iter().map(|one| Ok((files.read(&one.path)?, one)));
        let mut read = read.collect::<Result<Vec<_>, Error>>()?;
        match absent {
            Absent::LeftOut => read.retain(|(bytes, _)| bytes.is_some()),
            Absent::Included => {
                let new = read.iter().filter(|(bytes, _)| bytes.is_none());
                let new: Vec<RelPath> = new.map(|(_, one)| one.path.clone()).collect();
                Committed::at(self.root, &new)?.refuse_gone(&new)?;
            }
        }
        Ok(read.into_iter().map(|(bytes, one)| (one, bytes)).collect())
    }
}

/// What is done about files that do not exist.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    LeftOut,
    Included,
}

/// A file of another place, or one in which characters were moved between texts, can have a right MAC. Only what is declared
/// gets a new one, or other readers.
fn refuse_other(fleet: &Fleet, one: &Wanted<'_>, bytes: &Arc<[u8]>) -> Result<(), Error> {
    let failed = |faults| Error::Secret { path: one.path.to_string(), source: StoreError::Faults(faults) };
    let stored = StoredSecret::parse(bytes).map_err(failed)?;
    let mut faults = compare(fleet, one, &stored).faults;
    faults.retain(|fault| [OTHER_OBJECT, OTHER_PLACE, OTHER_LABELS].contains(&fault.code));
    if faults.is_empty() { Ok(()) } else { Err(failed(faults)) }
}

/// A file that could not be opened or written.
pub struct Failed<'a> {
    /// Which.
    pub one: &'a Wanted<'a>,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Why.
    pub error: StoreError,
}

/// Reports what went wrong: a key that is missing once for an environment, everything else at its file.
pub fn report_failed(fleet: &Fleet, failed: Vec<Failed<'_>>, sources: &mut SourceMap, sink: &mut Sink) {
    let mut no_identity: BTreeMap<(usize, String), Vec<Diagnostic>> = BTreeMap::new();
    for Failed { one, bytes, error } in failed {
        let place = place_name(fleet, one.place);
        let key = (one.place.environment, error.to_string());
        if let Some(known) = no_identity.get_mut(&key) {
            for fault in known {
                fault.instances.push(place.clone());
            }
            continue;
        }
        let file = add_masked(sources, one.path.as_str(), bytes);
        let found = error.diagnostics(file).into_iter().map(|fault| fault.in_instance(&place));
        if error.code() == NO_IDENTITY {
            no_identity.insert(key, found.collect());
        } else {
            found.for_each(|fault| sink.push(fault));
        }
    }
    no_identity.into_values().flatten().for_each(|fault| sink.push(fault));
}
