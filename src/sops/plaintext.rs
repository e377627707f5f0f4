//! The one type that holds a secret value in the clear.
//!
//! It cannot be printed, cloned, compared in a way that shows it, or serialised, and its memory is
//! cleared when it is dropped. Everything else in lmsgen handles names of keys, never values.

use std::fmt;

use zeroize::Zeroizing;

/// A secret value in the clear: bytes, cleared when dropped.
///
/// Deliberately without `Clone`, `Display` and `Serialize`; `Debug` says only that there is a value.
#[derive(PartialEq, Eq)]
pub struct Plaintext(Zeroizing<Vec<u8>>);

impl Plaintext {
    /// Takes over `bytes`; they are cleared when the value is dropped.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the few places that must have them: encryption, and output that a person asked for.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// `true` for the empty value, which SOPS leaves unencrypted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Zeroizing<Vec<u8>>> for Plaintext {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl From<String> for Plaintext {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(…)")
    }
}
