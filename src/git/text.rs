//! Text from other programs and servers, made fit to be shown.

/// Drops escape sequences, control characters and characters that reorder text, keeps line breaks, and hides
/// credentials in addresses.
pub(super) fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        // A progress bar writes over itself: only its last state counts.
        let line = line.trim_end_matches('\r');
        let line = without_escapes(line.rsplit('\r').next().unwrap_or(line));
        let line = redact(line.trim_end());
        if !line.is_empty() {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

/// One line, fit for a message.
pub(super) fn clean_line(text: &str) -> String {
    clean(text.as_bytes()).lines().collect::<Vec<_>>().join(" ")
}

fn without_escapes(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\t' => out.push(' '),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Skips what follows an ESC: `[…letter` (colours, cursor) or `]…BEL` (titles, links), else one character.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {},
        Some(']') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        _ => {}
    }
}

/// Hides what stands before `@` in an address: `scheme://user:password@host`, `scheme://token@host`, and
/// `user:password@host`. A plain user name of SSH stays.
pub(super) fn redact(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '<' | '>' | '(' | ')');
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(is_end) {
        let (scheme, rest) = piece.find("://").map_or(("", piece), |at| piece.split_at(at + 3));
        // A path may hold `@`; a password holds `/` only when it is encoded.
        let host_end = rest.find('/').unwrap_or(rest.len());
        let secret = match rest[..host_end].rfind('@') {
            Some(at) if rest[..at].contains(':') => at,
            Some(at) if !scheme.is_empty() && scheme != "ssh://" => at,
            _ => 0,
        };
        out.push_str(scheme);
        out.push_str(if secret > 0 { "***" } else { "" });
        out.push_str(&rest[secret..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_hidden() {
        for (from, to) in [
            ("https://user:pa@ss@host/x.git", "https://***@host/x.git"),
            ("https://glpat-token@host/x", "https://***@host/x"),
            ("fatal: 'http://a:b@h:80/x' and https://c@h", "fatal: 'http://***@h:80/x' and https://***@h"),
            ("ssh://git@host/x", "ssh://git@host/x"),
            ("git@host:x.git", "git@host:x.git"),
            ("https://host/a@b", "https://host/a@b"),
            ("unable to look up user:secret@host:1 (port 9418)", "unable to look up ***@host:1 (port 9418)"),
            ("by Anna <anna@example.com>: 12:30", "by Anna <anna@example.com>: 12:30"),
        ] {
            assert_eq!(redact(from), to);
        }
    }

    #[test]
    fn a_server_cannot_drive_the_terminal() {
        let text = clean(
            b"remote: 10%\rremote: 100%\x1b[K\n\x1b[31mred\x1b[0m \x1b]0;title\x07x\n\n\x00\x08\xe2\x80\xaeb\xff",
        );
        assert_eq!(text, "remote: 100%\nred x\nb\u{fffd}\n");
    }
}
