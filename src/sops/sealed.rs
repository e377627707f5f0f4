//! The text of one encrypted value, `ENC[AES256_GCM,data:…,iv:…,tag:…,type:str]`, read strictly.
//!
//! SOPS reads it with a pattern that has no end anchor and takes any nonce length and type; here it is
//! exactly what SOPS writes, so that no second text means the same value. Knows no key.

use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

/// Bytes of the nonce: SOPS draws 32, not the usual 12.
pub(crate) const NONCE_LEN: usize = 32;
/// Bytes of the authentication tag.
pub(crate) const TAG_LEN: usize = 16;

/// What an encrypted value is once decrypted; SOPS writes it behind the ciphertext, unprotected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text.
    Str,
    /// A whole number of 64 bits.
    Int,
    /// A floating-point number of 64 bits.
    Float,
    /// `True` or `False`.
    Bool,
    /// A time, since SOPS 3.10.
    Time,
    /// Bytes; very old files only.
    Bytes,
    /// A comment, which in a list stands as an item.
    Comment,
}

impl Kind {
    const ALL: [Self; 7] = [Self::Str, Self::Int, Self::Float, Self::Bool, Self::Time, Self::Bytes, Self::Comment];

    /// As SOPS writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Time => "time",
            Self::Bytes => "bytes",
            Self::Comment => "comment",
        }
    }
}

/// One encrypted value, as it stands in the file; every field is canonical base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sealed<'t> {
    pub kind: Kind,
    pub data: &'t str,
    pub iv: &'t str,
    pub tag: &'t str,
}

/// Why a text is no [`Sealed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealedError {
    /// It does not start as an encrypted value: it is in the clear.
    Clear,
    /// An encrypted value of a type other than string.
    Type,
    /// It starts as an encrypted value and goes wrong later.
    Malformed,
}

impl<'t> Sealed<'t> {
    /// Reads `text` as the encrypted value of `kind` (`str` for values, `comment` for comments).
    pub(crate) fn parse(text: &'t str, kind: &str) -> Result<Self, SealedError> {
        let sealed = Self::parse_any(text)?;
        if sealed.kind.name() == kind { Ok(sealed) } else { Err(SealedError::Type) }
    }

    /// Reads `text` as an encrypted value of any kind.
    pub(crate) fn parse_any(text: &'t str) -> Result<Self, SealedError> {
        use SealedError::{Clear, Malformed};
        let rest = text.strip_prefix("ENC[AES256_GCM,data:").ok_or(Clear)?;
        let (data, rest) = rest.split_once(',').ok_or(Malformed)?;
        let (iv, rest) = rest.strip_prefix("iv:").and_then(|r| r.split_once(',')).ok_or(Malformed)?;
        let (tag, rest) = rest.strip_prefix("tag:").and_then(|r| r.split_once(',')).ok_or(Malformed)?;
        let found = rest.strip_prefix("type:").and_then(|r| r.strip_suffix(']')).ok_or(Malformed)?;
        if !canonical(data) || !has_len(iv, NONCE_LEN) || !has_len(tag, TAG_LEN) {
            return Err(Malformed);
        }
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == found).ok_or(Malformed)?;
        Ok(Self { kind, data, iv, tag })
    }

    /// Ciphertext, nonce and tag.
    pub(crate) fn decode(self) -> (Zeroizing<Vec<u8>>, [u8; NONCE_LEN], [u8; TAG_LEN]) {
        let mut nonce = [0; NONCE_LEN];
        let mut tag = [0; TAG_LEN];
        let data = BASE64_STANDARD.decode(self.data).expect("`parse` took canonical base64 only");
        BASE64_STANDARD.decode_slice(self.iv, &mut nonce).expect("`parse` checked length and alphabet");
        BASE64_STANDARD.decode_slice(self.tag, &mut tag).expect("`parse` checked length and alphabet");
        (Zeroizing::new(data), nonce, tag)
    }

    /// Writes an encrypted value.
    pub(crate) fn format(kind: Kind, data: &[u8], nonce: &[u8; NONCE_LEN], tag: &[u8; TAG_LEN]) -> String {
        let encode = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
        let kind = kind.name();
        format!("ENC[AES256_GCM,data:{},iv:{},tag:{},type:{kind}]", encode(data), encode(nonce), encode(tag))
    }
}

/// Bytes that `text`, canonical base64, stands for.
fn decoded_len(text: &str) -> usize {
    text.len() / 4 * 3 - text.bytes().rev().take_while(|&b| b == b'=').count()
}

fn has_len(text: &str, len: usize) -> bool {
    canonical(text) && decoded_len(text) == len
}

/// Standard padded base64 with no unused bits set: the only text that its bytes have.
pub(crate) fn canonical(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.is_empty() || !bytes.len().is_multiple_of(4) {
        return false;
    }
    let body = match bytes {
        [body @ .., b'=', b'='] | [body @ .., b'='] => body,
        _ => bytes,
    };
    let Some(&last) = body.last() else { return false };
    let unused = match bytes.len() - body.len() {
        0 => 0,
        1 => 0b11,
        _ => 0b1111,
    };
    let mut outside = 0;
    for &b in body {
        // No early end, so that the compiler tests many bytes at once: files are mostly base64.
        outside |= u8::from(!b.is_ascii_alphanumeric()) & u8::from(b != b'+') & u8::from(b != b'/');
    }
    outside == 0 && sixtet(last) & unused == 0
}

/// The value of a base64 character.
const fn sixtet(character: u8) -> u8 {
    match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'+' => 62,
        _ => 63,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_is_what_the_strict_decoder_takes() {
        for text in
            ["", "=", "====", "A===", "AA==", "AB==", "AAA=", "AAB=", "AAAA", "A A=", "AA=A", "AAA", "AA-_", "é=="]
        {
            let strict = !text.is_empty() && BASE64_STANDARD.decode(text).is_ok();
            assert_eq!(canonical(text), strict, "{text}");
        }
    }

    #[test]
    fn only_the_whole_text_counts() {
        let good = Sealed::format(Kind::Str, b"x", &[1; 32], &[2; 16]);
        assert!(Sealed::parse(&good, "str").is_ok());
        assert_eq!(Sealed::parse(&format!("{good} "), "str"), Err(SealedError::Malformed));
        assert_eq!(Sealed::parse(&format!("{good}]"), "str"), Err(SealedError::Malformed));
        assert_eq!(Sealed::parse(&format!(" {good}"), "str"), Err(SealedError::Clear));
        for kind in ["int", "bool", "float", "bytes", "comment", "time"] {
            assert_eq!(
                Sealed::parse(&good.replace("type:str", &format!("type:{kind}")), "str"),
                Err(SealedError::Type)
            );
        }
        assert_eq!(Sealed::parse(&good.replace("type:str", "type:foo"), "str"), Err(SealedError::Malformed));
        for len in [0, 12, 31, 33, 64] {
            let iv = BASE64_STANDARD.encode(vec![1; len]);
            let text = good.replace(&BASE64_STANDARD.encode([1; 32]), &iv);
            assert_eq!(Sealed::parse(&text, "str"), Err(SealedError::Malformed), "{len}");
        }
    }
}
