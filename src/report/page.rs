//! What every text report needs to know of the place it is shown at, and how numbers are written.

use std::borrow::Cow;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

/// Whether a report carries colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// No escape codes.
    Plain,
    /// ANSI colours; they add to the words and never replace them.
    Ansi,
}

impl Paint {
    /// `text` in `style`, if there is colour.
    pub(super) fn paint(self, style: Style, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("{style}{text}{style:#}"),
        }
    }
}

/// What is lost, refused or removed.
pub(super) const RED: Style = AnsiColor::Red.on_default();
/// What is new.
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
/// What is rare.
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// Places in a text.
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default();

/// Where a text report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Columns; lines are laid out for it.
    pub width: usize,
    /// Colour.
    pub paint: Paint,
    /// Now, in seconds since 1970, to say "yesterday".
    pub now: i64,
    /// How many entries of one sort are shown before the rest is only counted; `None` shows all.
    pub limit: Option<usize>,
}

/// The commit a diff is made against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The commit's full name in hex.
    pub commit: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
    /// The committer's offset from UTC in minutes.
    pub offset: i32,
    /// First line of its message.
    pub summary: String,
}

/// `2985` as `2,985`.
#[must_use]
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 instance`, `2,985 instances`: a regular English plural.
#[must_use]
pub fn counted(n: usize, what: &str) -> String {
    format!("{} {what}{}", count(n), if n == 1 { "" } else { "s" })
}

/// Text on one line, with characters that a terminal acts on or hides written as `\u{…}`.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Control characters (C0, DEL, C1), line separators, and what changes the direction of text.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// JSON with the characters of [`printable`] escaped, so that a terminal shows it safely. Strings are the only place
/// such a character can stand, besides the line ends of the layout.
pub(super) fn printable_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if is_unsafe(c) && c != '\n' {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

impl From<&crate::git::Revision> for Base {
    fn from(revision: &crate::git::Revision) -> Self {
        Self { commit: revision.id(), time: revision.time, offset: revision.offset, summary: revision.summary.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_never_acts_on_a_value() {
        assert_eq!(printable("ООО «Ромашка»"), "ООО «Ромашка»");
        assert_eq!(printable("a\u{1b}[31m\n\u{9b}\u{202e}\t"), "a\\u{1b}[31m\\n\\u{9b}\\u{202e}\\t");
        assert_eq!(printable_json("{\n\"\u{9b}\"}"), "{\n\"\\u009b\"}\n");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1000, 2985, 1_234_567].map(count), ["0", "999", "1,000", "2,985", "1,234,567"]);
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(0, "file"), "0 files");
    }
}
