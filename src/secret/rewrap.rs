//! Making a file's recipients the declared ones.
//!
//! Who is added gets the data key that there is, and nothing else in the file changes, as with `sops updatekeys`. Who is
//! removed has known the data key, so that the file gets a new one and everything in it is encrypted anew, as with
//! `sops rotate`. Values and revision stay.

use super::edit::{Opened, decrypt_comment, recipient_difference};
use super::error::StoreError;
use super::file::{Leaf, StoreFile};
use super::write::{check_time, entry, wrap};
use crate::sops::{DataKey, Edits, Identities, Kind, Recipient, digest};

/// What became of a file.
#[derive(Debug)]
pub struct Rewrapped {
    /// The file now.
    pub bytes: Vec<u8>,
    /// Who can open it now and could not before.
    pub added: Vec<String>,
    /// Who could open it; whoever has the old file still can.
    pub removed: Vec<String>,
    /// The keys of the Secret, all of which a removed recipient could read.
    pub keys: Vec<String>,
}

/// When a file gets a new data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewDataKey {
    /// When a recipient is removed.
    WhenNeeded,
    /// In any case.
    Always,
}

/// Makes `recipients` the file's; the same bytes come back when they are already.
///
/// # Errors
/// What is wrong with the file; no identity that opens it.
pub fn rewrap(
    bytes: &[u8],
    recipients: &[Recipient],
    when: NewDataKey,
    identities: &Identities,
    now: &str,
) -> Result<Rewrapped, StoreError> {
    check_time(now)?;
    if recipients.is_empty() {
        return Err(StoreError::Nothing("recipient"));
    }
    let file = StoreFile::parse(bytes).map_err(StoreError::Faults)?;
    let declared: Vec<&str> = recipients.iter().map(Recipient::as_str).collect();
    let (added, removed) = recipient_difference(&declared, &file.recipients().collect::<Vec<_>>());
    let keys = file.keys().map(str::to_owned).collect();
    let bytes = if !removed.is_empty() || when == NewDataKey::Always {
        rekey(&file, recipients, &Opened::new(&file, identities)?, now)?
    } else if added.is_empty() {
        bytes.to_vec()
    } else {
        add(&file, recipients, &added, &Opened::new(&file, identities)?)?
    };
    Ok(Rewrapped { bytes, added, removed, keys })
}

/// Encrypts the data key to the recipients that the file lacks; their items go where the order of their names puts them.
fn add(
    file: &StoreFile<'_>,
    recipients: &[Recipient],
    added: &[String],
    opened: &Opened,
) -> Result<Vec<u8>, StoreError> {
    let mut items: Vec<(&str, String)> = Vec::with_capacity(recipients.len());
    let list = &file.text[file.places.age.clone()];
    let (head, texts) = split_items(list);
    for (wrap, text) in file.wraps.iter().zip(texts) {
        items.push((&wrap.recipient, text.to_owned()));
    }
    if items.len() != file.wraps.len() {
        return Err(StoreError::Nothing("recipient"));
    }
    let in_order = items.is_sorted_by_key(|(recipient, _)| *recipient);
    for recipient in recipients.iter().filter(|one| added.iter().any(|text| text == one.as_str())) {
        let mut text = String::with_capacity(512);
        wrap(&mut text, recipient, &opened.key, indent_of(list))?;
        items.push((recipient.as_str(), text));
    }
    if in_order {
        items.sort_by_key(|(recipient, _)| *recipient);
    }
    let mut edits = Edits::default();
    let items = std::iter::once(head.to_owned()).chain(items.into_iter().map(|(_, text)| text));
    edits.replace(file.places.age.clone(), items.collect());
    Ok(edits.apply_in_lines(file.text).into_bytes())
}

/// Encrypts everything with a new data key.
fn rekey(file: &StoreFile<'_>, recipients: &[Recipient], opened: &Opened, now: &str) -> Result<Vec<u8>, StoreError> {
    let key = DataKey::generate()?;
    let mut edits = Edits::default();
    for (one, value) in file.entries.iter().zip(&opened.values) {
        let sealed = entry(&key, file.form, one.section, &one.key, value.expose())?;
        edits.replace(one.value_span.clone(), sealed);
    }
    for (place, aad) in &file.places.comments {
        // One that does not open stays as it is, as `sops` leaves it.
        if let Some(comment) = decrypt_comment(&opened.key, &file.text[place.clone()], aad) {
            edits.replace(place.clone(), key.seal_as(Kind::Comment, aad, comment.expose())?);
        }
    }
    let mut ordered: Vec<&Recipient> = recipients.iter().collect();
    ordered.sort_unstable_by_key(|recipient| recipient.as_str());
    let list = &file.text[file.places.age.clone()];
    let (head, items) = split_items(list);
    let mut text = String::with_capacity(512 * ordered.len());
    for recipient in ordered {
        // Who stays keeps what is said of them.
        let old = file.wraps.iter().zip(&items).find(|(wrap, _)| wrap.recipient == recipient.as_str());
        text.push_str(old.map_or("", |(_, item)| &item[..comments_above(item)]));
        wrap(&mut text, recipient, &key, indent_of(list))?;
    }
    edits.replace(file.places.age.clone(), format!("{head}{text}"));
    edits.replace(file.places.last_modified.clone(), format!("\"{now}\""));
    let mac = digest(file.leaves.iter().map(|leaf| match leaf {
        Leaf::Clear(text) => text.as_bytes(),
        Leaf::Entry(at) => opened.values[*at].expose(),
    }));
    edits.replace(file.places.mac.clone(), key.seal(now, mac.as_bytes())?);
    Ok(edits.apply_in_lines(file.text).into_bytes())
}

/// How far the dashes of a list are indented.
fn indent_of(list: &str) -> usize {
    let item = list.lines().find(|line| line.trim_start_matches(' ').starts_with("- "));
    item.map_or(4, |line| line.len() - line.trim_start_matches(' ').len())
}

/// What stands above the first item of a list, and the items, each with all of its lines and the comments above it.
fn split_items(list: &str) -> (&str, Vec<&str>) {
    let dash = format!("{}- ", " ".repeat(indent_of(list)));
    let mut starts: Vec<usize> = Vec::new();
    let (mut at, mut comments) = (0, None);
    for line in list.split_inclusive('\n') {
        if line.starts_with(&dash) {
            let above = comments.filter(|_| !starts.is_empty());
            starts.push(above.unwrap_or(at));
        }
        comments = if line.trim_start().starts_with('#') { comments.or(Some(at)) } else { None };
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([list.len()]);
    let items = starts.iter().zip(ends).map(|(&start, end)| &list[start..end]).collect();
    (&list[..starts.first().copied().unwrap_or(0)], items)
}

/// How many bytes the comments above an item have.
fn comments_above(item: &str) -> usize {
    let lines = item.split_inclusive('\n').take_while(|line| line.trim_start().starts_with('#'));
    lines.map(str::len).sum()
}
