//! Random values that are text: passwords, hex, base64, UUIDs.
//!
//! All randomness is the operating system's, asked for anew for every value: no generator of our own, no seed, nothing
//! mixed in. Texts are written into room that was made for them whole: one that grows would leave copies behind.

use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

use super::generator::Amount;
use crate::sops::Plaintext;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Letters and digits, a letter first, each as likely as any other: bytes beyond the last multiple are thrown away.
pub(super) fn alphanumeric(length: Amount) -> Result<Plaintext, getrandom::Error> {
    let length = length.get();
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

/// Random bytes in lower-case hex.
pub(super) fn random_hex(bytes: Amount) -> Result<Plaintext, getrandom::Error> {
    Ok(hex(&random_bytes(bytes)?))
}

/// Random bytes in base64.
pub(super) fn random_base64(bytes: Amount) -> Result<Plaintext, getrandom::Error> {
    let bytes = random_bytes(bytes)?;
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    BASE64_STANDARD.encode_string(&*bytes, &mut text);
    Ok(text.into())
}

/// A UUID of version 4 (RFC 9562): 122 random bits.
pub(super) fn uuid() -> Result<Plaintext, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; 16]);
    getrandom::fill(&mut *bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex(&*bytes);
    let mut text = Vec::with_capacity(36);
    for (at, &digit) in digits.expose().iter().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push(b'-');
        }
        text.push(digit);
    }
    Ok(Plaintext::new(text))
}

/// Bytes in lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> Plaintext {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]);
    let mut text = Vec::with_capacity(bytes.len() * 2);
    text.extend(digits);
    Plaintext::new(text)
}

fn random_bytes(amount: Amount) -> Result<Zeroizing<Vec<u8>>, getrandom::Error> {
    let mut bytes = Zeroizing::new(vec![0; amount.get()]);
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn text(made: Result<Plaintext, getrandom::Error>) -> String {
        String::from_utf8(made.unwrap().expose().to_vec()).unwrap()
    }

    /// S31: length, alphabet, spread, no duplicate.
    #[test]
    fn a_hundred_thousand_passwords() {
        let (mut counts, mut first) = ([0_u32; 128], [0_u32; 128]);
        let mut seen = HashSet::new();
        for _ in 0..100_000 {
            let text = text(alphanumeric(Amount::THIRTY_TWO));
            assert_eq!(text.len(), 32);
            first[usize::from(text.as_bytes()[0])] += 1;
            text.bytes().skip(1).for_each(|b| counts[usize::from(b)] += 1);
            assert!(seen.insert(text), "made twice");
        }
        // 3,100,000 characters, 50,000 of each: six standard deviations are 1,331. Of 1,923 first letters, 261.
        for at in 0..128 {
            let is_letter = LETTERS[..52].iter().any(|&b| usize::from(b) == at);
            let expected = if LETTERS.iter().any(|&b| usize::from(b) == at) { 48_669..51_331 } else { 0..1 };
            assert!(expected.contains(&counts[at]), "{at}: {}", counts[at]);
            let expected = if is_letter { 1_662..2_184 } else { 0..1 };
            assert!(expected.contains(&first[at]), "{at}: {}", first[at]);
        }
    }

    #[test]
    fn texts_are_as_long_as_asked() {
        for number in [16, 17, 18, 64, 256] {
            let amount = Amount::new(number).unwrap();
            let bytes = amount.get();
            let hex = text(random_hex(amount));
            assert_eq!(hex.len(), bytes * 2);
            assert!(hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
            assert_eq!(BASE64_STANDARD.decode(text(random_base64(amount))).unwrap().len(), bytes);
            assert_eq!(text(alphanumeric(amount)).len(), bytes);
        }
        assert!([i64::MIN, -1, 0, 15, 257, 65_552, i64::MAX].into_iter().all(|number| Amount::new(number).is_none()));
    }

    #[test]
    fn uuids_are_random_ones() {
        let mut variants = HashSet::new();
        for _ in 0..1000 {
            let text = text(uuid());
            let parts: Vec<usize> = text.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{text}");
            assert!(text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-')), "{text}");
            assert_eq!(&text[14..15], "4", "{text}");
            variants.insert(text[19..20].to_owned());
        }
        assert_eq!(variants, ["8", "9", "a", "b"].map(String::from).into());
    }
}
