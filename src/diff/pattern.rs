//! What is the same in every instance: texts with the client's names replaced by placeholders.

use std::borrow::Cow;

use super::Owner;
use super::conceal::Showing;
use crate::manifest::Value;

/// Puts `{slug}` and `{client}` for the names of one client.
///
/// A client's name counts only between characters that are no letters or digits: `c4` is not found in `c42`.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The texts looked for, with what stands for them; none for an environment's own objects.
    names: Vec<(String, &'static str)>,
    verbatim: bool,
}

const PLACEHOLDERS: [&str; 3] = ["{slug}", "{client}", "{hash}"];

impl Pattern {
    /// The names of the owner's client.
    pub(super) fn of(owner: &Owner) -> Self {
        if !owner.is_instance() || owner.client.is_empty() {
            return Self { names: Vec::new(), verbatim: false };
        }
        let mut names = vec![(owner.slug(), "{slug}")];
        if owner.slug() != owner.client {
            names.push((owner.client.clone(), "{client}"));
        }
        Self { names, verbatim: false }
    }

    /// Replaces nothing.
    pub(super) const fn verbatim() -> Self {
        Self { names: Vec::new(), verbatim: true }
    }

    /// `true` if a placeholder in a text is the text's own.
    pub(super) const fn is_verbatim(&self) -> bool {
        self.verbatim
    }

    /// The text with placeholders.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for (name, placeholder) in &self.names {
            if let Some(replaced) = replace_word(&text, name, placeholder) {
                text = Cow::Owned(replaced);
            }
        }
        text.into_owned()
    }

    /// The value as JSON, with placeholders in its texts and keys.
    pub(super) fn json(&self, value: &Value) -> serde_json::Value {
        match value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => (*flag).into(),
            Value::Number(digits) => match digits.parse::<serde_json::Number>() {
                Ok(number) => number.into(),
                Err(_) => digits.as_str().into(),
            },
            Value::String(text) => self.text(text).into(),
            Value::List(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Map(map) => map.iter().map(|(key, value)| (self.text(key), self.json(value))).collect(),
        }
    }
}

/// `true` if a key of the value, or a text where texts are shown, looks like a placeholder: then nothing of its object is
/// replaced, so that no two different changes look the same.
pub(super) fn holds_placeholder(value: &Value, showing: Showing) -> bool {
    let holds = |text: &str| text.contains('{') && PLACEHOLDERS.iter().any(|one| text.contains(one));
    match value {
        Value::String(text) => showing == Showing::Values && holds(text),
        Value::List(items) => items.iter().any(|item| holds_placeholder(item, showing)),
        Value::Map(map) => map.iter().any(|(key, value)| holds(key) || holds_placeholder(value, showing)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `None` where `word` does not occur.
pub(super) fn replace_word(text: &str, word: &str, placeholder: &str) -> Option<String> {
    let mut out: Option<String> = None;
    let mut copied = 0;
    for (start, _) in text.match_indices(word) {
        let end = start + word.len();
        let bounded = |side: Option<char>| !side.is_some_and(char::is_alphanumeric);
        if bounded(text[..start].chars().next_back()) && bounded(text[end..].chars().next()) {
            let out = out.get_or_insert_with(|| String::with_capacity(text.len() + placeholder.len()));
            out.push_str(&text[copied..start]);
            out.push_str(placeholder);
            copied = end;
        }
    }
    out.map(|mut out| {
        out.push_str(&text[copied..]);
        out
    })
}

/// A name without the `-<8 hex digits>` at its end, if it has that: the content hash of `postgres-setup-c42-1f0a9c3e`.
pub(super) fn unhashed(name: &str) -> Option<&str> {
    let (stem, hash) = name.rsplit_once('-')?;
    let hex = hash.len() == 8 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (hex && !stem.is_empty()).then_some(stem)
}

/// `true` if both texts are digests of one sort, in lower-case hex.
pub(super) fn are_digests(old: &str, new: &str) -> bool {
    let digest = |text: &str| {
        matches!(text.len(), 16 | 32 | 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    old.len() == new.len() && digest(old) && digest(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_become_placeholders() {
        let pattern = Pattern::of(&Owner::new("lms-dev", "C4"));
        assert_eq!(pattern.text("lms-c4: C4, c42, C4_db, c4"), "lms-{slug}: {client}, c42, {client}_db, {slug}");
        assert_eq!(Pattern::of(&Owner::new("lms-dev", "environment")).text("environment"), "environment");
        assert_eq!(Pattern::of(&Owner::new("e", "acme")).text("acme"), "{slug}");
    }

    #[test]
    fn a_content_hash_is_eight_hex_digits() {
        assert_eq!(unhashed("postgres-setup-c42-1f0a9c3e"), Some("postgres-setup-c42"));
        for plain in ["postgres-setup-c42", "a-1F0A9C3E", "-1f0a9c3e", "a-1f0a9c3e5"] {
            assert_eq!(unhashed(plain), None, "{plain}");
        }
    }

    #[test]
    fn digests_are_told_from_numbers_by_their_length() {
        assert!(are_digests("0123456789abcdef", "fedcba9876543210"));
        assert!(!are_digests("1234", "4321") && !are_digests("0123456789abcdef", "x123456789abcdef"));
    }
}
