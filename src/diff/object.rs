//! One object before and after, as a change with the client's names replaced by placeholders.

use similar::TextDiff;

use super::conceal::{self, Showing};
use super::effect::{self, Changed};
use super::fields::{Difference, Field, Shown, Step, differences};
use super::pattern::{Pattern, are_digests, holds_placeholder, unhashed};
use super::{Action, Detail, Effect, FieldChange, Hidden, ObjectChange, Owner};
use crate::manifest::{ObjectRef, Value};

/// A change of one object of one owner.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Whose object it is.
    pub(super) owner: Owner,
    /// The change.
    pub(super) object: ObjectChange,
}

/// Texts of more lines are not compared line by line.
const MOST_LINES: usize = 5_000;

/// An object that is there on one side only.
pub(super) fn one_sided(owner: &Owner, reference: &ObjectRef, value: &Value, action: Action) -> Found {
    let effect = match action {
        Action::Deleted => effect::of_deletion(&reference.kind, value),
        _ => effect::of_creation(&reference.kind, value),
    };
    let pattern = pattern(owner, &[value]);
    let mut object = change(reference, &pattern, action, effect);
    // Instances come and go with the same Jobs, each under a hash of its own.
    if reference.kind == "Job" {
        object.name = without_hash(&object.name);
    }
    Found { owner: owner.clone(), object }
}

/// An object before and now; `None` if nothing in it differs.
///
/// `Action::Replaced` is for an object whose name is the old one's but for the content hash.
pub(super) fn two_sided(owner: &Owner, reference: &ObjectRef, values: [&Value; 2], action: Action) -> Option<Found> {
    let [old, new] = values;
    if old == new {
        return None;
    }
    let pattern = pattern(owner, &values);
    let changed = Changed { kind: &reference.kind, old, new };
    let mut fields = match conceal::showing(&values) {
        Showing::Keys => conceal::secret_fields(changed),
        showing => differences(old, new)
            .iter()
            .map(|field| FieldChange {
                path: pattern.text(&Shown(&field.path).to_string()),
                effect: effect::of_field(changed, &field.path),
                detail: detail(field, showing, &pattern),
            })
            .collect(),
    };
    let mut effect = fields.iter().map(|field| field.effect).min().unwrap_or(Effect::RestartsNothing);
    let mut shown = change(reference, &pattern, action, effect);
    if action == Action::Replaced {
        effect = effect::of_creation(&reference.kind, new);
        if effect == Effect::Runs {
            effect = Effect::RunsAgain;
        }
        fields.retain(|field| field.path != "metadata.name");
        for field in &mut fields {
            field.effect = effect;
        }
        shown.name = without_hash(&shown.name);
    }
    shown.effect = effect;
    shown.fields = fields;
    Some(Found { owner: owner.clone(), object: shown })
}

/// No placeholders where a value holds what looks like one: two different changes must never look the same.
fn pattern(owner: &Owner, values: &[&Value]) -> Pattern {
    let showing = conceal::showing(values);
    if values.iter().any(|value| holds_placeholder(value, showing)) { Pattern::verbatim() } else { Pattern::of(owner) }
}

fn without_hash(name: &str) -> String {
    unhashed(name).map_or_else(|| name.to_owned(), |stem| format!("{stem}-{{hash}}"))
}

fn change(reference: &ObjectRef, pattern: &Pattern, action: Action, effect: Effect) -> ObjectChange {
    ObjectChange {
        api_version: reference.api_version.clone(),
        kind: reference.kind.clone(),
        namespace: reference.namespace.clone(),
        name: pattern.text(&reference.name),
        action,
        effect,
        verbatim: pattern.is_verbatim(),
        fields: Vec::new(),
    }
}

fn detail(field: &Field<'_>, showing: Showing, pattern: &Pattern) -> Detail {
    let (old, new) = match &field.difference {
        Difference::Order { .. } if showing != Showing::Values => {
            return Detail::Hidden { hidden: Hidden::Changed };
        }
        Difference::Order { old, new } => {
            let keys = |keys: &[String]| keys.iter().map(|key| pattern.text(key)).collect();
            return Detail::Order { old: keys(old), new: keys(new) };
        }
        Difference::Value { old, new } => (*old, *new),
    };
    let is_private = [old, new].into_iter().flatten().any(conceal::holds_private_key);
    match (old, new) {
        _ if showing != Showing::Values || is_private => conceal::hidden(old, new),
        (Some(Value::String(old)), Some(Value::String(new))) if is_digest(&field.path, old, new) => Detail::Digest,
        (Some(Value::String(old)), Some(Value::String(new))) if old.contains('\n') || new.contains('\n') => {
            Detail::Lines { hunks: hunks(&pattern.text(old), &pattern.text(new)) }
        }
        (Some(old), Some(new)) => Detail::Set { old: pattern.json(old), new: pattern.json(new) },
        (None, Some(new)) => Detail::Added { new: pattern.json(new) },
        (Some(old), None) => Detail::Removed { old: pattern.json(old) },
        (None, None) => Detail::Hidden { hidden: Hidden::Changed },
    }
}

/// Hashes that follow from another change, and differ from instance to instance: in annotations, and at the end of names.
fn is_digest(path: &[Step], old: &str, new: &str) -> bool {
    let noted = path.iter().any(|step| matches!(step, Step::Key(key) if key == "annotations"));
    noted && are_digests(old, new) || unhashed(old).is_some_and(|stem| unhashed(new) == Some(stem))
}

/// The hunks of a unified diff with three lines of context.
pub(super) fn hunks(old: &str, new: &str) -> String {
    let lines = |text: &str| text.lines().count();
    if lines(old).max(lines(new)) > MOST_LINES {
        return format!("@@ {} lines before, {} lines now: too many to compare @@\n", lines(old), lines(new));
    }
    TextDiff::from_lines(old, new).unified_diff().context_radius(3).missing_newline_hint(false).to_string()
}
