//! Tokens that are known by their shape alone.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use base64::prelude::{BASE64_STANDARD, Engine};

use super::finding::{Finding, Rule};
use super::shapes::{Alphabet, SHAPES, Shape};
use super::words::promise;

/// Starts of tokens with a reader of their own.
pub(super) const OTHERS: [&str; 7] = ["eyJ", ":AA", "AKIA", "ASIA", "Bearer ", "Basic ", "\"auth\""];

/// How far from an AWS key id its secret stands.
const AWS_REACH: usize = 400;

/// Bytes of a login in base64.
const LONGEST_LOGIN: usize = 4096;

static BY_START: LazyLock<HashMap<&str, &Shape>> =
    LazyLock::new(|| SHAPES.iter().map(|shape| (shape.start, shape)).collect());

/// `true` for the start of a token.
pub(super) fn is_start_of_one(start: &str) -> bool {
    OTHERS.contains(&start) || BY_START.contains_key(start)
}

/// Looks at the start of a token that stands at `hit`.
pub(super) fn look(text: &str, hit: Range<usize>) -> Option<Finding> {
    match &text[hit.clone()] {
        "eyJ" => json_web_token(text, hit.start),
        ":AA" => telegram(text, hit.start),
        "AKIA" | "ASIA" => amazon(text, hit),
        "Bearer " => bearer(text, hit.end),
        "Basic " => login(text, hit.end),
        "\"auth\"" => login(text, text.len() - text[hit.end..].trim_start_matches([' ', ':', '"']).len()),
        start => shaped(text, hit, BY_START.get(start)?),
    }
}

fn finding(what: &'static str, range: Range<usize>) -> Finding {
    Finding { rule: Rule::Token, what, range, key: None }
}

fn shaped(text: &str, hit: Range<usize>, shape: &Shape) -> Option<Finding> {
    let end = run(text, hit.end, shape.alphabet);
    let body = text[hit.end..end].trim_end_matches(['.', '=', '-']);
    let right = (shape.least..=shape.most).contains(&body.len()) && is_varied(body);
    (right && is_start(text, hit.start)).then(|| finding(shape.what, hit.start..hit.end + body.len()))
}

/// The end of the characters of `alphabet` that stand at `from`.
pub(super) fn run(text: &str, from: usize, alphabet: Alphabet) -> usize {
    from + text.as_bytes()[from..].iter().take_while(|&&byte| alphabet.holds(byte)).count()
}

/// `true` if no word goes on over `at`.
fn is_start(text: &str, at: usize) -> bool {
    !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

/// `true` unless it is a row of `x`, a pattern or an example: random text repeats little.
pub(super) fn is_varied(text: &str) -> bool {
    let mut seen = [false; 256];
    let n = text.bytes().filter(|&byte| !std::mem::replace(&mut seen[usize::from(byte)], true)).count();
    n >= 8.min(text.len() / 2) && !text.to_ascii_uppercase().contains("EXAMPLE")
}

/// Three parts of base64 with dots between, the first two of them JSON.
fn json_web_token(text: &str, start: usize) -> Option<Finding> {
    let mut at = start;
    for part in 0..3 {
        let end = run(text, at, Alphabet::Word);
        let body = &text[at..end];
        if body.len() < 15 || part < 2 && !(body.starts_with("eyJ") && text[end..].starts_with('.')) {
            return None;
        }
        if part == 2 {
            let right = is_start(text, start) && is_varied(body);
            return right.then(|| finding("a JSON Web Token", start..end));
        }
        at = end + 1;
    }
    None
}

/// `123456789:AA…`, 35 characters after the colon.
fn telegram(text: &str, colon: usize) -> Option<Finding> {
    let digits = text[..colon].bytes().rev().take_while(u8::is_ascii_digit).count();
    let start = colon - digits;
    let end = run(text, colon + 1, Alphabet::Word);
    let right = (8..=10).contains(&digits) && end - colon - 1 == 35 && is_start(text, start);
    (right && is_varied(&text[colon..end])).then(|| finding("a Telegram bot token", start..end))
}

/// `Authorization: Bearer 8f7a…`; a JSON Web Token is told by itself.
fn bearer(text: &str, start: usize) -> Option<Finding> {
    let end = run(text, start, Alphabet::Dotted);
    let body = text[start..end].trim_end_matches(['.', '=', '-']);
    let is_token = body.len() >= 20 && body.contains(|c: char| c.is_ascii_digit()) && !body.starts_with("eyJ");
    (is_token && is_varied(body)).then(|| finding("a bearer token", start..start + body.len()))
}

/// `Authorization: Basic …`, `"auth": "…"` of a container registry: a name and a password in base64.
fn login(text: &str, start: usize) -> Option<Finding> {
    let is_base64 = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'=');
    let end = start + text.as_bytes()[start..].iter().take(LONGEST_LOGIN).take_while(is_base64).count();
    let decoded = zeroize::Zeroizing::new(BASE64_STANDARD.decode(&text[start..end]).ok()?);
    let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    // `user:password` shows where each belongs.
    let is_real = !name.is_empty() && password.len() >= 6 && is_varied(password) && promise(password).is_none();
    is_real.then(|| finding("a login in base64", start..end))
}

/// A key id is no secret; the 40 characters that stand near one are.
fn amazon(text: &str, hit: Range<usize>) -> Option<Finding> {
    let end = run(text, hit.end, Alphabet::Upper);
    if end - hit.end != 16 || !is_start(text, hit.start) || !is_varied(&text[hit.end..end]) {
        return None;
    }
    let from = text.floor_char_boundary(hit.start.saturating_sub(AWS_REACH));
    let to = text.ceil_char_boundary((end + AWS_REACH).min(text.len()));
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
    let bytes = &text.as_bytes()[from..to];
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|&&byte| is_base64(byte)).count();
        let word = from + at..from + at + length;
        let is_mixed = |text: &str| {
            text.contains(|c: char| c.is_ascii_lowercase()) && text.contains(|c: char| c.is_ascii_uppercase())
        };
        if length == 40 && is_mixed(&text[word.clone()]) && is_varied(&text[word.clone()]) {
            return Some(finding("the secret of an AWS access key", word));
        }
        at += length.max(1);
    }
    None
}
