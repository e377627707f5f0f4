//! Opening a store file with an identity, and changing values in it.
//!
//! A change touches the lines it has to: unchanged values keep their ciphertext byte for byte, comments and
//! layout stay, so that a diff shows which keys changed and nothing else.

use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

use super::error::StoreError;
use super::file::{Entry, Form, Leaf, PLACE, PUBLIC, REVISION, Section, StoreFile};
use super::sops_block::lines_below;
use super::write::{SecretSpec, check_time, check_values, encrypt, entry, quoted};
use crate::sops::{DataKey, Edits, Identities, Plaintext, Recipient, Sealed, UnwrapError, column, digest, line_end};

/// Decrypts every value of a store file, in file order, after checking its shape, every value's place and the MAC.
/// Values under `data` come without their base64.
///
/// # Errors
/// What is wrong with the file, or why no identity opens it.
pub fn decrypt(bytes: &[u8], identities: &Identities) -> Result<Vec<(String, Plaintext)>, StoreError> {
    decrypt_file(&StoreFile::parse(bytes).map_err(StoreError::Faults)?, identities)
}

/// [`decrypt`] of a file that was read already.
///
/// # Errors
/// As there.
pub fn decrypt_file(file: &StoreFile<'_>, identities: &Identities) -> Result<Vec<(String, Plaintext)>, StoreError> {
    let opened = Opened::new(file, identities)?;
    file.entries
        .iter()
        .zip(opened.values)
        .map(|(entry, value)| Ok((entry.key.to_string(), decode(entry, value)?)))
        .collect()
}

/// The text of an encrypted comment; `None` if it does not open.
pub(super) fn decrypt_comment(key: &DataKey, text: &str, aad: &str) -> Option<Plaintext> {
    key.open(aad, Sealed::parse(text, "comment").ok()?).ok()
}

/// Recipients of `file`, which was opened, whose identity is at hand and does not open the data key that is wrapped for it.
#[must_use]
pub fn damaged_wraps(file: &StoreFile<'_>, identities: &Identities) -> Vec<String> {
    let right = |key: &DataKey| key.open(&file.last_modified, file.mac).is_ok();
    identities.damaged(&file.wraps, &right).into_iter().map(str::to_owned).collect()
}

/// Sets values: in `existing` if there is a file, else in a new one.
///
/// In an existing file, `spec` names the object it must be, the place it belongs to, public halves and the values to set; its
/// revision counts for new files only. The revision goes up by one when a value changed or a key is new. A file that
/// does not say its place says it afterwards, and has the labels of `spec`, whose keys the MAC does not hold. When nothing is to be changed, the bytes come back as they were. A new file needs no
/// identity.
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
    let file = StoreFile::parse(bytes).map_err(StoreError::Faults)?;
    check_recipients(&file, recipients)?;
    write(&file, SecretChange { spec, values: &spec.values, revision: 0 }, recipients, identities, now)
}

/// Makes a file say its place and the public halves in `spec`, whose values do not count, and gives it at least
/// `revision`: plain `sops` changes values without raising it.
///
/// # Errors
/// As [`set`].
pub fn bind(
    bytes: &[u8],
    spec: &SecretSpec,
    recipients: &[Recipient],
    revision: u64,
    identities: &Identities,
    now: &str,
) -> Result<Vec<u8>, StoreError> {
    let file = StoreFile::parse(bytes).map_err(StoreError::Faults)?;
    check_recipients(&file, recipients)?;
    write(&file, SecretChange { spec, values: &[], revision }, recipients, identities, now)
}

fn check_recipients(file: &StoreFile<'_>, recipients: &[Recipient]) -> Result<(), StoreError> {
    let declared: Vec<&str> = recipients.iter().map(Recipient::as_str).collect();
    let (added, removed) = recipient_difference(&declared, &file.recipients().collect::<Vec<_>>());
    if added.is_empty() && removed.is_empty() { Ok(()) } else { Err(StoreError::Recipients { added, removed }) }
}

/// What to write into a file: the object it must be, values, and the lowest revision it may have afterwards.
#[derive(Clone, Copy)]
struct SecretChange<'a> {
    spec: &'a SecretSpec,
    values: &'a [(String, Plaintext)],
    revision: u64,
}

fn write(
    file: &StoreFile<'_>,
    SecretChange { spec, values, revision }: SecretChange<'_>,
    recipients: &[Recipient],
    identities: &Identities,
    now: &str,
) -> Result<Vec<u8>, StoreError> {
    check_time(now)?;
    check_object(file, spec)?;
    let opened = Opened::new(file, identities)?;
    let relabel = file.place.is_none() && !same_labels(file, spec);
    // A template repeats the labels; a file of that form that is not lmsgen's is written in lmsgen's layout.
    if relabel && file.form == Form::SopsSecret {
        return anew(file, opened, SecretChange { spec, values, revision }, recipients, now);
    }
    let mut edits = Edits::default();
    let mut changes = Vec::new();
    for (key, value) in values {
        changes.extend(change(file, &opened, (key, value), &mut edits)?);
    }
    let known = |key: &str, half: &str| file.public.iter().any(|(name, known)| name == key && known == half);
    let annotations = Annotations {
        place: file.place.is_none().then_some(spec.place.as_str()),
        public: spec.public.iter().filter(|(key, half)| !known(key, half)).collect(),
        revision: Some(file.revision.saturating_add(u64::from(!changes.is_empty())).max(revision))
            .filter(|&new| new != file.revision || file.places.revision.is_none()),
    };
    annotate(file, &annotations, &mut edits);
    if relabel {
        label(file, spec, &mut edits);
    }
    if edits.is_empty() {
        return Ok(file.text.as_bytes().to_vec());
    }
    edits.replace(file.places.last_modified.clone(), format!("\"{now}\""));
    let text = edits.apply_in_lines(file.text);
    seal_mac(&text, file, &opened, &changes, now)
}

/// Puts the labels of `spec` in place of the file's.
fn label(file: &StoreFile<'_>, spec: &SecretSpec, edits: &mut Edits) {
    let (namespace, value) = &file.places.namespace;
    let unit = column(file.text, namespace.start);
    let (outer, inner) = (" ".repeat(unit), " ".repeat(unit * 2));
    let mut labels = spec.labels.clone();
    labels.sort_unstable();
    let lines = labels.iter().map(|(key, value)| format!("\n{inner}{}: {}", quoted(key), quoted(value)));
    let lines = lines.collect::<Vec<_>>().concat();
    let block = if labels.is_empty() { String::new() } else { format!("{outer}labels:{lines}\n") };
    match file.places.labels {
        Some(key) => edits.replace(key - column(file.text, key)..lines_below(file.text, key).end, block),
        None => edits.insert(line_end(file.text, value.end), format!("\n{}", block.trim_end())),
    }
}

fn same_labels(file: &StoreFile<'_>, spec: &SecretSpec) -> bool {
    file.labels.len() == spec.labels.len()
        && spec.labels.iter().all(|(key, value)| file.labels.iter().any(|(k, v)| k == key && v == value))
}

/// The file in its canonical layout, with a new data key.
fn anew(
    file: &StoreFile<'_>,
    opened: Opened,
    SecretChange { spec, values, revision }: SecretChange<'_>,
    recipients: &[Recipient],
    now: &str,
) -> Result<Vec<u8>, StoreError> {
    let mut all = Vec::with_capacity(file.entries.len() + values.len());
    let mut changed = false;
    for (entry, old) in file.entries.iter().zip(opened.values) {
        let old = decode(entry, old)?;
        let new = values.iter().find(|(key, _)| *key == entry.key).map(|(_, value)| value);
        changed |= new.is_some_and(|new| *new != old);
        all.push((entry.key.to_string(), new.map_or(old, |new| Plaintext::new(new.expose().to_vec()))));
    }
    for (key, value) in values.iter().filter(|(key, _)| !file.entries.iter().any(|entry| entry.key == *key)) {
        changed = true;
        all.push((key.clone(), Plaintext::new(value.expose().to_vec())));
    }
    let mut public: Vec<(String, String)> = spec.public.clone();
    let kept = file.public.iter().filter(|(key, _)| !spec.public.iter().any(|(known, _)| known == key));
    public.extend(kept.map(|(key, half)| (key.to_string(), half.to_string())));
    let spec = SecretSpec {
        form: file.form,
        place: spec.place.clone(),
        name: spec.name.clone(),
        namespace: spec.namespace.clone(),
        public,
        labels: spec.labels.clone(),
        values: all,
        revision: file.revision.saturating_add(u64::from(changed)).max(revision),
    };
    encrypt(&spec, recipients, now)
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
pub(super) struct Opened {
    pub(super) key: DataKey,
    /// In the order of the file's entries; values under `data` with their base64.
    pub(super) values: Vec<Plaintext>,
}

impl Opened {
    pub(super) fn new(file: &StoreFile<'_>, identities: &Identities) -> Result<Self, StoreError> {
        let right = |key: &DataKey| key.open(&file.last_modified, file.mac).is_ok();
        let key = identities.unwrap(&file.wraps, &right).map_err(|error| match error {
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
    if file.place.as_ref().is_some_and(|place| *place != spec.place) {
        let expected = spec.place.clone();
        return Err(StoreError::OtherObject { expected, found: file.place.as_deref().unwrap_or_default().to_owned() });
    }
    if file.form != spec.form {
        let (expected, found) = (spec.form.object().1.to_owned(), file.form.object().1.to_owned());
        return Err(StoreError::OtherForm { expected, found });
    }
    if file.name == spec.name && file.namespace == spec.namespace {
        return Ok(());
    }
    Err(StoreError::OtherObject {
        expected: format!("{}/{}", spec.namespace, spec.name),
        found: format!("{}/{}", file.namespace, file.name),
    })
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
    let section = found.map_or_else(|| section_of_new(file), |(entry, _)| entry.section);
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
        None => insert_key(file, section, key, &sealed, edits),
    }
    Ok(Some(Change { section, key, leaf }))
}

/// A new key goes last in its section, where SOPS puts it, too.
fn insert_key(file: &StoreFile<'_>, section: Section, key: &str, sealed: &str, edits: &mut Edits) {
    let last = file.entries.iter().rev().find(|entry| entry.section == section);
    let last = last.expect("`section_of_new` names a section that has keys");
    let indent = " ".repeat(column(file.text, last.key_span.start));
    edits.insert(line_end(file.text, last.value_span.end), format!("\n{indent}{}: {sealed}", quoted(key)));
}

/// Where a new key goes: under `stringData`, or under `data` in a file that has nothing else.
fn section_of_new(file: &StoreFile<'_>) -> Section {
    let has_text = file.entries.iter().any(|entry| entry.section == Section::StringData);
    if has_text { Section::StringData } else { Section::Data }
}

/// Annotations to write; what is `None` or not named stays as it is.
#[derive(Default)]
struct Annotations<'a> {
    place: Option<&'a str>,
    public: Vec<&'a (String, String)>,
    revision: Option<u64>,
}

/// Replaces the values of annotations that are there, and puts in the others in their order: the place is first, since texts
/// before it could be moved into it.
fn annotate(file: &StoreFile<'_>, new: &Annotations<'_>, edits: &mut Edits) {
    let mut missing = String::new();
    let (key, value) = &file.places.namespace;
    let unit = column(file.text, key.start);
    let indent = file.places.annotations.map_or(unit * 2, |at| column(file.text, at));
    let mut add = |name: &str, value: &str| missing.push_str(&format!("{}{name}: {value}\n", " ".repeat(indent)));
    if let Some(place) = new.place {
        add(PLACE, &quoted(place));
    }
    let mut behind_place = String::new();
    for (key, half) in &new.public {
        match file.places.public.iter().find(|(name, _)| name == key) {
            Some((_, span)) => edits.replace(span.clone(), quoted(half)),
            None if file.place.is_some() => {
                behind_place.push_str(&format!("\n{}{PUBLIC}{key}: {}", " ".repeat(indent), quoted(half)));
            }
            None => add(&format!("{PUBLIC}{key}"), &quoted(half)),
        }
    }
    if let (Some(place), false) = (&file.places.place, behind_place.is_empty()) {
        edits.insert(line_end(file.text, place.end), behind_place);
    }
    match (new.revision, &file.places.revision) {
        (Some(revision), Some(span)) => edits.replace(span.clone(), format!("\"{revision}\"")),
        (Some(revision), None) => add(REVISION, &format!("\"{revision}\"")),
        (None, _) => {}
    }
    if missing.is_empty() {
        return;
    }
    match file.places.annotations {
        Some(at) => edits.insert(at - column(file.text, at), missing),
        None => {
            let missing = format!("\n{}annotations:\n{}", " ".repeat(unit), missing.trim_end());
            edits.insert(line_end(file.text, value.end), missing);
        }
    }
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
