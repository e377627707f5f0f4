//! Opening a store file with an identity, and changing values in it.
//!
//! A change touches the lines it has to: unchanged values keep their ciphertext byte for byte, comments and
//! layout stay, so that a diff shows which keys changed and nothing else.

use std::ops::Range;

use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

use super::error::StoreError;
use super::file::{Entry, Leaf, REVISION, Section, StoreFile};
use super::write::{SecretSpec, check_time, check_values, encrypt, entry, quoted};
use crate::sops::Plaintext;
use crate::sops::Recipient;
use crate::sops::{DataKey, digest};
use crate::sops::{Identities, UnwrapError};

/// Decrypts every value of a store file, in file order, after checking its shape, every value's place and the MAC.
/// Values under `data` come without their base64.
///
/// # Errors
/// What is wrong with the file, or why no identity opens it.
pub fn decrypt(bytes: &[u8], identities: &Identities) -> Result<Vec<(String, Plaintext)>, StoreError> {
    let file = StoreFile::parse(bytes).map_err(StoreError::Faults)?;
    let opened = Opened::new(&file, identities)?;
    file.entries
        .iter()
        .zip(opened.values)
        .map(|(entry, value)| Ok((entry.key.to_string(), decode(entry, value)?)))
        .collect()
}

/// Recipients of `file` whose identity is at hand and does not open the data key that is wrapped for it.
#[must_use]
pub fn damaged_wraps(file: &StoreFile<'_>, identities: &Identities) -> Vec<String> {
    identities.damaged(&file.wraps).map(str::to_owned).collect()
}

/// Sets values: in `existing` if there is a file, else in a new one.
///
/// In an existing file, `spec` names the object it must be and the values to set; its labels and revision count for
/// new files only. The revision goes up by one when a value changed or a key is new. When none did, the bytes come
/// back as they were. A new file needs no identity.
///
/// # Errors
/// What is wrong with the file or with `spec`; recipients that differ from the file's; no identity that opens it.
pub fn set(
    existing: Option<&[u8]>,
    spec: &SecretSpec,
    recipients: &[Recipient],
    identities: &Identities,
    now: &str,
) -> Result<Vec<u8>, StoreError> {
    let Some(bytes) = existing else { return encrypt(spec, recipients, now) };
    check_values(&spec.values)?;
    check_time(now)?;
    let file = StoreFile::parse(bytes).map_err(StoreError::Faults)?;
    check_object(&file, spec)?;
    let declared: Vec<&str> = recipients.iter().map(Recipient::as_str).collect();
    let (added, removed) = recipient_difference(&declared, &file.recipients().collect::<Vec<_>>());
    if !added.is_empty() || !removed.is_empty() {
        return Err(StoreError::Recipients { added, removed });
    }
    let opened = Opened::new(&file, identities)?;
    let mut edits = Edits::default();
    let mut changes = Vec::new();
    for (key, value) in &spec.values {
        changes.extend(change(&file, &opened, (key, value), &mut edits)?);
    }
    if edits.is_empty() {
        return Ok(bytes.to_vec());
    }
    bump_revision(&file, &mut edits);
    edits.replace(file.places.last_modified.clone(), format!("\"{now}\""));
    let text = edits.apply(file.text);
    seal_mac(&text, &file, &opened, &changes, now)
}

/// Recipients that only `declared` has, and those that only `present` has, in the order of their bytes.
pub(super) fn recipient_difference(declared: &[&str], present: &[&str]) -> (Vec<String>, Vec<String>) {
    let only = |these: &[&str], those: &[&str]| {
        let mut only: Vec<String> = these.iter().filter(|one| !those.contains(one)).map(ToString::to_string).collect();
        only.sort_unstable();
        only.dedup();
        only
    };
    (only(declared, present), only(present, declared))
}

/// A file whose data key, values and MAC were checked.
struct Opened {
    key: DataKey,
    /// In the order of the file's entries; values under `data` with their base64.
    values: Vec<Plaintext>,
}

impl Opened {
    fn new(file: &StoreFile<'_>, identities: &Identities) -> Result<Self, StoreError> {
        let key = identities.unwrap(&file.wraps).map_err(|error| match error {
            UnwrapError::NoMatch => StoreError::NoIdentity {
                recipients: file.recipients().map(Into::into).collect(),
                tried: identities.tried(),
            },
            UnwrapError::Damaged(recipient) => StoreError::DamagedWrap(recipient),
        })?;
        let open = |entry: &Entry<'_>| match entry.value {
            None => Ok(Plaintext::new(Vec::new())),
            Some(sealed) => key
                .open(&entry.section.aad(file.form, &entry.key), sealed)
                .map_err(|_| StoreError::ForgedValue(entry.key.to_string())),
        };
        let values = file.entries.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let expected = digest(file.leaves.iter().map(|leaf| match leaf {
            Leaf::Clear(text) => text.as_bytes(),
            Leaf::Entry(at) => values[*at].expose(),
        }));
        let mac = key.open(&file.last_modified, file.mac).map_err(|_| StoreError::ForgedMac)?;
        if mac.expose() != expected.as_bytes() {
            return Err(StoreError::ForgedMac);
        }
        Ok(Self { key, values })
    }
}

fn decode(entry: &Entry<'_>, value: Plaintext) -> Result<Plaintext, StoreError> {
    match entry.section {
        Section::StringData => Ok(value),
        Section::Data => BASE64_STANDARD
            .decode(value.expose())
            .map(Plaintext::new)
            .map_err(|_| StoreError::NotBase64(entry.key.to_string())),
    }
}

fn check_object(file: &StoreFile<'_>, spec: &SecretSpec) -> Result<(), StoreError> {
    if file.name == spec.name && file.namespace == spec.namespace {
        return Ok(());
    }
    Err(StoreError::OtherObject {
        expected: format!("{}/{}", spec.namespace, spec.name),
        found: format!("{}/{}", file.namespace, file.name),
    })
}

/// Text to put in place of parts of a file.
#[derive(Default)]
struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    fn replace(&mut self, span: Range<usize>, text: String) {
        self.0.push((span, text));
    }

    fn insert(&mut self, at: usize, text: String) {
        self.0.push((at..at, text));
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Insertions at one place stay in the order they were made.
    fn apply(mut self, text: &str) -> String {
        self.0.sort_by_key(|(span, _)| span.start);
        let mut out = String::with_capacity(text.len() + 512);
        let mut at = 0;
        for (span, new) in self.0 {
            out.push_str(&text[at..span.start]);
            out.push_str(&new);
            at = span.end;
        }
        out.push_str(&text[at..]);
        out
    }
}

/// A leaf with a new value, as the MAC takes it.
struct Change<'a> {
    section: Section,
    key: &'a str,
    leaf: Zeroizing<Vec<u8>>,
}

/// Plans the edit that gives `key` its `value`; none if it has it already.
fn change<'a>(
    file: &StoreFile<'_>,
    opened: &Opened,
    (key, value): (&'a str, &'a Plaintext),
    edits: &mut Edits,
) -> Result<Option<Change<'a>>, StoreError> {
    let found = file.entries.iter().zip(&opened.values).find(|(entry, _)| entry.key == key);
    let section = found.map_or(Section::StringData, |(entry, _)| entry.section);
    let leaf = Zeroizing::new(match section {
        Section::StringData => value.expose().to_vec(),
        Section::Data => BASE64_STANDARD.encode(value.expose()).into_bytes(),
    });
    if found.is_some_and(|(_, old)| old.expose() == leaf.as_slice()) {
        return Ok(None);
    }
    let sealed = entry(&opened.key, file.form, section, key, &leaf)?;
    match found {
        Some((entry, _)) => edits.replace(entry.value_span.clone(), sealed),
        None => insert_key(file, key, &sealed, edits),
    }
    Ok(Some(Change { section, key, leaf }))
}

/// A new key goes last under `stringData`, where SOPS puts it, too; a file without that section gets one.
fn insert_key(file: &StoreFile<'_>, key: &str, sealed: &str, edits: &mut Edits) {
    let key = quoted(key);
    if let Some(last) = file.entries.iter().rev().find(|entry| entry.section == Section::StringData) {
        let indent = " ".repeat(column(file.text, last.key_span.start));
        return edits.insert(line_end(file.text, last.value_span.end), format!("\n{indent}{key}: {sealed}"));
    }
    let new_section = !edits.0.iter().any(|(_, text)| text.starts_with("stringData:"));
    let indent = " ".repeat(file.entries.first().map_or(2, |entry| column(file.text, entry.key_span.start)));
    let head = if new_section { "stringData:\n" } else { "" };
    edits.insert(file.places.sops, format!("{head}{indent}{key}: {sealed}\n"));
}

fn bump_revision(file: &StoreFile<'_>, edits: &mut Edits) {
    let next = file.revision.saturating_add(1);
    if let Some(span) = &file.places.revision {
        return edits.replace(span.clone(), format!("\"{next}\""));
    }
    let (key, value) = &file.places.namespace;
    let indent = column(file.text, key.start);
    let (outer, inner) = (" ".repeat(indent), " ".repeat(indent * 2));
    edits.insert(line_end(file.text, value.end), format!("\n{outer}annotations:\n{inner}{REVISION}: \"{next}\""));
}

fn column(text: &str, at: usize) -> usize {
    at - text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// The end of the line that `at` is in, before a CR.
fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |len| at + len);
    if text[at..end].ends_with('\r') { end - 1 } else { end }
}

/// Reads the edited text again and puts the MAC over it: what is written is what a reader will see.
fn seal_mac(
    text: &str,
    old: &StoreFile<'_>,
    opened: &Opened,
    changes: &[Change<'_>],
    now: &str,
) -> Result<Vec<u8>, StoreError> {
    let file = StoreFile::parse(text.as_bytes()).map_err(StoreError::Faults)?;
    let digest = digest(file.leaves.iter().map(|leaf| match leaf {
        Leaf::Clear(text) => text.as_bytes(),
        Leaf::Entry(at) => value_of(&file.entries[*at], old, opened, changes),
    }));
    let mut edits = Edits::default();
    edits.replace(file.places.mac.clone(), opened.key.seal(now, digest.as_bytes())?);
    Ok(edits.apply(text).into_bytes())
}

/// The value of an entry of the edited file: the changed one, else what it was.
fn value_of<'a>(entry: &Entry<'_>, old: &StoreFile<'_>, opened: &'a Opened, changes: &'a [Change<'_>]) -> &'a [u8] {
    if let Some(new) = changes.iter().find(|new| new.section == entry.section && entry.key == new.key) {
        return &new.leaf;
    }
    let at = old.entries.iter().position(|one| one.section == entry.section && one.key == entry.key);
    at.map_or(&[], |at| opened.values[at].expose())
}
