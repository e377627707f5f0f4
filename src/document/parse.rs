//! From bytes to a document: encoding, syntax, hidden characters, depth.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};
use unicode_normalization::UnicodeNormalization as _;

use super::characters::{describe, hidden, quoted};
use super::table::TableReader;
use super::version;
use crate::diagnostic::{Class, Code, Diagnostic, FileId, Sink, Span};

/// The largest source file that is read: 1 MiB.
pub const MAX_FILE_BYTES: u64 = 1 << 20;
/// The deepest nesting of tables and lists.
pub const MAX_DEPTH: usize = 32;

/// More faults of the text as such than this tell nobody anything.
const MOST_FAULTS: usize = 1000;

/// Text that is no TOML.
pub const SYNTAX: Code = Code::new("LMS101", Class::Input);
const MERGE: Code = Code::new("LMS102", Class::Input);
const HIDDEN: Code = Code::new("LMS106", Class::Input);
const TOML_1_1: Code = Code::new("LMS108", Class::Input);
const DEPTH: Code = Code::new("LMS109", Class::Limit);
const DUPLICATE: Code = Code::new("LMS111", Class::Input);
/// Keys that only their bytes tell apart.
const TWINS: Code = Code::new("LMS112", Class::Input);

/// Bytes that are no UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at} is no UTF-8")]
pub struct DecodeError {
    /// Offset of the first wrong byte.
    pub at: usize,
}

/// The text of a file, without byte order mark and with `\n` at line ends, so that a checkout with other
/// line ends renders the same bytes.
///
/// # Errors
/// When `bytes` are no UTF-8.
pub fn decode<'b>(bytes: impl Into<Cow<'b, [u8]>>) -> Result<String, DecodeError> {
    let mut bytes = bytes.into();
    if bytes.starts_with("\u{feff}".as_bytes()) {
        bytes = bytes["\u{feff}".len()..].to_vec().into();
    }
    let text =
        String::from_utf8(bytes.into_owned()).map_err(|fault| DecodeError { at: fault.utf8_error().valid_up_to() })?;
    let has_returns = memchr::memchr(b'\r', text.as_bytes()).is_some();
    Ok(if has_returns { text.replace("\r\n", "\n") } else { text })
}

/// A parsed document.
#[derive(Debug)]
pub struct Document<'t> {
    root: DeTable<'t>,
    file: FileId,
}

impl<'t> Document<'t> {
    /// Parses `text`, the content of `file`. Faults of the text as such go to `sink`; `None` when they leave
    /// nothing that could be read.
    pub fn parse(file: FileId, text: &'t str, sink: &mut Sink) -> Option<Self> {
        if report_merge(file, text, sink) {
            return None;
        }
        let starts = line_starts(text);
        let mut lines = BTreeSet::new();
        for (at, c) in hidden(text).take(MOST_FAULTS) {
            lines.insert(starts.partition_point(|&start| start <= at));
            push_hidden(Span::new(file, at..at + c.len_utf8()), c, sink);
        }
        let (root, faults) = DeTable::parse_recoverable(text);
        let is_broken = !faults.is_empty();
        for fault in faults.iter().take(MOST_FAULTS) {
            let span = fault.span().unwrap_or(0..0);
            // What follows on the same line is nearly always the echo of its first fault.
            if lines.insert(starts.partition_point(|&start| start <= span.start)) {
                sink.push(syntax_fault(text, fault).at(Span::new(file, span), ""));
            }
        }
        if is_broken {
            return None;
        }
        let root = root.into_inner();
        let mut walk = Walk { file, text, sink };
        walk.table(&root, 1).then_some(Self { root, file })
    }

    /// The document's top level.
    #[must_use]
    pub fn root(&self) -> TableReader<'_> {
        TableReader::new(&self.root, "", Span::file_start(self.file))
    }
}

/// Where each line starts: counting lines anew for each of many faults would be quadratic.
fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn push_hidden(span: Span, c: char, sink: &mut Sink) {
    sink.push(
        Diagnostic::error(HIDDEN, format!("character {} is not allowed", describe(c)))
            .at(span, "")
            .help("remove it; reviewers cannot see it"),
    );
}

/// Reports conflict markers; `true` if there are any.
fn report_merge(file: FileId, text: &str, sink: &mut Sink) -> bool {
    let mut at = 0;
    let mut found = false;
    for line in text.split_inclusive('\n') {
        if line.starts_with("<<<<<<<") {
            found = true;
            sink.push(
                Diagnostic::error(MERGE, "unresolved merge")
                    .at(Span::new(file, at..at + line.trim_end().len()), "conflict starts here")
                    .help("choose one side and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`"),
            );
        }
        at += line.len();
    }
    found
}

fn syntax_fault(text: &str, fault: &toml::de::Error) -> Diagnostic {
    let message = fault.message();
    let span = fault.span().unwrap_or_default();
    let found = text.get(span.clone()).unwrap_or_default();
    let line = text.get(..span.start).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
    if message == "duplicate key" {
        return Diagnostic::error(DUPLICATE, format!("duplicate key {}", quoted(found.trim_matches(['[', ']']))));
    }
    if message.contains("recur") {
        return Diagnostic::error(DEPTH, format!("nested deeper than {MAX_DEPTH} levels"));
    }
    // What the parser says of anything that is no value, in words for people who did not mean to write numbers.
    let is_no_value =
        message.starts_with("string values must be quoted") || message.starts_with("invalid literal string");
    let is_word = ["invalid float", "invalid boolean"].iter().any(|start| message.starts_with(start));
    if message == "invalid basic string, expected `\"`" || is_no_value && found.is_empty() && line.contains('\'') {
        Diagnostic::error(SYNTAX, "this string has no end")
    } else if is_no_value && found.is_empty() {
        Diagnostic::error(SYNTAX, "a value is missing")
    } else if is_no_value || is_word {
        let fault = Diagnostic::error(SYNTAX, "text must be in quotes");
        fault.help("write \"…\" around all of it; without quotes there are numbers, `true` and `false`")
    } else {
        Diagnostic::error(SYNTAX, message.to_owned())
    }
}

/// Looks at every key and value once: escapes that stand for hidden characters, depth, TOML 1.1.
struct Walk<'t, 's> {
    file: FileId,
    text: &'t str,
    sink: &'s mut Sink,
}

impl Walk<'_, '_> {
    /// `false` if the document is too deep to go on with.
    fn table(&mut self, table: &DeTable<'_>, depth: usize) -> bool {
        let mut is_right = true;
        for (key, value) in table {
            self.string(key.get_ref(), key.span());
            is_right &= self.value(value.get_ref(), value.span(), depth);
        }
        self.twins(table);
        is_right
    }

    /// Reports keys that differ in their bytes and look the same: `é` as one character and as two.
    fn twins(&mut self, table: &DeTable<'_>) {
        let mut seen: BTreeMap<String, std::ops::Range<usize>> = BTreeMap::new();
        for (key, _) in table.iter().filter(|(key, _)| !key.get_ref().is_ascii()) {
            let Some(first) = seen.insert(key.get_ref().nfc().collect(), key.span()) else { continue };
            let message = format!("key {} looks like another one", quoted(key.get_ref()));
            let fault = Diagnostic::error(TWINS, message).at(Span::new(self.file, key.span()), "");
            self.sink
                .push(fault.also(Span::new(self.file, first), "the other one").help("rename or remove one of them"));
        }
    }

    fn value(&mut self, value: &DeValue<'_>, at: std::ops::Range<usize>, depth: usize) -> bool {
        if depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            self.sink.push(Diagnostic::error(DEPTH, message).at(Span::new(self.file, at), ""));
            return false;
        }
        match value {
            DeValue::String(text) => self.string(text, at),
            DeValue::Array(items) => {
                return items.iter().all(|item| self.value(item.get_ref(), item.span(), depth + 1));
            }
            DeValue::Table(table) => {
                let raw = self.text.get(at.clone()).unwrap_or_default();
                if raw.starts_with('{')
                    && let Some((offset, what)) = version::in_inline_table(raw)
                {
                    self.newer(at.start + offset..at.start + offset + 1, what);
                }
                return self.table(table, depth + 1);
            }
            _ => {}
        }
        true
    }

    fn string(&mut self, value: &str, at: std::ops::Range<usize>) {
        let raw = self.text.get(at.clone()).unwrap_or_default();
        // Most strings are written as they are; only escapes can differ from what the whole text was checked for.
        if !raw.contains('\\') {
            return;
        }
        if version::in_string(raw) {
            self.newer(at.clone(), "an escape `\\e` or `\\x`");
        }
        if let Some((_, c)) = hidden(value).find(|(_, c)| !raw.contains(*c)) {
            push_hidden(Span::new(self.file, at), c, self.sink);
        }
    }

    fn newer(&mut self, at: std::ops::Range<usize>, what: &str) {
        self.sink.push(
            Diagnostic::error(TOML_1_1, format!("{what} is TOML 1.1"))
                .at(Span::new(self.file, at), "")
                .help("keep to TOML 1.0, which every reader knows"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::SourceMap;

    fn faults(text: &str) -> Vec<String> {
        let mut sources = SourceMap::default();
        let file = sources.add("x.toml", text);
        let mut sink = Sink::default();
        let _ = Document::parse(file, text, &mut sink);
        let show = |d: &Diagnostic| {
            let place = sources.position(d.primary.as_ref().unwrap().span);
            format!("{} {}:{} {}", d.code, place.line, place.column, d.message)
        };
        sink.into_sorted(&sources).iter().map(show).collect()
    }

    #[test]
    fn decoding_drops_the_mark_and_carriage_returns() {
        assert_eq!(decode(&b"\xef\xbb\xbfa = 1\r\nb = 2\r\n"[..]).unwrap(), "a = 1\nb = 2\n");
        assert_eq!(decode(&b"ab\xff"[..]), Err(DecodeError { at: 2 }));
        assert!(decode(&b"\xc0\x80"[..]).is_err(), "overlong");
    }

    #[test]
    fn every_syntax_fault_is_reported_once() {
        assert_eq!(faults("a = 1\na = 2\n"), ["LMS111 2:1 duplicate key `a`"]);
        assert_eq!(faults("x = tru\ny = \"a\nz = 1\n").len(), 2);
        assert_eq!(faults("a = \"\\ud800\"\n").len(), 1);
        assert_eq!(faults("a = 'x\n"), ["LMS101 1:7 this string has no end"]);
        assert_eq!(faults("a = \"x\n"), ["LMS101 1:7 this string has no end"]);
        assert_eq!(faults("a =\n"), ["LMS101 1:4 a value is missing"]);
        assert_eq!(faults("a = { b }\n"), ["LMS101 1:9 a value is missing"]);
        for bare in ["no", "1.4.2", "True", "v1", "10m", "null"] {
            let said = faults(&format!("a = {bare}\n"));
            assert!(said.len() == 1 && said[0].ends_with("text must be in quotes"), "{said:?}");
        }
    }

    #[test]
    fn keys_that_look_the_same() {
        assert_eq!(faults("\"\u{00e9}\" = 1\n\"e\u{0301}\" = 2\n").len(), 1);
        assert_eq!(faults("a = { \"\u{00e9}\" = 1, \"e\u{0301}\" = 2 }\n")[0][..6], *"LMS112");
        assert!(faults("\"\u{00e9}\" = 1\n\"e\" = 2\n\"\u{00e8}\" = 3\n").is_empty());
    }

    #[test]
    fn conflict_markers_are_the_only_fault() {
        assert_eq!(faults("a = 1\n<<<<<<< HEAD\nb = 1\n=======\nb = 2\n>>>>>>> x\n"), ["LMS102 2:1 unresolved merge"]);
    }

    #[test]
    fn hidden_characters_are_named_at_their_place() {
        assert_eq!(faults("a = \"x\u{0}\"\n"), ["LMS106 1:7 character U+0000 (NUL) is not allowed"]);
        assert_eq!(faults("a = \"\\u001b[2J\"\n"), ["LMS106 1:5 character U+001B (escape) is not allowed"]);
        assert_eq!(
            faults("# \u{202e}\n\"\\u202e\" = 1\n"),
            [
                "LMS106 1:3 character U+202E (reorders the text around it) is not allowed",
                "LMS106 2:1 character U+202E (reorders the text around it) is not allowed",
            ]
        );
        assert_eq!(faults("a = '''\n\tx\n👨\u{200d}👩 \u{a0}'''\n"), [""; 0]);
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |n: usize| format!("a = {}{}\n", "[".repeat(n), "]".repeat(n));
        assert_eq!(faults(&deep(32)), [""; 0]);
        assert_eq!(faults(&deep(33)).len(), 1);
        assert_eq!(faults(&deep(100_000))[0], format!("LMS109 1:{} nested deeper than 32 levels", 85));
    }

    #[test]
    fn newer_toml_is_refused() {
        assert_eq!(faults("a = {b = 1,}\n"), ["LMS108 1:11 a comma before `}` is TOML 1.1"]);
        assert_eq!(faults("a = \"\\x41\"\n"), ["LMS108 1:5 an escape `\\e` or `\\x` is TOML 1.1"]);
    }
}
