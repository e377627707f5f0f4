//! Patterns of schemas, which are regular expressions of Go's RE2: `\d` and the like are ASCII there.

use std::sync::OnceLock;

use regex::Regex;

/// A regular expression that is compiled when it is first needed.
pub(super) struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub fn new(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A pattern that only Go understands matches everything.
    pub fn matches(&self, text: &str) -> bool {
        let compile = || Regex::new(&translated(&self.text)).ok();
        self.compiled.get_or_init(compile).as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

/// A pattern of Go's in the words of the crate, whose classes are Unicode's and which knows no `\Q…\E`.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(letter) = rest.chars().next() else {
            out.push('\\');
            break;
        };
        rest = &rest[letter.len_utf8()..];
        match letter {
            'd' => out.push_str("[0-9]"),
            'D' => out.push_str("[^0-9]"),
            'w' => out.push_str("[0-9A-Za-z_]"),
            'W' => out.push_str("[^0-9A-Za-z_]"),
            's' => out.push_str(r"[\t\n\f\r ]"),
            'S' => out.push_str(r"[^\t\n\f\r ]"),
            'b' => out.push_str(r"(?-u:\b)"),
            'Q' => {
                let (literal, after) = rest.split_once("\\E").unwrap_or((rest, ""));
                out.push_str(&regex::escape(literal));
                rest = after;
            }
            other => out.extend(['\\', other]),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn classes_are_ascii_and_quotes_are_literal() {
        let matches = |pattern: &str, text: &str| Pattern::new(pattern.into()).matches(text);
        for (pattern, right, wrong) in [
            (r"^\d+$", "34", "٣٤"),
            (r"^\w+$", "a_1", "яя"),
            (r"^[a\d.]+$", "a1.", "b"),
            (r"^\S+$", "я", "a b"),
            (r"^\Qa.b\E$", "a.b", "axb"),
            (r"^\\d$", "\\d", "1"),
            (r"^a\.b$", "a.b", "axb"),
            (r"\bx\b", "a x", "ax"),
            ("^[a-z]{1,3}$", "abc", "abcd"),
        ] {
            assert!(matches(pattern, right), "{pattern} {right}");
            assert!(!matches(pattern, wrong), "{pattern} {wrong}");
        }
        assert!(matches(r"^(?=x)$", "what only others understand"), "is not judged");
    }
}
