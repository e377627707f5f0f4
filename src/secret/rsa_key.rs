//! RSA keys: made, written in PEM, and their public half taken.
//!
//! Primes are those of `prime.rs`, everything else is the crate `rsa`'s, which checks what it is given. No private key leaves
//! but as [`Plaintext`], and no message says anything of one.

use base64::prelude::{BASE64_STANDARD, Engine};
use crypto_bigint::{U1024, U1536, U2048};
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::{BoxedUint, RsaPrivateKey, RsaPublicKey};

use super::GenerateError;
use super::generator::{RsaFormat, RsaKey, RsaSize};
use super::prime::{EXPONENT, prime};
use crate::sops::Plaintext;

/// A value has no public half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value is no RSA private key in PEM (PKCS#8 or PKCS#1, without a passphrase)")]
pub struct NotAnRsaKey;

/// Makes a key.
pub(super) fn rsa_key(wanted: RsaKey) -> Result<Plaintext, GenerateError> {
    let failed = |error: &dyn std::fmt::Display| GenerateError::Rsa(error.to_string());
    let [p, q] = match wanted.size {
        RsaSize::Bits2048 => two_primes::<{ U1024::LIMBS }>()?,
        RsaSize::Bits3072 => two_primes::<{ U1536::LIMBS }>()?,
        RsaSize::Bits4096 => two_primes::<{ U2048::LIMBS }>()?,
    };
    let key = RsaPrivateKey::from_p_q(p, q, EXPONENT.into()).map_err(|error| failed(&error))?;
    let pem = match wanted.format {
        RsaFormat::Pkcs8 => key.to_pkcs8_pem(LineEnding::LF).map_err(|error| failed(&error))?,
        RsaFormat::Pkcs1 => key.to_pkcs1_pem(LineEnding::LF).map_err(|error| failed(&error))?,
    };
    Ok(Plaintext::new(pem.as_bytes().to_vec()))
}

fn two_primes<const LIMBS: usize>() -> Result<[BoxedUint; 2], GenerateError> {
    Ok([BoxedUint::from(&prime::<LIMBS>()?), BoxedUint::from(&prime::<LIMBS>()?)])
}

/// The public half of a private key, as PEM of `SubjectPublicKeyInfo`: `BEGIN PUBLIC KEY`.
///
/// # Errors
/// The value is no RSA key.
pub fn public_half(pem: &Plaintext) -> Result<String, NotAnRsaKey> {
    let text = std::str::from_utf8(pem.expose()).map_err(|_| NotAnRsaKey)?;
    let key = RsaPrivateKey::from_pkcs8_pem(text)
        .ok()
        .or_else(|| RsaPrivateKey::from_pkcs1_pem(text).ok())
        .ok_or(NotAnRsaKey)?;
    RsaPublicKey::from(&key).to_public_key_pem(LineEnding::LF).map_err(|_| NotAnRsaKey)
}

/// `true` for the DER of an RSA key's `SubjectPublicKeyInfo`.
pub(super) fn is_rsa_public_key(der: &[u8]) -> bool {
    RsaPublicKey::from_public_key_der(der).is_ok()
}

/// The base64 in a PEM, on one line: what a store file keeps of a public half.
#[must_use]
pub fn pem_to_line(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

/// The PEM of a public half that a store file keeps; `None` if it is not base64.
#[must_use]
pub fn line_to_pem(line: &str) -> Option<String> {
    BASE64_STANDARD.decode(line).ok()?;
    let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
    let mut rest = line;
    while !rest.is_empty() {
        // Base64 is ASCII, so any byte is a boundary.
        let (first, others) = rest.split_at(rest.len().min(64));
        pem.push_str(first);
        pem.push('\n');
        rest = others;
    }
    pem.push_str("-----END PUBLIC KEY-----\n");
    Some(pem)
}

#[cfg(test)]
mod tests {
    use rsa::traits::PublicKeyParts;

    use super::super::generator::RsaSize;
    use super::*;

    #[test]
    fn keys_are_of_the_size_and_format_asked_for() {
        let markers = [(RsaFormat::Pkcs8, "PRIVATE KEY"), (RsaFormat::Pkcs1, "RSA PRIVATE KEY")];
        for (size, (format, marker)) in [(RsaSize::Bits2048, markers[0]), (RsaSize::Bits3072, markers[1])] {
            let made = rsa_key(RsaKey { size, format, public: false }).unwrap();
            let pem = std::str::from_utf8(made.expose()).unwrap();
            assert!(pem.starts_with(&format!("-----BEGIN {marker}-----\n")), "not {marker}");
            assert!(pem.ends_with(&format!("\n-----END {marker}-----\n")), "not {marker}");
            let half = public_half(&made).unwrap();
            let public = RsaPublicKey::from_public_key_pem(&half).unwrap();
            assert_eq!(public.n().bits() as usize, size.bits());
            assert_eq!(public.e().to_be_bytes_trimmed_vartime().as_ref(), [1, 0, 1]);
            let line = pem_to_line(&half);
            assert!(line.starts_with("MII") && !line.contains(['\n', '-']), "{line}");
            assert_eq!(line_to_pem(&line).unwrap(), half);
        }
    }

    #[test]
    fn what_is_no_key_has_no_public_half() {
        for text in ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert_eq!(public_half(&Plaintext::from(text.to_owned())), Err(NotAnRsaKey));
        }
        assert_eq!(public_half(&Plaintext::new(vec![0xff])), Err(NotAnRsaKey));
        assert_eq!(line_to_pem("no base64"), None);
    }
}
