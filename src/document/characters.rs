//! Characters a reviewer cannot see: which ones no file may hold, and how to print text that may hold them.

/// `true` for control characters other than newline and tab, for characters that reorder text (CVE-2021-42574),
/// and for characters without width that no script or emoji needs.
fn is_hidden(c: char) -> bool {
    let is_control = c.is_control() && !matches!(c, '\n' | '\t');
    let reorders = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    is_control || reorders || matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// What a hidden character is, for people.
pub(super) fn describe(c: char) -> String {
    let what = match c {
        '\u{0}' => "NUL",
        '\r' => "carriage return",
        '\u{1b}' => "escape",
        '\u{7f}' => "delete",
        '\u{85}' => "next line",
        c if c.is_control() => "control character",
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "reorders the text around it",
        _ => "invisible",
    };
    format!("U+{:04X} ({what})", u32::from(c))
}

/// The first character of `text` that no file may hold, with its byte offset.
///
/// Newline and tab are fine, as are no-break spaces, combining marks and the joiners that emoji and Persian need.
#[must_use]
pub fn first_hidden(text: &str) -> Option<(usize, char)> {
    hidden(text).next()
}

/// All characters of `text` that no file may hold, with their byte offsets.
pub(super) fn hidden(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices().filter(|(_, c)| is_hidden(*c))
}

/// `text` with hidden characters escaped: for paths, which a report prints as they are.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_escaped(c, &mut out);
    }
    out
}

fn push_escaped(c: char, out: &mut String) {
    if is_hidden(c) || matches!(c, '\n' | '\t' | '\u{200c}'..='\u{200f}' | '\u{61c}' | '\u{2028}' | '\u{2029}') {
        out.extend(c.escape_default());
    } else {
        out.push(c);
    }
}

/// `text` between backticks for a message: hidden characters escaped, cut after 60 characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    if text.is_empty() {
        return "`\"\"`".into();
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('`');
    for (n, c) in text.chars().enumerate() {
        if n == MOST {
            out.push('…');
            break;
        }
        push_escaped(c, &mut out);
    }
    out.push('`');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_found_and_the_rest_left_alone() {
        for (bad, at) in
            [("a\u{0}", 1), ("\u{1b}[2J", 0), ("я\u{202e}", 2), ("\u{85}", 0), ("a\rb", 1), ("\u{200b}", 0)]
        {
            assert_eq!(first_hidden(bad).map(|found| found.0), Some(at), "{bad:?}");
        }
        for good in
            ["", "ООО «Ромашка»", "a\u{a0}b", "👨\u{200d}👩\u{200d}👧", "שלום", "e\u{301}", "a\tb\nc", "\u{2028}"]
        {
            assert_eq!(first_hidden(good), None, "{good:?}");
        }
    }

    #[test]
    fn quoted_text_is_safe_to_print() {
        assert_eq!(quoted("a\u{1b}[2Jb"), "`a\\u{1b}[2Jb`");
        assert_eq!(quoted("Ж"), "`Ж`");
        assert_eq!(quoted(&"x".repeat(100)).chars().count(), 63);
    }
}
