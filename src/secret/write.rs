//! Writing a new store file in its canonical layout.
//!
//! The layout is what `sops` 3.13 writes with an indent of two, so that its next write changes no line that did
//! not have to change: `apiVersion`, `kind`, `metadata` (`name`, `namespace`, `annotations`, `labels`), `type`,
//! `stringData` (a `SopsSecret` has name, labels, type and values in its one template), `sops`; annotations, labels, keys and recipients in the order of their bytes; strings without quotes where
//! every YAML reader takes them for strings; `lastmodified` always quoted; the MAC on one line, since helm-secrets
//! looks for it by line.

use std::fmt::Write;

use zeroize::Zeroizing;

use super::error::StoreError;
use super::file::{
    ENCRYPTED_REGEX, Form, PLACE, PUBLIC, REVISION, Section, is_label_value, is_public_half, is_secret_key,
};
use super::scan::is_plain;
use crate::sops::is_timestamp;
use crate::sops::{DataKey, digest};
use crate::sops::{Plaintext, Recipient};

/// The version of SOPS whose format is written; `sops` refuses a file without one.
const SOPS_VERSION: &str = "3.11.0";
/// Longest key that can have its public half in an annotation.
pub const MAX_PUBLIC_KEY: usize = 63 - "public.".len();

/// A Secret to be written.
#[derive(Debug)]
pub struct SecretSpec {
    /// Which object it is.
    pub form: Form,
    /// The place it is written for, as [`place`](super::place) makes it.
    pub place: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// Public halves of its keys that are to be readable by everybody: key and base64 of the DER of
    /// `SubjectPublicKeyInfo`.
    pub public: Vec<(String, String)>,
    /// `metadata.labels`.
    pub labels: Vec<(String, String)>,
    /// Keys and values.
    pub values: Vec<(String, Plaintext)>,
    /// The annotation `lmsgen.dev/revision`, from 1.
    pub revision: u64,
}

/// Writes a new store file with a data key of its own. `now` is the time in UTC, like `2026-01-02T03:04:05Z`.
///
/// # Errors
/// A name, key, value or time that cannot stand in a Secret; no values or no recipients; no randomness.
pub fn encrypt(spec: &SecretSpec, recipients: &[Recipient], now: &str) -> Result<Vec<u8>, StoreError> {
    check(spec, recipients, now)?;
    let mut labels: Vec<(&str, &str)> = spec.labels.iter().map(|(key, value)| (&**key, &**value)).collect();
    labels.sort_unstable();
    let mut values: Vec<&(String, Plaintext)> = spec.values.iter().collect();
    values.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let mut recipients: Vec<&Recipient> = recipients.iter().collect();
    recipients.sort_unstable_by_key(|recipient| recipient.as_str());
    recipients.dedup();

    let key = DataKey::generate()?;
    let mut file = Text::default();
    head(spec, &labels, &mut file);
    for (name, value) in values {
        let sealed = entry(&key, spec.form, Section::StringData, name, value.expose())?;
        line(&mut file.text, format_args!("{}{}: {sealed}", spec.form.indent(), quoted(name)));
        file.leaves.push(value.expose().to_vec().into());
    }
    line(&mut file.text, format_args!("sops:"));
    wraps(&mut file.text, &recipients, &key)?;
    let mac = key.seal(now, digest(file.leaves.iter().map(|leaf| leaf.as_slice())).as_bytes())?;
    line(&mut file.text, format_args!("  encrypted_regex: {ENCRYPTED_REGEX}\n  lastmodified: \"{now}\""));
    line(&mut file.text, format_args!("  mac: {mac}\n  version: {SOPS_VERSION}"));
    Ok(file.text.into_bytes())
}

/// The text so far, and its leaves in order.
#[derive(Default)]
struct Text {
    text: String,
    leaves: Vec<Zeroizing<Vec<u8>>>,
}

impl Text {
    /// Adds a line with a string that is not encrypted; `head` ends before it.
    fn clear(&mut self, head: &str, value: &str) {
        line(&mut self.text, format_args!("{head}{}", quoted(value)));
        self.leaves.push(value.as_bytes().to_vec().into());
    }

    fn plain(&mut self, text: &str) {
        line(&mut self.text, format_args!("{text}"));
    }

    fn labels(&mut self, indent: &str, labels: &[(&str, &str)]) {
        if !labels.is_empty() {
            self.plain(&format!("{indent}labels:"));
        }
        let below = if indent.len() == 2 { "    " } else { "        " };
        for (label, value) in labels {
            self.clear(&format!("{below}{}: ", quoted(label)), value);
        }
    }
}

/// Everything above the values.
fn head(spec: &SecretSpec, labels: &[(&str, &str)], file: &mut Text) {
    let (api_version, kind) = spec.form.object();
    file.clear("apiVersion: ", api_version);
    file.clear("kind: ", kind);
    file.plain("metadata:");
    file.clear("  name: ", &spec.name);
    file.clear("  namespace: ", &spec.namespace);
    file.plain("  annotations:");
    file.clear(&format!("    {PLACE}: "), &spec.place);
    let mut public: Vec<&(String, String)> = spec.public.iter().collect();
    public.sort_unstable();
    for (key, half) in public {
        file.clear(&format!("    {PUBLIC}{key}: "), half);
    }
    file.clear(&format!("    {REVISION}: "), &spec.revision.to_string());
    file.labels("  ", labels);
    match spec.form {
        Form::Secret => {
            file.clear("type: ", "Opaque");
            file.plain("stringData:");
        }
        Form::SopsSecret => {
            file.plain("spec:\n  secretTemplates:");
            file.clear("    - name: ", &spec.name);
            file.labels("      ", labels);
            file.clear("      type: ", "Opaque");
            file.plain("      stringData:");
        }
    }
}

/// The list of recipients, each with the data key encrypted to it.
fn wraps(out: &mut String, recipients: &[&Recipient], key: &DataKey) -> Result<(), StoreError> {
    line(out, format_args!("  age:"));
    recipients.iter().try_for_each(|recipient| wrap(out, recipient, key, 4))
}

/// One item of the list of recipients, its dash after `indent` blanks.
pub(super) fn wrap(out: &mut String, recipient: &Recipient, key: &DataKey, indent: usize) -> Result<(), StoreError> {
    let armor = recipient
        .wrap(key)
        .map_err(|source| StoreError::Wrap { recipient: recipient.to_string(), source: source.into() })?;
    let (dash, below) = (" ".repeat(indent), " ".repeat(indent + 4));
    line(out, format_args!("{dash}- enc: |"));
    for text in armor.lines() {
        line(out, format_args!("{below}{text}"));
    }
    line(out, format_args!("{dash}  recipient: {recipient}"));
    Ok(())
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a String does not fail");
}

/// A value as it stands in a file. The empty one is not encrypted: SOPS could not read it back.
pub(super) fn entry(
    key: &DataKey,
    form: Form,
    section: Section,
    name: &str,
    value: &[u8],
) -> Result<String, StoreError> {
    if value.is_empty() {
        return Ok("\"\"".to_owned());
    }
    Ok(key.seal(&section.aad(form, name), value)?)
}

/// A name, label or key, in quotes where YAML needs them; none of them holds a character to escape.
pub(super) fn quoted(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { format!("\"{text}\"") }
}

fn check(spec: &SecretSpec, recipients: &[Recipient], now: &str) -> Result<(), StoreError> {
    let invalid = |what, text: &str| Err(StoreError::Invalid { what, text: text.to_owned() });
    if !is_object_name(&spec.name) {
        return invalid("object name", &spec.name);
    }
    if !is_object_name(&spec.namespace) || spec.namespace.contains('.') {
        return invalid("namespace", &spec.namespace);
    }
    for (at, (key, value)) in spec.labels.iter().enumerate() {
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let again = spec.labels[..at].iter().any(|(other, _)| other == key);
        if key.is_empty() || !key.chars().all(|c| name(c) || c == '/') || again || key == "data" || key == "stringData"
        {
            return invalid("label", key);
        }
        if !is_label_value(value) {
            return invalid("label value", value);
        }
    }
    if !is_place(&spec.place) {
        return invalid("place", &spec.place);
    }
    for (key, half) in &spec.public {
        // The name of an annotation has 63 characters at most.
        if !is_secret_key(key) || key.len() > MAX_PUBLIC_KEY || !is_public_half(half) {
            return invalid("public half of a key", key);
        }
    }
    if recipients.is_empty() {
        return Err(StoreError::Nothing("recipient"));
    }
    check_values(&spec.values)?;
    check_time(now)
}

/// Checks keys and values that shall go under `stringData`.
pub(super) fn check_values(values: &[(String, Plaintext)]) -> Result<(), StoreError> {
    if values.is_empty() {
        return Err(StoreError::Nothing("value"));
    }
    for (at, (key, value)) in values.iter().enumerate() {
        if !is_secret_key(key) || values[..at].iter().any(|(other, _)| other == key) {
            return Err(StoreError::Invalid { what: "key of a Secret that occurs once", text: key.clone() });
        }
        if std::str::from_utf8(value.expose()).is_err() {
            return Err(StoreError::NotText(key.clone()));
        }
    }
    Ok(())
}

pub(super) fn check_time(now: &str) -> Result<(), StoreError> {
    if is_timestamp(now) { Ok(()) } else { Err(StoreError::Invalid { what: "time", text: now.to_owned() }) }
}

/// `/lms-dev/C42/lms-secret/`, of characters that no quoting changes.
fn is_place(text: &str) -> bool {
    let inner = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let name = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    inner.is_some_and(|inner| inner.split('/').count() == 3 && inner.split('/').all(name))
}

/// A DNS subdomain, as Kubernetes wants for the name of a Secret.
fn is_object_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= 253
        && text.split('.').all(|label| {
            label.bytes().all(|b| plain(b) || b == b'-')
                && label.bytes().next().is_some_and(plain)
                && label.bytes().last().is_some_and(plain)
        })
}
