//! URLs and connection strings with a password in them.

use super::finding::{Finding, Rule};
use super::reference::is_reference;
use super::value::is_placeholder;

/// Looks at the `://` that stands at `at`.
pub(super) fn look(text: &str, at: usize, in_prose: bool) -> Option<Finding> {
    let scheme = text[..at].bytes().rev().take_while(|b| b.is_ascii_alphanumeric() || b"+.-".contains(b)).count();
    if scheme == 0 {
        return None;
    }
    let from = at + "://".len();
    let rest = &text[from..text.floor_char_boundary((from + 600).min(text.len()))];
    let colon = end_of_user(rest)?;
    let password = &rest[colon + 1..];
    let end = end_of_password(password)?;
    let password = &password[..end];
    let is_there = !password.is_empty() && password.bytes().any(|byte| byte != password.as_bytes()[0]);
    if !is_there || is_reference(password) || in_prose && is_placeholder(password) {
        return None;
    }
    let start = from + colon + 1;
    Some(Finding { rule: Rule::Url, what: "a password in a URL", range: start..start + end, key: None })
}

/// The colon after the user, whose name a template may print.
fn end_of_user(rest: &str) -> Option<usize> {
    let mut at = 0;
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("{{") {
            at += here.find("}}")? + 2;
            continue;
        }
        let c = here.chars().next()?;
        match c {
            ':' => return Some(at),
            '/' | '@' | '?' | '#' | '[' | '"' | '\'' | '<' | '>' | '`' | '\\' | '|' | ',' => return None,
            c if c.is_whitespace() => return None,
            c => at += c.len_utf8(),
        }
    }
    None
}

/// The `@` before the host: the last one before the path, as passwords with an `@` of their own are written by hand.
fn end_of_password(rest: &str) -> Option<usize> {
    let mut found = None;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("{{") {
            at += here.find("}}")? + 2;
            continue;
        }
        let Some(c) = here.chars().next() else { break };
        match c {
            '@' => found = Some(at),
            '/' if found.is_some() => break,
            // A port, not a password.
            '/' | '?' | '#' if rest[..at].bytes().all(|byte| byte.is_ascii_digit()) => return None,
            '"' | '\'' | '`' | '\\' => break,
            c if c.is_whitespace() => break,
            _ => {}
        }
        at += c.len_utf8();
    }
    let host = found.map(|at| &rest[at + 1..])?;
    let is_host =
        host.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '[' | '{' | '$' | '(' | '<' | '_'));
    // An image by digest: `docker://nginx:1.27@sha256:…`.
    (is_host && !host.starts_with("sha256:")).then_some(found).flatten()
}
