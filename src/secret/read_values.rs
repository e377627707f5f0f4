//! The values of a Secret and the comments between them: what must be encrypted, and is read as ciphertext only.

use super::fault::{Fault, MALFORMED_VALUE, UNENCRYPTED_VALUE};
use super::file::{Entry, Leaf, Section, is_secret_key};
use super::read::Reader;
use super::sops_block::sealed;
use super::yaml::{Document, Node, Scalar};
use crate::sops::{Sealed, SealedError};

/// More keys than any Secret has; what compares keys with keys stays fast.
const MAX_KEYS: usize = 1024;

impl<'t> Reader<'t> {
    pub(super) fn section(&mut self, section: Section, key: &Scalar<'t>, node: &Node<'t>) {
        self.sections.push((section, key.span.start..node.span().end));
        let map = self.map(key, node);
        if map.is_empty() {
            self.shape(&node.span(), format!("`{}` has no keys", key.text));
        }
        if map.len() > MAX_KEYS {
            return self.shape(&node.span(), format!("`{}` has more than {MAX_KEYS} keys", key.text));
        }
        for (key, node) in map {
            if !is_secret_key(&key.text) {
                self.shape(&key.span, "a key of a Secret is letters, digits, `-`, `_` and `.`");
            }
            if self.entries.iter().any(|entry| entry.section != section && entry.key == key.text) {
                let message = format!("key `{}` is in both `data` and `stringData`", key.text);
                self.shape(&key.span, message);
            }
            let Node::Scalar(value) = node else {
                let message = format!("the value of `{}` is a collection; Kubernetes takes strings only", key.text);
                self.shape(&node.span(), message);
                continue;
            };
            let value = if value.text.is_empty() && !value.plain {
                None
            } else if let Some(sealed) = self.value(key, value) {
                Some(sealed)
            } else {
                continue;
            };
            self.leaves.push(Leaf::Entry(self.entries.len()));
            self.entries.push(Entry {
                section,
                key: key.text.clone(),
                key_span: key.span.clone(),
                value,
                value_span: node.span(),
            });
        }
    }

    fn value(&mut self, key: &Scalar<'t>, value: &Scalar<'t>) -> Option<Sealed<'t>> {
        let (code, what, help) = match sealed(self.text, value, "str") {
            Ok(sealed) => return Some(sealed),
            Err(SealedError::Clear) => (
                UNENCRYPTED_VALUE,
                "is not encrypted",
                "take the value as known to others: restore the file from the last commit and set a new value",
            ),
            Err(SealedError::Type) => (
                MALFORMED_VALUE,
                "is encrypted as something other than a string; Kubernetes takes strings only",
                "quote the value in `sops edit`",
            ),
            Err(SealedError::Malformed) => (
                MALFORMED_VALUE,
                "is not what SOPS writes for an encrypted string",
                "the file was damaged: restore it from the last commit",
            ),
        };
        self.fault(Fault::new(code, key.span.clone(), format!("the value of `{}` {what}", key.text)).help(help));
        None
    }

    /// Comments between the values are encrypted by SOPS; one in the clear was written by hand.
    pub(super) fn comments(&mut self, document: &Document<'t>) {
        for (section, place) in &self.sections {
            // What stands between two sections belongs to the first, as SOPS sees it.
            let next = self
                .sections
                .iter()
                .map(|(_, other)| other.start)
                .chain(document.root.iter().map(|(key, _)| key.span.start));
            let end = next.filter(|&start| start > place.start).min().unwrap_or(self.text.len());
            let last = self.entries.iter().map(|e| e.value_span.end).filter(|&e| e <= end).max().unwrap_or(0);
            for span in document.comments.iter().filter(|c| c.start > place.start && c.start < end) {
                let line_start = self.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
                let inside = span.start < last || span.start > line_start;
                let text = self.text[span.clone()].trim_start_matches('#').trim_end();
                if Sealed::parse(text, "comment").is_ok() {
                    let start = span.end - self.text[span.clone()].trim_start_matches('#').len();
                    self.comments_at.push((start..start + text.len(), section.comment_aad(self.form)));
                } else if inside {
                    self.faults.push(
                        Fault::new(UNENCRYPTED_VALUE, span.clone(), "a comment between the values is not encrypted")
                            .help("SOPS encrypts comments there: remove it, or add it with `sops edit`"),
                    );
                }
            }
        }
    }
}
