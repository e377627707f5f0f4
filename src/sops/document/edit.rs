//! Changing values of a document in place. All else keeps its bytes.

use super::error::{DocumentError, Problem};
use super::leaf::{self, Step, display};
use super::open::{Document, Part, clear};
use super::place;
use super::recipients::copies;
use super::write::quoted;
use crate::sops::text_edit::Edits;
use crate::sops::{DataKey, Identities, Kind, Plaintext, Sealed, SealedError, is_timestamp};

fn request(message: impl Into<String>) -> DocumentError {
    DocumentError::new(Problem::Request, 0..0, message)
}

impl Document<'_> {
    /// Sets the value at `path` of the first document, as `sops set` does: in place of what is there, or as a new key or item
    /// at the end, with the mappings and lists that lead to it. The same value gives the same text. Other than `sops`, it
    /// does not count comments among the items of a list.
    ///
    /// # Errors
    /// The file does not open, or there is no place for the value.
    pub fn set(
        &self,
        (path, kind): (&[Step], Kind),
        value: &Plaintext,
        (identities, now): (&Identities, &str),
    ) -> Result<String, DocumentError> {
        if matches!(kind, Kind::Comment | Kind::Bytes) {
            return Err(request("only text, numbers, bools and times can be set"));
        }
        own_block(path)?;
        let key = self.data_key(identities)?;
        let (parts, digest) = self.parts(&key)?;
        self.check_mac(&key, &digest)?;
        let is_here = |part: &&Part<'_, '_>| part.leaf.document == 0 && part.leaf.steps == path;
        let old = parts.iter().find(is_here);
        if old.is_some_and(|part| part.kind == kind && part.value == *value) {
            return Ok(self.text.to_owned());
        }
        let (edits, path) = place::put(self, path)?;
        let text = edits.apply(self.text);
        let document = Document::parse(&text)?;
        let leaves = document.walk().0;
        let new = leaves.iter().find(|one| one.document == 0 && one.steps == path);
        let new = new.ok_or_else(|| request(format!("there is no place for `{}`", display(&path))))?;
        if old.is_some_and(|part| part.encrypted) && !new.selected {
            return Err(in_the_clear(&path));
        }
        let quotes = if new.flow { "\"" } else { "" };
        let literal = match kind {
            _ if value.is_empty() => "\"\"".to_owned(),
            _ if new.selected => {
                format!("{quotes}{}{quotes}", key.seal_as(kind, &leaf::aad(&path), value.expose())?)
            }
            _ => literal(kind, value)?,
        };
        let mut edits = Edits::default();
        edits.replace(new.scalar.span.clone(), literal);
        let touched = |part: &Part<'_, '_>| {
            let steps = &part.leaf.steps;
            part.leaf.document == 0 && (steps.starts_with(&path) || path.starts_with(steps))
        };
        let kept = parts.iter().filter(|part| !touched(part));
        finish(&edits.apply(&text), &key, now, |found| same(kept, found.iter().filter(|part| !touched(part))))
    }

    /// Takes out what is at `path` of the first document, as `sops unset` does: a value, or a mapping or list with all that is
    /// in it. A comment behind it goes with it, those above it stay.
    ///
    /// # Errors
    /// The file does not open, there is no such thing, or values would be in the clear without it.
    pub fn unset(&self, path: &[Step], (identities, now): (&Identities, &str)) -> Result<String, DocumentError> {
        own_block(path)?;
        let key = self.data_key(identities)?;
        let (parts, digest) = self.parts(&key)?;
        self.check_mac(&key, &digest)?;
        let text = place::remove(self, path)?.apply(self.text);
        let kept = parts.iter().filter(|part| part.leaf.document != 0 || !part.leaf.steps.starts_with(path));
        finish(&text, &key, now, |found| same(kept, found.iter()))
    }

    /// Encrypts what was left to the comments of something that is gone, or that has been put below one.
    fn sealed_again(&self, key: &DataKey) -> Result<String, DocumentError> {
        let (leaves, comments) = self.walk();
        let mut edits = Edits::default();
        for one in leaves {
            let aad = leaf::aad(&one.steps);
            match Sealed::parse_any(&one.scalar.text) {
                Ok(sealed) if !one.selected && key.open(&aad, sealed).is_ok() => {
                    return Err(in_the_clear(&one.steps));
                }
                Err(SealedError::Clear) if one.selected => {
                    let Some((kind, value)) = clear(&one)?.filter(|(_, value)| !value.is_empty()) else { continue };
                    let quotes = if one.flow { "\"" } else { "" };
                    let sealed = key.seal_as(kind, &aad, value.expose())?;
                    place::write_over(&mut edits, self.text, one.scalar, format!("{quotes}{sealed}{quotes}"));
                }
                _ => {}
            }
        }
        for comment in comments {
            let text = self.text[comment.span.start + 1..comment.span.end].trim_end_matches('\r');
            let aad = leaf::aad(&comment.steps);
            let is_sealed =
                Sealed::parse(text.trim_end(), "comment").is_ok_and(|sealed| key.open(&aad, sealed).is_ok());
            if is_sealed && !comment.selected {
                return Err(in_the_clear(&comment.steps));
            }
            if comment.selected && !is_sealed && !text.is_empty() {
                let start = comment.span.start + 1;
                edits.replace(start..start + text.len(), key.seal_as(Kind::Comment, &aad, text.as_bytes())?);
            }
        }
        Ok(edits.apply(self.text))
    }
}

fn own_block(path: &[Step]) -> Result<(), DocumentError> {
    match path.first() {
        Some(Step::Key(key)) if key == "sops" => Err(request("the key `sops` is SOPS' own")),
        _ => Ok(()),
    }
}

fn in_the_clear(path: &[Step]) -> DocumentError {
    let message = format!("`{}` would stand in the clear, by a comment that would be its own", display(path));
    request(message).help("move the comment with `sops edit FILE` first")
}

/// Whether the same values are there, in order, and all that were encrypted are.
pub(super) fn same<'p, 'q>(
    before: impl IntoIterator<Item = &'p Part<'p, 'p>>,
    after: impl IntoIterator<Item = &'q Part<'q, 'q>>,
) -> bool {
    let is_value = |part: &&Part<'_, '_>| part.kind != Kind::Comment;
    let mut after = after.into_iter().filter(is_value);
    let mut before = before.into_iter().filter(is_value);
    let equal = |old: &Part<'_, '_>, new: Option<&Part<'_, '_>>| {
        new.is_some_and(|new| (old.kind, &old.value) == (new.kind, &new.value) && (new.encrypted || !old.encrypted))
    };
    before.all(|old| equal(old, after.next())) && after.next().is_none()
}

/// Gives a changed text its MAC and time; `is_right` says whether it holds the values that it should.
pub(super) fn finish(
    text: &str,
    key: &DataKey,
    now: &str,
    is_right: impl FnOnce(&[Part<'_, '_>]) -> bool,
) -> Result<String, DocumentError> {
    if !is_timestamp(now) {
        return Err(request("the time is not of the form `2026-01-02T03:04:05Z`"));
    }
    let document = Document::parse(text)?;
    let sealed;
    let document = if document.selector.looks_at_comments() {
        sealed = document.sealed_again(key)?;
        Document::parse(&sealed)?
    } else {
        document
    };
    let (parts, digest) = document.parts(key)?;
    if !is_right(&parts) {
        return Err(request("the file is written in a way that cannot be changed in place")
            .help("let `sops` write the file once: `sops rotate -i FILE`"));
    }
    let mac = key.seal(now, digest.as_bytes())?;
    let places = &document.block.places;
    // In braces it has to be quoted.
    let quotes = if document.text[places.mac.clone()].starts_with("ENC[") { "" } else { "\"" };
    let mut edits = Edits::default();
    for copy in copies(&document)? {
        let here = |place: &std::ops::Range<usize>| {
            copy + place.start - places.block.start..copy + place.end - places.block.start
        };
        edits.replace(here(&places.mac), format!("{quotes}{mac}{quotes}"));
        edits.replace(here(&places.last_modified), format!("\"{now}\""));
    }
    Ok(edits.apply(document.text))
}

/// A value in the clear, as YAML that SOPS reads as the same type.
fn literal(kind: Kind, value: &Plaintext) -> Result<String, DocumentError> {
    let text = std::str::from_utf8(value.expose()).map_err(|_| request("the value is not text (UTF-8)"))?;
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
