//! The guard against plaintext over a fleet's sources: finds, hides in the source map, reports what is not allowed.

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, FileId, Sink, SourceMap, Span};
use crate::document::quoted;
use crate::fleet::{Allow, Content, Fleet, Sources, is_note};
use crate::guard::{Finding, Guard, UNUSED_ALLOW};
use crate::names::RelPath;
use crate::render::Sentry;

/// Findings of one file that are shown; all of them are hidden.
const MOST_OF_A_FILE: usize = 20;

/// Where the fleet's own files lie besides its sources. Entries of `[[allow]]` about others are for `secrets scan`.
const OTHERS: [&str; 2] = [super::store_files::STORE, ".sops.yaml"];

/// What was found in a fleet's sources.
pub struct Watched {
    /// For what comes after; knows the values that were found.
    pub sentry: Sentry,
    /// Texts that no message may repeat.
    secrets: Vec<String>,
}

impl Watched {
    /// Takes what was found out of messages that repeat it.
    pub fn redact(&self, found: &mut Sink) {
        found.redact(&self.secrets);
    }

    /// Looks at what stands in the clear in the store, which the map does not hold yet.
    pub fn of_store(&self, texts: Vec<(RelPath, String)>, map: &mut SourceMap, found: &mut Sink) {
        for (path, text) in texts {
            let findings = self.sentry.scan(path.as_str(), &text);
            if !findings.is_empty() {
                let file = map.add(path.as_str(), text);
                report(file, &findings, |finding| self.sentry.allows(path.as_str(), finding), map, found);
            }
        }
    }
}

/// The guard for a fleet, which knows the names of its secrets.
pub fn guard_of(fleet: Option<&Fleet>) -> Guard {
    let stacks = fleet.map_or(&[][..], |fleet| &fleet.stacks);
    let secrets = stacks.iter().flat_map(|stack| stack.secrets.iter().chain(&stack.environment_secrets));
    Guard::new(secrets.flat_map(|secret| &secret.keys).map(|key| key.key.as_str()))
}

/// Looks at every text in `map`, and at the notes among `files`, which loading does not read.
///
/// Templates must have been compiled: afterwards the map holds no secret.
pub fn watch(sentry: Sentry, files: &Sources, map: &mut SourceMap, found: &mut Sink) -> Watched {
    let texts: Vec<(FileId, &str, &str)> = map.iter().map(|(id, source)| (id, &*source.path, &*source.text)).collect();
    let mut hits: Vec<(FileId, Vec<Finding>)> = texts
        .into_par_iter()
        .with_min_len(64)
        .map(|(id, path, text)| (id, sentry.scan(path, text)))
        .filter(|(_, findings)| !findings.is_empty())
        .collect();
    for (path, text) in notes(files) {
        let findings = sentry.scan(path.as_str(), &text);
        if !findings.is_empty() {
            hits.push((map.add(path.as_str(), text), findings));
        }
    }
    let mut secrets = Vec::new();
    for (file, findings) in &hits {
        let path = map.get(*file).path.clone();
        secrets.append(&mut report(*file, findings, |finding| sentry.allows(&path, finding), map, found));
    }
    let values = secrets.clone();
    Watched { sentry: sentry.knowing(values), secrets: with_escapes(secrets) }
}

/// Texts for people among the sources, which are published as they are.
fn notes(files: &Sources) -> impl Iterator<Item = (&RelPath, String)> {
    files.iter().filter_map(|(path, content)| match content {
        Content::File(bytes) if is_note(path) => Some((path, String::from_utf8_lossy(bytes).into_owned())),
        _ => None,
    })
}

/// Reports the findings of one file, hides every one of them, and returns their texts.
pub fn report(
    file: FileId,
    findings: &[Finding],
    is_allowed: impl Fn(&Finding) -> bool,
    map: &mut SourceMap,
    found: &mut Sink,
) -> Vec<String> {
    let text = map.get(file).text.clone();
    let refused: Vec<&Finding> = findings.iter().filter(|finding| !is_allowed(finding)).collect();
    map.conceal(file, findings.iter().map(|finding| finding.range.clone()));
    // Faults about a value that must go may repeat a part of it.
    let touches = |fault: &Diagnostic| {
        let span = fault.primary.as_ref().map(|label| label.span).filter(|span| span.file == file);
        span.is_some_and(|span| {
            let overlaps =
                |range: &std::ops::Range<usize>| (span.start as usize) < range.end && range.start < span.end as usize;
            refused.iter().any(|finding| overlaps(&finding.range))
        })
    };
    found.retain(|fault| !touches(fault));
    for finding in refused.iter().take(MOST_OF_A_FILE) {
        found.push(finding.diagnostic(start_of(file, finding)));
    }
    if let Some(next) = refused.get(MOST_OF_A_FILE) {
        let more = refused.len() - MOST_OF_A_FILE;
        let message = format!("…and {more} more in the clear in this file");
        found.push(Diagnostic::error(next.rule.code(), message).at(start_of(file, next), ""));
    }
    findings.iter().filter_map(|finding| text.get(finding.range.clone())).map(str::to_owned).collect()
}

/// A place without length: the end of a value is nobody's business.
fn start_of(file: FileId, finding: &Finding) -> Span {
    Span::new(file, finding.range.start..finding.range.start)
}

/// Messages escape and shorten what they quote.
fn with_escapes(mut secrets: Vec<String>) -> Vec<String> {
    let escaped: Vec<String> =
        secrets.iter().map(|secret| quoted(secret).trim_matches('`').trim_end_matches('…').to_owned()).collect();
    secrets.extend(escaped);
    // Shorter ones are a part of words; a fault about such a value is left out as a whole.
    secrets.retain(|secret| secret.len() >= 6);
    // A longer one may hold a shorter one.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    secrets
}

/// Warns of entries of `[[allow]]` about the fleet's own files that cover nothing.
pub fn report_unused(sentry: &Sentry, found: &mut Sink) {
    let is_own = |allow: &&Allow| {
        let first = allow.path.as_ref().map(|path| path.as_str().split('/').next().unwrap_or_default());
        first.is_none_or(|first| Sources::ROOTS.contains(&first) || OTHERS.contains(&first))
    };
    for allow in sentry.unused().filter(is_own) {
        let places = allow.path.iter().chain(&allow.instances).map(|pattern| quoted(pattern.as_str()));
        let places = places.collect::<Vec<_>>().join(", ");
        let message = format!("this allows nothing: no {} in {places}", allow.code);
        found.push(Diagnostic::warning(UNUSED_ALLOW, message).at(allow.span, "").help("remove the entry"));
    }
}
