//! What must not be shown: whether an object holds secrets, and what is said of a Secret instead of its values.
//!
//! Of a Secret only its name, the names of its keys, its revision and its public recipients ever leave this module; of
//! its values not even a length or a hash.

use std::collections::BTreeSet;

use super::effect::{self, Changed};
use super::fields::{Difference, Field, Shown, Step, differences};
use super::{Detail, Effect, FieldChange, Hidden};
use crate::manifest::{Map, Value};

/// How much of an object may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Showing {
    /// Everything.
    Values,
    /// Which fields differ.
    Paths,
    /// Which keys of a Secret differ.
    Keys,
}

/// The annotation that counts how often a Secret's values changed.
const REVISION: &str = "lmsgen.dev/revision";

/// What decides which values of a file SOPS encrypts, in its own block.
const RULES: [&str; 7] = [
    "encrypted_regex",
    "encrypted_suffix",
    "unencrypted_regex",
    "unencrypted_suffix",
    "encrypted_comment_regex",
    "unencrypted_comment_regex",
    "mac_only_encrypted",
];

/// How much may be shown of an object, in both its versions.
pub(super) fn showing(objects: &[&Value]) -> Showing {
    if objects.iter().any(|object| is_secret_kind(object)) {
        Showing::Keys
    } else if objects.iter().any(|object| holds_secret(object)) {
        Showing::Paths
    } else {
        Showing::Values
    }
}

/// `true` if the object, or one inside it, is a Secret or encrypted by SOPS.
pub(super) fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Map(map) => {
            is_secret_kind(value)
                || ["sops", "stringData"].iter().any(|key| map.get(key).is_some())
                || map.iter().any(|(_, value)| holds_secret(value))
        }
        Value::List(items) => items.iter().any(holds_secret),
        _ => false,
    }
}

fn is_secret_kind(value: &Value) -> bool {
    let is_secret = |kind: &str| ["Secret", "SopsSecret"].iter().any(|known| kind.eq_ignore_ascii_case(known));
    value.str_at(&["kind"]).is_some_and(is_secret)
}

/// `true` if a text is a private key, wherever it stands.
pub(super) fn holds_private_key(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("PRIVATE KEY") || text.contains("AGE-SECRET-KEY-"),
        Value::List(items) => items.iter().any(holds_private_key),
        Value::Map(map) => map.iter().any(|(_, value)| holds_private_key(value)),
        _ => false,
    }
}

/// What happened to a value that is not shown.
pub(super) fn hidden<T>(old: Option<T>, new: Option<T>) -> Detail {
    let hidden = match (old, new) {
        (None, _) => Hidden::Added,
        (_, None) => Hidden::Removed,
        _ => Hidden::Changed,
    };
    Detail::Hidden { hidden }
}

/// What differs between two versions of a Secret.
pub(super) fn secret_fields(object: Changed<'_>) -> Vec<FieldChange> {
    let mut found = key_fields(object);
    let mut envelope = false;
    for field in differences(object.old, object.new) {
        let is_key =
            |step: Option<&Step>, keys: &[&str]| matches!(step, Some(Step::Key(key)) if keys.contains(&key.as_str()));
        let sections = ["data", "stringData"];
        let below_template =
            is_key(field.path.first(), &["spec"]) && field.path.iter().any(|step| is_key(Some(step), &sections));
        if is_key(field.path.first(), &sections) || below_template {
            continue;
        }
        if is_key(field.path.first(), &["sops"]) && !is_key(field.path.get(1), &RULES) {
            envelope = true;
            continue;
        }
        let detail = revision(&field);
        found.push(FieldChange {
            effect: if is_revision(&field) && counter(object.new) < counter(object.old) {
                Effect::MovesBackwards
            } else {
                effect::of_field(object, &field.path)
            },
            path: Shown(&field.path).to_string(),
            detail: detail.unwrap_or_else(|| match field.difference {
                Difference::Value { old, new } => hidden(old, new),
                Difference::Order { .. } => Detail::Hidden { hidden: Hidden::Changed },
            }),
        });
    }
    if envelope {
        let recipients = recipient_fields(object);
        // New ciphertext comes with a new MAC and time; alone, they mean that the file was encrypted anew.
        if recipients.is_empty() && found.is_empty() {
            found.push(FieldChange {
                path: "sops".into(),
                effect: Effect::RestartsNothing,
                detail: Detail::Hidden { hidden: Hidden::Changed },
            });
        }
        found.extend(recipients);
    }
    found
}

/// What the values stand in: the Secret itself, or the template of a `SopsSecret`.
fn body(object: &Value) -> &Value {
    let templates = object.at(&["spec", "secretTemplates"]).and_then(Value::as_list);
    templates.and_then(<[Value]>::first).unwrap_or(object)
}

/// Keys of `data` and `stringData`.
fn key_fields(object: Changed<'_>) -> Vec<FieldChange> {
    let mut found = Vec::new();
    let (old_body, new_body) = (body(object.old), body(object.new));
    for part in ["data", "stringData"] {
        let (old, new) = (old_body.at(&[part]), new_body.at(&[part]));
        let empty = Map::new();
        let keys = |value: Option<&Value>| value.is_none_or(|value| value.as_map().is_some());
        let mut push = |path: &[Step], detail| {
            let effect = effect::of_field(object, path);
            found.push(FieldChange { path: Shown(path).to_string(), effect, detail });
        };
        let part = Step::Key(part.into());
        if !keys(old) || !keys(new) {
            if old != new {
                push(&[part], hidden(old, new));
            }
            continue;
        }
        let (old, new) = (old.and_then(Value::as_map).unwrap_or(&empty), new.and_then(Value::as_map).unwrap_or(&empty));
        let names: BTreeSet<&str> = old.iter().chain(new.iter()).map(|(key, _)| key).collect();
        for name in names {
            let (old, new) = (old.get(name), new.get(name));
            if old != new {
                push(&[part.clone(), Step::Key(name.into())], hidden(old, new));
            }
        }
    }
    found
}

/// `true` for the annotation that holds the revision.
fn is_revision(field: &Field<'_>) -> bool {
    let steps = ["metadata", "annotations", REVISION];
    field.path.len() <= steps.len()
        && field.path.iter().zip(steps).all(|(step, key)| matches!(step, Step::Key(this) if this == key))
}

/// The revision of a Secret; 1 without the annotation.
fn counter(secret: &Value) -> u64 {
    secret.str_at(&["metadata", "annotations", REVISION]).and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// The revision is a counter and says nothing about the values.
fn revision(field: &Field<'_>) -> Option<Detail> {
    let Difference::Value { old: Some(old), new: Some(new) } = &field.difference else { return None };
    let counter = |value: &Value| value.as_str().and_then(|text| text.parse::<u64>().ok());
    Some(Detail::Set { old: counter(old)?.into(), new: counter(new)?.into() }).filter(|_| is_revision(field))
}

/// Who can decrypt the file: age recipients are public.
fn recipient_fields(object: Changed<'_>) -> Vec<FieldChange> {
    let (old, new) = (recipients(object.old), recipients(object.new));
    let field = |detail| FieldChange { path: "sops.age".into(), effect: Effect::RestartsNothing, detail };
    let added = new.difference(&old).map(|one| field(Detail::Added { new: (*one).into() }));
    let removed = old.difference(&new).map(|one| field(Detail::Removed { old: (*one).into() }));
    added.chain(removed).collect()
}

fn recipients(secret: &Value) -> BTreeSet<&str> {
    let list = secret.at(&["sops", "age"]).and_then(Value::as_list).unwrap_or_default();
    let is_recipient = |text: &&str| {
        text.len() == 62
            && text.starts_with("age1")
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    list.iter().filter_map(|item| item.str_at(&["recipient"])).filter(is_recipient).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse_documents;

    const A: &str = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";
    const B: &str = "age1zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz";

    fn fields(old: &str, new: &str) -> Vec<String> {
        let read = |text: &str| parse_documents(text).unwrap().remove(0);
        let (old, new) = (read(old), read(new));
        secret_fields(Changed { kind: "Secret", old: &old, new: &new })
            .iter()
            .map(|field| match &field.detail {
                Detail::Hidden { hidden } => format!("{} {hidden:?}", field.path),
                other => format!("{} {other:?}", field.path),
            })
            .collect()
    }

    fn sealed(value: &str, revision: u8, recipient: &str, mac: &str) -> String {
        format!(
            "{{ kind: Secret, metadata: {{ annotations: {{ lmsgen.dev/revision: '{revision}' }} }}, \
             stringData: {{ pg-password: '{value}', seed: s }}, \
             sops: {{ age: [{{ recipient: {recipient}, enc: x }}], mac: {mac} }} }}"
        )
    }

    #[test]
    fn a_rotated_key_is_named_with_its_revision() {
        assert_eq!(
            fields(&sealed("ENC[a]", 1, A, "m"), &sealed("ENC[b]", 2, A, "n")),
            [
                "stringData.pg-password Changed",
                "metadata.annotations[\"lmsgen.dev/revision\"] Set { old: Number(1), new: Number(2) }"
            ]
        );
    }

    #[test]
    fn an_older_version_is_called_so() {
        let read = |text: &str| parse_documents(text).unwrap().remove(0);
        let (old, new) = (read(&sealed("ENC[b]", 2, A, "n")), read(&sealed("ENC[a]", 1, A, "m")));
        let found = secret_fields(Changed { kind: "Secret", old: &old, new: &new });
        assert!(found.iter().any(|field| field.effect == Effect::MovesBackwards));
        let found = secret_fields(Changed { kind: "Secret", old: &new, new: &old });
        assert!(found.iter().all(|field| field.effect != Effect::MovesBackwards));
    }

    #[test]
    fn keys_of_a_template_and_rules_are_named() {
        let file = |value: &str, rule: &str| {
            format!(
                "{{ kind: SopsSecret, spec: {{ secretTemplates: [{{ name: x, stringData: {{ a: '{value}' }} }}] }}, \
                 sops: {{ {rule}: x, mac: m }} }}"
            )
        };
        let found = fields(&file("ENC[a]", "encrypted_regex"), &file("ENC[b]", "encrypted_suffix"));
        assert_eq!(found, ["stringData.a Changed", "sops.encrypted_regex Removed", "sops.encrypted_suffix Added"]);
    }

    #[test]
    fn keys_come_and_go() {
        assert_eq!(
            fields(
                "{ kind: Secret, data: { a: x, b: y } }",
                "{ kind: Secret, data: { b: y, c: z }, stringData: { d: w } }"
            ),
            ["data.a Removed", "data.c Added", "stringData.d Added",]
        );
    }

    #[test]
    fn recipients_are_public_and_other_ciphertext_is_not() {
        let rewrapped = fields(&sealed("e", 1, A, "m"), &sealed("e", 1, B, "n"));
        assert_eq!(
            rewrapped,
            [format!("sops.age Added {{ new: String({B:?}) }}"), format!("sops.age Removed {{ old: String({A:?}) }}")]
        );
        assert_eq!(fields(&sealed("e", 1, A, "m"), &sealed("e", 1, A, "n")), ["sops Changed"]);
        let odd = fields(&sealed("e", 1, "hunter2", "m"), &sealed("e", 1, "hunter3", "n"));
        assert_eq!(odd, ["sops Changed"]);
    }

    #[test]
    fn a_secret_is_found_wherever_it_is() {
        let read = |text: &str| parse_documents(text).unwrap().remove(0);
        for (text, expected) in [
            ("kind: Secret", Showing::Keys),
            ("kind: secret", Showing::Keys),
            ("{ kind: ConfigMap, sops: {} }", Showing::Paths),
            ("{ kind: Object, spec: { forProvider: { manifest: { kind: Secret } } } }", Showing::Paths),
            ("{ kind: SopsSecret, spec: { secretTemplates: [{ stringData: { a: b } }] } }", Showing::Keys),
            ("{ kind: ConfigMap, data: { a: b } }", Showing::Values),
        ] {
            assert_eq!(showing(&[&read(text)]), expected, "{text}");
        }
    }
}
