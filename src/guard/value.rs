//! Whether what stands under a secret name is a value, or a reference, a placeholder, the name of a thing.

use super::place::{is_path, is_url};
use super::reference::{Mixed, is_open, is_reference};
use super::words::Promise;

pub(super) use super::place::is_reach;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In quotes.
    Quoted,
    /// After a colon, as in YAML.
    Plain,
    /// After `=` without spaces, as in files of variables.
    Assigned,
    /// After ` = `: in most texts code.
    Code,
}

/// What stands around a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Around {
    /// Values, or a program.
    Data,
    /// A text for people, with examples.
    Prose,
    /// A note or comment in the secret store: what is written there is no example.
    Store,
}

/// Words that stand where a value belongs and are none.
const NOTHING: [&str; 42] = [
    "any",
    "auto",
    "bool",
    "boolean",
    "bytes",
    "credentials",
    "default",
    "disabled",
    "enabled",
    "false",
    "generate",
    "generated",
    "int",
    "integer",
    "literal",
    "nil",
    "none",
    "null",
    "number",
    "object",
    "off",
    "opaque",
    "optional",
    "passphrase",
    "passwd",
    "password",
    "redacted",
    "required",
    "secret",
    "str",
    "string",
    "text",
    "token",
    "true",
    "undefined",
    "unset",
    "value",
    "array",
    "apikey",
    "random",
    "read",
    "write",
];

/// Pieces of what stands for a value in prose.
const PLACEHOLDERS: [&str; 18] = [
    "change",
    "demo",
    "dummy",
    "example",
    "fake",
    "foo",
    "here",
    "insert",
    "my",
    "pass",
    "placeholder",
    "pw",
    "replace",
    "secret",
    "some",
    "test",
    "token",
    "your",
];

/// What examples in prose write for a value.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_lowercase();
    lower.contains("...") || lower.contains('…') || PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

/// `true` if `value` is a secret in the clear.
pub(super) fn is_literal(value: &str, promise: Promise, form: Form, around: Around) -> bool {
    // Markdown's marks are no part of what somebody noted.
    let value = if around == Around::Store { value.trim_matches(['`', '*', ' ']) } else { value.trim() };
    // The end of a text around it, in a program.
    let value = if form == Form::Quoted || value.starts_with('`') { value } else { value.trim_end_matches('`') };
    let form = if around == Around::Store && form == Form::Code { Form::Assigned } else { form };
    let lower = value.to_lowercase();
    if value.chars().count() < 3 || NOTHING.contains(&lower.as_str()) || is_number(value, promise, form) {
        return false;
    }
    if around == Around::Prose && (form != Form::Quoted || is_placeholder(value)) {
        return false;
    }
    if is_reference(value) || form != Form::Quoted && is_open(value) {
        return false;
    }
    if form == Form::Code && is_code(value, form) || is_json(value) {
        return false;
    }
    if let Some(mixed) = Mixed::of(value, form == Form::Quoted) {
        return is_literal_rest(&mixed, promise, form);
    }
    if is_url(value) || is_path(value) {
        return false;
    }
    if form != Form::Quoted
        && let Some(verdict) = marked(value, promise, around)
    {
        return verdict;
    }
    if value.contains(char::is_whitespace) {
        return match form {
            Form::Quoted => promise == Promise::Password && !is_sentence(&lower),
            // A remark behind the value.
            _ => around == Around::Store && is_noted(value),
        };
    }
    if form != Form::Quoted && is_code(value, form) {
        return false;
    }
    match promise {
        Promise::Password => true,
        Promise::Token => !(is_name(value) && names_a_secret(&lower)) && value.len() >= 4,
        Promise::Object => !is_name(value) && value.len() >= 4,
    }
}

/// Text between references: a few letters, or names of things where those are to be expected.
fn is_literal_rest(mixed: &Mixed, promise: Promise, form: Form) -> bool {
    let lower = mixed.rest.trim().to_lowercase();
    if lower.contains(char::is_whitespace)
        && (form != Form::Quoted || promise != Promise::Password || is_sentence(&lower))
    {
        return false;
    }
    if NOTHING.contains(&lower.as_str()) || is_url(&mixed.filled) || is_reach(&mixed.filled) && lower.contains('/') {
        return false;
    }
    let is_long = mixed.rest.chars().filter(|c| c.is_alphanumeric()).count() > 5;
    let are_names = mixed.rest.split_whitespace().all(is_name);
    match promise {
        Promise::Password => is_long,
        Promise::Token => !are_names || is_long && lower.contains(|c: char| c.is_ascii_digit()),
        Promise::Object => !are_names,
    }
}

/// An object in a text: what is in it stands under names of its own.
fn is_json(value: &str) -> bool {
    value.strip_prefix('{').is_some_and(|rest| rest.trim_start().trim_start_matches('\\').starts_with(['"', '\'']))
}

/// A password with a remark behind it: `Tr0ub4dor (the old one)`.
fn is_noted(value: &str) -> bool {
    let word = value.split_whitespace().next().unwrap_or_default();
    let word = word.trim_matches(['`', '*', '"', '\'', ',', ';', '.', '(', ')']);
    let has_both = word.contains(|c: char| c.is_ascii_digit()) && word.contains(char::is_alphabetic);
    has_both && word.len() >= 6 && !is_name(word) && !is_reference(word) && !is_url(word) && !is_path(word)
}

/// What a mark without quotes makes of a value: `*alias`, `!tag`, `&anchor value`, `@file`, `--flag`; `None` if nothing.
fn marked(value: &str, promise: Promise, around: Around) -> Option<bool> {
    let rest = value.trim_start_matches(['!', '&', '*', '@', '$', '-', '=', '?', '~']);
    if rest.len() == value.len() {
        return None;
    }
    let (word, tail) = rest.split_once(' ').unwrap_or((rest, ""));
    let tail = tail.trim();
    // An anchor, and a tag that only says what is text, stand before the value.
    let holds = value.starts_with('&') && !matches!(word, "mut" | "dyn" | "const") && is_name(word)
        || value.starts_with('!') && matches!(word, "str" | "binary" | "unsafe");
    if holds && !tail.is_empty() {
        let inside = tail.trim_matches(['"', '\'']);
        let form = if inside.len() < tail.len() { Form::Quoted } else { Form::Plain };
        return Some(is_literal(inside, promise, form, around));
    }
    (word.is_empty() || is_reach(word) || is_call(word) || value.starts_with("*(")).then_some(false)
}

/// Numbers, amounts of time; a password of digits counts in quotes only.
fn is_number(value: &str, promise: Promise, form: Form) -> bool {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let is_digits = digits.bytes().all(|byte| byte.is_ascii_digit() || b".-+_".contains(&byte));
    let unit = value.len() - digits.len();
    is_digits && unit <= 2 && !(promise == Promise::Password && form == Form::Quoted && value.len() >= 6)
}

/// Text for people rather than a phrase somebody chose: it speaks of a secret, or is long.
fn is_sentence(lower: &str) -> bool {
    let ends = lower.ends_with(['.', ':', '?', '!']) || lower.contains(['(', ',']);
    ends || names_a_secret(lower) || lower.contains("парол") || lower.split_whitespace().count() > 8
}

fn names_a_secret(lower: &str) -> bool {
    let words = ["pass", "secret", "token", "cred", "key"];
    words.iter().any(|word| lower.contains(word))
}

/// Calls, indexes and members of things: `os.environ["X"]`, `settings.PASSWORD`, `getPassword()`.
fn is_code(value: &str, form: Form) -> bool {
    let is_member = value.contains('.')
        && value.trim_start_matches(['*', '&']).split('.').all(|part| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
    if value.starts_with("ENC[") {
        return false;
    }
    let is_foreign = value.contains("::") || value.contains("->") || form == Form::Code && !value.is_ascii();
    if is_foreign
        || value.contains(['(', '[', '{', '<', '\\', '"', '\'', '|'])
        || value.ends_with([';', ','])
        || value.starts_with(['-', '=', '?', '~'])
    {
        return form == Form::Code || is_call(value) || !is_random(value);
    }
    match form {
        Form::Code => is_member || is_name(value) || value.len() < 8,
        Form::Assigned => is_member && !is_random(value),
        Form::Plain | Form::Quoted => false,
    }
}

/// A name, then something in brackets, and nothing behind it but marks and members: `Vec<u8>,`, `read(x)?.y`.
fn is_call(value: &str) -> bool {
    let Some(open) = value.find(['(', '[', '{', '<']) else { return false };
    let head = value[..open].trim_start_matches(['$', '&', '*', '!']).trim_end_matches(['!', '?', ':', '.']);
    let is_head = head.split("::").flat_map(|part| part.split("->")).all(is_name);
    let tail = &value[open + 1..];
    let behind = tail.rfind([')', ']', '}', '>']).map_or("", |close| &tail[close + 1..]);
    is_head
        && (tail.is_empty() || tail.contains([')', ']', '}', '>']))
        && is_name(behind.trim_matches(['.', ',', ';', '?']))
}

/// What no name and no word looks like: letters of both cases, or only one, with digits among them more than once.
pub(super) fn is_random(value: &str) -> bool {
    value.split(|c: char| !c.is_alphanumeric()).any(|word| {
        let kinds: Vec<bool> = word.chars().map(char::is_alphabetic).collect();
        let n_changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let has_both = word.contains(|c: char| c.is_uppercase()) && word.contains(|c: char| c.is_lowercase());
        word.len() >= 7 && n_changes >= if has_both { 3 } else { 4 }
    })
}

/// `lms-secret-c42`, `orion_tls`, `registry.example`: words with a short number at most.
pub(super) fn is_name(value: &str) -> bool {
    let is_word = |part: &str| {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let n_digits = part.len() - letters.len();
        let one_case = !letters.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
            || !letters.bytes().any(|byte| byte.is_ascii_lowercase())
            || is_camel(letters);
        part.len() <= 24 && n_digits <= 4 && one_case && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    value.len() <= 80 && value.split(['-', '_', '.', '/', ':']).all(is_word)
}

/// Words of three letters or more run together, each with a capital: `pgPassword`.
fn is_camel(letters: &str) -> bool {
    let capitals = letters.bytes().skip(1).filter(u8::is_ascii_uppercase).count();
    capitals * 4 <= letters.len()
}
