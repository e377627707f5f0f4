//! `secrets scan`: plaintext in a fleet's files, in what is staged, or in any files and folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::diagnostic::Sink;
use crate::document::decode;
use crate::files::{self, Kind, Root};
use crate::fleet::{self, Sources, is_ignored};
use crate::git::Repository;
use crate::guard::Finding;
use crate::names::RelPath;
use crate::render::{OUTPUT, Sentry};
use crate::secret::StoreFile;

use super::Error;
use super::named_files::{NamedFiles, below};
use super::plaintext::{guard_of, report};
use super::prepare::Checked;
use super::store_files::STORE;

/// Larger files are counted, not read.
const MAX_FILE: u64 = 5 << 20;
/// What to look at.
#[derive(Clone, Debug)]
pub enum ScanTarget {
    /// The fleet's own files, as `publish` would commit them, and the output on disk.
    Fleet,
    /// What is staged, in the whole repository around `folder`.
    Staged {
        /// A folder of the work tree.
        folder: PathBuf,
        /// `GIT_INDEX_FILE`.
        index: Option<PathBuf>,
    },
    /// Files and folders.
    Paths(Vec<PathBuf>),
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Files that were read.
    pub n_files: usize,
    /// Files that are no text.
    pub n_binary: usize,
    /// Files that are too large.
    pub n_large: usize,
}

/// Looks at `target`; with the names and the `[[allow]]` of the fleet at `root`, if there is one.
///
/// # Errors
/// Something that cannot be read. Findings are in the result, and so is the count.
pub fn scan(root: Option<&Root>, target: &ScanTarget) -> Result<(Checked<()>, Scanned), Error> {
    let (sentry, of_output) = root.map(sentries_of).transpose()?.unwrap_or_default();
    let mut work =
        Work { sentry, of_output, scanned: Scanned::default(), checked: Checked::default(), found: Sink::default() };
    match target {
        ScanTarget::Fleet => {
            let root = root.ok_or_else(|| Error::Usage("there is no fleet here: name files, or `--staged`".into()))?;
            for name in Sources::ROOTS.into_iter().chain([STORE, OUTPUT]) {
                let path = RelPath::new(name).expect("a plain name");
                let mut list = Vec::new();
                collect(root, &path, &mut list)?;
                list.retain(|path| !is_ignored(path));
                work.files(root, &list, "", "")?;
            }
        }
        ScanTarget::Staged { folder, index } => work.staged(root, folder, index.as_deref())?,
        ScanTarget::Paths(paths) => {
            let mut seen = BTreeSet::new();
            for path in paths.iter().filter(|path| seen.insert(*path)) {
                work.path(root, path)?;
            }
        }
    }
    let Work { scanned, mut checked, found, .. } = work;
    checked.found = found.into_sorted(&checked.sources);
    checked.outcome = (!checked.has_errors()).then_some(());
    Ok((checked, scanned))
}

/// The fleet's guard, and one for its output that passes over values which stand in sources and are allowed there.
fn sentries_of(root: &Root) -> Result<(Sentry, Sentry), Error> {
    let loaded = fleet::load(&Sources::from_disk(root)?);
    let new = || Sentry::new(guard_of(loaded.fleet.as_ref()), loaded.allow.clone());
    let sentry = new();
    let mut allowed = Vec::new();
    for (_, source) in loaded.sources.iter() {
        let findings = sentry.scan(&source.path, &source.text);
        let known = findings.into_iter().filter(|finding| sentry.allows(&source.path, finding));
        allowed.extend(known.map(|finding| source.text[finding.range].to_owned()));
    }
    let of_output = new().knowing(allowed);
    Ok((sentry, of_output))
}

struct Work {
    sentry: Sentry,
    of_output: Sentry,
    scanned: Scanned,
    checked: Checked<()>,
    found: Sink,
}

/// What a file turned out to be.
enum Looked {
    Gone,
    Binary,
    Large,
    Clean,
    Text(String, Vec<Finding>),
}

impl Work {
    /// Looks at the text of one file, which `[[allow]]` knows as `path`.
    fn look(&self, path: &str, bytes: &[u8]) -> Looked {
        // A store file that can be read as one holds nothing in the clear.
        let is_store = path.starts_with(STORE) || path.starts_with(OUTPUT);
        if is_store && StoreFile::parse(bytes).is_ok() {
            return Looked::Clean;
        }
        if bytes.iter().take(8000).any(|&byte| byte == 0) {
            return Looked::Binary;
        }
        let text = decode(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned());
        let sentry = if path.starts_with(OUTPUT) { &self.of_output } else { &self.sentry };
        let findings = sentry.scan(path, &text);
        if findings.is_empty() { Looked::Clean } else { Looked::Text(text, findings) }
    }

    /// Counts a file, and reports what is in the clear in it.
    fn take(&mut self, shown: &str, known_as: &str, looked: Looked) {
        match looked {
            Looked::Gone => {}
            Looked::Binary => self.scanned.n_binary += 1,
            Looked::Large => self.scanned.n_large += 1,
            Looked::Clean => self.scanned.n_files += 1,
            Looked::Text(text, mut findings) => {
                self.scanned.n_files += 1;
                let hidden = crate::diagnostic::concealed(&text, findings.iter().map(|finding| finding.range.clone()));
                findings.retain(|finding| !self.sentry.allows(known_as, finding));
                if !findings.is_empty() {
                    let file = self.checked.sources.add(shown, hidden);
                    report(file, &findings, |_| false, &mut self.checked.sources, &mut self.found);
                }
            }
        }
    }

    /// Files below a folder that was opened; `shown` and `known_as` come before their paths.
    fn files(&mut self, root: &Root, paths: &[RelPath], shown: &str, known_as: &str) -> Result<(), Error> {
        let one = |path: &RelPath| -> Result<Looked, Error> {
            match root.read(path, MAX_FILE) {
                Ok(Some(bytes)) => Ok(self.look(&format!("{known_as}{path}"), &bytes)),
                Ok(None) | Err(files::Error::Kind { .. }) => Ok(Looked::Gone),
                Err(files::Error::TooLarge { .. }) => Ok(Looked::Large),
                Err(error) => Err(error.into()),
            }
        };
        let looked: Vec<Looked> = paths.par_iter().with_min_len(16).map(one).collect::<Result<_, _>>()?;
        for (path, looked) in paths.iter().zip(looked) {
            self.take(&format!("{shown}{path}"), &format!("{known_as}{path}"), looked);
        }
        Ok(())
    }

    fn staged(&mut self, root: Option<&Root>, folder: &Path, index: Option<&Path>) -> Result<(), Error> {
        let repository = Repository::open(root.map_or(folder, Root::path))?;
        let prefix = if root.is_some() { repository.fleet_prefix() } else { String::new() };
        for file in repository.staged_files(index)? {
            let known_as = file.path.strip_prefix(&prefix).map_or_else(|| format!("../{}", file.path), str::to_owned);
            let looked = if file.size > MAX_FILE {
                Looked::Large
            } else {
                self.look(&known_as, &repository.read_staged(&file)?)
            };
            self.take(&file.path.escape_debug().to_string(), &known_as, looked);
        }
        Ok(())
    }

    /// A file or a folder that somebody named.
    fn path(&mut self, root: Option<&Root>, path: &Path) -> Result<(), Error> {
        let named = NamedFiles::find(path)?;
        let known_as = root.and_then(|root| below_fleet(root.path(), &named.folder)).unwrap_or_else(|| "../".into());
        self.files(&named.root, &named.list, &named.shown, &known_as)
    }
}

/// `clients/` for a folder of the fleet.
fn below_fleet(fleet: &Path, folder: &Path) -> Option<String> {
    let (fleet, folder) = (fleet.canonicalize().ok()?, folder.canonicalize().ok()?);
    let below = folder.strip_prefix(fleet).ok()?.to_str()?;
    Some(if below.is_empty() { String::new() } else { format!("{below}/") })
}

/// Regular files at and below `path`.
fn collect(root: &Root, path: &RelPath, list: &mut Vec<RelPath>) -> Result<(), Error> {
    match root.kind(path)? {
        Some(Kind::File) => list.push(path.clone()),
        Some(Kind::Folder) => {
            if let Some(dir) = root.dir(path)? {
                list.append(&mut below(&dir, 0)?.0);
            }
        }
        _ => {}
    }
    Ok(())
}
