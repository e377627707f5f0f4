//! Parts of SOPS' own block: texts of a fixed shape, and the wrapped data keys.

use std::borrow::Cow;

use base64::prelude::{BASE64_STANDARD, Engine};

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

/// `true` if the armored file `armor` says in its header, which is in the clear, that it is for anything but one X25519
/// recipient: a file that SOPS wraps a data key in could be for any number. Stanzas that age made up do not count. A
/// header that nobody can read is for nobody.
///
/// Follows age-encryption.org/v1, "Header".
pub(crate) fn is_for_others(armor: &str) -> bool {
    let body: String = armor.lines().filter(|line| !line.starts_with("-----")).collect();
    let Ok(file) = BASE64_STANDARD.decode(body) else { return false };
    let end = file.windows(5).position(|bytes| bytes == b"\n--- ");
    let Some(Ok(header)) = end.map(|end| std::str::from_utf8(&file[..end])) else { return false };
    let Some(stanzas) = header.strip_prefix("age-encryption.org/v1\n") else { return false };
    let names = stanzas.lines().filter_map(|line| line.strip_prefix("-> ")?.split(' ').next());
    let mut real = names.filter(|name| !name.ends_with("-grease"));
    real.next() != Some("X25519") || real.next().is_some()
}

#[cfg(test)]
mod tests {
    use age::armor::{ArmoredWriter, Format};
    use std::io::Write as _;

    use super::is_for_others;

    fn armored(recipients: &[&age::x25519::Recipient]) -> String {
        let recipients = recipients.iter().map(|one| *one as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).unwrap();
        let writer = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).unwrap();
        let mut writer = encryptor.wrap_output(writer).unwrap();
        writer.write_all(&[7; 32]).unwrap();
        String::from_utf8(writer.finish().and_then(ArmoredWriter::finish).unwrap()).unwrap()
    }

    #[test]
    fn a_wrapped_key_is_for_one() {
        let [one, other] = [(); 2].map(|()| age::x25519::Identity::generate().to_public());
        // Grease comes and goes.
        for _ in 0..50 {
            assert!(!is_for_others(&armored(&[&one])));
            assert!(is_for_others(&armored(&[&one, &other])));
        }
        let damaged = armored(&[&one]).replace("\nYWdl", "\nYWdm");
        assert!(!is_for_others(&damaged), "nobody can read it");
        let passphrase = age::scrypt::Recipient::new("x".to_owned().into());
        let encryptor = age::Encryptor::with_recipients([&passphrase as &dyn age::Recipient].into_iter()).unwrap();
        let writer = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).unwrap();
        let writer = encryptor.wrap_output(writer).unwrap();
        let armor = writer.finish().and_then(ArmoredWriter::finish).unwrap();
        assert!(is_for_others(&String::from_utf8(armor).unwrap()));
    }
}
