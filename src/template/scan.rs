//! Splitting a template's source into text, expressions, statements and comments.
//!
//! Tera parses templates for real; this only finds where values are printed, so that every one of them can be
//! sent through the filter that turns it into a token. Follows the delimiters of Tera 2.

use std::ops::Range;

/// A part of a template's source; parts lie one after another without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that is printed as it stands.
    Text(Range<usize>),
    /// `{{ … }}`: the whole, and what stands between the delimiters and their `-`.
    Print(Range<usize>, Range<usize>),
    /// `{% … %}`: likewise.
    Statement(Range<usize>, Range<usize>),
    /// `{# … #}`, or a whole `{% raw %}` block.
    Verbatim(Range<usize>),
}

/// Splits `source`. A delimiter that is never closed ends the last piece at the end of the text: Tera reports it.
#[must_use]
pub fn scan(source: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text_start = 0;
    let mut at = 0;
    while let Some(found) = source[at..].find('{').map(|n| at + n) {
        let piece = match source.as_bytes().get(found + 1) {
            Some(b'{') => delimited(source, found, "}}").map(|(outer, inner)| Piece::Print(outer, inner)),
            Some(b'%') => delimited(source, found, "%}").map(|(outer, inner)| raw_or_statement(source, outer, inner)),
            Some(b'#') => {
                let end = source[found..].find("#}").map_or(source.len(), |n| found + n + 2);
                Some(Piece::Verbatim(found..end))
            }
            _ => None,
        };
        let Some(piece) = piece else {
            at = found + 1;
            continue;
        };
        if text_start < found {
            pieces.push(Piece::Text(text_start..found));
        }
        at = piece.outer().end;
        text_start = at;
        pieces.push(piece);
    }
    if text_start < source.len() {
        pieces.push(Piece::Text(text_start..source.len()));
    }
    pieces
}

impl Piece {
    /// The whole piece.
    #[must_use]
    pub fn outer(&self) -> Range<usize> {
        match self {
            Self::Text(outer) | Self::Print(outer, _) | Self::Statement(outer, _) | Self::Verbatim(outer) => {
                outer.clone()
            }
        }
    }
}

/// Finds the end of `{{` or `{%` at `start`, passing over strings and over braces of map literals.
fn delimited(source: &str, start: usize, close: &str) -> Option<(Range<usize>, Range<usize>)> {
    let bytes = source.as_bytes();
    let mut at = start + 2;
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    let inner_start = at;
    let mut depth = 0usize;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            _ if depth == 0 && source.as_bytes()[at..].starts_with(close.as_bytes()) => {
                let inner_end = if at > inner_start && bytes[at - 1] == b'-' { at - 1 } else { at };
                return Some((start..at + 2, inner_start..inner_end));
            }
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

fn raw_or_statement(source: &str, outer: Range<usize>, inner: Range<usize>) -> Piece {
    if source[inner.clone()].trim() != "raw" {
        return Piece::Statement(outer, inner);
    }
    let mut at = outer.end;
    while let Some(found) = source[at..].find("{%").map(|n| at + n) {
        if let Some((end, body)) = delimited(source, found, "%}")
            && source[body].trim() == "endraw"
        {
            return Piece::Verbatim(outer.start..end.end);
        }
        at = found + 2;
    }
    Piece::Verbatim(outer.start..source.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> Vec<String> {
        scan(source)
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(r) => format!("text {}", &source[r]),
                Piece::Print(_, r) => format!("print {}", &source[r]),
                Piece::Statement(_, r) => format!("statement {}", &source[r]),
                Piece::Verbatim(r) => format!("verbatim {}", &source[r]),
            })
            .collect()
    }

    #[test]
    fn pieces() {
        assert_eq!(
            shown("a: {{- x -}} {b} {% if y %}{# {{ z }} #}{% raw %}{{ r }}{% endraw %}"),
            [
                "text a: ",
                "print  x ",
                "text  {b} ",
                "statement  if y ",
                "verbatim {# {{ z }} #}",
                "verbatim {% raw %}{{ r }}{% endraw %}"
            ]
        );
        assert_eq!(shown(r#"{{ "}}" ~ {"a": {"b": 1}}.a }}"#), [r#"print  "}}" ~ {"a": {"b": 1}}.a "#]);
        assert_eq!(shown("{{ x"), ["text {{ x"]);
    }
}
