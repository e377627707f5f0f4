//! Words of a cluster made fit to be shown: they are written by strangers, by programs that log passwords, and by whoever
//! can name an object.

use crate::guard::{Guard, TextKind};

/// Characters of a message that are shown.
const LONGEST: usize = 300;

/// A word of a container that mixes letters and digits over such a length is taken for a token.
const TOKEN: usize = 20;

/// Stands where something was hidden.
const HIDDEN: &str = "[hidden]";

/// Cleans messages.
pub struct Speech {
    guard: Guard,
}

impl Speech {
    /// Hides what `guard` finds.
    #[must_use]
    pub const fn new(guard: Guard) -> Self {
        Self { guard }
    }

    /// A message of Kubernetes: on one line, without control characters and what looks like a secret, no longer than
    /// people read.
    #[must_use]
    pub fn message(&self, text: &str) -> String {
        // Nothing is hidden by being cut in two: the end of the text that is looked at is never shown.
        let near: String = text.chars().take(LONGEST * 8).collect();
        cut(&self.redacted(&plain(&near)))
    }

    /// The last words of a container: of its last line with any, also without words that may be tokens.
    #[must_use]
    pub fn last_words(&self, text: &str) -> Option<String> {
        let last = text.lines().rev().map(plain).find(|line| !line.is_empty())?;
        let near: String = last.chars().take(LONGEST * 8).collect();
        let shown: Vec<&str> = near.split(' ').collect();
        let shown = self.redacted(&shown.join(" "));
        let words: Vec<&str> = shown.split(' ').map(|word| if is_token(word) { HIDDEN } else { word }).collect();
        Some(cut(&words.join(" ")))
    }

    fn redacted(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for finding in self.guard.scan(text, TextKind::Data) {
            if finding.range.start >= at {
                out.push_str(&text[at..finding.range.start]);
                out.push_str(HIDDEN);
                at = finding.range.end;
            }
        }
        out.push_str(&text[at..]);
        out
    }
}

/// `true` for what programs make up: keys, tokens, digests.
fn is_token(word: &str) -> bool {
    word.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=_-".contains(c))).any(|run| {
        let has = |is: fn(&u8) -> bool| run.bytes().any(|byte| is(&byte));
        let is_path = run.starts_with('/') || run.matches('/').count() > 2;
        // Names of objects are lower case, in pieces.
        let is_name = run.split('-').all(|piece| piece.len() < 12) && !has(u8::is_ascii_uppercase);
        run.len() >= TOKEN && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && !is_path && !is_name
    })
}

/// One line of visible characters: escape sequences go as a whole, everything else a terminal acts on or hides becomes a
/// blank, and blanks become one.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let c = match c {
            '\u{1b}' => {
                skip_sequence(&mut rest);
                continue;
            }
            '\u{9b}' => {
                skip_control_sequence(&mut rest);
                continue;
            }
            c if is_invisible(c) => ' ',
            c => c,
        };
        if c != ' ' || !(out.is_empty() || out.ends_with(' ')) {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e007f}')
}

/// After ESC: `[…m`, `]…BEL`, or one character.
fn skip_sequence(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match rest.next() {
        Some('[') => skip_control_sequence(rest),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = rest.next() {
                if c == '\u{7}' || c == '\u{9c}' || (c == '\u{1b}' && rest.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        _ => {}
    }
}

fn skip_control_sequence(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while rest.next_if(|c| matches!(c, '\u{20}'..='\u{3f}')).is_some() {}
    let _ = rest.next_if(|c| matches!(c, '\u{40}'..='\u{7e}'));
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(LONGEST - 1).collect();
    out.push('…');
    out
}

/// `true` for a name that Kubernetes takes: it may stand in a command.
pub(super) fn is_object_name(text: &str) -> bool {
    let is_edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    let is_inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    bytes.len() <= 253 && is_edge(bytes.first()) && is_edge(bytes.last()) && bytes.iter().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech() -> Speech {
        Speech::new(Guard::new(["sms4b-token"]))
    }

    #[test]
    fn a_terminal_is_told_nothing() {
        let text = "\u{1b}[31mred\u{1b}[0m \u{1b}]8;;https://evil.example\u{7}link\u{1b}]8;;\u{7}\r\n\u{9b}2Jnext\u{202e}\ttext\u{0}\u{7f}";
        assert_eq!(speech().message(text), "red link next text");
        assert_eq!(speech().message("\u{1b}]0;title without an end"), "");
        assert_eq!(speech().message("ООО «Ромашка»  x"), "ООО «Ромашка» x");
    }

    #[test]
    fn long_messages_are_cut() {
        let said = speech().message(&"я".repeat(5000));
        assert_eq!(said.chars().count(), LONGEST);
        assert!(said.ends_with('…'));
    }

    #[test]
    fn secrets_of_a_log_are_hidden() {
        for (text, shown) in [
            ("connect postgres://u:hunter2secret@db/x failed", "hunter2secret"),
            ("DB_PASSWORD=Xk29fjw0aa", "Xk29fjw0aa"),
            ("{\"level\":\"fatal\",\"password\":\"Xk29fjw0aa\"}", "Xk29fjw0aa"),
            ("using key AKIAIOSFODNN7EXAMPLQ", "AKIAIOSFODNN7EXAMPLQ"),
            ("got eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9x1", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9x1"),
            ("sms4b-token: 83hf8sSjw8", "83hf8sSjw8"),
        ] {
            let said = speech().last_words(text).unwrap();
            assert!(!said.contains(shown) && said.contains(HIDDEN), "{said}");
        }
        let kept = "open /etc/lms/rsa_key: permission denied for postgres-setup-c17-1f0a9c3e";
        assert_eq!(speech().last_words(&format!("start\n{kept}\n\n")).unwrap(), kept);
        assert_eq!(speech().last_words(" \n\t\n"), None);
    }
}
