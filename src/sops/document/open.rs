//! A document as it stands in a file, and what is in it once an identity opened it.

use std::ops::Range;

use super::block::{self, Block};
use super::comment::Comment;
use super::error::{DocumentError, Problem};
use super::leaf::{self, Leaf, Step, display};
use super::rule::Selector;
use super::scalar::{Resolved, resolve};
use super::tree::{Root, Style, parse};
use crate::sops::text_edit;
use crate::sops::{DataKey, Identities, Kind, Mac, Plaintext, Sealed, SealedError};

/// A YAML file that SOPS encrypted with age; nothing of it is decrypted.
#[derive(Debug)]
pub struct Document<'t> {
    pub(super) text: &'t str,
    pub(super) roots: Vec<Root<'t>>,
    pub(super) block: Block<'t>,
    pub(super) selector: Selector,
}

/// All that is in a document.
#[derive(Debug)]
pub struct Opened {
    /// Every value but nulls, in order.
    pub values: Vec<OpenValue>,
    /// Comments that were encrypted.
    pub comments: Vec<OpenComment>,
}

/// A value.
#[derive(Debug)]
pub struct OpenValue {
    /// The number of its document, from 0.
    pub document: usize,
    /// Where it stands.
    pub path: Vec<Step>,
    /// Its type.
    pub kind: Kind,
    /// Whether the file has it encrypted.
    pub encrypted: bool,
    /// The bytes SOPS gives it: `True` for a bool, RFC 3339 for a time.
    pub value: Plaintext,
}

/// A comment that was encrypted.
#[derive(Debug)]
pub struct OpenComment {
    /// The number of its document, from 0.
    pub document: usize,
    /// The collection it stands in.
    pub path: Vec<Step>,
    /// What stands behind the `#`.
    pub text: Plaintext,
}

/// A value with the scalar it comes from; comments that stand as items are among them.
pub(super) struct Part<'d, 't> {
    pub leaf: Leaf<'d, 't>,
    pub kind: Kind,
    pub encrypted: bool,
    pub value: Plaintext,
}

impl<'t> Document<'t> {
    /// Reads a file that `sops` wrote; nothing is decrypted.
    ///
    /// # Errors
    /// The first thing that is not as SOPS writes it or not supported.
    pub fn parse(text: &'t str) -> Result<Self, DocumentError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let roots = parse(text)?;
        let sops = roots.first().and_then(|root| root.map.entries.iter().find(|(key, _)| key.text == "sops"));
        let Some((key, node)) = sops else {
            return Err(DocumentError::new(Problem::Metadata, 0..0, "the file is not encrypted by SOPS"));
        };
        let block = block::read(text, node)?;
        let selector = block.rule.selector().map_err(|why| {
            DocumentError::new(Problem::Metadata, key.span.clone(), format!("`{}` {why}", block.rule.field().0))
        })?;
        Ok(Self { text, roots, block, selector })
    }

    /// How many documents the file holds.
    pub fn n_documents(&self) -> usize {
        self.roots.len()
    }

    /// All values and comments, each with whether it is encrypted.
    pub(super) fn walk(&self) -> (Vec<Leaf<'_, 't>>, Vec<Comment>) {
        leaf::walk(self.text, &self.roots, &self.selector)
    }

    /// Where the comments stand that are in the collection at `path` of the first document, at any depth.
    pub(super) fn comments_in(&self, path: &[Step]) -> Vec<Range<usize>> {
        let all = self.walk().1.into_iter();
        all.filter(|one| one.document == 0 && one.steps.starts_with(path)).map(|one| one.span).collect()
    }

    /// How lines end in the file.
    pub(super) fn eol(&self) -> &'static str {
        text_edit::eol(self.text)
    }

    /// Decrypts everything and checks that nothing was changed since SOPS wrote it.
    ///
    /// # Errors
    /// No identity fits, or the file was changed.
    pub fn open(&self, identities: &Identities) -> Result<Opened, DocumentError> {
        self.open_with(&self.data_key(identities)?)
    }

    pub(super) fn data_key(&self, identities: &Identities) -> Result<DataKey, DocumentError> {
        self.block.keys.open(identities)
    }

    /// Everything in the file, once its MAC fits.
    pub(super) fn open_with(&self, key: &DataKey) -> Result<Opened, DocumentError> {
        let (parts, digest) = self.parts(key)?;
        self.check_mac(key, &digest)?;
        let mut opened = Opened { values: Vec::new(), comments: Vec::new() };
        for Part { leaf, kind, encrypted, value } in parts {
            let (document, mut path) = (leaf.document, leaf.steps);
            if kind == Kind::Comment {
                path.pop();
                opened.comments.push(OpenComment { document, path, text: value });
            } else {
                opened.values.push(OpenValue { document, path, kind, encrypted, value });
            }
        }
        let comments = self.comments(key).into_iter();
        opened.comments.extend(comments.map(|(one, text)| OpenComment {
            document: one.document,
            path: one.steps,
            text,
        }));
        Ok(opened)
    }

    /// Every value but nulls, and the MAC that they have.
    pub(super) fn parts(&self, key: &DataKey) -> Result<(Vec<Part<'_, 't>>, String), DocumentError> {
        let mut mac = Mac::new(self.block.mac_only_encrypted);
        let mut parts = Vec::new();
        for leaf in self.walk().0 {
            let encrypted = leaf.selected;
            let Some((kind, value)) = (if encrypted { decrypt(key, &leaf)? } else { clear(&leaf)? }) else { continue };
            if encrypted && kind != Kind::Comment {
                mac.sealed(value.expose());
            } else if !encrypted {
                mac.clear(value.expose());
            }
            parts.push(Part { leaf, kind, encrypted, value });
        }
        Ok((parts, mac.finish()))
    }

    /// Comments that were encrypted. One that does not open never was: SOPS leaves it as it is, too.
    pub(super) fn comments(&self, key: &DataKey) -> Vec<(Comment, Plaintext)> {
        let (_, all) = self.walk();
        let opened = all.into_iter().filter(|one| one.selected).filter_map(|one| {
            let sealed = Sealed::parse(self.text[one.span.start + 1..one.span.end].trim_end(), "comment").ok()?;
            let text = key.open(&leaf::aad(&one.steps), sealed).ok()?;
            Some((one, text))
        });
        opened.collect()
    }

    pub(super) fn check_mac(&self, key: &DataKey, found: &str) -> Result<(), DocumentError> {
        let changed = |message: &str| {
            Err(DocumentError::new(Problem::Changed, 0..0, message).help("take the file from version control"))
        };
        let Ok(sealed) = Sealed::parse(self.block.mac, "str") else { return changed("`sops.mac` is broken") };
        match key.open(&self.block.last_modified, sealed) {
            Ok(stored) if stored.expose() == found.as_bytes() => Ok(()),
            Ok(_) => changed("values were changed, added, removed or moved without `sops`: the MAC does not fit"),
            Err(_) => changed("`sops.mac` or `sops.lastmodified` was changed"),
        }
    }
}

fn decrypt(key: &DataKey, leaf: &Leaf<'_, '_>) -> Result<Option<(Kind, Plaintext)>, DocumentError> {
    let changed = |message: String| {
        Err(DocumentError::new(Problem::Changed, leaf.scalar.span.clone(), message)
            .help("take the file from version control"))
    };
    let scalar = leaf.scalar;
    let place = display(&leaf.steps);
    if scalar.style == Style::Plain && resolve(&scalar.text) == Resolved::Null {
        return Ok(None);
    }
    if scalar.text.is_empty() {
        return Ok(Some((Kind::Str, Plaintext::new(Vec::new()))));
    }
    let sealed = match Sealed::parse_any(&scalar.text) {
        Ok(sealed) => sealed,
        Err(SealedError::Clear) => return changed(format!("the value of `{place}` is in the clear")),
        Err(_) => return changed(format!("the value of `{place}` is no whole ciphertext")),
    };
    match key.open(&leaf::aad(&leaf.steps), sealed) {
        Ok(value) => Ok(Some((sealed.kind, value))),
        Err(_) => changed(format!("the value of `{place}` was changed or moved")),
    }
}

/// The type and bytes of a value in the clear; `None` for null.
pub(super) fn clear(leaf: &Leaf<'_, '_>) -> Result<Option<(Kind, Plaintext)>, DocumentError> {
    let scalar = leaf.scalar;
    let text = || Plaintext::new(scalar.text.as_bytes().to_vec());
    if scalar.style != Style::Plain {
        return Ok(Some((Kind::Str, text())));
    }
    match resolve(&scalar.text) {
        Resolved::Null => Ok(None),
        Resolved::Str => Ok(Some((Kind::Str, text()))),
        Resolved::Typed(kind, bytes) => Ok(Some((kind, bytes.into()))),
        Resolved::TooLarge => {
            let message = format!("the value of `{}` is a number over 64 bits", display(&leaf.steps));
            Err(DocumentError::new(Problem::Yaml, scalar.span.clone(), message).help("quote it"))
        }
    }
}
