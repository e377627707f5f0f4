//! Private keys in their files' formats: PEM, OpenSSH, PGP, PuTTY, age; and PEM in base64, as Secrets hold it.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::finding::{Finding, Rule};
use super::shapes::Alphabet;
use super::tokens::run;

/// Starts of what this file reads. The third is `-----BEGIN ` in base64.
pub(super) const STARTS: [&str; 5] =
    ["-----BEGIN ", "PuTTY-User-Key-File-", "LS0tLS1CRUdJTi", "AGE-SECRET-KEY-", "age-secret-key-"];

/// A block with less text than this is an example, or code that looks for one.
const LEAST: usize = 40;
/// Headers stand between the first line and the key: `Proc-Type`, `Comment`.
const HEADERS: usize = 300;
/// The longest key that is looked for the end of.
const LONGEST: usize = 20_000;

/// Looks at a start that stands at `hit`; `None` if `hit` is none.
pub(super) fn look(text: &str, hit: Range<usize>) -> Option<Option<Finding>> {
    let found = match &text[hit.clone()] {
        "-----BEGIN " => pem(text, hit),
        "PuTTY-User-Key-File-" => putty(text, hit),
        "LS0tLS1CRUdJTi" => encoded(text, hit),
        "AGE-SECRET-KEY-" | "age-secret-key-" => age(text, hit),
        _ => return None,
    };
    Some(found)
}

fn finding(what: &'static str, range: Range<usize>) -> Finding {
    Finding { rule: Rule::PrivateKey, what, range, key: None }
}

fn pem(text: &str, hit: Range<usize>) -> Option<Finding> {
    let line = &text[hit.end..text.floor_char_boundary((hit.end + 60).min(text.len()))];
    let title = line.split("-----").next()?;
    if title.len() == line.len() || !(title.ends_with("PRIVATE KEY") || title.ends_with("PRIVATE KEY BLOCK")) {
        return None;
    }
    let body = hit.end + title.len() + "-----".len();
    let most = text.floor_char_boundary((body + LONGEST).min(text.len()));
    let end = match text[body..most].find("-----END ") {
        Some(at) => body + at,
        None => most,
    };
    // In JSON and in quotes lines end with `\n`, in a list of lines with `",`.
    let is_key = |part: &str| part.len() >= LEAST && part.bytes().all(is_base64);
    let near = text.floor_char_boundary((body + HEADERS).min(end));
    let mut words = text[body..near].split(|c: char| c.is_whitespace() || matches!(c, '\\' | '"' | '\'' | ','));
    // What stands before a word is the `n` of an escaped line end.
    let has_key = words.any(|word| is_key(word) || word.strip_prefix(['n', 'r']).is_some_and(is_key));
    has_key.then(|| finding("a private key", hit.start..end))
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'=')
}

fn putty(text: &str, hit: Range<usize>) -> Option<Finding> {
    let most = text.floor_char_boundary((hit.start + LONGEST).min(text.len()));
    let private = text[hit.start..most].find("Private-Lines:")?;
    let end = text[hit.start..most].find("Private-MAC:").unwrap_or(most - hit.start);
    (private < end).then(|| finding("a private key", hit.start..hit.start + end))
}

/// The first line of PEM tells what it is; the rest need not be decoded.
fn encoded(text: &str, hit: Range<usize>) -> Option<Finding> {
    let length = text.as_bytes()[hit.start..].iter().take_while(|&&byte| is_base64(byte)).count();
    let first = &text[hit.start..hit.start + length.min(80) / 4 * 4];
    let first = STANDARD_NO_PAD.decode(first.trim_end_matches('=')).ok()?;
    let is_private = first.windows("PRIVATE KEY".len()).any(|window| window == b"PRIVATE KEY");
    (is_private && length >= 100).then(|| finding("a private key in base64", hit.start..hit.start + length))
}

fn age(text: &str, hit: Range<usize>) -> Option<Finding> {
    let rest = &text[hit.end..];
    let mark = if rest.get(..4).is_some_and(|mark| mark.eq_ignore_ascii_case("PQ-1")) { 4 } else { 1 };
    let is_marked = mark == 4 || rest.starts_with('1');
    let end = run(text, hit.end + mark.min(rest.len()), Alphabet::Alphanumeric);
    (is_marked && end >= hit.end + mark + LEAST).then(|| finding("a private age key", hit.start..end))
}
