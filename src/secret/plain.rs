//! A store file as the Secret that it becomes in the cluster, for `kubectl apply` and nothing else: the text is plaintext.

use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

use super::decrypt;
use super::error::StoreError;
use super::file::{REVISION, StoreFile};
use super::write::quoted;
use crate::sops::{Identities, Plaintext};

/// The decrypted Secret as a YAML document, values under `data` in base64; `label`: one that it has in the cluster beside its own.
///
/// # Errors
/// What is wrong with the file, or why no identity opens it.
pub fn plain_manifest(
    bytes: &[u8],
    identities: &Identities,
    label: Option<(&str, &str)>,
) -> Result<Plaintext, StoreError> {
    let file = StoreFile::parse(bytes).map_err(StoreError::Faults)?;
    let values = decrypt(bytes, identities)?;
    let mut head = format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\n", quoted(file.name()));
    head.push_str(&format!("  namespace: {}\n", quoted(file.namespace())));
    head.push_str(&format!("  annotations:\n    {REVISION}: \"{}\"\n", file.revision()));
    for (at, (label, value)) in file.labels().chain(label).enumerate() {
        let section = if at == 0 { "  labels:\n" } else { "" };
        head.push_str(&format!("{section}    {}: {}\n", quoted(label), quoted(value)));
    }
    head.push_str("type: Opaque\ndata:\n");
    // Made once in full size: a text that grows would leave copies behind.
    let size = values.iter().map(|(key, value)| key.len() + value.expose().len() * 4 / 3 + 16).sum::<usize>();
    let mut text = Zeroizing::new(Vec::with_capacity(head.len() + size));
    text.extend_from_slice(head.as_bytes());
    for (key, value) in &values {
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(value.expose()));
        for part in ["  ", &quoted(key), ": \"", &encoded, "\"\n"] {
            text.extend_from_slice(part.as_bytes());
        }
    }
    Ok(text.into())
}
