//! Which values a document encrypts: the rule in SOPS' block, asked with the keys that lead to a value, or with the comments
//! above it.
//!
//! A pattern that SOPS and this program could read differently is refused.

use regex::Regex;

/// One of the six rules of SOPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Everything below a key that ends like this stays in the clear; with `_unencrypted` what SOPS does without a rule.
    UnencryptedSuffix(String),
    /// Only what is below a key that ends like this is encrypted.
    EncryptedSuffix(String),
    /// Everything below a key that matches stays in the clear.
    UnencryptedRegex(String),
    /// Only what is below a key that matches is encrypted.
    EncryptedRegex(String),
    /// What stands below a comment that matches, or below a key that does, stays in the clear, and so does the comment.
    UnencryptedCommentRegex(String),
    /// Only what stands below a comment that matches, or below a key that does, is encrypted; the comment is not.
    EncryptedCommentRegex(String),
}

impl Default for Rule {
    fn default() -> Self {
        Self::UnencryptedSuffix("_unencrypted".to_owned())
    }
}

impl Rule {
    /// The rule of this field of SOPS' block.
    pub(super) fn of(field: &str, text: &str) -> Option<Self> {
        let text = text.to_owned();
        Some(match field {
            "unencrypted_suffix" => Self::UnencryptedSuffix(text),
            "encrypted_suffix" => Self::EncryptedSuffix(text),
            "unencrypted_regex" => Self::UnencryptedRegex(text),
            "encrypted_regex" => Self::EncryptedRegex(text),
            "unencrypted_comment_regex" => Self::UnencryptedCommentRegex(text),
            "encrypted_comment_regex" => Self::EncryptedCommentRegex(text),
            _ => return None,
        })
    }

    /// Its field in SOPS' block, and the text there.
    pub(super) fn field(&self) -> (&'static str, &str) {
        match self {
            Self::UnencryptedSuffix(text) => ("unencrypted_suffix", text),
            Self::EncryptedSuffix(text) => ("encrypted_suffix", text),
            Self::UnencryptedRegex(text) => ("unencrypted_regex", text),
            Self::EncryptedRegex(text) => ("encrypted_regex", text),
            Self::UnencryptedCommentRegex(text) => ("unencrypted_comment_regex", text),
            Self::EncryptedCommentRegex(text) => ("encrypted_comment_regex", text),
        }
    }

    /// Makes the rule ready; an error is a fragment that says what is wrong with its pattern.
    pub(super) fn selector(&self) -> Result<Selector, &'static str> {
        let (encrypts, test) = match self {
            Self::UnencryptedSuffix(suffix) => (false, Test::Suffix(suffix.clone())),
            Self::EncryptedSuffix(suffix) => (true, Test::Suffix(suffix.clone())),
            Self::UnencryptedRegex(text) => (false, Test::Regex(pattern(text)?)),
            Self::EncryptedRegex(text) => (true, Test::Regex(pattern(text)?)),
            Self::UnencryptedCommentRegex(text) => (false, Test::Comment(pattern(text)?)),
            Self::EncryptedCommentRegex(text) => (true, Test::Comment(pattern(text)?)),
        };
        Ok(Selector { encrypts, test })
    }
}

/// A rule that can be asked.
#[derive(Debug)]
pub(super) struct Selector {
    /// Whether a key or comment that passes the test encrypts or spares what is below it.
    encrypts: bool,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Suffix(String),
    Regex(Regex),
    Comment(Regex),
}

impl Selector {
    /// Whether a value is encrypted that `keys` lead to, below a comment that [matches](Self::marks) or not.
    pub(super) fn selects(&self, keys: &[&str], marked: bool) -> bool {
        let any = match &self.test {
            Test::Suffix(suffix) => keys.iter().any(|key| key.ends_with(suffix)),
            Test::Regex(regex) => keys.iter().any(|key| regex.is_match(key)),
            Test::Comment(_) => marked,
        };
        any == self.encrypts
    }

    /// Whether comments decide.
    pub(super) fn looks_at_comments(&self) -> bool {
        matches!(self.test, Test::Comment(_))
    }

    /// Whether this comment decides for what is below it.
    pub(super) fn marks(&self, comment: &str) -> bool {
        matches!(&self.test, Test::Comment(regex) if regex.is_match(comment))
    }

    /// Whether a comment that decides does so for itself: SOPS keeps it readable under both rules.
    pub(super) fn spares_its_comment(&self) -> bool {
        !self.encrypts
    }
}

/// The pattern as Go would read it.
fn pattern(text: &str) -> Result<Regex, &'static str> {
    const DIALECT: &str = "is a pattern that SOPS reads differently or not at all; write it more simply";
    let mut rust = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match (c, next) {
            ('\\', Some(escaped)) => {
                chars.next();
                rust.push_str(&escape(escaped, in_class).ok_or(DIALECT)?);
                continue;
            }
            ('[', Some(':')) if in_class => {}
            ('[', _) if in_class => return Err(DIALECT),
            ('[', _) => {
                in_class = true;
                rust.push('[');
                // A bracket that closes first thing stands for itself.
                if chars.next_if_eq(&'^').is_some() {
                    rust.push('^');
                }
                if chars.next_if_eq(&']').is_some() {
                    rust.push_str("\\]");
                }
                continue;
            }
            (']', _) => in_class = false,
            // A repetition of a repetition, which Go refuses; one `?` makes it lazy, which both know.
            ('*' | '+' | '?' | '}', Some('*' | '+' | '{')) if !in_class => return Err(DIALECT),
            ('{', _) if !in_class && !is_count(&chars.clone().collect::<String>()) => return Err(DIALECT),
            ('&' | '~' | '-', Some(same)) if in_class && same == c => return Err(DIALECT),
            ('(', Some('?')) => {
                let word: String = chars.clone().skip(1).take_while(|c| c.is_ascii_alphabetic() || *c == '-').collect();
                if word.contains(['x', 'u', 'R']) && !word.starts_with('P') {
                    return Err(DIALECT);
                }
            }
            _ => {}
        }
        rust.push(c);
    }
    Regex::new(&rust).map_err(|_| DIALECT)
}

/// `true` for text that goes on as the count of a repetition, after its brace, and counts no more than Go allows.
fn is_count(rest: &str) -> bool {
    let Some((count, _)) = rest.split_once('}') else { return false };
    let (low, high) = count.split_once(',').unwrap_or((count, ""));
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u32>().is_ok_and(|n| n <= 1000);
    number(low) && (high.is_empty() || number(high))
}

/// An escape in Rust's words: Go's classes are those of ASCII.
fn escape(escaped: char, in_class: bool) -> Option<String> {
    let ascii = match escaped {
        'd' | 'D' => "0-9",
        'w' | 'W' => "0-9A-Za-z_",
        's' | 'S' => r"\t\n\f\r ",
        'b' | 'B' if !in_class => return Some(format!("(?-u:\\{escaped})")),
        'Q' | 'E' | 'Z' | '<' | '>' | 'u' | 'U' | 'R' => return None,
        other => return Some(format!("\\{other}")),
    };
    match (escaped.is_ascii_uppercase(), in_class) {
        (true, true) => None,
        (true, false) => Some(format!("[^{ascii}]")),
        (false, true) => Some(ascii.to_owned()),
        (false, false) => Some(format!("[{ascii}]")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(rule: &Rule, keys: &[&str]) -> bool {
        rule.selector().unwrap().selects(keys, false)
    }

    #[test]
    fn each_rule_asks_the_whole_path() {
        let default = Rule::default();
        assert!(selects(&default, &["a", "b"]) && selects(&default, &[]));
        assert!(!selects(&default, &["a_unencrypted", "b"]));
        let suffix = Rule::EncryptedSuffix("_x".into());
        assert!(selects(&suffix, &["a_x", "b"]) && !selects(&suffix, &["a", "b"]) && !selects(&suffix, &[]));
        let regex = Rule::EncryptedRegex("^(data|stringData)$".into());
        assert!(selects(&regex, &["metadata", "labels", "data"]) && !selects(&regex, &["metadata"]));
        let regex = Rule::UnencryptedRegex("^meta".into());
        assert!(!selects(&regex, &["x", "metadata"]) && selects(&regex, &["data"]));
        let comment = Rule::EncryptedCommentRegex("^ enc$".into()).selector().unwrap();
        assert!(comment.marks(" enc") && !comment.marks("enc") && !Rule::default().selector().unwrap().marks(" enc"));
        assert!(comment.selects(&["a"], true) && !comment.selects(&["a"], false));
    }

    #[test]
    fn patterns_mean_what_go_means() {
        let regex = |text: &str| pattern(text);
        assert!(regex(r"^\d+$").unwrap().is_match("12") && !regex(r"^\d+$").unwrap().is_match("١"));
        assert!(regex(r"^[\w-]+$").unwrap().is_match("a-b_1") && !regex(r"^\w+$").unwrap().is_match("é"));
        assert!(regex("[]a]").unwrap().is_match("]"));
        assert!(regex(r"\bkey\b").unwrap().is_match("a key"));
        for text in [
            r"\Qa\E",
            "[a&&b]",
            "[[a]]",
            "[a--b]",
            "(?x)a",
            "(?=a)",
            "a{1001}",
            "a{1,1001}",
            "a{,3}",
            "a**",
            "a+*",
            "a?+",
            "a{2}{3}",
            "d{1001}|data",
            r"[^\D]",
        ] {
            assert!(regex(text).is_err(), "{text}");
        }
    }
}
