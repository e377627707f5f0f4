//! age identities: the private keys that open store files, and what was tried to find them.
//!
//! Reads no environment and no file: the caller passes texts and says where they come from.

use std::io::Read;

use age::armor::ArmoredReader;
use age::x25519;
use zeroize::Zeroizing;

use super::cipher::DataKey;
use super::metadata::Wrap;

/// Why a source of identities is refused; no message repeats its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Nothing but empty lines and comments.
    #[error("holds no key")]
    Empty,
    /// `age1…`.
    #[error("line {0} holds a public key; a private key starts with `AGE-SECRET-KEY-1`")]
    PublicKey(usize),
    /// A whole age file.
    #[error("is protected by a passphrase; write it decrypted to a place that is not kept: `age -d KEYFILE`")]
    Passphrase,
    /// `AGE-PLUGIN-…`.
    #[error("line {0} holds the key of an age plugin, which lmsgen does not run; use a native key from `age-keygen`")]
    Plugin(usize),
    /// `AGE-SECRET-KEY-PQ-1…`.
    #[error("line {0} holds a post-quantum key, which is not supported yet; use a native key from `age-keygen`")]
    PostQuantum(usize),
    /// An SSH private key.
    #[error("holds an SSH key, which is not supported; use a native key from `age-keygen`")]
    Ssh,
    /// Anything else.
    #[error("line {0} is no age private key (`AGE-SECRET-KEY-1` and 58 more characters)")]
    Invalid(usize),
}

/// Private keys, and the sources that were tried for them.
#[derive(Default)]
pub struct Identities {
    keys: Vec<Key>,
    tried: Vec<String>,
}

struct Key {
    identity: x25519::Identity,
    recipient: String,
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

    /// Adds every key of `text`, a key file or the value of a variable: one `AGE-SECRET-KEY-1…` a line, empty lines and
    /// lines starting with `#` between them, CRLF and a byte order mark allowed. `source` names it in messages.
    ///
    /// # Errors
    /// What is wrong with the text; nothing of it is added then.
    pub fn add(&mut self, source: &str, text: &str) -> Result<(), IdentityError> {
        let keys = parse(text).inspect_err(|error| self.tried.push(format!("{source} ({error})")))?;
        self.tried.push(match keys.len() {
            1 => format!("{source} (1 key)"),
            n => format!("{source} ({n} keys)"),
        });
        self.keys.extend(keys);
        Ok(())
    }

    /// Remembers a source that gave nothing: `note("SOPS_AGE_KEY", "not set")`.
    pub fn note(&mut self, source: &str, outcome: &str) {
        self.tried.push(format!("{source} ({outcome})"));
    }

    /// `true` without any key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The public keys that belong to the identities, in the order added.
    pub fn recipients(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| &*key.recipient)
    }

    /// What was tried, a source each with its outcome.
    #[must_use]
    pub fn tried(&self) -> &[String] {
        &self.tried
    }

    /// Recipients among `wraps` whose identity is here and does not open what is wrapped for it.
    pub(crate) fn damaged<'w>(&self, wraps: &'w [Wrap<'_>]) -> impl Iterator<Item = &'w str> {
        wraps.iter().filter_map(|wrap| {
            let key = self.keys.iter().find(|key| key.recipient == wrap.recipient)?;
            open(&wrap.armor, &key.identity).is_none().then_some(&*wrap.recipient)
        })
    }

    /// Opens the first wrapped key whose recipient one of the identities is. A wrap that says it is for an identity and
    /// does not open with it is damaged; the next identity is tried, since one broken wrap must not lock out the others.
    pub(crate) fn unwrap(&self, wraps: &[Wrap<'_>]) -> Result<DataKey, UnwrapError> {
        let mut damaged = None;
        for key in &self.keys {
            let Some(wrap) = wraps.iter().find(|wrap| wrap.recipient == key.recipient) else { continue };
            if let Some(data_key) = open(&wrap.armor, &key.identity) {
                return Ok(data_key);
            }
            damaged = Some(wrap.recipient.to_string());
        }
        Err(damaged.map_or(UnwrapError::NoMatch, UnwrapError::Damaged))
    }
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identities").field("tried", &self.tried).finish_non_exhaustive()
    }
}

fn open(armor: &str, identity: &x25519::Identity) -> Option<DataKey> {
    let reader = ArmoredReader::new(armor.trim().as_bytes());
    let decryptor = age::Decryptor::new_buffered(std::io::BufReader::new(reader)).ok()?;
    let mut stream = decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)).ok()?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(64));
    stream.by_ref().take(64).read_to_end(&mut bytes).ok()?;
    DataKey::from_bytes(&bytes)
}

fn parse(text: &str) -> Result<Vec<Key>, IdentityError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.starts_with("age-encryption.org/v1") || text.starts_with("-----BEGIN AGE ENCRYPTED FILE") {
        return Err(IdentityError::Passphrase);
    }
    if text.contains("-----BEGIN OPENSSH PRIVATE KEY") || text.contains("-----BEGIN RSA PRIVATE KEY") {
        return Err(IdentityError::Ssh);
    }
    let mut keys = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if line.trim_start().starts_with('#') {
            continue;
        }
        // SOPS 3.13 takes several keys on one line of SOPS_AGE_KEY.
        for word in line.split_whitespace() {
            keys.push(parse_key(word, number)?);
        }
    }
    if keys.is_empty() { Err(IdentityError::Empty) } else { Ok(keys) }
}

fn parse_key(word: &str, line: usize) -> Result<Key, IdentityError> {
    if word.starts_with("AGE-SECRET-KEY-PQ-1") {
        return Err(IdentityError::PostQuantum(line));
    }
    if word.starts_with("AGE-PLUGIN-") {
        return Err(IdentityError::Plugin(line));
    }
    if word.starts_with("age1") {
        return Err(IdentityError::PublicKey(line));
    }
    let identity: x25519::Identity = word.parse().map_err(|_| IdentityError::Invalid(line))?;
    let recipient = identity.to_public().to_string();
    Ok(Key { identity, recipient })
}
