//! Diagnostics and the sink that collects them.

use super::{Class, Code, SourceMap, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// Shown; the run goes on.
    Warning,
}

/// A place in a file and what to say about it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words beside the place; may be empty.
    pub text: String,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong: one lower-case sentence without a final period.
    pub message: String,
    /// Where; `None` only for faults that no file holds.
    pub primary: Option<Label>,
    /// Other places that belong to it.
    pub secondary: Vec<Label>,
    /// What to do, in the imperative.
    pub help: Option<String>,
    /// The instances it was found in (`lms-dev/C42`), when it comes from rendering.
    pub instances: Vec<String>,
    /// What it is about, when the message names something of one instance: with the same subject at the same place it
    /// is the same fault.
    pub subject: Option<String>,
}

impl Diagnostic {
    /// An error with no place yet.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            primary: None,
            secondary: Vec::new(),
            help: None,
            instances: Vec::new(),
            subject: None,
        }
    }

    /// A warning with no place yet.
    #[must_use]
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Sets the primary place and the words beside it.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: text.into() });
        self
    }

    /// Adds a secondary place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names the instance it was found in.
    #[must_use]
    pub fn in_instance(mut self, instance: impl Into<String>) -> Self {
        self.instances.push(instance.into());
        self
    }

    /// `true` for an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Collects diagnostics; everything that checks pushes here and goes on.
#[derive(Clone, Debug, Default)]
pub struct Sink {
    found: Vec<Diagnostic>,
}

impl Sink {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Keeps those that `wanted` says yes to.
    pub fn retain(&mut self, wanted: impl Fn(&Diagnostic) -> bool) {
        self.found.retain(wanted);
    }

    /// As [`Sink::retain`]; `wanted` may change what it keeps.
    pub fn retain_mut(&mut self, wanted: impl FnMut(&mut Diagnostic) -> bool) {
        self.found.retain_mut(wanted);
    }

    /// Puts `***` where a text of a diagnostic repeats one of `texts`.
    pub fn redact(&mut self, texts: &[String]) {
        let clean = |text: &mut String| {
            for secret in texts.iter().filter(|secret| text.contains(secret.as_str())).collect::<Vec<_>>() {
                *text = text.replace(secret.as_str(), "***");
            }
        };
        if texts.is_empty() {
            return;
        }
        for one in &mut self.found {
            clean(&mut one.message);
            one.help.as_mut().map(clean);
            one.primary.iter_mut().chain(&mut one.secondary).for_each(|label| clean(&mut label.text));
        }
    }

    /// Takes over all of another sink.
    pub fn append(&mut self, mut other: Self) {
        self.found.append(&mut other.found);
    }

    /// `true` if any is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(Diagnostic::is_error)
    }

    /// `true` if an error of this class was found.
    #[must_use]
    pub fn has_class(&self, class: Class) -> bool {
        self.found.iter().any(|d| d.is_error() && d.code.class == class)
    }

    /// `true` if nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All, as found.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.found
    }

    /// All, as found, to change.
    #[must_use]
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.found
    }

    /// Errors first, then what is found in most instances (a file's own fault counts as one), then by file and place. The
    /// same fault in many instances becomes one.
    #[must_use]
    pub fn into_sorted(self, sources: &SourceMap) -> Vec<Diagnostic> {
        let mut merged: Vec<Diagnostic> = Vec::with_capacity(self.found.len());
        let mut index = std::collections::HashMap::new();
        for mut one in self.found {
            let about = one.subject.as_ref().unwrap_or(&one.message).clone();
            let key = (one.code, one.severity, about, one.primary.clone(), one.secondary.clone());
            match index.get(&key) {
                Some(&at) => {
                    let kept: &mut Diagnostic = &mut merged[at];
                    kept.instances.append(&mut one.instances);
                }
                None => {
                    index.insert(key, merged.len());
                    merged.push(one);
                }
            }
        }
        for one in &mut merged {
            one.instances.sort();
            one.instances.dedup();
        }
        merged.sort_by_cached_key(|d| {
            let place = d
                .primary
                .as_ref()
                .map(|label| (sources.get(label.span.file).path.to_string(), label.span.start, label.span.end));
            (d.severity, std::cmp::Reverse(d.instances.len().max(1)), place, d.code.id, d.message.clone())
        });
        merged
    }
}
