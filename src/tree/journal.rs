//! The paths that a running apply creates and deletes, written down before it starts.
//!
//! A killed run leaves its journal behind; to the next run the paths in it count as owned. It lists nothing that a
//! record says already: updated files, and folders that appear in one step with their record.

use crate::files::{Durability, Error, Lock, Root, STATE};
use crate::names::RelPath;
use std::collections::BTreeSet;

const FIRST: &str = "lmsgen journal 1";
const LAST: &str = "end";
/// Far above what a million paths need.
const LIMIT: u64 = 256 << 20;

/// A set of files below the output folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Journal {
    paths: BTreeSet<RelPath>,
}

/// A journal that is there, but says nothing that can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl Journal {
    /// Where it lies.
    pub(super) fn path() -> RelPath {
        RelPath::new(&format!("{STATE}/journal")).expect("because it is a plain path")
    }

    /// What a run that was killed has left; empty if none was.
    pub(super) fn load(root: &Root, output: &RelPath) -> Result<Result<Self, Broken>, Error> {
        match root.read(&Self::path(), LIMIT)? {
            None => Ok(Ok(Self::default())),
            Some(bytes) => Ok(Self::parse(&bytes, output).ok_or(Broken)),
        }
    }

    fn parse(bytes: &[u8], output: &RelPath) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let body = text.strip_prefix(FIRST)?.strip_prefix('\n')?.strip_suffix('\n')?;
        if body == LAST {
            return Some(Self::default());
        }
        let paths = body.strip_suffix(LAST)?.strip_suffix('\n')?.split('\n').map(|line| {
            let path = RelPath::new(line).ok()?;
            (path.is_within(output) && path != *output).then_some(path)
        });
        Some(Self { paths: paths.collect::<Option<_>>()? })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{FIRST}\n");
        for path in &self.paths {
            text.push_str(path.as_str());
            text.push('\n');
        }
        text.push_str(LAST);
        text.push('\n');
        text.into_bytes()
    }

    /// Writes it, or removes it if it is empty.
    pub(super) fn store(&self, lock: &Lock<'_>) -> Result<(), Error> {
        if self.paths.is_empty() {
            lock.root().remove(&Self::path()).map(|_| ())
        } else {
            lock.root().write(&Self::path(), &self.to_bytes(), Durability::Durable)
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    pub(super) fn insert(&mut self, path: RelPath) {
        self.paths.insert(path);
    }

    /// `true` if a killed run was to create or delete `name` in `folder`.
    pub(super) fn owns(&self, folder: &str, name: &str) -> bool {
        !self.is_empty() && RelPath::new(&format!("{folder}/{name}")).is_ok_and(|path| self.paths.contains(&path))
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &RelPath> {
        self.paths.iter()
    }

    /// The paths for which `keep` is true.
    #[must_use]
    pub(super) fn filter(&self, keep: impl Fn(&RelPath) -> bool) -> Self {
        Self { paths: self.paths.iter().filter(|path| keep(path)).cloned().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let output = path("rendered");
        for paths in [&[][..], &["rendered/a"], &["rendered/a/b.yaml", "rendered/end", "rendered/é"]] {
            let journal = Journal { paths: paths.iter().map(|p| path(p)).collect() };
            assert_eq!(Journal::parse(&journal.to_bytes(), &output), Some(journal));
        }
    }

    #[test]
    fn a_journal_gives_rights_below_the_output_only() {
        let output = path("rendered");
        for text in [
            "",
            "lmsgen journal 1\n",
            "lmsgen journal 2\nrendered/a\nend\n",
            "lmsgen journal 1\nrendered/a\n",
            "lmsgen journal 1\nrendered/a\nen",
            "lmsgen journal 1\nrendered/../x\nend\n",
            "lmsgen journal 1\n/etc/passwd\nend\n",
            "lmsgen journal 1\nclients/C1.toml\nend\n",
            "lmsgen journal 1\nrendered\nend\n",
            "lmsgen journal 1\n\nend\n",
            "lmsgen journal 1\r\nrendered/a\r\nend\r\n",
        ] {
            assert_eq!(Journal::parse(text.as_bytes(), &output), None, "{text:?}");
        }
    }
}
