//! Changing who can open a document: its recipients and its data key. Values keep their plaintext, all else its bytes.

use std::ops::Range;

use super::edit::{finish, same};
use super::error::{DocumentError, Problem};
use super::keys::Keys;
use super::leaf;
use super::open::Document;
use super::write::wrap;
use crate::sops::text_edit::{Edits, column};
use crate::sops::{DataKey, Identities, Kind, Recipient, Wrap};

fn request(span: Range<usize>, message: impl Into<String>) -> DocumentError {
    DocumentError::new(Problem::Request, span, message)
}

impl Document<'_> {
    /// A new data key for `recipients` and every value encrypted again, as `sops rotate` does.
    ///
    /// # Errors
    /// The file does not open, no recipients, no randomness.
    pub fn rekey(
        &self,
        recipients: &[Recipient],
        (identities, now): (&Identities, &str),
    ) -> Result<String, DocumentError> {
        self.only_group()?;
        let old = self.data_key(identities)?;
        let (parts, digest) = self.parts(&old)?;
        self.check_mac(&old, &digest)?;
        let key = DataKey::generate()?;
        let mut edits = Edits::default();
        for part in parts.iter().filter(|part| part.encrypted && !part.value.is_empty()) {
            let quotes = if part.leaf.flow { "\"" } else { "" };
            let sealed = key.seal_as(part.kind, &leaf::aad(&part.leaf.steps), part.value.expose())?;
            edits.replace(part.leaf.scalar.span.clone(), format!("{quotes}{sealed}{quotes}"));
        }
        for (comment, text) in self.comments(&old) {
            let sealed = key.seal_as(Kind::Comment, &leaf::aad(&comment.steps), text.expose())?;
            edits.replace(comment.span.start + 1..comment.span.end, sealed);
        }
        self.replace_recipients(&mut edits, recipients, &key, false)?;
        finish(&edits.apply(self.text), &key, now, |found| same(&parts, found))
    }

    /// The data key as it is for `recipients` and nobody else, as `sops updatekeys` does; the same recipients give the same
    /// text.
    ///
    /// # Errors
    /// The file does not open, or no recipients.
    pub fn rewrap(&self, recipients: &[Recipient], identities: &Identities) -> Result<String, DocumentError> {
        let wraps = self.only_group()?;
        let has = |recipient: &Recipient| wraps.iter().any(|wrap| wrap.recipient == recipient.as_str());
        let stays = |name: &str| recipients.iter().any(|recipient| recipient.as_str() == name);
        if recipients.iter().all(has) && wraps.iter().all(|wrap| stays(&wrap.recipient)) {
            return Ok(self.text.to_owned());
        }
        let key = self.data_key(identities)?;
        self.open_with(&key)?;
        let mut edits = Edits::default();
        self.replace_recipients(&mut edits, recipients, &key, true)?;
        Ok(edits.apply(self.text))
    }

    /// The recipients of a document whose data key is in one piece.
    fn only_group(&self) -> Result<&[Wrap<'_>], DocumentError> {
        match &self.block.keys {
            Keys::One(wraps) => Ok(wraps),
            Keys::Split { .. } => {
                Err(request(self.block.places.block.clone(), "the data key is split between key groups").help(
                    "change them in `.sops.yaml`, then `sops updatekeys FILE`; `sops rotate -i FILE` for a new key",
                ))
            }
        }
    }

    /// Writes the list of recipients anew; with `keep` items of recipients that stay are taken over.
    fn replace_recipients(
        &self,
        edits: &mut Edits,
        recipients: &[Recipient],
        key: &DataKey,
        keep: bool,
    ) -> Result<(), DocumentError> {
        let places = &self.block.places;
        if recipients.is_empty() {
            return Err(request(places.block.clone(), "no recipient is given"));
        }
        let Some((list, items)) = &places.age else {
            return Err(request(places.block.clone(), "the recipients are no list in block style under `sops.age`")
                .help("let `sops` write the file once: `sops rotate -i FILE`"));
        };
        let column = column(self.text, list.start);
        let mut texts: Vec<String> = Vec::new();
        let mut done: Vec<&str> = Vec::new();
        for (wrap, item) in self.only_group()?.iter().zip(items).filter(|_| keep) {
            if recipients.iter().any(|one| one.as_str() == wrap.recipient) && !done.contains(&&*wrap.recipient) {
                texts.push(self.text[item.clone()].to_owned());
                done.push(&wrap.recipient);
            }
        }
        for recipient in recipients {
            if !done.contains(&recipient.as_str()) {
                texts.push(wrap(recipient, key, column)?.trim().to_owned());
                done.push(recipient.as_str());
            }
        }
        let text = texts.join(&format!("\n{}", " ".repeat(column)));
        let text = text.replace("\r\n", "\n").replace('\n', self.eol());
        for copy in copies(self)? {
            edits.replace(copy + list.start - places.block.start..copy + list.end - places.block.start, text.clone());
        }
        Ok(())
    }
}

/// Where the block of SOPS starts: `sops` repeats it in every document, and a copy left behind would keep old recipients.
pub(super) fn copies(document: &Document<'_>) -> Result<Vec<usize>, DocumentError> {
    let block = &document.block.places.block;
    let mut starts = Vec::new();
    for root in &document.roots {
        let Some((_, node)) = root.map.entries.iter().find(|(key, _)| key.text == "sops") else { continue };
        let span = node.span();
        if document.text[span.clone()] != document.text[block.clone()] {
            return Err(request(span, "the block `sops` of this document differs from that of the first one")
                .help("let `sops` write the file once: `sops rotate -i FILE`"));
        }
        starts.push(span.start);
    }
    Ok(starts)
}
