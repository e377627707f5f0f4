//! A data key put together from shares: Shamir's scheme over the field of AES, as SOPS and Vault split a key between groups.
//!
//! Nothing branches on a share or looks it up in a table. Splitting is left to `sops`.

use zeroize::Zeroizing;

use super::cipher::{DataKey, KEY_LEN};

/// A share: a byte of a curve for each byte of the key, and behind them the place on the curves.
pub(crate) struct Share(Zeroizing<[u8; KEY_LEN + 1]>);

impl Share {
    /// Takes the share that age unwrapped; `None` for a wrong length, and for the place where the key itself lies.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let share = Self(Zeroizing::new(bytes.try_into().ok()?));
        (share.place() != 0).then_some(share)
    }

    fn place(&self) -> u8 {
        self.0[KEY_LEN]
    }
}

/// The key that `shares` have in common; with fewer than it was split for, another one. `None` for fewer than two, and where
/// two stand at one place.
pub(crate) fn combine(shares: &[Share]) -> Option<DataKey> {
    let places: Vec<u8> = shares.iter().map(Share::place).collect();
    let doubled = places.iter().enumerate().any(|(at, place)| places[..at].contains(place));
    if shares.len() < 2 || doubled {
        return None;
    }
    let mut key = Zeroizing::new([0; KEY_LEN]);
    for (at, share) in shares.iter().enumerate() {
        // Lagrange's basis at zero; in this field a difference is a sum.
        let others = places.iter().enumerate().filter(|&(other, _)| other != at);
        let basis = others.fold(1, |basis, (_, &other)| multiply(basis, multiply(other, inverse(other ^ places[at]))));
        for (byte, &y) in key.iter_mut().zip(&share.0[..KEY_LEN]) {
            *byte ^= multiply(y, basis);
        }
    }
    DataKey::from_bytes(&*key)
}

/// The product of two polynomials over bits, modulo x⁸ + x⁴ + x³ + x + 1.
fn multiply(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0u8, |sum, bit| {
        let carry = (sum >> 7).wrapping_neg() & 0x1b;
        (sum << 1) ^ carry ^ ((b >> bit & 1).wrapping_neg() & a)
    })
}

/// What `a` gives one with: its 254th power.
fn inverse(a: u8) -> u8 {
    // 254 is seven bits set and the last one not.
    (0..7)
        .fold((1, a), |(product, power), _| {
            let square = multiply(power, power);
            (multiply(product, square), square)
        })
        .0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "01080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3da";

    /// Shares that the code of `sops` 3.13.3 made of `SECRET`: two of two, two of three, three of five.
    const SPLIT: [(usize, &[&str]); 3] = [
        (
            2,
            &[
                "26751ef73b4d00f52c64e50d6d00485a6c2a60caf4f384203013b42cf2a5b31701",
                "4ff22dcf51f67da7130818c825e4350a4bdc411e7f5aa5bd80edb181ab1e135b02",
            ],
        ),
        (
            2,
            &[
                "d2ec45cdaa4b576876f764c686cb2e0b4be09d02a97986a3acbea65c9269ae4a01",
                "bcdb9bbb68fad386a7350145e869f9a80553a095c555a1a0a3ac95616b9d29e102",
                "6f3fd160df95afdce88222cd3bfeb4c93fcb4211e1b8bca1a6a284833c38547103",
            ],
        ),
        (
            3,
            &[
                "1374fcf5958afa0568d4970ec7a8b4b38efe26be887c74f0bd7fe2c5404415c901",
                "3b7e1e36d465fb21249c000982c924ad6209f5defd980bad4458291449e1778502",
                "2902edd55ccb2a167508d049103df3749d8face6f870e4ff50977c6fcc69b19603",
                "0deab08fb1be2ffbc97214f16dee085ca21990969ebdef2651d4409a840e4c9b04",
                "1f96436c3910fecc98e6c4b1ff1adf855d9fc9ae9b550074451b15e101868a8805",
            ],
        ),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    fn joined(shares: &[&str]) -> Option<Vec<u8>> {
        let shares: Vec<Share> = shares.iter().map(|share| Share::from_bytes(&bytes(share)).unwrap()).collect();
        combine(&shares).map(|key| key.bytes().to_vec())
    }

    #[test]
    fn shares_of_sops_give_the_key_and_fewer_do_not() {
        let secret = bytes(SECRET);
        for (threshold, shares) in SPLIT {
            for chosen in 0u32..1 << shares.len() {
                let some: Vec<&str> = shares
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| chosen >> at & 1 == 1)
                    .map(|(_, share)| *share)
                    .collect();
                let found = joined(&some);
                assert_eq!(found.is_some(), some.len() >= 2, "{some:?}");
                assert_eq!(found.is_some_and(|key| key == secret), some.len() >= threshold, "{some:?}");
            }
        }
        assert_eq!(joined(&[SPLIT[0].1[0], SPLIT[0].1[0]]), None);
        assert!(Share::from_bytes(&bytes(SECRET)).is_none());
        assert!(Share::from_bytes(&bytes(&format!("{SECRET}00"))).is_none());
    }

    #[test]
    fn every_byte_but_zero_has_an_inverse() {
        assert_eq!(multiply(0x57, 0x83), 0xc1);
        for a in 1..=255 {
            assert_eq!(multiply(a, inverse(a)), 1, "{a}");
        }
    }
}
