//! age identities: the private keys that open store files, and what was tried to find them.
//!
//! Reads no environment and no file: the caller passes texts and says where they come from. Sources that cost something, a
//! passphrase to type or a program to run, are asked only when a file does not open with what is at hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use age::x25519;
use zeroize::Zeroizing;

use super::age_file::open_with_key;
use super::cipher::DataKey;
use super::key_file::{IdentityError, Key, Keys, parse};
use super::metadata::Wrap;
use super::plaintext::Plaintext;
use super::shamir::Share;

/// More bytes than what is wrapped has: a data key, or a share of one.
const MAX_WRAPPED: usize = 64;

/// Private keys, and the sources that were tried for them.
#[derive(Default)]
pub struct Identities {
    keys: Vec<Key>,
    /// In the order of precedence.
    sources: Vec<Source>,
}

enum Source {
    /// With its outcome.
    Tried(String),
    Late(Late),
}

/// A source that is asked when it is needed.
struct Late {
    name: String,
    asked: Asked,
    fetch: Box<Fetch>,
    /// By recipient, or once under the empty text. An answer is kept, whatever it is: nobody is asked twice.
    answers: Mutex<BTreeMap<String, Arc<Answer>>>,
}

/// Gets the text of a key file; is told the recipient that a file has. An error is what to say of the source.
type Fetch = dyn Fn(&str) -> Result<Zeroizing<String>, String> + Send + Sync;

type Answer = Result<Keys, String>;

/// How often a late source is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Once: it gives the same whatever is to be opened.
    Once,
    /// Once for each recipient: it may give another key for each.
    ForEachRecipient,
}

/// Why no data key came out of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UnwrapError {
    /// No identity belongs to any of the file's recipients.
    NoMatch,
    /// The wrapped key of this recipient is broken.
    Damaged(String),
}

impl Identities {
    /// No identity, nothing tried.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds every native key of `text`, a key file or the value of a variable: one `AGE-SECRET-KEY-1…` a line, empty lines
    /// and lines starting with `#` between them, CRLF and a byte order mark allowed. What else is in it is noted: `sops`
    /// may have a use for it, and whether it is missed is seen when nothing opens a file. `source` names it in messages.
    ///
    /// # Errors
    /// Why there is no native key; it is noted, too.
    pub fn add(&mut self, source: &str, text: &str) -> Result<(), IdentityError> {
        let found = parse(text).inspect_err(|error| self.note(source, &error.to_string()))?;
        self.note(source, &outcome(found.keys.len(), found.left_out.as_ref()));
        self.keys.extend(found.keys);
        Ok(())
    }

    /// Adds a source that is asked only when a file opens with none of the keys at hand, in the order added, and again only
    /// as `asked` says.
    pub fn add_late(
        &mut self,
        source: &str,
        asked: Asked,
        fetch: impl Fn(&str) -> Result<Zeroizing<String>, String> + Send + Sync + 'static,
    ) {
        let answers = Mutex::default();
        self.sources.push(Source::Late(Late { name: source.to_owned(), asked, fetch: Box::new(fetch), answers }));
    }

    /// Remembers a source that gave nothing: `note("SOPS_AGE_KEY", "not set")`.
    pub fn note(&mut self, source: &str, outcome: &str) {
        self.sources.push(Source::Tried(format!("{source} ({outcome})")));
    }

    /// `true` without any key or source that may give one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && !self.sources.iter().any(|source| matches!(source, Source::Late(_)))
    }

    /// The public keys that belong to the identities at hand, in the order added.
    pub fn recipients(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| &*key.recipient)
    }

    /// What was tried, a source each with its outcome.
    #[must_use]
    pub fn tried(&self) -> Vec<String> {
        let tried = self.sources.iter().map(|source| match source {
            Source::Tried(text) => text.clone(),
            Source::Late(late) => late.outcome(),
        });
        tried.collect()
    }

    /// What is in an age file in armor that is encrypted to one of the keys at hand: the way in which every data key is opened,
    /// without its bound on the length.
    #[must_use]
    pub fn open_armored(&self, armor: &str) -> Option<Plaintext> {
        let file = armor.trim().as_bytes();
        self.keys.iter().find_map(|key| open_with_key(file, &key.identity, file.len()).ok()).map(Plaintext::from)
    }

    /// Recipients among `wraps` whose identity is here and does not get the data key that is `right`: what is wrapped for them
    /// does not open, or is another key.
    pub(crate) fn damaged<'w>(&self, wraps: &'w [Wrap<'_>], right: &dyn Fn(&DataKey) -> bool) -> Vec<&'w str> {
        let ours =
            wraps.iter().filter_map(|wrap| Some((wrap, self.keys.iter().find(|key| key.recipient == wrap.recipient)?)));
        let ours: Vec<_> = ours.collect();
        // The only one is the one that opened the file.
        if ours.len() < 2 {
            return Vec::new();
        }
        let is_right = |wrap: &Wrap<'_>, key: &Key| {
            open(&wrap.armor, &key.identity, DataKey::from_bytes).is_some_and(|key| right(&key))
        };
        let broken = ours.into_iter().filter(|(wrap, key)| !is_right(wrap, key));
        broken.map(|(wrap, _)| &*wrap.recipient).collect()
    }

    /// Opens the first wrapped key whose recipient one of the identities is and that is `right`. A wrap that does not open with
    /// its identity, or holds another key, is damaged; the next identity is tried, since one broken wrap must not lock out
    /// the others. When no key is right, the first one is returned: the file is wrong, not the wraps.
    pub(crate) fn unwrap(&self, wraps: &[Wrap<'_>], right: &dyn Fn(&DataKey) -> bool) -> Result<DataKey, UnwrapError> {
        self.unwrap_as(wraps, DataKey::from_bytes, right)
    }

    /// Opens the share of the data key that a group of recipients has.
    pub(crate) fn unwrap_share(&self, wraps: &[Wrap<'_>]) -> Result<Share, UnwrapError> {
        self.unwrap_as(wraps, Share::from_bytes, &|_| true)
    }

    fn unwrap_as<T>(
        &self,
        wraps: &[Wrap<'_>],
        read: fn(&[u8]) -> Option<T>,
        right: &dyn Fn(&T) -> bool,
    ) -> Result<T, UnwrapError> {
        let mut seen = Seen { other: None, damaged: None };
        if let Some(found) = unwrap_with(&self.keys, wraps, (read, right), &mut seen) {
            return Ok(found);
        }
        for source in &self.sources {
            let Source::Late(late) = source else { continue };
            let asked_for = match late.asked {
                Asked::Once => &wraps[..wraps.len().min(1)],
                Asked::ForEachRecipient => wraps,
            };
            for wrap in asked_for {
                if let Ok(answer) = &*late.answer(&wrap.recipient)
                    && let Some(found) = unwrap_with(&answer.keys, wraps, (read, right), &mut seen)
                {
                    return Ok(found);
                }
            }
        }
        match seen {
            Seen { other: Some(found), .. } => Ok(found),
            Seen { damaged, .. } => Err(damaged.map_or(UnwrapError::NoMatch, UnwrapError::Damaged)),
        }
    }
}

impl Late {
    fn answer(&self, recipient: &str) -> Arc<Answer> {
        let (name, recipient) = match self.asked {
            Asked::Once => ("", ""),
            Asked::ForEachRecipient => (recipient, recipient),
        };
        // Held while asking: other threads wait for the one answer.
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.entry(name.to_owned()).or_insert_with(|| {
            let text = (self.fetch)(recipient);
            Arc::new(text.and_then(|text| parse(&text).map_err(|error| error.to_string())))
        });
        Arc::clone(answer)
    }

    fn outcome(&self) -> String {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = answers.values().find_map(|answer| answer.as_ref().as_ref().err());
        let given = || answers.values().filter_map(|answer| answer.as_ref().as_ref().ok());
        let n_keys = given().map(|found| found.keys.len()).sum();
        match failed {
            Some(why) => format!("{} ({why})", self.name),
            None if answers.is_empty() => format!("{} (not asked)", self.name),
            None => {
                let left_out = given().find_map(|found| found.left_out.as_ref());
                format!("{} ({})", self.name, outcome(n_keys, left_out))
            }
        }
    }
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identities").field("tried", &self.tried()).finish_non_exhaustive()
    }
}

/// How many keys a source gave, and why the first thing was left out that is none.
fn outcome(n_keys: usize, left_out: Option<&IdentityError>) -> String {
    let keys = if n_keys == 1 { "1 key".to_owned() } else { format!("{n_keys} keys") };
    left_out.map_or_else(|| keys.clone(), |why| format!("{keys}; left out: {why}"))
}

/// What was met on the way to a right key.
struct Seen<T> {
    /// The first one that is not right.
    other: Option<T>,
    /// A recipient whose wrap does not open.
    damaged: Option<String>,
}

/// How the bytes in a wrap are taken, and whether they are right.
type Wanted<'a, T> = (fn(&[u8]) -> Option<T>, &'a dyn Fn(&T) -> bool);

fn unwrap_with<T>(keys: &[Key], wraps: &[Wrap<'_>], (read, right): Wanted<'_, T>, seen: &mut Seen<T>) -> Option<T> {
    for key in keys {
        let Some(wrap) = wraps.iter().find(|wrap| wrap.recipient == key.recipient) else { continue };
        match open(&wrap.armor, &key.identity, read) {
            Some(found) if right(&found) => return Some(found),
            Some(other) => drop(seen.other.get_or_insert(other)),
            None => seen.damaged = Some(wrap.recipient.to_string()),
        }
    }
    None
}

fn open<T>(armor: &str, identity: &x25519::Identity, read: fn(&[u8]) -> Option<T>) -> Option<T> {
    read(&open_with_key(armor.trim().as_bytes(), identity, MAX_WRAPPED).ok()?)
}
