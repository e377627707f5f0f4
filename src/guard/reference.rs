//! What leads to a value without being one: variables, expressions of templates, ciphertext, placeholders.
//!
//! Judges whole values. A mark at the start of a password, or in the middle of it, makes it no reference.

use super::value::{is_name, is_random, is_reach};

/// Expressions: what opens them, what ends them.
const EXPRESSIONS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("<%", "%>")];

/// Variables in brackets: what opens them, with the bracket last.
const BRACKETS: [(&str, char); 4] = [("${", '}'), ("$(", ')'), ("%{", '}'), ("%(", ')')];

/// The longest reference, so that a long line takes no longer than many short ones.
const LONGEST: usize = 1000;

/// The start of `text` that a reference at its start may take: of one line.
fn reach(text: &str) -> &str {
    let near = &text[..text.floor_char_boundary(LONGEST.min(text.len()))];
    near.split('\n').next().unwrap_or_default()
}

/// Length of the expression or bracketed variable that `text` starts with, if it ends on the same line.
fn bracketed(text: &str) -> Option<usize> {
    let line = if text.starts_with(['{', '<', '$', '%']) { reach(text) } else { return None };
    if let Some((open, close)) = EXPRESSIONS.iter().find(|(open, _)| line.starts_with(open)) {
        return Some(open.len() + line[open.len()..].find(close)? + close.len());
    }
    let (open, close) = BRACKETS.iter().find(|(open, _)| line.starts_with(open))?;
    let opening = open.chars().next_back()?;
    let mut depth = 0_usize;
    for (at, c) in line.char_indices() {
        depth += usize::from(c == opening);
        if c == *close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                // Python writes `%(name)s`.
                let end = at + c.len_utf8();
                return Some(end + usize::from(*open == "%(" && line[end..].starts_with('s')));
            }
        }
    }
    None
}

/// `true` for the start of an expression whose end was cut off, or stands on another line.
pub(super) fn is_open(value: &str) -> bool {
    let opens = EXPRESSIONS.iter().map(|(open, _)| *open).chain(BRACKETS.iter().map(|(open, _)| *open));
    opens.into_iter().any(|open| value.starts_with(open)) && bracketed(value).is_none()
}

/// Where the first character stands that `ends` takes, outside of expressions.
pub(super) fn find_outside(text: &str, mut ends: impl FnMut(char) -> bool) -> Option<usize> {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        at += match bracketed(&text[at..]) {
            Some(length) => length,
            None if ends(c) => return Some(at),
            None => c.len_utf8(),
        };
    }
    None
}

/// Length of the reference that `text` starts with; `before` is the character before it.
///
/// In a program, without quotes, brackets of other kinds are its own.
fn token(text: &str, before: Option<char>, is_quoted: bool) -> Option<usize> {
    bracketed(text).or_else(|| match text.chars().next()? {
        '$' if !before.is_some_and(char::is_alphanumeric) => {
            let name = word(&text[1..]);
            (is_constant(name) && is_name(name)).then_some(1 + name.len())
        }
        '%' => enclosed(text, '%', |name| is_constant(name) && is_name(name)),
        '{' if is_quoted => enclosed(text, '}', |name| name.len() < 40 && is_field(name)),
        '<' if is_quoted || before.is_none() => enclosed(text, '>', is_words),
        _ => None,
    })
}

/// Length of `text` up to `close`, if `is_right` says so of what stands between.
fn enclosed(text: &str, close: char, is_right: impl Fn(&str) -> bool) -> Option<usize> {
    let text = reach(text);
    let end = 1 + text[1..].find(close)?;
    is_right(&text[1..end]).then_some(end + 1)
}

/// The letters, digits and underscores that `text` starts with.
fn word(text: &str) -> &str {
    &text[..text.bytes().take_while(|&byte| byte.is_ascii_alphanumeric() || byte == b'_').count()]
}

/// The name of a variable of the environment: `PG_PASSWORD`.
fn is_constant(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') && !name.contains(|c: char| c.is_ascii_lowercase())
}

/// What formatting puts a value for: `{}`, `{0}`, `{self.password!r:>10}`.
fn is_field(name: &str) -> bool {
    let field = name.split(['!', ':']).next().unwrap_or_default();
    is_name(field)
        && !field.contains(['/', '-'])
        && !name.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))
}

/// Words for people: `your password`.
fn is_words(text: &str) -> bool {
    let is_word = |part: &str| part.trim_end_matches(|c: char| c.is_ascii_digit()).chars().all(char::is_alphabetic);
    !text.trim().is_empty() && text.split([' ', '-', '_', '.', ',', '/', ':', '|']).all(is_word)
}

/// What is left of a value without its references, and the value with a letter for each; `None` without any.
pub(super) struct Mixed {
    /// Texts between references, with what stands for a value that is not set.
    pub rest: String,
    /// The value with an `x` for each reference.
    pub filled: String,
}

impl Mixed {
    pub(super) fn of(value: &str, is_quoted: bool) -> Option<Self> {
        let (mut rest, mut filled) = (String::new(), String::new());
        let (mut at, mut before, mut is_mixed) = (0, None, false);
        while let Some(c) = value[at..].chars().next() {
            if let Some(length) = token(&value[at..], before, is_quoted) {
                rest.push_str(&fallback(&value[at..at + length]));
                filled.push('x');
                (at, before, is_mixed) = (at + length, None, true);
            } else {
                rest.push(c);
                filled.push(c);
                (at, before) = (at + c.len_utf8(), Some(c));
            }
        }
        is_mixed.then_some(Self { rest, filled })
    }

    /// `true` if references are all there is, but for marks between them.
    pub(super) fn is_whole(&self) -> bool {
        !self.rest.contains(char::is_alphanumeric)
    }
}

/// What a reference gives when nothing is set: `hunter2` of `${PASSWORD:-hunter2}`, and of an expression the literal
/// texts that can be nothing else than a secret.
fn fallback(token: &str) -> String {
    if let Some(inside) = token.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        let rest = &inside[word(inside).len()..];
        let default = [":-", ":=", "-", "="].iter().find_map(|mark| rest.strip_prefix(mark)).unwrap_or_default();
        return Mixed::of(default, true).map_or_else(|| default.to_owned(), |mixed| mixed.rest);
    }
    if EXPRESSIONS.iter().any(|(open, _)| token.starts_with(open)) {
        let texts = token.split(['"', '\'']).skip(1).step_by(2);
        return texts.filter(|text| is_random(text)).collect();
    }
    String::new()
}

/// All of it is ciphertext of SOPS or of eyaml.
pub(super) fn is_ciphertext(value: &str) -> bool {
    let inside = value.strip_prefix("ENC[").and_then(|rest| rest.strip_suffix(']'));
    inside.is_some_and(|inside| {
        let kind = word(inside);
        !kind.is_empty() && inside[kind.len()..].starts_with(',') && !inside.contains([']', '['])
    })
}

/// All of it leads to a value: `$(VAR)`, `{{ … }}`, `${A}-${B}`, `ENC[…]`, `vault:secret/x#y`; or is none: `***`.
pub(super) fn is_reference(value: &str) -> bool {
    is_blank(value) || is_ciphertext(value) || is_elsewhere(value) || is_variable(value) || is_filled_in(value)
}

/// All of it is put in by something else: what may stand in a Secret in the clear.
pub(super) fn is_filled_in(value: &str) -> bool {
    Mixed::of(value, true).is_some_and(|mixed| mixed.is_whole())
}

/// `$name`, `__NAME__`, a command in backticks.
fn is_variable(value: &str) -> bool {
    let is_lower = |name: &str| !name.is_empty() && !name.contains(|c: char| c.is_ascii_uppercase()) && is_name(name);
    // Argo CD: `$oidc.okta.clientSecret`, `$lms-secret:key`.
    let is_key = |name: &str| name.contains(['.', ':']) && is_name(name);
    let between = |mark: &str| value.strip_prefix(mark)?.strip_suffix(mark).filter(|inside| !inside.is_empty());
    // A program puts several together: `$user:$password`.
    value.strip_prefix('$').is_some_and(is_key)
        || value.split([':', '@', '/', '-', '.']).all(|part| part.strip_prefix('$').is_some_and(is_lower))
        || between("__").is_some_and(is_name)
        || between("`").is_some_and(|command| !is_random(command))
}

/// Where other programs keep the value.
fn is_elsewhere(value: &str) -> bool {
    if value.contains(char::is_whitespace) {
        return false;
    }
    let after = |start: &str| value.strip_prefix(start);
    after("ref+").is_some_and(|rest| rest.contains("://"))
        || after("vault:").is_some_and(|rest| rest.contains('/') && is_reach(rest))
        || after("op://").is_some_and(|rest| rest.contains('/'))
        || after("env:").is_some_and(is_name)
        || after("file:").is_some_and(|rest| is_reach(rest.trim_start_matches('/')))
        || after("arn:").is_some_and(|rest| rest.matches(':').count() >= 4)
        || after("projects/").is_some_and(|rest| rest.contains('/') && is_reach(rest))
        || after("@Microsoft.KeyVault(").is_some_and(|rest| rest.ends_with(')'))
        || value == "AGE-SECRET-KEY-*"
}

/// Nothing but one character over and over, or punctuation: `***`, `xxxx`, `...`.
pub(super) fn is_blank(value: &str) -> bool {
    let mut letters = value.chars().filter(|c| c.is_alphanumeric());
    letters.next().is_none_or(|first| letters.all(|c| c.eq_ignore_ascii_case(&first)))
}
