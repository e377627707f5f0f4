//! Making up secret values: random ones, and digests of other keys.
//!
//! All randomness is the operating system's. Every call is independent, so callers may run many at once.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::Generator;
use super::random::{alphanumeric, hex, random_base64, random_hex, uuid};
use super::rsa_key::rsa_key;
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
    // An RSA key takes a thousand times as long as anything else: each is a piece of work that another thread may take.
    let made = keys.par_iter().with_max_len(1).map(|(_, generator)| random(generator));
    let mut made = made.collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>, _>>()?;
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
    Ok(Some(match generator {
        Generator::Alphanumeric { length } => alphanumeric(*length)?,
        Generator::Base64 { bytes } => random_base64(*bytes)?,
        Generator::Hex { bytes } => random_hex(*bytes)?,
        Generator::Rsa(wanted) => rsa_key(*wanted)?,
        Generator::Uuid => uuid()?,
        Generator::Sha256Of { .. } => return Ok(None),
    }))
}

fn sha256(value: &Plaintext) -> Plaintext {
    hex(&Sha256::digest(value.expose()))
}

#[cfg(test)]
mod tests {
    use super::super::generator::Amount;
    use super::*;

    #[test]
    fn digests_are_taken_of_new_and_of_known_values() {
        let of = |key: &str| Generator::Sha256Of { key: key.into() };
        let (twice, once, hex) = (of("once"), of("seed"), Generator::Hex { bytes: Amount::new(16).unwrap() });
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
