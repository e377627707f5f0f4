//! What a plain scalar means, and which strings may be written plain.
//!
//! YAML 1.1 readers (kubectl, Flux, Argo CD) and YAML 1.2 readers disagree about words such as `no`, `0777` and
//! `1:30`. Here such a word is [`Plain::Ambiguous`]: templates must not contain one, and strings that look like one
//! are written in quotes.

/// A plain scalar's meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, in JSON's notation.
    Number,
    /// A string.
    String,
    /// Something that readers disagree about.
    Ambiguous,
}

/// Words that YAML 1.1 reads as booleans or floats and YAML 1.2 as strings, or the other way round, in lower case.
const CONTESTED: [&str; 10] = ["y", "n", "yes", "no", "on", "off", ".inf", ".nan", "=", "<<"];

/// Characters of the longest word that means anything: `false`.
const LONGEST_WORD: usize = 5;

/// Reads a plain scalar.
#[must_use]
#[inline]
pub fn resolve_plain(text: &str) -> Plain {
    // Words with a meaning are short and begin with one of few letters; nearly every scalar and key is done with here.
    let first = text.as_bytes().first().copied().unwrap_or_default();
    if first.is_ascii_alphabetic()
        && (text.len() > LONGEST_WORD || !matches!(first | 0x20, b't' | b'f' | b'n' | b'y' | b'o'))
    {
        return Plain::String;
    }
    resolve_rare(text, first)
}

fn resolve_rare(text: &str, first: u8) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        _ => {}
    }
    if text.len() <= 4 && CONTESTED.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return Plain::Ambiguous;
    }
    // No number begins with a letter.
    if first.is_ascii_alphabetic() {
        return Plain::String;
    }
    if is_json_number(text) {
        return Plain::Number;
    }
    if looks_numeric(text) { Plain::Ambiguous } else { Plain::String }
}

/// `-?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?` (RFC 8259, section 6), less an exponent without a fraction or
/// sign, which YAML 1.1 reads as text.
fn is_json_number(text: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let body = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| fraction.is_some() && e.strip_prefix(['+', '-']).is_some_and(digits))
        && text != "-0"
}

/// Starts like a number or a date and holds nothing but what numbers, dates and times in YAML 1.1 are made of.
fn looks_numeric(text: &str) -> bool {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let lower = body.to_ascii_lowercase();
    if matches!(lower.as_str(), ".inf" | ".nan") {
        return true;
    }
    let starts = body.starts_with(|c: char| c.is_ascii_digit())
        || body.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if !starts {
        return false;
    }
    let based = |prefix: &str, set: fn(char) -> bool| {
        lower.strip_prefix(prefix).is_some_and(|rest| rest.chars().all(|c| set(c) || c == '_'))
    };
    if based("0x", |c| c.is_ascii_hexdigit()) || based("0o", |c| c.is_digit(8)) || based("0b", |c| c.is_digit(2)) {
        return true;
    }
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_' | 'e' | '+' | '-' | ':');
    let dots = lower.matches('.').count();
    if lower.chars().all(numeric) {
        // `1.2.3` and addresses are no number to any reader; `1-2` is not, `2001-01-01` is.
        return dots <= 1 || lower.contains(':');
    }
    // Timestamps: `2001-01-01T00:00:00Z`, `2001-01-01 00:00:00 +01:00`.
    lower.len() > 10 && lower.as_bytes()[4] == b'-' && lower.chars().all(|c| numeric(c) || matches!(c, 't' | 'z' | ' '))
}

/// `true` if every reader takes `text`, written plain in block style, as this very string: it starts with an ASCII
/// letter or `/`, holds only characters without meaning in YAML, and is no word with another meaning.
#[must_use]
pub fn may_be_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(&first) = bytes.first() else { return false };
    if !(first.is_ascii_alphabetic() || first == b'/') || bytes.len() > 1024 {
        return false;
    }
    let plain = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'-' | b'_' | b'.' | b'/' | b'=' | b'+' | b'(' | b')' | b'@' | b'$' | b';' | b'%' | b'*' | b'?' | b'&'
            )
    };
    for (at, &byte) in bytes.iter().enumerate() {
        let next = bytes.get(at + 1).copied();
        let fine = match byte {
            // A colon before a space or the end would make a key; a space before `#` a comment.
            b':' => next.is_some_and(|n| n != b' '),
            b' ' => next.is_some_and(|n| n != b' ' && n != b'#'),
            other => plain(other),
        };
        if !fine {
            return false;
        }
    }
    !matches!(
        text.to_ascii_lowercase().as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "nan" | "inf" | "infinity"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_readers_disagree_about_are_ambiguous() {
        for word in [
            "y",
            "N",
            "Yes",
            "on",
            "OFF",
            "0777",
            "00",
            "08",
            "0o17",
            "0x1F",
            "0b11",
            "1_000",
            "+1",
            ".5",
            "5.",
            "1e3",
            "-0",
            "1:30",
            "190:20:30",
            "2001-01-01",
            "2001-01-01T00:00:00Z",
            ".inf",
            "-.inf",
            ".NaN",
            "=",
            "<<",
            "1E400",
        ] {
            assert_eq!(resolve_plain(word), Plain::Ambiguous, "{word}");
        }
    }

    #[test]
    fn agreed_words_have_their_meaning() {
        assert_eq!(resolve_plain("~"), Plain::Null);
        assert_eq!(resolve_plain("true"), Plain::Bool(true));
        for number in ["0", "8080", "-1", "0.5", "1.10", "1.5e+3"] {
            assert_eq!(resolve_plain(number), Plain::Number, "{number}");
        }
        for text in ["lms", "1.2.3", "10.66.139.73", "128Mi", "50m", "v1", "a:b", "1-2x", "apps/v1", "e3", "0.0.0.0"] {
            assert_eq!(resolve_plain(text), Plain::String, "{text}");
        }
    }

    #[test]
    fn only_harmless_text_is_written_plain() {
        for text in ["lms", "registry.example/lms/backend:1.4.2", "/etc/lms/rsa_key", "a b"] {
            assert!(may_be_plain(text), "{text}");
        }
        for text in
            ["", "no", "True", "1s", "a: b", "a:", "a #b", "a ", " a", "é", "- a", "{a}", "a\nb", "nan", "a, b]"]
        {
            assert!(!may_be_plain(text), "{text:?}");
        }
    }
}
