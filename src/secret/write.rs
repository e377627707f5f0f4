//! Writing a new store file in its canonical layout.
//!
//! The layout is what `sops` 3.13 writes with an indent of two, so that its next write changes no line that did
//! not have to change: `apiVersion`, `kind`, `metadata` (`name`, `namespace`, `annotations`, `labels`), `type`,
//! `stringData`, `sops`; labels, keys and recipients in the order of their bytes; strings without quotes where
//! every YAML reader takes them for strings; `lastmodified` always quoted; the MAC on one line, since helm-secrets
//! looks for it by line.

use std::fmt::Write;

use super::error::StoreError;
use super::file::{ENCRYPTED_REGEX, REVISION, Section, is_secret_key};
use super::scan::is_plain;
use crate::sops::is_timestamp;
use crate::sops::{DataKey, digest};
use crate::sops::{Plaintext, Recipient};

/// The version of SOPS whose format is written; `sops` refuses a file without one.
const SOPS_VERSION: &str = "3.11.0";

/// A Secret to be written.
#[derive(Debug)]
pub struct SecretSpec {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
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
    let revision = spec.revision.to_string();
    let mut leaves: Vec<&[u8]> = ["v1", "Secret", &spec.name, &spec.namespace, &revision].map(str::as_bytes).into();
    let mut out = String::with_capacity(2048);
    line(&mut out, format_args!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}", quoted(&spec.name)));
    line(&mut out, format_args!("  namespace: {}", quoted(&spec.namespace)));
    line(&mut out, format_args!("  annotations:\n    {REVISION}: \"{revision}\""));
    for (at, (label, value)) in labels.iter().enumerate() {
        if at == 0 {
            line(&mut out, format_args!("  labels:"));
        }
        line(&mut out, format_args!("    {}: {}", quoted(label), quoted(value)));
        leaves.push(value.as_bytes());
    }
    line(&mut out, format_args!("type: Opaque\nstringData:"));
    leaves.push(b"Opaque");
    for (name, value) in values {
        let sealed = entry(&key, Section::StringData, name, value.expose())?;
        line(&mut out, format_args!("  {}: {sealed}", quoted(name)));
        leaves.push(value.expose());
    }
    line(&mut out, format_args!("sops:\n  age:"));
    for recipient in recipients {
        let armor = recipient
            .wrap(&key)
            .map_err(|source| StoreError::Wrap { recipient: recipient.to_string(), source: source.into() })?;
        line(&mut out, format_args!("    - enc: |"));
        for text in armor.lines() {
            line(&mut out, format_args!("        {text}"));
        }
        line(&mut out, format_args!("      recipient: {recipient}"));
    }
    let mac = key.seal(now, digest(leaves.into_iter()).as_bytes())?;
    line(&mut out, format_args!("  encrypted_regex: {ENCRYPTED_REGEX}\n  lastmodified: \"{now}\""));
    line(&mut out, format_args!("  mac: {mac}\n  version: {SOPS_VERSION}"));
    Ok(out.into_bytes())
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a String does not fail");
}

/// A value as it stands in a file. The empty one is not encrypted: SOPS could not read it back.
pub(super) fn entry(key: &DataKey, section: Section, name: &str, value: &[u8]) -> Result<String, StoreError> {
    if value.is_empty() {
        return Ok("\"\"".to_owned());
    }
    Ok(key.seal(&section.aad(name), value)?)
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
        if value.len() > 63 || !value.chars().all(name) {
            return invalid("label value", value);
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
