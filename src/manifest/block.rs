//! A reader for plain block YAML, many times faster than the parser: what lmsgen, kubectl and most people write.
//!
//! It reads one document or declines; what it declines goes to the parser. It must never read a text otherwise than
//! the parser does, so everything unusual is declined: flow collections but `{}` and `[]`, anchors, tags, folded
//! scalars, scalars over several lines, tabs, duplicate keys.

use std::cell::Cell;

use super::scalar::{Plain, resolve_plain};
use super::{Map, Value};

/// Deeper nesting is left to the parser, which has a limit of its own.
const MAX_DEPTH: usize = 40;

/// Reads `text` if it is one document in plain block style; `None` says nothing about whether it is right.
#[must_use]
pub fn read_block(text: &str) -> Option<Value> {
    read_block_as(text, strict_value)
}

/// As [`read_block`], with plain scalars as `plain` takes them; it may decline.
pub(super) fn read_block_as(text: &str, plain: fn(&str) -> Option<Value>) -> Option<Value> {
    let mut reader = Reader { text, at: 0, indent: 0, end: Cell::new(None), plain };
    if let Some(rest) = text.strip_prefix("---\n") {
        reader.at = text.len() - rest.len();
    }
    reader.next_line()?;
    if reader.is_done() || reader.indent != 0 {
        return None;
    }
    let value = reader.block(0, 0)?;
    reader.is_done().then_some(value)
}

/// Stands before the content of a line, whose indentation is `indent`.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    indent: usize,
    /// The end of a line that was looked for, from where on it is the end of whatever line `at` stands in.
    end: Cell<Option<(usize, usize)>>,
    plain: fn(&str) -> Option<Value>,
}

/// A plain scalar that all readers agree about, or a string.
#[expect(clippy::unnecessary_wraps, reason = "other meanings have scalars that they decline")]
fn strict_value(text: &str) -> Option<Value> {
    Some(match resolve_plain(text) {
        Plain::Null => Value::Null,
        Plain::Bool(value) => Value::Bool(value),
        Plain::Number => Value::Number(text.into()),
        Plain::String | Plain::Ambiguous => Value::String(text.into()),
    })
}

impl<'t> Reader<'t> {
    const fn is_done(&self) -> bool {
        self.at >= self.text.len()
    }

    fn line(&self) -> &'t str {
        &self.text[self.at..self.line_end()]
    }

    fn line_end(&self) -> usize {
        if let Some((from, end)) = self.end.get()
            && (from..=end).contains(&self.at)
        {
            return end;
        }
        let rest = &self.text.as_bytes()[self.at..];
        let end = self.at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.end.set(Some((self.at, end)));
        end
    }

    /// Goes on to the content of the next line that has any; `None` at a document marker or a tab.
    fn next_line(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        loop {
            let start = self.at;
            while bytes.get(self.at) == Some(&b' ') {
                self.at += 1;
            }
            match bytes.get(self.at) {
                None => return Some(()),
                Some(b'\n') => self.at += 1,
                Some(b'#') => {
                    self.at += self.line().len();
                    self.at += usize::from(self.at < bytes.len());
                }
                Some(b'\t' | b'\r' | b'%') => return None,
                Some(b'-' | b'.') if self.at == start && self.line().len() >= 3 && !self.line().starts_with("- ") => {
                    return None;
                }
                Some(_) => {
                    self.indent = self.at - start;
                    return Some(());
                }
            }
        }
    }

    /// A mapping or list whose lines stand at `indent`.
    fn block(&mut self, indent: usize, depth: usize) -> Option<Value> {
        let line = self.line();
        let first = if is_item(line) { None } else { Some(key(line)?) };
        self.block_of(first, indent, depth)
    }

    /// A mapping with this first line, else a list.
    fn block_of(&mut self, first: Option<(&'t str, &'t str)>, indent: usize, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        match first {
            Some(first) => self.map(indent, depth, first),
            None => self.list(indent, depth),
        }
    }

    /// A mapping, of whose first line the key and what follows it are known.
    fn map(&mut self, indent: usize, depth: usize, first: (&'t str, &'t str)) -> Option<Value> {
        let mut map = Map::with_capacity(4);
        let (mut name, mut rest) = first;
        loop {
            self.at = self.line_end() - rest.len();
            let value = if rest.trim_ascii_start().is_empty() {
                self.below(indent, depth, true)?
            } else {
                self.at += 1;
                self.scalar(&rest[1..], indent)?
            };
            if !map.push_new(name, value) {
                return None;
            }
            if self.is_done() || self.indent < indent {
                return Some(Value::Map(map));
            }
            if self.indent > indent {
                return None;
            }
            (name, rest) = key(self.line())?;
        }
    }

    fn list(&mut self, indent: usize, depth: usize) -> Option<Value> {
        let mut items = Vec::with_capacity(4);
        loop {
            let line = self.line();
            if line == "-" {
                self.at += 1;
                items.push(self.below(indent, depth, false)?);
            } else if let Some(rest) = line.strip_prefix("- ") {
                let inner = rest.trim_ascii_start();
                let skipped = line.len() - inner.len();
                let first = key(inner);
                if is_item(inner) || first.is_some() {
                    self.at += skipped;
                    self.indent = indent + skipped;
                    items.push(self.block_of(first, indent + skipped, depth + 1)?);
                } else {
                    self.at += 2;
                    items.push(self.scalar(rest, indent)?);
                }
            } else {
                // A mapping's next key, at the indentation of a list right below it.
                return Some(Value::List(items));
            }
            if self.is_done() || self.indent < indent {
                return Some(Value::List(items));
            }
            if self.indent > indent {
                return None;
            }
        }
    }

    /// What stands on the lines after a key or dash at `indent`: something deeper, a list at the same depth after a
    /// key, or nothing.
    fn below(&mut self, indent: usize, depth: usize, after_key: bool) -> Option<Value> {
        self.at += self.line().len();
        self.next_line()?;
        if self.is_done() || self.indent < indent {
            return Some(Value::Null);
        }
        let line = self.line();
        if self.indent > indent || (after_key && is_item(line) && self.indent == indent) {
            return self.block(self.indent, depth + 1);
        }
        Some(Value::Null)
    }

    /// A scalar on the rest of a line, or a literal block that begins there; goes on to the next line.
    fn scalar(&mut self, rest: &'t str, indent: usize) -> Option<Value> {
        let text = rest.trim_ascii_start();
        self.at += rest.len() - text.len();
        let value = match text.as_bytes().first()? {
            b'|' => return self.literal(text, indent),
            b'"' => Value::String(double_quoted(text)?),
            b'\'' => Value::String(single_quoted(text)?),
            b'{' if text == "{}" => Value::Map(Map::new()),
            b'[' if text == "[]" => Value::List(Vec::new()),
            _ if is_plain(text) => (self.plain)(text)?,
            _ => return None,
        };
        self.at += text.len();
        self.next_line()?;
        Some(value)
    }

    /// A literal block, `|`, `|-` or `|+` without an indentation of its own.
    fn literal(&mut self, header: &str, parent: usize) -> Option<Value> {
        let keeps = match header {
            "|" => Chomp::Clip,
            "|-" => Chomp::Strip,
            _ => return None,
        };
        self.at += header.len();
        self.at += usize::from(!self.is_done());
        let mut lines: Vec<&str> = Vec::new();
        let mut indent = None;
        while !self.is_done() {
            let line = self.line();
            let spaces = line.len() - line.trim_start_matches(' ').len();
            let is_blank = spaces == line.len();
            match indent {
                // Blank lines before the first one could be deeper than it.
                None if is_blank => return None,
                None if spaces <= parent => return None,
                None => indent = Some(spaces),
                Some(indent) if is_blank && spaces > indent => return None,
                Some(indent) if !is_blank && spaces < indent => break,
                Some(_) => {}
            }
            if breaks_elsewhere(line) {
                return None;
            }
            lines.push(line.get(indent?..).unwrap_or_default());
            self.at += line.len();
            self.at += usize::from(!self.is_done());
        }
        while lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        // A text that ends without a newline is read differently by different readers.
        if !self.text.ends_with('\n') || lines.is_empty() {
            return None;
        }
        self.next_line()?;
        let mut text = lines.join("\n");
        if matches!(keeps, Chomp::Clip) {
            text.push('\n');
        }
        Some(Value::String(text))
    }
}

enum Chomp {
    Clip,
    Strip,
}

/// The key at the start of a line and what follows its colon.
fn key(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = match line.strip_prefix('"') {
        Some(quoted) => {
            let (key, rest) = quoted.split_once('"')?;
            if key.contains(['\\', '\t']) || key.bytes().any(|b| !(b' '..0x7f).contains(&b)) {
                return None;
            }
            (key, rest.strip_prefix(':')?)
        }
        None => {
            let end = line.bytes().position(|b| !WORD[usize::from(b)])?;
            let key = &line[..end];
            if key.is_empty() || key.starts_with(['-', '.']) || resolve_plain(key) != Plain::String {
                return None;
            }
            (key, line[end..].strip_prefix(':')?)
        }
    };
    (rest.is_empty() || rest.starts_with(' ')).then_some((key, rest))
}

/// Letters, digits, `-`, `_`, `.` and `/`, by their byte.
const WORD: [bool; 256] = {
    let mut word = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        word[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
        byte += 1;
    }
    word
};

/// `true` for a line that is an item of a list.
fn is_item(line: &str) -> bool {
    matches!(line.as_bytes(), [b'-'] | [b'-', b' ', ..])
}

/// `true` for a tab, and for what only some readers take for the end of a line.
fn breaks_elsewhere(line: &str) -> bool {
    let rare = |c: char| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    memchr::memchr2(b'\r', b'\t', line.as_bytes()).is_some() || !line.is_ascii() && line.contains(rare)
}

/// Text that is a plain scalar by itself, in one line.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let first = bytes[0];
    let starts = first.is_ascii_alphanumeric()
        || matches!(first, b'/' | b'_' | b'.' | b'$' | b'(' | b'+' | b'~' | b'^' | b'<' | b'=')
        || first == b'-' && bytes.get(1).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'.');
    if !starts || bytes.last().is_some_and(|b| matches!(b, b' ' | b':')) {
        return false;
    }
    // Without a way out early, for this is done to many bytes at once.
    bytes.iter().fold(true, |fine, b| fine & (b' '..0x7f).contains(b))
        && memchr::memchr2_iter(b':', b'#', bytes).all(|at| match bytes[at] {
            b':' => bytes[at + 1] != b' ',
            _ => bytes[at - 1] != b' ',
        })
}

/// A double-quoted scalar on one line that ends with it.
fn double_quoted(text: &str) -> Option<String> {
    let body = text.strip_prefix('"')?;
    let body = body.strip_suffix('"')?;
    // What is printed and is neither a quote nor an escape.
    if body.bytes().fold(true, |plain, b| plain & matches!(b, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~')) {
        return Some(body.to_owned());
    }
    let mut out = String::with_capacity(body.len());
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => out.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '"' => '"',
                '\\' => '\\',
                _ => return None,
            }),
            c if is_special(c) => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

/// A single-quoted scalar on one line that ends with it.
fn single_quoted(text: &str) -> Option<String> {
    let body = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let plain = body.replace("''", "");
    (!plain.contains('\'') && !body.chars().any(is_special)).then(|| body.replace("''", "'"))
}

/// Control characters, and line breaks that only some readers know.
const fn is_special(c: char) -> bool {
    matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::super::{emit_document, parse_documents};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_write_is_read() {
        for text in [
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels:\n    a.b/c: \"1\"\nspec:\n  containers:\n    - name: x\n      image: a/b:1\n      ports:\n        - containerPort: 80\n    - name: y\n",
            "---\n# comment\na:\n- b: 1\n  c: 'it''s'\n-\n  - d\n- |\n  x\n\n  y\n- |-\n  z\nb: {}\nc: []\nd: -1\ne:\nf: ~\n",
            "- a\n- b\n",
            "a: b\n",
            "a: http://x:80/y#z\n",
            "a: ENC[AES256_GCM,data:x=,iv:y,tag:z,type:str]\n",
        ] {
            let read = read_block(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(vec![read], parse_documents(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn what_is_unusual_is_left_to_the_parser() {
        for text in [
            "",
            "a: &x 1\n",
            "a: {b: 1}\n",
            "a: >\n  x\n",
            "a: x\n  y\n",
            "a: 1\na: 2\n",
            "a: 1\n---\nb: 2\n",
            "a: 1\n...\n",
            "yes: 1\n",
            "a:\tb\n",
            "a: |2\n   x\n",
            "a: |+\n  x\n\n",
            "a: \"x\n  y\"\n",
            "? a\n: b\n",
            "a: b: c\n",
            "a: *x\n",
            "a: !!str 1\n",
            "  a: 1\n b: 2\n",
            "plain\n",
        ] {
            assert_eq!(read_block(text), None, "{text:?}");
        }
    }

    /// Lines of all sorts, right and wrong, at any depth.
    fn any_text() -> impl Strategy<Value = String> {
        let key = prop_oneof!["[a-c]", Just("a.b/c".to_owned()), Just("\"1\"".to_owned()), Just("no".to_owned())];
        let value = prop_oneof![
            "[a-z0-9:#' \"\\[\\]{}|>&*!,~.$/%@-]{0,8}",
            Just("|".to_owned()),
            Just("|-".to_owned()),
            Just("\"a\\nb\"".to_owned()),
            Just("{}".to_owned()),
            Just("1e3".to_owned()),
            Just("0777".to_owned()),
        ];
        let line = (0..5_usize, prop::option::of(key), value, any::<bool>()).prop_map(|(depth, key, value, dash)| {
            let dash = if dash { "- " } else { "" };
            let key = key.map(|key| format!("{key}: ")).unwrap_or_default();
            format!("{}{dash}{key}{value}", " ".repeat(depth))
        });
        (prop::collection::vec(line, 0..8), any::<bool>())
            .prop_map(|(lines, ends)| lines.join("\n") + if ends { "\n" } else { "" })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]
        #[test]
        fn it_reads_as_the_parser_does_or_declines(text in any_text()) {
            if let Some(value) = read_block(&text) {
                match parse_documents(&text) {
                    Ok(parsed) => prop_assert_eq!(parsed, vec![value], "{}", text),
                    Err(error) => prop_assert!(false, "{:?} {}", text, error),
                }
            }
        }
    }

    #[test]
    fn what_is_emitted_is_read() {
        let text = "a: \"no\"\nb:\n  - c: \"\\\"x\\\\ \\n\"\n    d: |-\n      1\n        2\n\n      3\n  - []\n  - - x\n    - k: 1\n";
        let value = parse_documents(text).unwrap().remove(0);
        let mut out = String::new();
        emit_document(&mut out, &value);
        assert_eq!(read_block(&out), Some(value));
    }
}
