//! Store files against the last commit, as far as it is seen without a private key: what is gone from the disk, and values
//! that changed without a word. Writes nothing.

use std::collections::{BTreeMap, HashMap};

use crate::diagnostic::{Class, Code, Diagnostic, Severity, SourceMap, Span};
use crate::files::Root;
use crate::fleet::{Fleet, SecretKeyDecl, SecretSource};
use crate::git::Repository;
use crate::names::RelPath;
use crate::secret::{Generator, StoreFile};

use super::Error;
use super::prepare::Prepared;
use super::secret_place::place_name;
use super::store::{Missing, wanted};
use super::store_history::still_known;

/// Values changed, and the revision did not.
const UNRAISED: Code = Code::new("LMS470", Class::Secret);
/// The last commit has what the disk has not.
pub const GONE: Code = Code::new("LMS471", Class::Secret);

/// Store files of the last commit.
#[derive(Debug, Default)]
pub struct Committed(HashMap<RelPath, Vec<u8>>);

impl Committed {
    /// Those at `paths`. Without a repository or a commit there are none.
    ///
    /// # Errors
    /// The commit cannot be read.
    pub fn at(root: &Root, paths: &[RelPath]) -> Result<Self, Error> {
        if paths.is_empty() {
            return Ok(Self::default());
        }
        let Ok(repository) = Repository::open(root.path()) else { return Ok(Self::default()) };
        let Some(head) = repository.head()? else { return Ok(Self::default()) };
        let files = paths.iter().zip(repository.files_at(&head, paths)?);
        Ok(Self(files.filter_map(|(path, bytes)| Some((path.clone(), bytes?))).collect()))
    }

    /// `true` if the last commit has the file.
    pub fn holds(&self, path: &RelPath) -> bool {
        self.0.contains_key(path)
    }

    /// Keys that lmsgen would make anew although the last commit has a value for them. A digest is made of a value that is
    /// there, and is the same again.
    pub fn lost_keys<'m>(&self, missing: &'m Missing) -> Vec<&'m str> {
        let had = |(_, one): &(&str, &Generator)| !matches!(one, Generator::Sha256Of { .. });
        let made = missing.generated().into_iter().filter(had).map(|(key, _)| key);
        made.filter(|key| self.has_key(&missing.path, key)).collect()
    }

    /// The same of one declared key that a file lacks.
    pub fn would_remake(&self, path: &RelPath, decl: &SecretKeyDecl) -> bool {
        let is_made = matches!(&decl.source, SecretSource::Generate(one) if !matches!(one, Generator::Sha256Of { .. }));
        is_made && self.has_key(path, &decl.key)
    }

    fn has_key(&self, path: &RelPath, key: &str) -> bool {
        let file = self.0.get(path).map(|bytes| StoreFile::parse(bytes));
        file.is_some_and(|file| file.is_ok_and(|file| file.keys().any(|known| known == key)))
    }

    /// `true` if values of the file differ from the last commit's, as far as ciphertext tells, and its revision is no higher:
    /// plain `sops` changes values like that.
    pub fn is_unraised(&self, path: &RelPath, now: &[u8]) -> bool {
        self.0.get(path).is_some_and(|old| old != now && is_unraised(old, now))
    }

    /// Recipients of the last commit's file who are none now, and know the data key all the same.
    fn former_recipients(&self, path: &RelPath, now: &[u8]) -> Vec<String> {
        let Some(old) = self.0.get(path).filter(|old| **old != *now) else { return Vec::new() };
        let (Ok(old), Ok(now)) = (StoreFile::parse(old), StoreFile::parse(now)) else { return Vec::new() };
        now.trace().former_recipients(&[old.trace()]).into_iter().collect()
    }

    /// `true` if the last commit has the file and nothing of it is in `now`.
    pub fn is_anew(&self, path: &RelPath, now: &[u8]) -> bool {
        let Some(Ok(old)) = self.0.get(path).map(|old| StoreFile::parse(old)) else { return false };
        StoreFile::parse(now).is_ok_and(|now| !now.is_made_from(&old))
    }

    /// Refuses to make anew what the disk has not: whoever runs with the old values would be locked out.
    ///
    /// # Errors
    /// [`Error::Guard`] with the files.
    pub fn refuse_gone<'p>(&self, paths: impl IntoIterator<Item = &'p RelPath>) -> Result<(), Error> {
        let gone: Vec<&RelPath> = paths.into_iter().filter(|path| self.holds(path)).collect();
        let Some(first) = gone.first() else { return Ok(()) };
        let more = if gone.len() > 1 { format!(" and {} more", gone.len() - 1) } else { String::new() };
        Err(Error::Guard {
            message: format!(
                "{first}{more}: in the last commit but not on disk; new values would lock out what runs with the old ones"
            ),
            help: restore(first),
        })
    }
}

/// What to do about a file that is gone.
pub fn restore(path: &RelPath) -> String {
    format!("restore with `git checkout -- {path}`; if new values are meant, commit the deletion first")
}

/// `true` if `new` was made from `old`, has other values, and does not say so by a higher revision. A file encrypted wholly
/// anew, as `rewrap` and `convert` do, has other ciphertext of the same values; one with a lower revision is an older version
/// put back, which is told otherwise.
pub fn is_unraised(old: &[u8], new: &[u8]) -> bool {
    let (Ok(old), Ok(new)) = (StoreFile::parse(old), StoreFile::parse(new)) else { return false };
    let is_no_higher = match new.place() {
        Some(_) => new.revision() == old.revision(),
        // Plain `sops` knows no revision.
        None => new.revision() <= old.revision(),
    };
    is_no_higher && new.differs_in_values_from(&old) && new.is_made_from(&old)
}

/// Warns of files on disk whose values changed without a higher revision, and of those whose data key somebody still
/// knows who was taken off.
///
/// # Errors
/// The last commit cannot be read.
pub fn warn_unraised(root: &Root, prepared: &mut Prepared) -> Result<(), Error> {
    let secrets = &prepared.store.secrets;
    let wanted = wanted(&prepared.fleet, &prepared.instances);
    let stored = wanted.iter().filter_map(|one| Some((&one.path, secrets.get(one.place, &one.decl.name)?)));
    let stored: Vec<_> = stored.collect();
    let paths: Vec<RelPath> = stored.iter().map(|(path, _)| (*path).clone()).collect();
    let committed = Committed::at(root, &paths)?;
    let changed = stored.iter().filter(|(path, file)| committed.is_unraised(path, &file.bytes));
    let changed: Vec<RelPath> = changed.map(|(path, _)| (*path).clone()).collect();
    for (path, file) in &stored {
        let former = committed.former_recipients(path, &file.bytes);
        if !former.is_empty() {
            let fault = still_known(path, &former, &mut prepared.sources);
            prepared.found.push(Diagnostic { severity: Severity::Warning, ..fault });
        }
    }
    for fault in unraised(&changed, &mut prepared.sources) {
        prepared.found.push(fault);
    }
    Ok(())
}

/// One warning for each environment that such files are of.
pub fn unraised(paths: &[RelPath], sources: &mut SourceMap) -> Vec<Diagnostic> {
    let mut environments: BTreeMap<&str, Vec<&RelPath>> = BTreeMap::new();
    for path in paths {
        environments.entry(path.as_str().split('/').nth(1).unwrap_or_default()).or_default().push(path);
    }
    let warning = |(environment, paths): (&str, Vec<&RelPath>)| {
        let file = sources.add(paths[0].as_str(), "");
        let message = match paths.len() {
            1 => {
                "values changed since the last commit without a new revision: Pods and Jobs will not follow".to_owned()
            }
            n => format!(
                "values of {n} store files, this and {} more, changed since the last commit without a new revision: Pods and \
                 Jobs will not follow",
                n - 1
            ),
        };
        let help = format!(
            "plain `sops` does not raise it: run `lmsgen secrets bind -e {environment}` with a private key; if nobody changed them, the \
                 file is damaged, and `lmsgen secrets verify` says so"
        );
        Diagnostic::warning(UNRAISED, message).at(Span::file_start(file), "").help(help)
    };
    environments.into_iter().map(warning).collect()
}

/// Warns of what the last commit has and the disk has not. Without the files, what they lack would be asked for.
pub fn gone(committed: &Committed, prepared: &mut Prepared) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for missing in &prepared.store.missing {
        let place = place_name(&prepared.fleet, missing.place);
        let (message, help) = match (&missing.existing, &*committed.lost_keys(missing)) {
            (None, _) if committed.holds(&missing.path) => {
                ("in the last commit, but not on disk".to_owned(), restore(&missing.path))
            }
            (Some(_), keys @ [_, ..]) => lost(missing, &place, keys),
            _ => continue,
        };
        let file = prepared.sources.add(missing.path.as_str(), "");
        let fault = Diagnostic::warning(GONE, message).at(Span::file_start(file), "");
        found.push(fault.help(help).in_instance(&place));
    }
    found
}

/// Refuses to make anew keys that were taken out of files that are there.
///
/// # Errors
/// [`Error::Guard`] with the first file.
pub fn refuse_lost_keys(committed: &Committed, fleet: &Fleet, todo: &[&Missing]) -> Result<(), Error> {
    for missing in todo.iter().filter(|missing| missing.existing.is_some()) {
        let keys = committed.lost_keys(missing);
        if !keys.is_empty() {
            let (message, help) = lost(missing, &place_name(fleet, missing.place), &keys);
            return Err(Error::Guard { message: format!("{}: {message}", missing.path), help });
        }
    }
    Ok(())
}

/// What is said of keys that the last commit has.
fn lost(missing: &Missing, place: &str, keys: &[&str]) -> (String, String) {
    let message = format!(
        "in the last commit, but not in the file: `{}`; a new value would lock out what runs with the old one",
        keys.join("`, `")
    );
    let help = format!(
        "restore the file with `git checkout -- {}`; if a new value is meant: `lmsgen secrets rotate {place} {} {}`",
        missing.path,
        missing.name,
        keys.join(" ")
    );
    (message, help)
}
