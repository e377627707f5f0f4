//! The text of every file that was read, and positions in it.

use std::ops::Range;
use std::sync::{Arc, LazyLock, OnceLock};

use regex::{Captures, Regex};

/// Identifies a file in a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

/// A range of bytes in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span over `range` bytes of `file`.
    ///
    /// Files are bounded far below 4 GiB when they are read, so larger offsets are clamped.
    #[must_use]
    pub fn new(file: FileId, range: Range<usize>) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { file, start: clamp(range.start), end: clamp(range.end) }
    }

    /// The start of `file`: for faults about a file as a whole.
    #[must_use]
    pub const fn file_start(file: FileId) -> Self {
        Self { file, start: 0, end: 0 }
    }
}

/// A line and column, both counted from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One file that was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path relative to the fleet's root, with `/`.
    pub path: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
    /// Where its lines start; found when a place in it is first asked for.
    lines: OnceLock<Box<[usize]>>,
}

impl Source {
    fn lines(&self) -> &[usize] {
        let ends = || memchr::memchr_iter(b'\n', self.text.as_bytes());
        self.lines.get_or_init(|| std::iter::once(0).chain(ends().map(|end| end + 1)).collect())
    }
}

/// All files that were read in one run.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    /// Adds a file and returns its id. A private age key in the text is masked: reports show the lines of faults, and a
    /// key pasted where a public one belongs is a fault.
    pub fn add(&mut self, path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.sources.len()).expect("fewer than 2^32 files are read"));
        let (path, text) = (path.into(), without_private_keys(text.into()));
        self.sources.push(Source { path, text, lines: OnceLock::new() });
        id
    }

    /// Puts `*` over the text of `span`, byte for byte: for secrets that a file should not hold, so that no report
    /// can show them. Offsets stay right.
    pub fn blot(&mut self, span: Span) {
        let source = &mut self.sources[span.file.0 as usize];
        let mut text = source.text.to_string();
        let end = text.ceil_char_boundary((span.end as usize).min(text.len()));
        let start = text.floor_char_boundary((span.start as usize).min(end));
        text.replace_range(start..end, &"*".repeat(end - start));
        source.text = text.into();
        source.lines = OnceLock::new();
    }

    /// Hides `ranges` of a file, as [`concealed`].
    pub fn conceal(&mut self, file: FileId, ranges: impl IntoIterator<Item = Range<usize>>) {
        let source = &mut self.sources[file.0 as usize];
        source.text = concealed(&source.text, ranges).into();
        source.lines = OnceLock::new();
    }

    /// The file behind `id`.
    #[must_use]
    pub fn get(&self, id: FileId) -> &Source {
        &self.sources[id.0 as usize]
    }

    /// Every file, in the order read.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (0..).map(FileId).zip(&self.sources)
    }

    /// Line and column of the span's first byte.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        let source = self.get(span.file);
        let start = source.text.floor_char_boundary((span.start as usize).min(source.text.len()));
        let line = source.lines().partition_point(|line| *line <= start);
        let before = &source.text[source.lines()[line - 1]..start];
        Position { line, column: before.chars().count() + 1 }
    }

    /// `path:line` of the span's first byte, as people write it.
    #[must_use]
    pub fn place(&self, span: Span) -> String {
        format!("{}:{}", self.get(span.file).path, self.position(span).line)
    }
}

/// `text` without `ranges` and without what follows them on their last lines, so that not even a length is left to see.
/// Lines, bytes and characters stay where they are.
#[must_use]
pub fn concealed(text: &str, ranges: impl IntoIterator<Item = Range<usize>>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut ranges: Vec<Range<usize>> = ranges.into_iter().collect();
    ranges.sort_by_key(|range| (range.start, range.end));
    for range in ranges {
        // Hidden with the rest of its line already: a line may hold a hundred thousand.
        if range.start < out.len() && range.end <= out.len() {
            continue;
        }
        let end = range.end.clamp(range.start, text.len());
        let end =
            text[text.ceil_char_boundary(end)..].find('\n').map_or(text.len(), |at| text.ceil_char_boundary(end) + at);
        let start = text.floor_char_boundary(range.start.min(end)).max(out.len());
        if out.len() < start {
            out.push_str(&text[out.len()..start]);
        }
        let hidden = text.get(out.len()..end).unwrap_or_default();
        out.extend(hidden.chars().enumerate().map(|(at, c)| hidden_char(at, c)));
    }
    out.push_str(&text[out.len()..]);
    out
}

/// A character as long as `c` in its place: stars, then blanks.
const fn hidden_char(at: usize, c: char) -> char {
    match (c.len_utf8(), at) {
        _ if c == '\n' => c,
        (1, 0..3) => '*',
        (1, _) => ' ',
        (2, _) => '\u{a0}',
        (3, _) => '\u{2002}',
        _ => '\u{1f512}',
    }
}

/// `text`, as long as before, with private age keys masked.
fn without_private_keys(text: Arc<str>) -> Arc<str> {
    static KEY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("(?i)(age-secret-key-)([a-z0-9-]+)").expect("the pattern is a constant"));
    if !KEY.is_match(&text) {
        return text;
    }
    KEY.replace_all(&text, |found: &Captures<'_>| format!("{}{}", &found[1], "*".repeat(found[2].len()))).into()
}

#[cfg(test)]
mod tests {
    use std::iter::once;

    use super::*;

    #[test]
    fn concealed_text_keeps_its_places_and_tells_no_length() {
        let text = "a = \"пароль€🔑xyz\" # 1\nb = \"hunter2\", c = \"hunter3\"\nd\n";
        let at = |piece: &str| text.find(piece).map(|at| at..at + piece.len()).unwrap();
        let hidden = concealed(text, [at("hunter3"), at("пароль€🔑xyz"), at("hunter2"), at("unter2")]);
        assert_eq!(hidden.len(), text.len());
        assert_eq!(hidden.chars().count(), text.chars().count());
        assert_eq!(hidden.lines().count(), 3);
        assert!(hidden.starts_with("a = \"") && hidden.ends_with("\nd\n"), "{hidden}");
        assert!(hidden.contains("\nb = \"***   "), "{hidden}");
        for gone in ["п", "xyz", "unter", "# 1", "c ="] {
            assert!(!hidden.contains(gone), "{hidden}");
        }
        assert_eq!(concealed("x\ny", once(0..3)), "*\n*");
        assert_eq!(concealed("ж", once(1..9)), "\u{a0}");
        assert_eq!(concealed("", once(0..0)), "");
    }

    #[test]
    fn private_keys_are_masked_in_place() {
        let mut sources = SourceMap::default();
        let text = "a = [\"AGE-SECRET-KEY-1QQQ\"]\nb = \"age-secret-key-pq-1zz\"\nc = 1\n";
        let file = sources.add("environments/x.toml", text);
        let masked = &sources.get(file).text;
        assert_eq!(&**masked, "a = [\"AGE-SECRET-KEY-****\"]\nb = \"age-secret-key-******\"\nc = 1\n");
        assert_eq!(masked.len(), text.len());
    }
}
