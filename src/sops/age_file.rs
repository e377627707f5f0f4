//! age files opened in memory, with a key or a passphrase.
//!
//! The only place that decrypts one; says no more than that it does not open, since the words of the crate may change.

use std::io::Read;

use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use age::{DecryptError, scrypt, x25519};
use zeroize::Zeroizing;

/// The work factor beyond which a passphrase is not tried, as in `age` itself: 2^22 are minutes and 4 GiB.
const MAX_WORK_FACTOR: u8 = 22;

/// Why an age file does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AgeFileError {
    /// It is for a passphrase where there is a key, or the other way round.
    OtherKind,
    /// It is for another key or passphrase.
    NoMatch,
    /// It is no age file, or was changed.
    Damaged,
}

/// Opens what is encrypted to a key. No more than `limit` bytes come out.
pub(super) fn open_with_key(
    file: &[u8],
    identity: &x25519::Identity,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, AgeFileError> {
    open(file, identity, false, limit)
}

/// Opens what is encrypted with a passphrase. No more than `limit` bytes come out.
pub(super) fn open_with_passphrase(
    file: &[u8],
    passphrase: &str,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, AgeFileError> {
    let mut identity = scrypt::Identity::new(SecretString::from(passphrase));
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    open(file, &identity, true, limit)
}

fn open(
    file: &[u8],
    identity: &dyn age::Identity,
    passphrase: bool,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, AgeFileError> {
    let reader = std::io::BufReader::new(ArmoredReader::new(file));
    let decryptor = age::Decryptor::new_buffered(reader).map_err(|_| AgeFileError::Damaged)?;
    if decryptor.is_scrypt() != passphrase {
        return Err(AgeFileError::OtherKind);
    }
    let mut stream = decryptor.decrypt(std::iter::once(identity)).map_err(|error| match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed | DecryptError::NoMatchingKeys => {
            AgeFileError::NoMatch
        }
        _ => AgeFileError::Damaged,
    })?;
    // What comes out is never longer than the file: the buffer does not grow and leave copies.
    let limit = limit.min(file.len());
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 1));
    stream.by_ref().take(limit as u64).read_to_end(&mut bytes).map_err(|_| AgeFileError::Damaged)?;
    Ok(bytes)
}
