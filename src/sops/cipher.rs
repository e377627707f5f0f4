//! AES-256-GCM over single values, and the MAC over a whole file, as SOPS does them.
//!
//! Knows neither YAML nor age.

use std::fmt::Write;

use aes_gcm::aead::consts::U32;
use aes_gcm::aes::Aes256;
use aes_gcm::{AeadInOut, AesGcm, KeyInit};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use super::Plaintext;
use super::sealed::{Kind, NONCE_LEN, Sealed};

type Cipher = AesGcm<Aes256, U32>;

/// Bytes of a data key.
pub(crate) const KEY_LEN: usize = 32;

/// The key that all values of one file are encrypted with; age wraps it for every recipient.
pub(crate) struct DataKey(Zeroizing<[u8; KEY_LEN]>);

/// The ciphertext does not belong to this key and place, or was changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Forged;

impl DataKey {
    /// A new random key.
    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        getrandom::fill(&mut *key)?;
        Ok(Self(key))
    }

    /// Takes the key that age unwrapped; `None` for a wrong length.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &*self.0
    }

    fn cipher(&self) -> Cipher {
        Cipher::new((&*self.0).into())
    }

    /// Encrypts a string for the place that `aad` names, with a fresh nonce. The empty value stays empty: SOPS
    /// cannot read an empty ciphertext.
    pub(crate) fn seal(&self, aad: &str, value: &[u8]) -> Result<String, getrandom::Error> {
        self.seal_as(Kind::Str, aad, value)
    }

    /// Encrypts a value of any kind.
    pub(crate) fn seal_as(&self, kind: Kind, aad: &str, value: &[u8]) -> Result<String, getrandom::Error> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce)?;
        Ok(self.seal_with(kind, aad, value, &nonce))
    }

    fn seal_with(&self, kind: Kind, aad: &str, value: &[u8], nonce: &[u8; NONCE_LEN]) -> String {
        let mut buffer = Zeroizing::new(value.to_vec());
        let tag = self
            .cipher()
            .encrypt_inout_detached(nonce.into(), aad.as_bytes(), buffer.as_mut_slice().into())
            .expect("GCM takes 64 GiB, files are bounded far below");
        Sealed::format(kind, &buffer, nonce, &tag.into())
    }

    /// Decrypts a value and checks that it stands where it was encrypted for.
    pub(crate) fn open(&self, aad: &str, sealed: Sealed<'_>) -> Result<Plaintext, Forged> {
        let (mut buffer, nonce, tag) = sealed.decode();
        self.cipher()
            .decrypt_inout_detached((&nonce).into(), aad.as_bytes(), buffer.as_mut_slice().into(), (&tag).into())
            .map_err(|_| Forged)?;
        Ok(buffer.into())
    }
}

/// The MAC of a file being taken: SHA-512 over its leaves in file order.
pub(crate) struct Mac {
    hash: Sha512,
    encrypted_only: bool,
}

/// SHA-256 of `sops`: what the MAC over encrypted leaves only starts with, so that it is never taken for the other.
const ENCRYPTED_ONLY: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b, 0x97, 0x5b,
    0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

impl Mac {
    pub(crate) fn new(encrypted_only: bool) -> Self {
        let hash = Sha512::new();
        Self { hash: if encrypted_only { hash.chain_update(ENCRYPTED_ONLY) } else { hash }, encrypted_only }
    }

    /// Adds a leaf that the rule leaves in the clear.
    pub(crate) fn clear(&mut self, bytes: &[u8]) {
        if !self.encrypted_only {
            self.hash.update(bytes);
        }
    }

    /// Adds the plaintext of an encrypted leaf.
    pub(crate) fn sealed(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    /// 128 upper-case hex digits.
    pub(crate) fn finish(self) -> String {
        self.hash.finalize().iter().fold(String::with_capacity(128), |mut text, byte| {
            write!(text, "{byte:02X}").expect("writing to a String does not fail");
            text
        })
    }
}

/// The MAC over leaves in file order.
pub(crate) fn digest<'a>(leaves: impl Iterator<Item = &'a [u8]>) -> String {
    let mut mac = Mac::new(false);
    leaves.for_each(|leaf| mac.clear(leaf));
    mac.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DataKey {
        DataKey(Zeroizing::new(std::array::from_fn(|at| u8::try_from(at).unwrap())))
    }

    fn nonce() -> [u8; NONCE_LEN] {
        std::array::from_fn(|at| u8::try_from(at + 32).unwrap())
    }

    /// Texts that a real `sops` accepted; the key and nonce are fixed for the test.
    #[test]
    fn vectors_of_real_sops() {
        for (kind, aad, value, data, tag) in [
            (Kind::Str, "stringData:password:", "hunter2", "f7SfPOh95A==", "WBPE6k3mfjV0rMrvCs5GEw=="),
            (Kind::Int, "list:", "15", "JvQ=", "E3OLFMFgVsRAiWCY2sCYqg=="),
            (
                Kind::Float,
                "f:",
                "1000000000000000000000",
                "JvHBeL0/5hP2YVZH1rBRz7ehh5Rbxw==",
                "q+CH+AjRpZQsDxvU9rHvdA==",
            ),
            (Kind::Bool, "b:", "True", "Q7OELQ==", "Xq4LZhlfz3uJ5oyclH/P0A=="),
            (Kind::Time, "t:", "2001-12-14T00:00:00Z", "JfHBeaA+5A73ZTJH1rpRz72hh/4=", "pLrOM+Tdr45sBqnxO3vsXA=="),
            (Kind::Str, "a:b:", "é☃", "1GgT0A4=", "sbzbE0Z0j5r+2HV1Hv7zYw=="),
            (Kind::Comment, "stringData:", " note", "N6+ePOg=", "q2OLlbVNc5X6ClQqQGWy0Q=="),
        ] {
            let text = key().seal_with(kind, aad, value.as_bytes(), &nonce());
            let sealed = Sealed::parse(&text, kind.name()).unwrap();
            assert_eq!((sealed.data, sealed.tag), (data, tag), "{aad}");
            assert!(key().open(aad, sealed).unwrap().expose() == value.as_bytes());
            assert_eq!(key().open("elsewhere:", sealed), Err(Forged));
        }
    }

    #[test]
    fn mac_vector_of_real_sops() {
        let mac = digest(["v1", "Secret", "x", "hunter2", ""].into_iter().map(str::as_bytes));
        assert!(mac.starts_with("DCABE4C03F27565ECB09FCAD72DB56C6") && mac.ends_with("160CBD37EBD2E5DA"));
        let text = key().seal_with(Kind::Str, "2026-01-02T03:04:05Z", mac.as_bytes(), &nonce());
        assert_eq!(Sealed::parse(&text, "str").unwrap().tag, "NzN5qbHVi24WA9yT912OmQ==");
    }

    #[test]
    fn mac_vector_over_encrypted_leaves_only() {
        let mut mac = Mac::new(true);
        for leaf in ["v1", "Secret", "x"] {
            mac.clear(leaf.as_bytes());
        }
        mac.sealed(b"hunter2");
        let mac = mac.finish();
        assert!(mac.starts_with("31CD661315959FEF3255F3440FA54D16") && mac.ends_with("DCB51A6E4473008A"));
        let text = key().seal_with(Kind::Str, "2026-01-02T03:04:05Z", mac.as_bytes(), &nonce());
        assert_eq!(Sealed::parse(&text, "str").unwrap().tag, "T5NiA/SkqJQJEjyDfRPMQA==");
    }
}
