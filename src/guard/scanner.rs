//! One pass over a text: what cannot begin a secret is never looked at twice.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use regex::Regex;

use super::finding::{Finding, RULES, Rule};
use super::named::{self, Name, key_around, line_at};
use super::shapes::SHAPES;
use super::tokens::{self, OTHERS};
use super::value::Around;
use super::words::{self, Promise};
use super::{blocks, objects, urls};

/// Pieces of the names of secrets, with letters of any case.
const NAMES: &str = "(?i-u:passw|passphrase|passcode|pwd|secret|token|credential|[_-]pass|[_-]pw|dbpass\
    |(?:api|access|account|encryption|hmac|master|private|shared|signing)[_-]?key)";

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// Values, or a program.
    Data,
    /// For people: examples are not secrets.
    Prose,
    /// In the secret store: a note beside ciphertext, or what stands in the clear around it. Nothing there is an example.
    Store,
}

impl TextKind {
    /// Told by a path from the fleet's root.
    #[must_use]
    pub fn of(path: &str) -> Self {
        if path.starts_with("secrets/") {
            return Self::Store;
        }
        let prose = [".md", ".markdown", ".rst", ".adoc", ".txt"];
        if prose.iter().any(|end| path.ends_with(end)) { Self::Prose } else { Self::Data }
    }
}

/// Looks for plaintext.
pub struct Guard {
    starts: Regex,
    /// Names that somebody declared secret, folded.
    declared: HashSet<String>,
    /// Values that were found where they come from. No `Debug`: they are secrets.
    known: Vec<String>,
}

impl Default for Guard {
    fn default() -> Self {
        Self::new([])
    }
}

impl Guard {
    /// A guard that takes `declared` for names of secrets, too. Names of one word say too little by themselves.
    pub fn new<'a>(declared: impl IntoIterator<Item = &'a str>) -> Self {
        let two_words = |name: &&str| words::words(name).len() > 1;
        let declared: HashSet<String> = declared.into_iter().filter(two_words).map(words::folded).collect();
        let mut own: Vec<String> = declared
            .iter()
            .filter(|name| words::promise(name).is_none())
            .map(|name| name.split('-').map(regex::escape).collect::<Vec<_>>().join("[-_.]"))
            .collect();
        own.sort();
        let fixed = blocks::STARTS.iter().chain(&OTHERS).copied().chain(SHAPES.iter().map(|shape| shape.start));
        let fixed: Vec<String> = fixed.map(regex::escape).collect();
        let own = if own.is_empty() { String::new() } else { format!("|(?i-u:{})", own.join("|")) };
        let pattern = format!("://|{}|{NAMES}{own}", fixed.join("|"));
        let starts = Regex::new(&pattern).expect("the parts are constants and escaped names");
        Self { starts, declared, known: Vec::new() }
    }

    /// Passes over values that were found elsewhere: where a value is used again is no news.
    #[must_use]
    pub fn knowing(mut self, values: impl IntoIterator<Item = String>) -> Self {
        self.known = values.into_iter().collect();
        self
    }

    /// Everything in the clear, by place; of findings over the same text the most telling one.
    #[must_use]
    pub fn scan(&self, text: &str, kind: TextKind) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut at = 0;
        let mut has_objects = false;
        while let Some(hit) = self.starts.find_at(text, at) {
            let hit = hit.range();
            // A start may stand inside another: `npm_` in a name, `://` after a word.
            at = hit.end;
            let start = &text[hit.clone()];
            if start == "://" {
                found.extend(urls::look(text, hit.start, around(text, hit.start, kind) == Around::Prose));
            } else if blocks::STARTS.contains(&start) || tokens::is_start_of_one(start) {
                let looked = blocks::look(text, hit.clone()).or_else(|| tokens::look(text, hit));
                at = looked.as_ref().map_or(at, |finding| finding.range.end.max(at));
                found.extend(looked);
            } else {
                let key = key_around(text, &hit);
                at = key.end.max(at);
                has_objects |= text[hit.clone()].ends_with("ecret") && objects::is_kind(text, key.end);
                if named::has_value(text, &key)
                    && let Some(name) = self.name(text, key)
                {
                    found.extend(named::look(text, &name, around(text, name.range.start, kind)));
                }
            }
        }
        if has_objects {
            found.extend(objects::look(text));
        }
        found.retain(|finding| !self.is_known(&text[finding.range.clone()]));
        distinct(&found)
    }

    /// What stands in the clear in `bytes` that are no text: keys and tokens, which need none around them.
    #[must_use]
    pub fn scan_binary(&self, bytes: &[u8]) -> Vec<Finding> {
        let mut found = self.scan(&String::from_utf8_lossy(bytes), TextKind::Data);
        found.retain(|finding| matches!(finding.rule, Rule::PrivateKey | Rule::Token));
        found
    }

    fn name(&self, text: &str, key: Range<usize>) -> Option<Name> {
        let name = &text[key.clone()];
        let promise = words::promise(name).or_else(|| self.declared_promise(name))?;
        Some(Name { range: key, promise })
    }

    fn declared_promise(&self, name: &str) -> Option<Promise> {
        self.declared.contains(&words::folded(name)).then_some(Promise::Token)
    }

    fn is_known(&self, value: &str) -> bool {
        // Short ones may be a part of anything.
        self.known.iter().any(|known| value == known || known.len() >= 6 && value.contains(known.as_str()))
    }
}

/// Bytes of the longest line that may be a comment.
const LONGEST_COMMENT: usize = 4096;

/// A text for people, and comments in other texts, are prose.
fn around(text: &str, at: usize, kind: TextKind) -> Around {
    // A longer line is no comment that a person wrote, and to search it again for each name in it takes minutes.
    let line = line_at(text, at);
    let is_long = at - line.start > LONGEST_COMMENT;
    let start = if is_long { "" } else { text[line.start..at].trim_start() };
    let is_comment = start.starts_with(['#', ';'])
        || start == "//"
        || start.starts_with("// ")
        || start.starts_with("///")
        || start.starts_with("{#")
        || start.contains(" #");
    match kind {
        TextKind::Store => Around::Store,
        TextKind::Data if !is_comment => Around::Data,
        TextKind::Prose | TextKind::Data => Around::Prose,
    }
}

/// By place, without those that overlap a finding of an earlier rule.
fn distinct(found: &[Finding]) -> Vec<Finding> {
    // None of those kept overlap, so that the last one that starts before the end of another decides.
    let mut kept: BTreeMap<usize, &Finding> = BTreeMap::new();
    for rule in RULES {
        for finding in found.iter().filter(|finding| finding.rule == rule) {
            let before = kept.range(..finding.range.end.max(finding.range.start + 1)).next_back();
            if before.is_none_or(|(_, other)| other.range.end <= finding.range.start) {
                kept.insert(finding.range.start, finding);
            }
        }
    }
    kept.into_values().cloned().collect()
}
