//! A store file as it can be read without any private key.
//!
//! [`StoreFile::parse`] takes what lmsgen and `sops` write and nothing else: the MAC that SOPS puts over a
//! file misses keys, types, empty values and the rules in its own block (`sops` accepts a file with an extra
//! key or another rule), so everything the MAC does not hold is held by the exact shape.

use std::borrow::Cow;
use std::ops::Range;

use base64::prelude::{BASE64_STANDARD, Engine};

use super::fault::{Fault, SHAPE, UNREADABLE};
use super::rsa_key::is_rsa_public_key;
use super::{read, scan};
use crate::sops::{Sealed, Wrap, canonical};

/// The rule every store file is encrypted by: Kubernetes must be able to read the rest.
pub(super) const ENCRYPTED_REGEX: &str = "^(data|stringData)$";
/// The annotation that counts the changes of a Secret's values.
pub(super) const REVISION: &str = "lmsgen.dev/revision";
/// The annotation that says which place of which fleet the file was written for.
pub(super) const PLACE: &str = "lmsgen.dev/place";
/// How annotations start that hold the public half of a key: `lmsgen.dev/public.<key>`.
pub(super) const PUBLIC: &str = "lmsgen.dev/public.";

/// Which object a store file is. SOPS binds a value to the path of its key, so a file is written in the form that is
/// delivered, and changing the form means encrypting anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// A Secret, decrypted by whoever applies it: Flux, or a person.
    #[default]
    Secret,
    /// A `SopsSecret` of sops-secrets-operator, decrypted in the cluster.
    SopsSecret,
}

impl Form {
    /// `apiVersion` and `kind` of the object.
    #[must_use]
    pub const fn object(self) -> (&'static str, &'static str) {
        match self {
            Self::Secret => ("v1", "Secret"),
            Self::SopsSecret => ("isindir.github.com/v1alpha3", "SopsSecret"),
        }
    }

    /// As `[secrets] form` of an environment names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secret => "sops",
            Self::SopsSecret => "sopssecret",
        }
    }

    /// How far values are indented in the canonical layout.
    pub(super) const fn indent(self) -> &'static str {
        match self {
            Self::Secret => "  ",
            Self::SopsSecret => "        ",
        }
    }

    /// Where the sections of values stand, as SOPS writes paths: items of lists add nothing.
    const fn path(self) -> &'static str {
        match self {
            Self::Secret => "",
            Self::SopsSecret => "spec:secretTemplates:",
        }
    }
}

/// The place of a Secret as its file holds it: `/lms-dev/C42/lms-secret/`.
///
/// The MAC runs over the texts of a file without separators. The slashes, which no name before this text can hold, keep
/// characters from being moved across its ends.
#[must_use]
pub fn place(environment: &str, folder: &str, name: &str) -> String {
    format!("/{environment}/{folder}/{name}/")
}

/// Where in a Secret a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// `data`: base64 inside the encryption.
    Data,
    /// `stringData`: text.
    StringData,
}

impl Section {
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::StringData => "stringData",
        }
    }

    /// What SOPS binds a comment in the section to.
    pub(super) fn comment_aad(self, form: Form) -> String {
        format!("{}{}:", form.path(), self.key())
    }

    /// What SOPS binds a value to its key with.
    pub(super) fn aad(self, form: Form, key: &str) -> String {
        format!("{}{}:{key}:", form.path(), self.key())
    }
}

/// One key of the Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry<'t> {
    pub section: Section,
    pub key: Cow<'t, str>,
    pub key_span: Range<usize>,
    /// `None` for the empty string, which SOPS leaves as it is.
    pub value: Option<Sealed<'t>>,
    pub value_span: Range<usize>,
}

/// A leaf in file order, as the MAC goes over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leaf<'t> {
    Clear(Cow<'t, str>),
    Entry(usize),
}

/// Where the parts stand that an edit changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// The value of the revision annotation; `None` when the file has none.
    pub revision: Option<Range<usize>>,
    /// The value of the annotation [`PLACE`].
    pub place: Option<Range<usize>>,
    /// The values of annotations that hold public halves, by key.
    pub public: Vec<(String, Range<usize>)>,
    /// The key `labels` of the metadata; `None` without labels.
    pub labels: Option<usize>,
    /// The key of the first annotation; `None` without annotations.
    pub annotations: Option<usize>,
    /// The key `namespace` of the metadata, and its value.
    pub namespace: (Range<usize>, Range<usize>),
    /// The key `sops`.
    pub sops: usize,
    /// The lines below `age`: a list of recipients.
    pub age: Range<usize>,
    /// Encrypted comments between the values, with what SOPS binds them to.
    pub comments: Vec<(Range<usize>, String)>,
    pub last_modified: Range<usize>,
    pub mac: Range<usize>,
}

/// A store file that was read without a private key. Its values are still encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFile<'t> {
    pub(super) text: &'t str,
    pub(super) form: Form,
    pub(super) name: Cow<'t, str>,
    pub(super) namespace: Cow<'t, str>,
    pub(super) place: Option<Cow<'t, str>>,
    /// Public halves by key, in base64.
    pub(super) public: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    pub(super) labels: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    pub(super) revision: u64,
    pub(super) entries: Vec<Entry<'t>>,
    pub(super) leaves: Vec<Leaf<'t>>,
    pub(super) wraps: Vec<Wrap<'t>>,
    pub(super) last_modified: Cow<'t, str>,
    pub(super) mac: Sealed<'t>,
    pub(super) places: Places,
}

impl<'t> StoreFile<'t> {
    /// Reads a store file.
    ///
    /// The layout that lmsgen and `sops` write is recognised line by line, in microseconds; any other goes through a
    /// YAML parser to the same result.
    ///
    /// # Errors
    /// Everything that is wrong with the file, at least one fault.
    pub fn parse(bytes: &'t [u8]) -> Result<Self, Vec<Fault>> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to();
            vec![Fault::new(UNREADABLE, at..at, "not UTF-8 from here on")]
        })?;
        let file = match scan::scan(text) {
            Some(file) => file,
            None => read::read(text)?,
        };
        let of_nothing = |(key, _): &&(String, Range<usize>)| !file.entries.iter().any(|entry| entry.key == *key);
        let faults = file.places.public.iter().filter(of_nothing).map(|(key, place)| {
            Fault::new(SHAPE, place.clone(), format!("the public half of key `{key}`, which the file does not have"))
        });
        let faults: Vec<Fault> = faults.collect();
        if faults.is_empty() { Ok(file) } else { Err(faults) }
    }

    /// The text with blanks for its ciphertext, if a person may have written in it: SOPS lets comments stand, and a file
    /// that says no place may have any labels. `None` for what lmsgen wrote, where every text is compared.
    #[must_use]
    pub fn clear_text(&self) -> Option<String> {
        if self.place.is_some() && memchr::memchr(b'#', self.text.as_bytes()).is_none() {
            return None;
        }
        let values = self.entries.iter().filter(|entry| entry.value.is_some()).map(|entry| &entry.value_span);
        let comments = self.places.comments.iter().map(|(place, _)| place);
        let mut text = self.text.as_bytes().to_vec();
        for place in values.chain(comments).chain([&self.places.mac]) {
            let bytes = text.get_mut(place.clone()).into_iter().flatten();
            bytes.filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        // Ciphertext is ASCII: what is left is what it was.
        String::from_utf8(text).ok()
    }

    /// Which object it is.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The place it was written for, as [`place`] writes it; `None` for a file that plain `sops` made.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `metadata.namespace`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// `metadata.labels`, in file order.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|(key, value)| (&**key, &**value))
    }

    /// Public halves of keys: key and base64 of the DER of `SubjectPublicKeyInfo`.
    pub fn public_halves(&self) -> impl Iterator<Item = (&str, &str)> {
        self.public.iter().map(|(key, half)| (&**key, &**half))
    }

    /// How often values changed: the annotation `lmsgen.dev/revision`, 1 without it.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The keys of the Secret, in file order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| &*entry.key)
    }

    /// The keys whose value is the empty string. SOPS leaves those unencrypted, and Flux deploys them unchecked.
    pub fn empty_keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(|entry| entry.value.is_none()).map(|entry| &*entry.key)
    }

    /// The recipients as the file lists them.
    pub fn recipients(&self) -> impl Iterator<Item = &str> {
        self.wraps.iter().map(|wrap| &*wrap.recipient)
    }

    /// Recipients of `declared` that the file lacks, and those that only the file has.
    #[must_use]
    pub fn recipients_against(&self, declared: &[crate::sops::Recipient]) -> (Vec<String>, Vec<String>) {
        let declared: Vec<&str> = declared.iter().map(crate::sops::Recipient::as_str).collect();
        super::edit::recipient_difference(&declared, &self.recipients().collect::<Vec<_>>())
    }

    /// When values last changed, as SOPS records it.
    #[must_use]
    pub fn last_modified(&self) -> &str {
        &self.last_modified
    }
}

/// `true` for a key that Kubernetes takes in a Secret: `[-._a-zA-Z0-9]+`, 253 at most, no `.`, `..` or leading `..`.
pub(super) fn is_secret_key(key: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    (1..=253).contains(&key.len()) && key.bytes().all(plain) && key != "." && !key.starts_with("..")
}

/// `true` for a text that may stand for a label's value: its bounds in the MAC are clear.
pub(super) fn is_label_value(text: &str) -> bool {
    text.len() <= 63 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// `true` for the public half of an RSA key as an annotation holds it: nothing else could stand there, so that no text moved from
/// its neighbours can.
pub(super) fn is_public_half(text: &str) -> bool {
    text.len() <= 1024 && canonical(text) && BASE64_STANDARD.decode(text).is_ok_and(|der| is_rsa_public_key(&der))
}

/// The revision that an annotation's value says; `None` unless it is a number from 1 in canonical form.
pub(super) fn parse_revision(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok().filter(|&n| n > 0)?;
    (number.to_string() == text).then_some(number)
}
