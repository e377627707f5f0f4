//! Finding what an expression reads: `params.image.tag`, `client["name"]`.
//!
//! A small tokenizer over Tera's expressions: it knows strings, names and the ways to reach into a value, and
//! nothing else.

use std::ops::Range;

/// A name and what is reached from it, with its place in the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// `params`, `image`, `tag`.
    pub parts: Vec<String>,
    /// The whole chain.
    pub range: Range<usize>,
    /// The name follows `|`: a filter, or `is`: a test.
    pub role: Role,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A variable, or a word of the language.
    Name,
    /// A filter after `|`.
    Filter,
    /// A function: followed by `(`.
    Function,
    /// A keyword argument: followed by `=`.
    Argument,
    /// Reached from something computed: `y` of `x[0].y`.
    Member,
    /// After a dot that follows nothing, as Helm has it: `.Values`. The dot belongs to the range.
    Dotted,
}

/// All chains in `source[range]`.
#[must_use]
pub fn chains(source: &str, range: Range<usize>) -> Vec<Chain> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let mut at = range.start;
    let mut previous = b' ';
    while at < range.end {
        let byte = bytes[at];
        if matches!(byte, b'"' | b'\'' | b'`') {
            at = string_end(bytes, at, range.end);
            previous = byte;
        } else if is_name_start(byte) {
            let (mut chain, end) = chain_at(source, at, range.end, previous);
            if at > range.start && bytes[at - 1] == b'.' {
                let before = (at - 1 > range.start).then(|| bytes[at - 2]);
                let is_member =
                    before.is_some_and(|b| is_name(b) || matches!(b, b']' | b')' | b'}' | b'?' | b'"' | b'\''));
                chain.role = if is_member { Role::Member } else { Role::Dotted };
                chain.range.start -= usize::from(!is_member);
            }
            at = end;
            previous = b'a';
            found.push(chain);
        } else if byte.is_ascii_digit() {
            while at < range.end && (is_name(bytes[at]) || bytes[at] == b'.') {
                at += 1;
            }
            previous = b'0';
        } else {
            if !byte.is_ascii_whitespace() {
                previous = byte;
            }
            at += 1;
        }
    }
    found
}

fn chain_at(source: &str, start: usize, end: usize, previous: u8) -> (Chain, usize) {
    let bytes = source.as_bytes();
    let name_end = |from: usize| (from..end).find(|&at| !is_name(bytes[at])).unwrap_or(end);
    let mut at = name_end(start);
    let mut parts = vec![source[start..at].to_owned()];
    loop {
        let dot = if bytes[at..end].starts_with(b"?.") { 2 } else { usize::from(bytes[at..end].starts_with(b".")) };
        if dot > 0 && bytes.get(at + dot).is_some_and(|&b| is_name_start(b)) {
            let stop = name_end(at + dot);
            parts.push(source[at + dot..stop].to_owned());
            at = stop;
        } else if bytes[at..end].starts_with(b"[") && matches!(bytes.get(at + 1), Some(b'"' | b'\'')) {
            let stop = string_end(bytes, at + 1, end);
            if bytes.get(stop) != Some(&b']') {
                break;
            }
            parts.push(source[at + 2..stop - 1].to_owned());
            at = stop + 1;
        } else {
            break;
        }
    }
    let mut after = bytes[at..end].iter().copied().skip_while(u8::is_ascii_whitespace);
    let (next, second) = (after.next(), after.next());
    let role = match (previous, next, second) {
        (b'|', ..) => Role::Filter,
        (_, Some(b'('), _) => Role::Function,
        (_, Some(b'='), second) if second != Some(b'=') => Role::Argument,
        _ => Role::Name,
    };
    (Chain { parts, range: start..at, role }, at)
}

/// One past the closing quote of the string that opens at `start`.
fn string_end(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut at = start + 1;
    while at < end && bytes[at] != bytes[start] {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(end)
}

const fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> Vec<(String, Role)> {
        chains(source, 0..source.len()).into_iter().map(|chain| (chain.parts.join("."), chain.role)).collect()
    }

    #[test]
    fn names_and_what_is_reached_from_them() {
        assert_eq!(
            shown(r#"params.keys["token_ttl"] ~ "params.no" | upper"#),
            [("params.keys.token_ttl".into(), Role::Name), ("upper".into(), Role::Filter)]
        );
        assert_eq!(
            shown("secret(name=params?.a, key='b') == 1.5"),
            [
                ("secret".into(), Role::Function),
                ("name".into(), Role::Argument),
                ("params.a".into(), Role::Name),
                ("key".into(), Role::Argument)
            ]
        );
        assert_eq!(
            shown("x[0].y == z"),
            [("x".into(), Role::Name), ("y".into(), Role::Member), ("z".into(), Role::Name)]
        );
        assert_eq!(shown("if .Values.a"), [("if".into(), Role::Name), ("Values.a".into(), Role::Dotted)]);
    }
}
