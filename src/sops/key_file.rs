//! age key files: one private key a line, comments between them; the whole file may be encrypted with a passphrase.
//!
//! Reads and writes texts only; no message repeats a piece of one.

use age::secrecy::ExposeSecret;
use age::x25519;
use zeroize::Zeroizing;

use super::age_file::{AgeFileError, open_with_passphrase};

/// Bytes that a key file may have.
pub const MAX_KEY_FILE: usize = 1 << 20;

/// Why a source of identities is refused; no message repeats its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Nothing but empty lines and comments.
    #[error("holds no key")]
    Empty,
    /// `age1…`.
    #[error("line {0} holds a public key; a private key starts with `AGE-SECRET-KEY-1`")]
    PublicKey(usize),
    /// A whole age file where only a text can be taken.
    #[error(
        "is protected by a passphrase; name its file with `--age-key-file` or SOPS_AGE_KEY_FILE to be asked for it"
    )]
    Passphrase,
    /// An age file that is encrypted to somebody's key.
    #[error(
        "is encrypted with a key, not with a passphrase; decrypt it with `age -d -i KEYFILE` and pass the result in SOPS_AGE_KEY"
    )]
    Encrypted,
    /// The passphrase does not open the file.
    #[error("is protected by another passphrase than the one given")]
    WrongPassphrase,
    /// Neither a passphrase nor a key would open it.
    #[error("is a damaged age file")]
    Damaged,
    /// `AGE-PLUGIN-…`.
    #[error(
        "line {0} holds the key of an age plugin, which lmsgen does not run; use a native key from `lmsgen secrets keygen`"
    )]
    Plugin(usize),
    /// `AGE-SECRET-KEY-PQ-1…`.
    #[error(
        "line {0} holds a post-quantum key, which is not supported yet; use a native key from `lmsgen secrets keygen`"
    )]
    PostQuantum(usize),
    /// An SSH private key.
    #[error("holds an SSH key, which is not supported; use a native key from `lmsgen secrets keygen`")]
    Ssh,
    /// Not UTF-8.
    #[error("is no text, so no age key file")]
    NotText,
    /// Anything else.
    #[error("line {0} is no age private key (`AGE-SECRET-KEY-1` and 58 more characters)")]
    Invalid(usize),
}

/// A private key and the recipient it belongs to.
pub(super) struct Key {
    pub identity: x25519::Identity,
    pub recipient: String,
}

/// `true` for an age file, binary or armored: a key file that is protected by a passphrase.
#[must_use]
pub fn is_protected(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    bytes.starts_with(b"age-encryption.org/") || bytes.starts_with(b"-----BEGIN AGE ENCRYPTED FILE")
}

/// Opens a key file that [`is_protected`].
///
/// # Errors
/// Why it does not open.
pub fn open_protected(bytes: &[u8], passphrase: &str) -> Result<Zeroizing<String>, IdentityError> {
    let file = bytes.trim_ascii_start();
    let mut text = open_with_passphrase(file, passphrase, file.len()).map_err(|error| match error {
        AgeFileError::OtherKind => IdentityError::Encrypted,
        AgeFileError::NoMatch => IdentityError::WrongPassphrase,
        AgeFileError::Damaged => IdentityError::Damaged,
    })?;
    match String::from_utf8(std::mem::take(&mut *text)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(IdentityError::NotText)
        }
    }
}

/// What a key file holds: at least one key that can be used.
pub(super) struct Keys {
    pub keys: Vec<Key>,
    /// Why the first thing in it is left out that is none.
    pub left_out: Option<IdentityError>,
}

/// Reads the keys of a text: one `AGE-SECRET-KEY-1…` a line, empty lines and lines starting with `#` between them, CRLF and
/// a byte order mark allowed. Keys of other kinds, which `sops` may know what to do with, are left out.
pub(super) fn parse(text: &str) -> Result<Keys, IdentityError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if is_protected(text.as_bytes()) {
        return Err(IdentityError::Passphrase);
    }
    let (mut keys, mut left_out) = (Vec::new(), None);
    let mut in_ssh_key = false;
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.ends_with("PRIVATE KEY-----") {
            in_ssh_key = line.starts_with("-----BEGIN");
            left_out = left_out.or(Some(IdentityError::Ssh));
            continue;
        }
        if in_ssh_key || line.starts_with('#') {
            continue;
        }
        // SOPS 3.13 takes several keys on one line of SOPS_AGE_KEY.
        for word in line.split_whitespace() {
            match parse_key(word, number) {
                Ok(key) => keys.push(key),
                Err(why) => left_out = left_out.or(Some(why)),
            }
        }
    }
    if keys.is_empty() { Err(left_out.unwrap_or(IdentityError::Empty)) } else { Ok(Keys { keys, left_out }) }
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

/// A new private key.
pub struct NewKey {
    /// The public key, `age1…`.
    pub recipient: String,
    /// The key file, as `age-keygen` writes it.
    pub text: Zeroizing<String>,
}

/// Makes a private key. `now` is the time that its file says it was made.
#[must_use]
pub fn new_key(now: &str) -> NewKey {
    let identity = x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let secret = identity.to_string();
    let head = format!("# created: {now}\n# public key: {recipient}\n");
    let mut text = Zeroizing::new(String::with_capacity(head.len() + secret.expose_secret().len() + 1));
    text.push_str(&head);
    text.push_str(secret.expose_secret());
    text.push('\n');
    NewKey { recipient, text }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use age::scrypt;
    use age::secrecy::SecretString;

    use super::*;

    fn protected(armor: bool, text: &str) -> Vec<u8> {
        use age::armor::{ArmoredWriter, Format};
        let mut recipient = scrypt::Recipient::new(SecretString::from("open sesame"));
        recipient.set_work_factor(2);
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as _)).unwrap();
        let format = if armor { Format::AsciiArmor } else { Format::Binary };
        let mut writer = encryptor.wrap_output(ArmoredWriter::wrap_output(Vec::new(), format).unwrap()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap().finish().unwrap()
    }

    #[test]
    fn a_passphrase_opens_binary_and_armored_files() {
        let key = new_key("2026-01-02T03:04:05Z");
        for armor in [false, true] {
            let file = protected(armor, &key.text);
            assert!(is_protected(&file));
            let open = |words: &str| open_protected(&file, words);
            assert_eq!(parse(&open("open sesame").unwrap()).ok().unwrap().keys[0].recipient, key.recipient);
            assert_eq!(open("wrong").unwrap_err(), IdentityError::WrongPassphrase);
            let mut damaged = file.clone();
            let at = damaged.len() - 50;
            damaged.truncate(at);
            assert!(open_protected(&damaged, "open sesame").is_err());
        }
        assert!(!is_protected(key.text.as_bytes()));
    }

    #[test]
    fn a_file_for_a_key_has_no_passphrase() {
        let to = x25519::Identity::generate().to_public();
        let file = age::encrypt(&to, b"x").unwrap();
        let opened = open_protected(&file, "x");
        assert_eq!(opened.unwrap_err(), IdentityError::Encrypted);
    }
}
