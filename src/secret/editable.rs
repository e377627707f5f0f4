//! The values of a Secret as a text that a person edits: a YAML mapping of keys to strings, read back exactly.
//!
//! What is written is YAML to every reader; what is read is a small part of YAML, in which no value can be taken for
//! anything but the text it is. No message repeats a value, nor a key, which may be a line of one that was pasted. All buffers are as large as they will ever be from the start:
//! growing would leave copies of values in memory.

use zeroize::Zeroizing;

use super::scan::is_plain;
use crate::sops::Plaintext;

/// What is wrong with a line of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFault {
    /// From 1.
    pub line: usize,
    /// A lower-case fragment; never a value.
    pub message: String,
}

/// Writes `values` below a head of comments. Values must be UTF-8; others are left out.
#[must_use]
pub fn editable(head: &str, values: &[(&str, &Plaintext)]) -> Zeroizing<String> {
    // No character takes more than four bytes for each of its own: `\x1b`, or an indent and a line break.
    let room: usize = values.iter().map(|(key, value)| key.len() + value.expose().len() * 4 + 16).sum();
    let mut out = Zeroizing::new(String::with_capacity(head.len() + room));
    out.push_str(head);
    for (key, value) in values {
        let Ok(text) = std::str::from_utf8(value.expose()) else { continue };
        out.push_str(key);
        out.push_str(": ");
        write_value(&mut out, text);
        out.push('\n');
    }
    out
}

fn write_value(out: &mut String, text: &str) {
    if is_plain(text) {
        return out.push_str(text);
    }
    if let Some(block) = block_of(text) {
        out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
        for line in block.split('\n') {
            out.push_str(if line.is_empty() { "\n" } else { "\n  " });
            out.push_str(line);
        }
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x80 && c.is_control() => push_hex(out, "\\x", u32::from(c), 2),
            c if must_be_escaped(c) => push_hex(out, "\\u", u32::from(c), 4),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The lines of a text that a block shows as it is, and that no editor changes by tidying up: without white space at the
/// ends of lines or of the whole, but for one line break.
fn block_of(text: &str) -> Option<&str> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let tidy = |line: &str| !line.ends_with([' ', '\t']) && !line.chars().any(|c| c != '\t' && must_be_escaped(c));
    let is_block = body.contains('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && !body.ends_with('\n')
        && body.split('\n').all(tidy);
    is_block.then_some(body)
}

/// What editors, terminals or readers of YAML hide, change or take for a line break.
fn must_be_escaped(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn push_hex(out: &mut String, prefix: &str, code: u32, digits: u32) {
    out.push_str(prefix);
    for at in (0..digits).rev() {
        out.push(char::from_digit((code >> (4 * at)) & 15, 16).unwrap_or('0'));
    }
}

/// Reads the text back. Line ends may be LF or CRLF, and the last one may be missing.
///
/// # Errors
/// Everything that is wrong with it.
pub fn from_editable(text: &str) -> Result<Vec<(String, Plaintext)>, Vec<TextFault>> {
    let mut reader = Reader { lines: Lines::new(text), room: text.len(), values: Vec::new(), faults: Vec::new() };
    while let Some((number, line)) = reader.lines.next() {
        if !line.trim().is_empty() && !line.starts_with('#') {
            reader.entry(number, line);
        }
    }
    if reader.faults.is_empty() { Ok(reader.values) } else { Err(reader.faults) }
}

/// Lines with their numbers, one of which can be looked at in advance.
struct Lines<'t> {
    rest: Option<&'t str>,
    number: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // A last line without its end is a line, and an end is not followed by one.
        let text = text.strip_suffix('\n').unwrap_or(text);
        Self { rest: Some(text), number: 0 }
    }

    fn peek(&self) -> Option<&'t str> {
        let rest = self.rest?;
        let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
        Some(line.strip_suffix('\r').unwrap_or(line))
    }

    fn next(&mut self) -> Option<(usize, &'t str)> {
        let line = self.peek()?;
        self.rest = self.rest.and_then(|rest| rest.split_once('\n')).map(|(_, rest)| rest);
        self.number += 1;
        Some((self.number, line))
    }
}

struct Reader<'t> {
    lines: Lines<'t>,
    room: usize,
    values: Vec<(String, Plaintext)>,
    faults: Vec<TextFault>,
}

impl Reader<'_> {
    fn fault(&mut self, line: usize, message: impl Into<String>) {
        self.faults.push(TextFault { line, message: message.into() });
    }

    fn entry(&mut self, number: usize, line: &str) {
        let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let (key, rest) = match line.split_once(':') {
            Some((key, rest)) if !key.is_empty() && key.chars().all(is_key) => (key, rest),
            // What stands here may be a piece of a value.
            _ => return self.fault(number, "is neither `key: value` nor a comment; lines of a block are indented"),
        };
        if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
            return self.fault(number, "a space is missing after the first `:`");
        }
        let rest = rest.trim_matches([' ', '\t']);
        let mut value = Zeroizing::new(String::with_capacity(self.room));
        let read = match rest.chars().next() {
            None => Err("has no value; for the empty text write `\"\"`, to leave it out put `#` before the line"),
            Some('|') => self.block(&rest[1..], &mut value),
            Some('"') => double_quoted(rest, &mut value),
            Some('\'') => single_quoted(rest, &mut value),
            Some(_) => plain(rest, &mut value),
        };
        if let Err(why) = read {
            return self.fault(number, why);
        }
        if self.values.iter().any(|(other, _)| other == key) {
            return self.fault(number, "has a key that occurs twice");
        }
        self.values.push((key.to_owned(), Plaintext::new(value.as_bytes().to_vec())));
    }

    /// A block of lines; `header` is what stands behind its `|`.
    fn block(&mut self, header: &str, value: &mut String) -> Result<(), &'static str> {
        let (mut indent, mut chomp) = (None, None);
        for c in header.chars() {
            match c {
                '1'..='9' if indent.is_none() => indent = c.to_digit(10),
                '-' | '+' if chomp.is_none() => chomp = Some(c),
                _ => return Err("has something behind `|`; the value begins on the next line"),
            }
        }
        let mut indent = indent.and_then(|indent| usize::try_from(indent).ok());
        let mut n_blank = 0;
        while let Some(line) = self.lines.peek() {
            let spaces = line.len() - line.trim_start_matches(' ').len();
            let is_blank = spaces == line.len() && indent.is_none_or(|indent| spaces <= indent);
            if !is_blank && spaces == 0 {
                break;
            }
            self.lines.next();
            if is_blank {
                n_blank += 1;
                continue;
            }
            let indent = *indent.get_or_insert(spaces);
            if spaces < indent {
                return Err("has a line that is indented less than its first one");
            }
            (0..n_blank).for_each(|_| value.push('\n'));
            n_blank = 0;
            value.push_str(&line[indent..]);
            value.push('\n');
        }
        match chomp {
            Some('-') if value.ends_with('\n') => {
                value.pop();
            }
            Some('+') => (0..n_blank).for_each(|_| value.push('\n')),
            _ => {}
        }
        Ok(())
    }
}

/// Text without quotes, where it can be taken for nothing else.
fn plain(text: &str, value: &mut String) -> Result<(), &'static str> {
    const INDICATORS: [char; 15] = ['[', ']', '{', '}', '&', '*', '!', '>', '%', '@', '`', ',', '#', '?', '-'];
    let is_indicator = |c: char| match c {
        '-' | '?' => text[1..].is_empty() || text[1..].starts_with(' '),
        c => INDICATORS.contains(&c),
    };
    let begins_wrong = text.chars().next().is_some_and(is_indicator);
    if begins_wrong || text.contains(" #") || text.contains("\t#") || text.contains(": ") || text.ends_with(':') {
        return Err("must be in quotes: it holds characters that mean something else in YAML");
    }
    value.push_str(text);
    Ok(())
}

fn single_quoted(text: &str, value: &mut String) -> Result<(), &'static str> {
    let mut rest = &text[1..];
    loop {
        let Some((before, after)) = rest.split_once('\'') else { return Err("has no closing quote on its line") };
        value.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None if after.is_empty() => return Ok(()),
            None => return Err("has something behind its closing quote"),
        }
    }
}

fn double_quoted(text: &str, value: &mut String) -> Result<(), &'static str> {
    let mut rest = text[1..].chars();
    loop {
        match rest.next() {
            None => return Err("has no closing quote on its line"),
            Some('"') if rest.as_str().is_empty() => return Ok(()),
            Some('"') => return Err("has something behind its closing quote"),
            Some('\\') => value.push(escape(&mut rest).ok_or("has an escape that YAML does not know")?),
            Some(c) => value.push(c),
        }
    }
}

/// The character that an escape means; its `\` was read.
fn escape(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match rest.next()? {
        '0' => return Some('\0'),
        'a' => return Some('\u{7}'),
        'b' => return Some('\u{8}'),
        't' | '\t' => return Some('\t'),
        'n' => return Some('\n'),
        'v' => return Some('\u{b}'),
        'f' => return Some('\u{c}'),
        'r' => return Some('\r'),
        'e' => return Some('\u{1b}'),
        'N' => return Some('\u{85}'),
        '_' => return Some('\u{a0}'),
        'L' => return Some('\u{2028}'),
        'P' => return Some('\u{2029}'),
        c @ (' ' | '"' | '/' | '\\') => return Some(c),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + rest.next()?.to_digit(16)?;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, Vec<TextFault>> {
        let value = |value: Plaintext| String::from_utf8(value.expose().to_vec()).unwrap();
        from_editable(text).map(|values| values.into_iter().map(|(key, v)| (key, value(v))).collect())
    }

    fn round_trip(value: &str) {
        let plaintext = Plaintext::from(value.to_owned());
        let text = editable("# head\n", &[("a", &plaintext), ("z.y", &Plaintext::from("end".to_owned()))]);
        let expected = vec![("a".to_owned(), value.to_owned()), ("z.y".to_owned(), "end".to_owned())];
        assert_eq!(read(&text).unwrap(), expected, "{}", *text);
        // As an editor for Windows would save it, and one that leaves the last line end away.
        assert_eq!(read(&text.replace('\n', "\r\n")).unwrap(), expected, "{}", *text);
        assert_eq!(read(text.trim_end_matches('\n')).unwrap(), expected, "{}", *text);
        // Any reader of YAML sees the same.
        let yaml: std::collections::BTreeMap<String, String> = serde_norway::from_str(&text).unwrap();
        assert_eq!(yaml.into_iter().collect::<Vec<_>>(), expected, "{}", *text);
    }

    #[test]
    fn every_text_comes_back() {
        for value in [
            "",
            " ",
            "a",
            "a b",
            " a",
            "a ",
            "a\n",
            "a\n\n",
            "\na",
            "a\nb",
            "a\nb\n",
            "a\n\nb",
            "a\n b\n",
            " a\nb",
            "a \nb",
            "a\r\nb\r\n",
            "\t",
            "a\tb\n\tc",
            "null",
            "true",
            "12",
            "0777",
            "~",
            "a: b",
            "a #b",
            "#a",
            "- a",
            "\"",
            "'",
            "\\",
            "\\n",
            "|",
            "|-",
            "\u{feff}",
            "\u{85}x",
            "é☃😀",
            "\0",
            "a\u{2028}b",
            "---",
            "...",
            "a\n---\nb",
            "{{ x }}",
            "a:",
        ] {
            round_trip(value);
        }
        round_trip("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(value in "(?s:.{0,40})", lines in "([ -~\t]{0,6}\n){0,5}") {
            round_trip(&value);
            round_trip(&lines);
        }
    }

    #[test]
    fn what_a_person_may_write() {
        for (text, value) in [
            ("a: b c\n", "b c"),
            ("a: 12\n", "12"),
            ("a: 'it''s'", "it's"),
            ("a: |\n    x\n      y\n", "x\n  y\n"),
            ("a: |2-\n    x\n", "  x"),
            ("a: |+\n  x\n\n\n", "x\n\n\n"),
            ("a: |\n  x\n\n\n# end\n", "x\n"),
            ("\u{feff}a:   \"\\x41\\u0042\\U00000043\"  \n", "ABC"),
            ("a: x#y:z\n", "x#y:z"),
        ] {
            assert_eq!(read(text).unwrap(), [("a".to_owned(), value.to_owned())], "{text:?}");
        }
        assert!(read("# nothing\n\n").unwrap().is_empty());
    }

    #[test]
    fn what_is_refused_is_not_repeated() {
        for (text, line, message) in [
            ("a: 1\nhunter2\n", 2, "neither"),
            ("a: 1\na: hunter2\n", 2, "occurs twice"),
            ("a: hunter2 #x\n", 1, "in quotes"),
            ("a: [hunter2]\n", 1, "in quotes"),
            ("a: \"hunter2\n", 1, "no closing quote"),
            ("a: \"hunter2\" x\n", 1, "behind its closing quote"),
            ("a: \"\\q\"\n", 1, "an escape"),
            ("a: | hunter2\n", 1, "behind `|`"),
            ("a:\n", 1, "no value"),
            ("a:hunter2\n", 1, "a space is missing"),
            ("hunter2: \n", 1, "no value"),
            ("hunter2:x\n", 1, "a space is missing"),
            ("hunter2: [\n", 1, "in quotes"),
            ("hunter2: 1\nhunter2: 2\n", 2, "occurs twice"),
            ("a: |\n    x\n  hunter2\n", 1, "indented less"),
            ("  a: hunter2\n", 1, "neither"),
        ] {
            let faults = read(text).unwrap_err();
            assert_eq!(faults[0].line, line, "{text:?}");
            assert!(faults[0].message.contains(message) && !faults[0].message.contains("hunter2"), "{faults:?}");
        }
    }
}
