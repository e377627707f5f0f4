//! Parts of SOPS' own block: texts of a fixed shape, and the wrapped data keys.

use std::borrow::Cow;

use super::sealed::canonical;

/// The data key, encrypted to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrap<'t> {
    pub recipient: Cow<'t, str>,
    pub armor: Cow<'t, str>,
}

/// `true` for a time as SOPS writes it: `2026-01-02T03:04:05Z`.
pub(crate) fn is_timestamp(text: &str) -> bool {
    let shape = b"dddd-dd-ddTdd:dd:ddZ";
    text.len() == shape.len()
        && text.bytes().zip(shape).all(|(b, &s)| if s == b'd' { b.is_ascii_digit() } else { b == s })
}

/// `true` for a version as SOPS writes it, of the only major there is: `3.11.0`.
pub(crate) fn is_version(text: &str) -> bool {
    let mut parts = text.split('.');
    let number = |p: &str| (1..=4).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit());
    parts.next() == Some("3") && parts.by_ref().take(2).filter(|p| number(p)).count() == 2 && parts.next().is_none()
}

/// `true` for an armored age file with lines ended by LF, with or without the last one.
pub(crate) fn is_armor(text: &str) -> bool {
    let Some(body) = text.strip_prefix("-----BEGIN AGE ENCRYPTED FILE-----\n") else { return false };
    let body = body.strip_suffix('\n').unwrap_or(body);
    let Some(body) = body.strip_suffix("\n-----END AGE ENCRYPTED FILE-----") else { return false };
    let mut lines = body.split('\n').peekable();
    let mut some = false;
    while let Some(line) = lines.next() {
        some = true;
        let full = line.len() == 64 || (lines.peek().is_none() && line.len() < 64);
        if !full || !canonical(line) || (line.ends_with('=') && lines.peek().is_some()) {
            return false;
        }
    }
    some
}
