//! Changed files as text, for `diff --unified`: what holds a Secret, or cannot be read, is never shown.

use rayon::prelude::*;

use super::conceal::{self, holds_private_key, holds_secret};
use super::effect::Changed;
use super::object::hunks;
use super::read::{RECORD, documents};
use super::{Detail, Hidden};
use crate::manifest::{ObjectRef, Value};
use crate::names::RelPath;
use crate::tree::FileChange;

/// One changed file as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextChange {
    /// The file.
    pub path: RelPath,
    /// `false` for a file that is new.
    pub is_old: bool,
    /// `false` for a file that is gone.
    pub is_new: bool,
    /// What is shown of it.
    pub body: TextBody,
}

/// What is shown of a changed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextBody {
    /// The hunks of a unified diff.
    Hunks(String),
    /// The file holds Secrets: one line for each key that was added, removed or changed, without values.
    Secret(Vec<String>),
    /// The file is no readable manifest, so nobody knows whether it holds a secret.
    Unreadable,
}

/// Every changed file as text, in the order of `changes`.
#[must_use]
pub fn unified(changes: &[FileChange]) -> Vec<TextChange> {
    changes.par_iter().map(one).collect()
}

fn one(change: &FileChange) -> TextChange {
    TextChange {
        path: change.path.clone(),
        is_old: change.old.is_some(),
        is_new: change.new.is_some(),
        body: body(change).unwrap_or(TextBody::Unreadable),
    }
}

fn body(change: &FileChange) -> Option<TextBody> {
    let (old, new) = (change.old.as_deref(), change.new.as_deref());
    let read = |bytes: Option<&[u8]>| bytes.map_or_else(|| Some(Vec::new()), documents);
    let (before, after) = (read(old)?, read(new)?);
    let mut all = before.iter().chain(&after);
    if all.clone().any(|value| holds_secret(value) || holds_private_key(value)) {
        return Some(TextBody::Secret(lines(&before, &after)));
    }
    if change.path.file_name() != RECORD && !all.all(|value| ObjectRef::of(value).is_some()) {
        return None;
    }
    let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).ok();
    Some(TextBody::Hunks(hunks(&text(old)?, &text(new)?)))
}

/// What is said of the objects of a file that holds Secrets.
fn lines(before: &[Value], after: &[Value]) -> Vec<String> {
    let name = |value: &Value| ObjectRef::of(value).map(|object| object.to_string());
    let mut lines = Vec::new();
    for old in before {
        let Some(name_of_old) = name(old) else { continue };
        match after.iter().find(|new| name(new).as_ref() == Some(&name_of_old)) {
            None => lines.push(format!("{name_of_old} deleted")),
            Some(new) if old == new => {}
            Some(new) if conceal::showing(&[old, new]) == conceal::Showing::Keys => {
                let kind = old.str_at(&["kind"]).unwrap_or_default();
                let fields = conceal::secret_fields(Changed { kind, old, new });
                lines
                    .extend(fields.iter().map(|field| format!("{name_of_old} {} {}", field.path, word(&field.detail))));
            }
            Some(_) => lines.push(format!("{name_of_old} changed")),
        }
    }
    let known: Vec<_> = before.iter().filter_map(name).collect();
    lines.extend(after.iter().filter_map(name).filter(|name| !known.contains(name)).map(|name| name + " created"));
    lines
}

const fn word(detail: &Detail) -> &'static str {
    match detail {
        Detail::Added { .. } | Detail::Hidden { hidden: Hidden::Added } => "added",
        Detail::Removed { .. } | Detail::Hidden { hidden: Hidden::Removed } => "removed",
        _ => "changed",
    }
}
