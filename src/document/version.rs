//! Finds what only TOML 1.1 allows. Fleets keep to TOML 1.0, which every reader and editor knows.

/// The first use of TOML 1.1 in the text of an inline table, with its byte offset: a newline or a trailing comma.
pub(super) fn in_inline_table(text: &str) -> Option<(usize, &'static str)> {
    const NEWLINE: &str = "a newline inside `{…}`";
    let bytes = text.as_bytes();
    let mut depth: Vec<u8> = Vec::new();
    let mut comma = None;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        match byte {
            b'"' | b'\'' => {
                at += string_length(&text[at..]);
                comma = None;
                continue;
            }
            b'{' | b'[' => depth.push(byte),
            b'}' => {
                if let Some(comma) = comma {
                    return Some((comma, "a comma before `}`"));
                }
                depth.pop();
            }
            b']' => {
                depth.pop();
            }
            b'\n' if depth.last() == Some(&b'{') => return Some((at, NEWLINE)),
            b'#' => at += text[at..].find('\n').unwrap_or(text.len() - at) - 1,
            _ => {}
        }
        if byte == b',' {
            comma = Some(at);
        } else if !byte.is_ascii_whitespace() {
            comma = None;
        }
        at += 1;
    }
    None
}

/// Bytes of the string that `text` starts with; `text` has been parsed, so it is closed.
fn string_length(text: &str) -> usize {
    let quote = &text[..1];
    let long = quote.repeat(3);
    let (opening, closing) = if text.starts_with(&long) { (3, long.as_str()) } else { (1, quote) };
    let mut at = opening;
    while at < text.len() {
        if quote == "\"" && text.as_bytes()[at] == b'\\' {
            at += 2;
        } else if text.as_bytes()[at..].starts_with(closing.as_bytes()) {
            // A long string may end with up to two more quotes of its own.
            let more = text.as_bytes()[at + opening..].iter().take_while(|&&b| b == quote.as_bytes()[0]).count();
            return at + opening + if opening == 3 { more.min(2) } else { 0 };
        } else {
            at += 1;
        }
    }
    text.len()
}

/// `true` if the text of a basic string uses an escape of TOML 1.1: `\e` or `\x41`.
pub(super) fn in_string(text: &str) -> bool {
    let mut escaped = false;
    text.starts_with('"')
        && text.bytes().any(|byte| {
            let hit = escaped && matches!(byte, b'e' | b'x');
            escaped = byte == b'\\' && !escaped;
            hit
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_syntax_is_found() {
        assert_eq!(in_inline_table("{a = 1,\n b = 2}").map(|hit| hit.0), Some(7));
        assert_eq!(in_inline_table("{a = 1 , }").map(|hit| hit.0), Some(7));
        assert_eq!(in_inline_table("{a = [1, 2, {b = 1,}]}").map(|hit| hit.0), Some(18));
        for good in
            ["{}", "{a = [1,\n2, # }\n]}", "{a = \"\"\"x\n,}\"\"\"\"\"}", "{a = '\\', b = \",}\\\"\"}", "{ \"#\" = 1 }"]
        {
            assert_eq!(in_inline_table(good), None, "{good}");
        }
        assert!(in_string(r#""\e""#) && in_string(r#""a\\\x41""#));
        assert!(!in_string(r#""\\e""#) && !in_string(r"'\e'") && !in_string(r#""\u0041""#));
    }
}
