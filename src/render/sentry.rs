//! The guard against plaintext with what the fleet allows: looks at sources and at rendered objects, which may join what
//! no source holds in one piece. Passes over faults of other rules that are allowed, too, so that no rule needs to know.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::diagnostic::{Diagnostic, Sink, SourceMap};
use crate::fleet::{Allow, Stack};
use crate::guard::{EXPIRED_ALLOW, Finding, Guard, TextKind};
use crate::names::Date;

/// Looks for plaintext and remembers which entries of `[[allow]]` were of use.
#[derive(Default)]
pub struct Sentry {
    guard: Guard,
    allow: Vec<(Allow, AtomicBool)>,
    /// Entries that count no more.
    expired: Vec<Allow>,
}

impl Sentry {
    /// A sentry that passes over what `allow` covers.
    pub fn new(guard: Guard, allow: Vec<Allow>) -> Self {
        let allow = allow.into_iter().map(|one| (one, AtomicBool::new(false))).collect();
        Self { guard, allow, expired: Vec::new() }
    }

    /// The same on a day: what has expired allows nothing.
    #[must_use]
    pub fn on(mut self, today: Date) -> Self {
        let (expired, allow) = self.allow.into_iter().partition(|(allow, _)| allow.is_expired(today));
        self.allow = allow;
        self.expired.extend(expired.into_iter().map(|(allow, _): (Allow, _)| allow));
        self
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

    /// Everything in the clear in a store file, given its clear text, and in copies of it.
    #[must_use]
    pub fn scan_store_file(&self, text: &str) -> Vec<Finding> {
        self.guard.scan(text, TextKind::Store)
    }

    /// Keys and tokens in what is no text.
    #[must_use]
    pub fn scan_binary(&self, bytes: &[u8]) -> Vec<Finding> {
        self.guard.scan_binary(bytes)
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

    /// Takes out what is allowed; what is allowed in some instances stays in the others. Findings of the guard itself stay:
    /// they are judged by [`Sentry::allows`], which knows their keys.
    pub fn pass_over(&self, found: &mut Sink, sources: &SourceMap) {
        if self.allow.is_empty() {
            return;
        }
        let is_of_guard = |fault: &Diagnostic| crate::guard::RULES.iter().any(|rule| rule.code() == fault.code);
        found.retain_mut(|fault| {
            let path = fault.primary.as_ref().map(|label| &*sources.get(label.span.file).path);
            let about = self.allow.iter().filter(|(allow, _)| allow.is_about(fault.code, path));
            let about: Vec<&(Allow, AtomicBool)> = if is_of_guard(fault) { Vec::new() } else { about.collect() };
            let mut is_wanted = true;
            for (allow, used) in about {
                let before = fault.instances.len();
                if allow.instances.is_empty() {
                    is_wanted = false;
                } else {
                    fault.instances.retain(|instance| !allow.lists(instance));
                    is_wanted &= before == 0 || !fault.instances.is_empty();
                }
                if allow.instances.is_empty() || fault.instances.len() < before {
                    used.store(true, Ordering::Relaxed);
                }
            }
            is_wanted
        });
    }

    /// A warning for each entry that has expired.
    pub fn report_expired(&self, found: &mut Sink) {
        for (allow, last) in self.expired.iter().filter_map(|allow| Some((allow, allow.expires?))) {
            let message = format!("this expired: {last} was the last day on which it allowed {}", allow.code);
            let help = "put right what it allowed and remove it, or give it a new day if the reason still holds";
            found.push(Diagnostic::warning(EXPIRED_ALLOW, message).at(allow.span, "").help(help));
        }
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
