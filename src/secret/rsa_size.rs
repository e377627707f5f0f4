//! What a person gives for an RSA key: whether it is one, and of what size.

use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;

use crate::sops::Plaintext;

/// Bits of the modulus of an RSA private key in PEM, PKCS#8 or PKCS#1; `None` for what is no such key, or a broken one.
#[must_use]
pub fn rsa_bits(value: &Plaintext) -> Option<usize> {
    let text = std::str::from_utf8(value.expose()).ok()?;
    let key = RsaPrivateKey::from_pkcs8_pem(text).ok().or_else(|| RsaPrivateKey::from_pkcs1_pem(text).ok())?;
    key.validate().ok()?;
    usize::try_from(key.n().bits()).ok()
}
