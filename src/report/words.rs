//! Changes in words: names, fields and values as a diff shows them. Lays nothing out.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{count, counted, printable};
use crate::diff::{Action, Detail, Effect, FieldChange, Group, Hidden, ObjectChange, Owner};

/// How the texts of a group are shown: a placeholder is the client's name where there is one client, else `*`.
pub(super) struct Names {
    only: Option<(String, String)>,
}

impl Names {
    /// The names of a group's instances.
    pub(super) fn of(group: &Group) -> Self {
        match group.instances.as_slice() {
            [owner] => Self { only: Some((owner.slug(), owner.client.clone())) },
            _ => Self { only: None },
        }
    }

    /// A text of `object`, safe to print.
    pub(super) fn show(&self, object: &ObjectChange, text: &str) -> String {
        let text = printable(text);
        if object.verbatim || !text.contains('{') {
            return text.into_owned();
        }
        let (slug, client) = self.only.as_ref().map_or(("*", "*"), |(slug, client)| (slug.as_str(), client.as_str()));
        text.replace("{slug}", slug).replace("{client}", client).replace("{hash}", "*")
    }

    /// `Deployment lms-deployment-c17`.
    pub(super) fn object(&self, object: &ObjectChange) -> String {
        format!("{} {}", printable(&object.kind), self.show(object, &object.name))
    }

    /// Hunks of a text of `object`; what a terminal acts on is left in.
    pub(super) fn lines<'t>(&self, object: &ObjectChange, hunks: &'t str) -> Cow<'t, str> {
        match &self.only {
            Some((slug, client)) if !object.verbatim => {
                Cow::Owned(hunks.replace("{slug}", slug).replace("{client}", client))
            }
            _ => Cow::Borrowed(hunks),
        }
    }

    /// A field's path without what goes without saying.
    pub(super) fn path(&self, object: &ObjectChange, field: &FieldChange) -> String {
        self.show(object, &short_path(object, field))
    }

    /// What changes in one field: `replicas 1 -> 2`.
    pub(super) fn field(&self, object: &ObjectChange, field: &FieldChange) -> String {
        let path = self.path(object, field);
        let value = |value: &Json| self.show(object, &flow(value));
        let change = match &field.detail {
            Detail::Set { old: Json::String(old), new: Json::String(new) } if is_image(field) => match tags(old, new) {
                Some((old, new)) => format!("tag {} -> {}", self.show(object, old), self.show(object, new)),
                None => format!("{} -> {}", self.show(object, old), self.show(object, new)),
            },
            Detail::Set { old, new } => format!("{} -> {}", value(old), value(new)),
            Detail::Added { new } => format!("added: {}", value(new)),
            Detail::Removed { old } => format!("removed, was {}", value(old)),
            Detail::Lines { hunks } => lines(hunks),
            Detail::Order { .. } => "in another order".into(),
            Detail::Digest => "follows".into(),
            Detail::Hidden { hidden } => self::hidden(*hidden).into(),
        };
        let immutable = if field.effect == Effect::Rejected { " (immutable)" } else { "" };
        format!("{path} {change}{immutable}")
    }
}

fn is_image(field: &FieldChange) -> bool {
    field.path.rsplit('.').next() == Some("image")
}

/// What happened to a value that is not shown.
pub(super) const fn hidden(hidden: Hidden) -> &'static str {
    match hidden {
        Hidden::Added => "added",
        Hidden::Removed => "removed",
        Hidden::Changed => "changed",
    }
}

/// What a text of several lines loses and gains: `3 lines removed, 1 added`.
fn lines(hunks: &str) -> String {
    let with = |sign: char| hunks.lines().filter(|line| line.starts_with(sign)).count();
    match (with('-'), with('+')) {
        (0, 0) => "changed".into(),
        (0, added) => format!("{} added", counted(added, "line")),
        (removed, 0) => format!("{} removed", counted(removed, "line")),
        (removed, added) => format!("{} removed, {} added", counted(removed, "line"), count(added)),
    }
}

/// A path without what goes without saying. What the API server rejects is named in full.
fn short_path<'f>(object: &ObjectChange, field: &'f FieldChange) -> Cow<'f, str> {
    let path = field.path.as_str();
    if field.effect == Effect::Rejected {
        return Cow::Borrowed(path);
    }
    let data = matches!(object.kind.as_str(), "ConfigMap" | "Secret" | "SopsSecret");
    let prefixes = ["spec.template.spec.", "spec.template.metadata.", "spec.", "metadata."];
    let prefixes =
        prefixes.iter().copied().chain(["data.", "stringData.", "data", "stringData"].into_iter().filter(|_| data));
    let rest = prefixes.into_iter().find_map(|prefix| path.strip_prefix(prefix)).filter(|rest| !rest.is_empty());
    let rest = rest.unwrap_or(path);
    let quoted = |text: &'f str| text.strip_prefix("[\"").and_then(|text| text.strip_suffix("\"]"));
    if let Some(key) = quoted(rest) {
        return Cow::Borrowed(key);
    }
    for (list, word) in [("annotations", "annotation"), ("labels", "label")] {
        let key = rest.strip_prefix(list).and_then(|rest| quoted(rest).or_else(|| rest.strip_prefix('.')));
        if let Some(key) = key {
            return Cow::Owned(format!("{word} {}", key.strip_prefix("lmsgen.dev/").unwrap_or(key)));
        }
    }
    Cow::Borrowed(rest)
}

/// The key of a path below `data` or `stringData`.
pub(super) fn key(path: &str) -> &str {
    let rest = path.strip_prefix("data").or_else(|| path.strip_prefix("stringData")).unwrap_or(path);
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    rest.strip_prefix("[\"").and_then(|rest| rest.strip_suffix("\"]")).unwrap_or(rest)
}

/// The tags of two images of one repository.
fn tags<'a>(old: &'a str, new: &'a str) -> Option<(&'a str, &'a str)> {
    let split = |image: &'a str| {
        let at = image.rfind('/').map_or(0, |at| at + 1);
        let colon = at + image[at..].find(':')?;
        Some((&image[..colon], &image[colon + 1..]))
    };
    let ((old_name, old_tag), (new_name, new_tag)) = (split(old)?, split(new)?);
    (old_name == new_name).then_some((old_tag, new_tag))
}

/// A value on one line, as YAML would read it: `{name: a, ports: [80, "80"]}`.
pub(super) fn flow(value: &Json) -> String {
    match value {
        Json::String(text) => plain_or_quoted(text),
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Json::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{}: {}", plain_or_quoted(key), flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A string without quotes only where nobody could take it for something else.
fn plain_or_quoted(text: &str) -> String {
    let word = text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '{' | '_'));
    let plain = text.chars().all(|c| c.is_alphanumeric() || "/._-:@{}".contains(c));
    let taken = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let version = text.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_err();
    if (word || version) && plain && !taken.iter().any(|one| one.eq_ignore_ascii_case(text)) {
        text.to_owned()
    } else {
        Json::from(text).to_string()
    }
}

/// What happens to an object that has no fields to show.
pub(super) const fn action(action: Action) -> &'static str {
    match action {
        Action::Created => "created",
        Action::Changed => "changed",
        Action::Replaced => "replaced",
        Action::Deleted => "deleted",
    }
}

/// `2 Jobs, Deployment, Secret`: what a set of objects consists of.
pub(super) fn kinds(objects: &[ObjectChange]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for object in objects {
        match kinds.iter_mut().find(|(kind, _)| *kind == object.kind) {
            Some((_, n)) => *n += 1,
            None => kinds.push((&object.kind, 1)),
        }
    }
    kinds.sort_unstable();
    let mut out = counted(objects.len(), "object");
    for (at, (kind, n)) in kinds.into_iter().enumerate() {
        out.push_str(if at == 0 { ": " } else { ", " });
        let kind = printable(kind);
        let plural = if kind.ends_with('s') {
            "es"
        } else if kind.ends_with("cy") {
            ""
        } else {
            "s"
        };
        let _ = match n {
            1 => write!(out, "{kind}"),
            n => write!(out, "{n} {kind}{plural}"),
        };
    }
    out
}

/// `lms-prod/C5, C61, C2044` in `width` columns: as many names as fit, at least one, and how many are left out.
pub(super) fn owners(owners: &[Owner], width: usize) -> String {
    let mut out = String::new();
    for (at, owner) in owners.iter().enumerate() {
        let name = if at == 0 { owner.to_string() } else { format!(", {}", owner.client) };
        let name = printable(&name).into_owned();
        let rest = |left: usize| if left == 0 { String::new() } else { format!(" and {} more", count(left)) };
        let left = owners.len() - at;
        if at > 0 && out.len() + name.len() + rest(left - 1).len() > width {
            out.push_str(&rest(left));
            break;
        }
        out.push_str(&name);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_where_they_could_be_something_else() {
        for (value, shown) in [
            (Json::from(3), "3"),
            ("3".into(), "\"3\""),
            ("1.4.2".into(), "1.4.2"),
            ("1.4".into(), "\"1.4\""),
            ("no".into(), "\"no\""),
            ("".into(), "\"\""),
            ("a b".into(), "\"a b\""),
            ("ROMASHKA".into(), "ROMASHKA"),
            (serde_json::json!({ "a": [1, "1", null] }), "{a: [1, \"1\", null]}"),
        ] {
            assert_eq!(flow(&value), shown);
        }
    }

    #[test]
    fn tags_are_shown_where_only_they_differ() {
        assert_eq!(tags("r:5000/a:1", "r:5000/a:2"), Some(("1", "2")));
        assert_eq!(tags("r:5000/a", "r:5000/a:2"), None);
        assert_eq!(tags("r/a:1", "r/b:2"), None);
    }

    #[test]
    fn owners_are_named_as_long_as_there_is_room() {
        let all: Vec<_> = (1..=2000).map(|n| Owner::new("lms-prod", &format!("C{n}"))).collect();
        assert_eq!(owners(&all[..3], 30), "lms-prod/C1, C2, C3");
        assert_eq!(owners(&all, 30), "lms-prod/C1, C2 and 1,998 more");
        assert_eq!(owners(&all[..2], 1), "lms-prod/C1 and 1 more");
    }
}
