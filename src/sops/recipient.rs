//! age recipients: who can open a store file.
//!
//! Only native X25519 keys, `age1…`: plugins run programs, SSH keys are used for other things, and
//! post-quantum keys are not yet read by every deployed SOPS.

use std::fmt;
use std::io::Write;

use age::x25519;

use super::cipher::DataKey;

/// A public key that files are encrypted to.
#[derive(Clone)]
pub struct Recipient {
    key: x25519::Recipient,
    text: String,
}

/// Why a text is no recipient; no message repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    /// A private key.
    #[error("a private key stands where a public key belongs")]
    PrivateKey,
    /// `age1pq1…`.
    #[error("a post-quantum age key is not supported yet")]
    PostQuantum,
    /// `age1<name>1…`.
    #[error("the key of an age plugin is not supported")]
    Plugin,
    /// `ssh-…`.
    #[error("an SSH key is not supported as a recipient")]
    Ssh,
    /// A PGP fingerprint or key.
    #[error("a PGP key is not supported as a recipient")]
    Pgp,
    /// Neither.
    #[error("not an age public key (`age1` and 58 more characters; a typing error breaks its checksum)")]
    Invalid,
}

impl RecipientError {
    /// What to do about it.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::PrivateKey => {
                "whoever could read this file could read the private key: make a new one with `age-keygen`, \
                 put its public key here, and rotate every secret the old one opens"
            }
            Self::PostQuantum | Self::Plugin | Self::Ssh | Self::Pgp => {
                "make a native age key with `age-keygen` and put its public key (`age1…`) here"
            }
            Self::Invalid => "copy the whole `age1…` line that `age-keygen -y KEYFILE` prints",
        }
    }
}

/// Reads a recipient: a native X25519 public key in lower case, nothing around it.
///
/// # Errors
/// Why `text` is refused; the error never holds `text`.
pub fn parse_recipient(text: &str) -> Result<Recipient, RecipientError> {
    let native = text.starts_with("age1") && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    match text.parse() {
        Ok(key) if native => Ok(Recipient { key, text: text.to_owned() }),
        _ => Err(refusal(text)),
    }
}

/// What `text`, which is no native recipient, looks like.
fn refusal(text: &str) -> RecipientError {
    let upper = text.to_ascii_uppercase();
    if upper.contains("AGE-SECRET-KEY-") || upper.contains("AGE-PLUGIN-") || upper.contains("PRIVATE KEY") {
        RecipientError::PrivateKey
    } else if text.starts_with("age1pq1") {
        RecipientError::PostQuantum
    } else if ["ssh-", "ecdsa-sha2-", "sk-"].iter().any(|prefix| text.starts_with(prefix)) {
        RecipientError::Ssh
    } else if upper.contains("BEGIN PGP") || is_fingerprint(text) {
        RecipientError::Pgp
    } else if text.strip_prefix("age1").is_some_and(|rest| rest.contains('1')) {
        RecipientError::Plugin
    } else {
        RecipientError::Invalid
    }
}

fn is_fingerprint(text: &str) -> bool {
    let digits = text.chars().filter(|c| !c.is_whitespace());
    matches!(digits.clone().count(), 16 | 40) && digits.clone().all(|c| c.is_ascii_hexdigit())
}

impl Recipient {
    /// `age1…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Encrypts `key` to this recipient: an age file of its own in armor, lines ended by LF.
    pub(crate) fn wrap(&self, key: &DataKey) -> Result<String, age::EncryptError> {
        use age::armor::{ArmoredWriter, Format};
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&self.key as _))?;
        let armor = ArmoredWriter::wrap_output(Vec::with_capacity(512), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armor)?;
        writer.write_all(key.bytes())?;
        let armored = writer.finish()?.finish()?;
        // On Windows the crate ends lines by CRLF, which would differ from what SOPS writes.
        Ok(String::from_utf8(armored).expect("armor is ASCII").replace("\r\n", "\n"))
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Recipient {}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The first eight characters of a recipient: enough to tell keys apart in a message.
#[must_use]
pub fn short(recipient: &str) -> &str {
    recipient.get(..8).unwrap_or(recipient)
}
