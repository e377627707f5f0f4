//! Whether what stands under a secret name is a value, or a reference, a placeholder, the name of a thing.

use super::words::Promise;

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

/// Starts of what other programs put a value for.
const LEADS: [&str; 14] = [
    "ENC[",
    "!",
    "ref+",
    "vault:",
    "op://",
    "env:",
    "file:",
    "arn:",
    "projects/",
    "@",
    "%(",
    "&",
    "*",
    "AGE-SECRET-KEY-*",
];

/// The same characters in the other world: `<password>`, `$(VAR)`, `${VAR}`, `{{ … }}`, `***`, `ENC[…]`.
pub(super) fn is_reference(value: &str) -> bool {
    let is_variable = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '(' | '{'));
    ["{{", "{%", "${", "$(", "<%", "%{", "`"].iter().any(|mark| value.contains(mark))
        || LEADS.iter().any(|lead| value.starts_with(lead))
        || value.strip_prefix('$').is_some_and(is_variable)
        || value.starts_with('<')
        || value.starts_with('{')
        || value.starts_with('%') && value.ends_with('%')
        || value.starts_with("__") && value.ends_with("__")
        || is_blank(value)
}

/// Nothing but one character over and over, or punctuation: `***`, `xxxx`, `...`.
fn is_blank(value: &str) -> bool {
    let mut letters = value.chars().filter(|c| c.is_alphanumeric());
    letters.next().is_none_or(|first| letters.all(|c| c.eq_ignore_ascii_case(&first)))
}

/// What examples in prose write for a value.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_lowercase();
    lower.contains("...") || lower.contains('…') || PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

/// `true` if `value` is a secret in the clear.
pub(super) fn is_literal(value: &str, promise: Promise, form: Form, in_prose: bool) -> bool {
    let value = value.trim();
    let lower = value.to_lowercase();
    if value.chars().count() < 3 || is_reference(value) || NOTHING.contains(&lower.as_str()) {
        return false;
    }
    if value.contains("://") || is_path(value) || is_number(value, promise, form) {
        return false;
    }
    if in_prose && (form != Form::Quoted || is_placeholder(value)) {
        return false;
    }
    if value.contains(char::is_whitespace) {
        return form == Form::Quoted && promise == Promise::Password && !is_sentence(&lower);
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

/// Numbers, amounts of time; a password of digits counts in quotes only.
fn is_number(value: &str, promise: Promise, form: Form) -> bool {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let is_digits = digits.bytes().all(|byte| byte.is_ascii_digit() || b".-+_".contains(&byte));
    let unit = value.len() - digits.len();
    is_digits && unit <= 2 && !(promise == Promise::Password && form == Form::Quoted && value.len() >= 6)
}

/// `/run/secrets/x`, `./x`, `~/x`: no base64 looks like it.
fn is_path(value: &str) -> bool {
    let Some(rest) = ["/", "./", "../", "~/"].iter().find_map(|start| value.strip_prefix(start)) else { return false };
    let is_step = |step: &str| step.len() <= 40 && !step.contains(['+', '=']);
    value.len() <= 120 && rest.contains(char::is_alphabetic) && rest.split('/').all(is_step)
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
        && value.split('.').all(|part| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
    let is_foreign = value.contains("::") || value.contains("->") || form == Form::Code && !value.is_ascii();
    if is_foreign
        || value.contains(['(', '[', '{', '<', '\\', '"', '\'', '|'])
        || value.ends_with([';', ','])
        || value.starts_with(['-', '=', '?', '~'])
    {
        return true;
    }
    match form {
        Form::Code => is_member || is_name(value) || value.len() < 8,
        Form::Assigned => is_member,
        Form::Plain | Form::Quoted => false,
    }
}

/// `lms-secret-c42`, `orion_tls`, `registry.example`: words with a short number at most.
fn is_name(value: &str) -> bool {
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
