//! Pieces of a text put in place of others, so that everything else keeps its bytes. Knows nothing of what the text is.

use std::ops::Range;

/// Text to put in place of parts of a file.
#[derive(Default)]
pub(crate) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    pub(crate) fn replace(&mut self, span: Range<usize>, text: String) {
        self.0.push((span, text));
    }

    pub(crate) fn insert(&mut self, at: usize, text: String) {
        self.0.push((at..at, text));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// [`Edits::apply`] to a text whose lines may end in CRLF: so do new ones.
    pub(crate) fn apply_in_lines(mut self, text: &str) -> String {
        let eol = eol(text);
        for (_, new) in self.0.iter_mut().filter(|(_, new)| new.contains('\n')) {
            *new = new.replace("\r\n", "\n").replace('\n', eol);
        }
        self.apply(text)
    }

    /// Insertions at one place stay in the order they were made.
    pub(crate) fn apply(mut self, text: &str) -> String {
        self.0.sort_by_key(|(span, _)| span.start);
        let mut out = String::with_capacity(text.len() + 512);
        let mut at = 0;
        for (span, new) in self.0 {
            out.push_str(&text[at..span.start]);
            out.push_str(&new);
            at = span.end;
        }
        out.push_str(&text[at..]);
        out
    }
}

/// How many bytes of its line stand before `at`.
pub(crate) fn column(text: &str, at: usize) -> usize {
    at - text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// The end of the line that `at` is in, before a CR.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |len| at + len);
    if text[at..end].ends_with('\r') { end - 1 } else { end }
}

/// How lines end in a text.
pub(crate) fn eol(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
