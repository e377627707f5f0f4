//! Changing a document in place: a value, its data key, its recipients. All else keeps its bytes.

use std::ops::Range;

use super::error::{DocumentError, Problem};
use super::leaf::{self, Step};
use super::open::{Document, Part, display};
use super::tree::{Map, Node};
use super::write::{quoted, wrap};
use crate::sops::text_edit::{Edits, column, line_end};
use crate::sops::{DataKey, Identities, Kind, Plaintext, Recipient, is_timestamp};

fn request(span: Range<usize>, message: impl Into<String>) -> DocumentError {
    DocumentError::new(Problem::Request, span, message)
}

impl Document<'_> {
    /// Sets the value at `path` of the first document, as `sops set` does: in place of the one there, or as a new key at the
    /// end of its mapping. The same value gives the same text.
    ///
    /// # Errors
    /// The file does not open, or there is no place for the value.
    pub fn set(
        &self,
        (path, kind): (&[Step], Kind),
        value: &Plaintext,
        (identities, now): (&Identities, &str),
    ) -> Result<String, DocumentError> {
        let key = self.data_key(identities)?;
        let (parts, digest) = self.parts(&key)?;
        self.check_mac(&key, &digest)?;
        let is_here = |part: &&Part<'_, '_>| part.leaf.document == 0 && part.leaf.steps == path;
        if parts.iter().find(is_here).is_some_and(|part| part.kind == kind && part.value == *value) {
            return Ok(self.text.to_owned());
        }
        let selected = self.selector.selects(&leaf::keys(path));
        let literal = |flow: bool| -> Result<String, DocumentError> {
            let quotes = if flow { "\"" } else { "" };
            match kind {
                Kind::Comment | Kind::Bytes => Err(request(0..0, "only text, numbers, bools and times can be set")),
                _ if value.is_empty() => Ok("\"\"".to_owned()),
                _ if selected => {
                    Ok(format!("{quotes}{}{quotes}", key.seal_as(kind, &leaf::aad(path), value.expose())?))
                }
                _ => clear(kind, value),
            }
        };
        let mut edits = Edits::default();
        let leaves = leaf::leaves(&self.roots);
        if let Some(one) = leaves.iter().find(|one| one.document == 0 && one.steps == path) {
            let span = one.scalar.span.clone();
            match self.text[span.start..].strip_prefix(':') {
                // A key with nothing behind it.
                Some(_) if span.is_empty() => edits.insert(span.start + 1, format!(" {}", literal(one.flow)?)),
                _ if span.is_empty() => return Err(request(span, "nothing stands where the value should go")),
                _ => edits.replace(span, literal(one.flow)?),
            }
        } else {
            let (at, head, tail) = self.place(path)?;
            edits.insert(at, format!("{head}{}{tail}", literal(false)?));
        }
        finish(&edits.apply(self.text), &key, now)
    }

    /// Where a new key goes, and what stands around its value.
    fn place(&self, path: &[Step]) -> Result<(usize, String, &'static str), DocumentError> {
        let absent = || request(0..0, format!("there is no mapping or list to put `{}` in", display(path)));
        let Some((Step::Key(key), above)) = path.split_last() else { return Err(absent()) };
        let map = find(&self.roots[0].map, above).ok_or_else(absent)?;
        let Some((last, _)) = map.entries.last().filter(|_| !map.flow) else { return Err(absent()) };
        if map.entries.iter().any(|(other, _)| other.text == *key) || (above.is_empty() && key == "sops") {
            return Err(request(map.span.clone(), format!("`{}` is no single value", display(path))));
        }
        let key = quoted(key);
        if above.is_empty() && last.text == "sops" {
            return Ok((last.span.start, format!("{key}: "), "\n"));
        }
        let blanks = " ".repeat(column(self.text, map.entries[0].0.span.start));
        Ok((line_end(self.text, map.span.end), format!("\n{blanks}{key}: "), ""))
    }

    /// A new data key for `recipients` and every value encrypted again, as `sops rotate` does.
    ///
    /// # Errors
    /// The file does not open, no recipients, no randomness.
    pub fn rekey(
        &self,
        recipients: &[Recipient],
        (identities, now): (&Identities, &str),
    ) -> Result<String, DocumentError> {
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
        finish(&edits.apply(self.text), &key, now)
    }

    /// The data key as it is for `recipients` and nobody else, as `sops updatekeys` does; the same recipients give the same
    /// text.
    ///
    /// # Errors
    /// The file does not open, or no recipients.
    pub fn rewrap(&self, recipients: &[Recipient], identities: &Identities) -> Result<String, DocumentError> {
        let wraps = &self.block.wraps;
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
            return Err(request(places.block.clone(), "`sops.age` is written in brackets")
                .help("let `sops` write the file once: `sops rotate -i FILE`"));
        };
        let column = column(self.text, list.start);
        let mut texts: Vec<String> = Vec::new();
        let mut done: Vec<&str> = Vec::new();
        for (wrap, item) in self.block.wraps.iter().zip(items).filter(|_| keep) {
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
        for copy in copies(self)? {
            edits.replace(copy + list.start - places.block.start..copy + list.end - places.block.start, text.clone());
        }
        Ok(())
    }
}

/// Where the block of SOPS starts: `sops` repeats it in every document, and a copy left behind would keep old recipients.
fn copies(document: &Document<'_>) -> Result<Vec<usize>, DocumentError> {
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

/// Gives a changed text its MAC and time.
fn finish(text: &str, key: &DataKey, now: &str) -> Result<String, DocumentError> {
    if !is_timestamp(now) {
        return Err(request(0..0, "the time is not of the form `2026-01-02T03:04:05Z`"));
    }
    let document = Document::parse(text)?;
    let (_, digest) = document.parts(key)?;
    let mac = key.seal(now, digest.as_bytes())?;
    let places = &document.block.places;
    let mut edits = Edits::default();
    for copy in copies(&document)? {
        let here =
            |place: &Range<usize>| copy + place.start - places.block.start..copy + place.end - places.block.start;
        edits.replace(here(&places.mac), mac.clone());
        edits.replace(here(&places.last_modified), format!("\"{now}\""));
    }
    Ok(edits.apply(text))
}

/// The mapping that `path` leads to.
fn find<'d, 't>(map: &'d Map<'t>, path: &[Step]) -> Option<&'d Map<'t>> {
    let mut node: Option<&Node<'_>> = None;
    let mut map = map;
    for step in path {
        let next = match (node, step) {
            (Some(Node::List(list)), Step::Index(index)) => list.items.get(*index)?,
            (None | Some(Node::Map(_)), Step::Key(key)) => &map.entries.iter().find(|(other, _)| other.text == *key)?.1,
            _ => return None,
        };
        if let Node::Map(inner) = next {
            map = inner;
        }
        node = Some(next);
    }
    matches!(node, None | Some(Node::Map(_))).then_some(map)
}

/// A value in the clear, as YAML that SOPS reads as the same type.
fn clear(kind: Kind, value: &Plaintext) -> Result<String, DocumentError> {
    let text = std::str::from_utf8(value.expose()).map_err(|_| request(0..0, "the value is not text (UTF-8)"))?;
    Ok(match (kind, text) {
        (Kind::Str, text) => quoted(text),
        (Kind::Bool, text) => text.to_ascii_lowercase(),
        (Kind::Float, "+Inf") => ".inf".to_owned(),
        (Kind::Float, "-Inf") => "-.inf".to_owned(),
        (Kind::Float, "NaN") => ".nan".to_owned(),
        (Kind::Float, text) if !text.contains('.') => format!("{text}.0"),
        (_, text) => text.to_owned(),
    })
}
