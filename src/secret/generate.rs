//! Making up secret values: passwords, hex seeds, RSA keys, and digests of other keys.
//!
//! All randomness is the operating system's. Every call is independent, so callers may run many at once.

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Generator;
use crate::sops::Plaintext;

/// Why a value could not be made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// `sha256-of` names a key that is neither at hand nor being made, or a circle of keys.
    #[error("`{key}` is the digest of `{of}`, which has no value to take it from")]
    NoSource {
        /// The key to be made.
        key: String,
        /// The key it is made from.
        of: String,
    },
    /// No randomness.
    #[error("the operating system gave no randomness: {0}")]
    Random(#[from] getrandom::Error),
    /// The crate `rsa` gave up.
    #[error("no RSA key could be made: {0}")]
    Rsa(String),
}

/// Makes a value for each of `keys`. A digest is taken of a value made in the same call, else of one that `known`
/// has (the store's, decrypted); the result is in the order of `keys`.
///
/// # Errors
/// The digest of a key without value; no randomness.
pub fn generate(
    keys: &[(&str, &Generator)],
    known: &[(String, Plaintext)],
) -> Result<Vec<(String, Plaintext)>, GenerateError> {
    let mut made: Vec<Option<Plaintext>> = Vec::with_capacity(keys.len());
    for (_, generator) in keys {
        made.push(random(generator)?);
    }
    // Each round settles at least one digest of a digest, or there is a circle.
    loop {
        let mut progress = false;
        for (at, (_, generator)) in keys.iter().enumerate() {
            let Generator::Sha256Of { key: source } = generator else { continue };
            let in_call = keys.iter().position(|(key, _)| key == source);
            let value = match in_call {
                Some(from) => made[from].as_ref(),
                None => known.iter().find(|(key, _)| key == source).map(|(_, value)| value),
            };
            if made[at].is_none()
                && let Some(digest) = value.map(sha256)
            {
                made[at] = Some(digest);
                progress = true;
            }
        }
        if !progress {
            break;
        }
    }
    let named = keys.iter().zip(made).map(|((key, generator), value)| match (value, generator) {
        (Some(value), _) => Ok(((*key).to_owned(), value)),
        (None, Generator::Sha256Of { key: of }) => {
            Err(GenerateError::NoSource { key: (*key).to_owned(), of: of.clone() })
        }
        (None, _) => unreachable!("every other generator made its value above"),
    });
    named.collect()
}

/// A random value; `None` for a digest.
fn random(generator: &Generator) -> Result<Option<Plaintext>, GenerateError> {
    Ok(Some(match *generator {
        Generator::Alphanumeric { length } => alphanumeric(length)?,
        Generator::Hex { bytes } => {
            let mut buffer = Zeroizing::new(vec![0; bytes]);
            getrandom::fill(&mut buffer)?;
            hex(&buffer)
        }
        Generator::Rsa2048 => rsa_2048()?,
        Generator::Sha256Of { .. } => return Ok(None),
    }))
}

fn sha256(value: &Plaintext) -> Plaintext {
    hex(&Sha256::digest(value.expose()))
}

fn hex(bytes: &[u8]) -> Plaintext {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]);
    // A vector that grows would leave copies behind.
    let mut text = Vec::with_capacity(bytes.len() * 2);
    text.extend(digits);
    Plaintext::new(text)
}

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Letters and digits, a letter first, each as likely as any other: bytes beyond the last multiple are thrown away.
fn alphanumeric(length: usize) -> Result<Plaintext, GenerateError> {
    let mut text = Vec::with_capacity(length);
    let mut pool = Zeroizing::new([0; 64]);
    while text.len() < length {
        getrandom::fill(&mut *pool)?;
        for &byte in pool.iter() {
            let alphabet = if text.is_empty() { &LETTERS[..52] } else { LETTERS };
            let fair = 256 - 256 % alphabet.len();
            if usize::from(byte) < fair && text.len() < length {
                text.push(alphabet[usize::from(byte) % alphabet.len()]);
            }
        }
    }
    Ok(Plaintext::new(text))
}

fn rsa_2048() -> Result<Plaintext, GenerateError> {
    // The crate needs a generator that cannot fail; where the system's does, this asks first and says so.
    getrandom::fill(&mut [0; 32])?;
    let key =
        RsaPrivateKey::new(&mut UnwrapErr(SysRng), 2048).map_err(|error| GenerateError::Rsa(error.to_string()))?;
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| GenerateError::Rsa(error.to_string()))?;
    Ok(Plaintext::new(pem.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use rsa::pkcs8::DecodePrivateKey;
    use rsa::traits::PublicKeyParts;

    use super::*;

    fn one(generator: &Generator) -> String {
        let made = generate(&[("key", generator)], &[]).unwrap();
        String::from_utf8(made[0].1.expose().to_vec()).unwrap()
    }

    #[test]
    fn passwords_start_with_a_letter_and_use_every_character_alike() {
        let mut counts = [0_u32; 128];
        let mut first = [0_u32; 128];
        for _ in 0..2000 {
            let text = one(&Generator::Alphanumeric { length: 32 });
            assert_eq!(text.len(), 32);
            assert!(text.starts_with(|c: char| c.is_ascii_alphabetic()), "{text}");
            first[usize::from(text.as_bytes()[0])] += 1;
            text.bytes().skip(1).for_each(|b| counts[usize::from(b)] += 1);
        }
        // 62,000 characters, a thousand of each: six standard deviations are 190.
        for (at, &count) in counts.iter().enumerate() {
            let in_alphabet = LETTERS.iter().any(|&b| usize::from(b) == at);
            assert_eq!(in_alphabet, count > 0, "{at}");
            assert!(!in_alphabet || (810..1190).contains(&count), "{at}: {count}");
        }
        assert_eq!(first.iter().filter(|&&count| count > 0).count(), 52);
    }

    #[test]
    fn hex_is_as_long_as_asked() {
        for bytes in [16, 64, 256] {
            let text = one(&Generator::Hex { bytes });
            assert_eq!(text.len(), bytes * 2);
            assert!(text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        }
    }

    #[test]
    fn rsa_keys_are_pkcs8_of_2048_bits() {
        let pem = one(&Generator::Rsa2048);
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n") && pem.ends_with("-----END PRIVATE KEY-----\n"));
        let key = RsaPrivateKey::from_pkcs8_pem(&pem).unwrap();
        key.validate().unwrap();
        assert_eq!(key.n().bits(), 2048);
    }

    #[test]
    fn digests_are_taken_of_new_and_of_known_values() {
        let of = |key: &str| Generator::Sha256Of { key: key.into() };
        let (twice, once, hex) = (of("once"), of("seed"), Generator::Hex { bytes: 16 });
        let of_known = of("known");
        let known = [("known".to_owned(), Plaintext::from("abc".to_owned()))];
        let made = generate(&[("twice", &twice), ("once", &once), ("seed", &hex), ("k", &of_known)], &known).unwrap();
        assert_eq!(made.iter().map(|(key, _)| &**key).collect::<Vec<_>>(), ["twice", "once", "seed", "k"]);
        assert!(made[1].1 == sha256(&made[2].1) && made[0].1 == sha256(&made[1].1));
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(made[3].1.expose() == abc.as_bytes());
    }

    #[test]
    fn a_digest_of_nothing_is_an_error() {
        let (a, b) = (Generator::Sha256Of { key: "b".into() }, Generator::Sha256Of { key: "a".into() });
        for keys in [&[("a", &a)][..], &[("a", &a), ("b", &b)]] {
            let error = generate(keys, &[]).unwrap_err();
            assert_eq!(error.to_string(), "`a` is the digest of `b`, which has no value to take it from");
        }
    }
}
