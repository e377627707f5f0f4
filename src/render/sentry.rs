//! The guard against plaintext with what the fleet allows: looks at sources and at rendered objects, which may join what
//! no source holds in one piece.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::fleet::{Allow, Stack};
use crate::guard::{Finding, Guard, TextKind};

/// Looks for plaintext and remembers which entries of `[[allow]]` were of use.
#[derive(Default)]
pub struct Sentry {
    guard: Guard,
    allow: Vec<(Allow, AtomicBool)>,
}

impl Sentry {
    /// A sentry that passes over what `allow` covers.
    pub fn new(guard: Guard, allow: Vec<Allow>) -> Self {
        Self { guard, allow: allow.into_iter().map(|one| (one, AtomicBool::new(false))).collect() }
    }

    /// The same with values that were found already: where they are rendered is no news.
    #[must_use]
    pub fn knowing(mut self, values: impl IntoIterator<Item = String>) -> Self {
        self.guard = self.guard.knowing(values);
        self
    }

    /// Everything in the clear in the text of a file, allowed or not.
    #[must_use]
    pub fn scan(&self, path: &str, text: &str) -> Vec<Finding> {
        self.guard.scan(text, TextKind::of(path))
    }

    /// `true` if an entry covers the finding in the file at `path`.
    pub fn allows(&self, path: &str, finding: &Finding) -> bool {
        let covers = |allow: &Allow| allow.covers(finding.rule.code(), path, finding.key.as_deref());
        let found = self.allow.iter().filter(|(allow, _)| covers(allow));
        found.fold(false, |_, (_, used)| {
            used.store(true, Ordering::Relaxed);
            true
        })
    }

    /// Entries that covered nothing.
    pub fn unused(&self) -> impl Iterator<Item = &Allow> {
        self.allow.iter().filter(|(_, used)| !used.load(Ordering::Relaxed)).map(|(allow, _)| allow)
    }

    /// What is in the clear in an object that template `template` of `stack` yields, and not allowed there.
    pub(super) fn look(&self, stack: &Stack, template: &str, text: &str) -> Vec<Finding> {
        let mut found = self.guard.scan(text, TextKind::Data);
        if !found.is_empty() {
            let path = format!("templates/{}/{template}", stack.name);
            found.retain(|finding| !self.allows(&path, finding));
        }
        found
    }
}
