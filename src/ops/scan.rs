//! `secrets scan`: plaintext in a fleet's files, in what is staged, or in any files and folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::document::decode;
use crate::files::{self, Kind, Root};
use crate::fleet::{self, Allow, Sources, is_ignored};
use crate::git::Repository;
use crate::guard::Finding;
use crate::names::RelPath;
use crate::render::{OUTPUT, Sentry};
use crate::secret::StoreFile;

use super::Error;
use super::named_files::{NamedFiles, below};
use super::plaintext::{guard_of, report};
use super::prepare::Checked;
use super::store_files::{STORE, WholeStore};

/// Larger files are named in a warning, not read.
const MAX_FILE: u64 = 5 << 20;

/// A file that was not looked at.
const NOT_READ: Code = Code::new("LMS478", Class::Secret);

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
    /// Files that are no text, in which only keys and tokens are looked for.
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
    allowed.extend(allowed_in_store(root, &sentry, &loaded.allow)?);
    let of_output = new().knowing(allowed);
    Ok((sentry, of_output))
}

/// Values in comments of store files that are allowed there: the output has copies of the files.
fn allowed_in_store(root: &Root, sentry: &Sentry, allow: &[Allow]) -> Result<Vec<String>, Error> {
    let is_about_store = |allow: &Allow| allow.path.as_ref().is_some_and(|path| !is_below(path.as_str(), OUTPUT));
    if !allow.iter().any(is_about_store) {
        return Ok(Vec::new());
    }
    let mut values = Vec::new();
    for (path, bytes) in &WholeStore::read(root)?.files {
        let Some(text) = StoreFile::parse(bytes).ok().and_then(|file| file.clear_text()) else { continue };
        let findings = sentry.scan_store_file(&text).into_iter();
        let allowed = findings.filter(|finding| sentry.allows(path.as_str(), finding));
        values.extend(allowed.map(|finding| text[finding.range].to_owned()));
    }
    Ok(values)
}

/// `true` for a path in the fleet's folder `folder`.
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
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
    Binary(Vec<Finding>),
    Large,
    Clean,
    Text(String, Vec<Finding>),
}

impl Work {
    /// Looks at the text of one file, which `[[allow]]` knows as `path`.
    fn look(&self, path: &str, bytes: &[u8]) -> Looked {
        let is_output = is_below(path, OUTPUT);
        let sentry = if is_output { &self.of_output } else { &self.sentry };
        let judged = |text: String, findings: Vec<Finding>| {
            if findings.is_empty() { Looked::Clean } else { Looked::Text(text, findings) }
        };
        if (is_output || is_below(path, STORE))
            && let Ok(file) = StoreFile::parse(bytes)
        {
            // Its values are ciphertext; a person may have written beside them.
            let Some(text) = file.clear_text() else { return Looked::Clean };
            let findings = sentry.scan_store_file(&text);
            return judged(text, findings);
        }
        let wide = utf16(bytes);
        if wide.is_none() && bytes.iter().take(8000).any(|&byte| byte == 0) {
            return Looked::Binary(sentry.scan_binary(bytes));
        }
        let text = wide.or_else(|| decode(bytes).ok()).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
        let findings = sentry.scan(path, &text);
        judged(text, findings)
    }

    /// Counts a file, and reports what is in the clear in it.
    fn take(&mut self, shown: &str, known_as: &str, looked: Looked) {
        match looked {
            Looked::Gone => {}
            Looked::Binary(findings) => {
                self.scanned.n_binary += 1;
                self.report_binary(shown, known_as, findings);
            }
            Looked::Large => {
                self.scanned.n_large += 1;
                let file = self.checked.sources.add(shown, "");
                let message = format!("`{shown}` is over {} MiB and was not looked at", MAX_FILE >> 20);
                let help = "make sure that it holds nothing secret; `publish` takes no file of this size";
                self.found.push(Diagnostic::warning(NOT_READ, message).at(Span::file_start(file), "").help(help));
            }
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

    /// What is found in a file that is no text stands at its start, each sort once.
    fn report_binary(&mut self, shown: &str, known_as: &str, mut findings: Vec<Finding>) {
        findings.retain(|finding| !self.sentry.allows(known_as, finding));
        for finding in &mut findings {
            finding.range = 0..0;
        }
        findings.dedup();
        if !findings.is_empty() {
            let file = self.checked.sources.add(shown, "");
            report(file, &findings, |_| false, &mut self.checked.sources, &mut self.found);
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

/// The text of a file that starts with the mark of UTF-16, as Windows writes it; Git takes it for no text.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (mark, rest) = bytes.split_at_checked(2)?;
    let unit: fn([u8; 2]) -> u16 = match mark {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let units: Vec<u16> = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    Some(String::from_utf16_lossy(&units).replace("\r\n", "\n"))
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
