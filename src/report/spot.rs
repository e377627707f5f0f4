//! Places as reports for other programs name them: files from the repository's top, lines and columns, and a fingerprint
//! that stays when lines move.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::Report;
use crate::diagnostic::{Diagnostic, Span};

/// Stands for the file of a fault that no file holds: readers of these formats drop what has no place.
const NOWHERE: &str = "lmsgen.toml";

/// A place. Lines and columns count from 1, columns in characters; the end is the place after the last character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
    /// Of the file as a whole: line and column say nothing.
    pub(super) is_file: bool,
}

impl Report<'_> {
    /// Where `one` is.
    pub(super) fn spot(&self, one: &Diagnostic) -> Spot {
        match &one.primary {
            Some(label) => self.spot_of(label.span),
            None => Spot { path: self.path(NOWHERE), line: 1, column: 1, end_line: 1, end_column: 1, is_file: true },
        }
    }

    pub(super) fn spot_of(&self, span: Span) -> Spot {
        let start = self.sources.position(span);
        let end = self.sources.position(Span { start: span.end.max(span.start), ..span });
        Spot {
            path: self.path(&self.sources.get(span.file).path),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            is_file: span.end == 0,
        }
    }

    /// A path from the repository's top. What lies outside of the fleet is named as it is.
    fn path(&self, path: &str) -> String {
        let is_outside = path.starts_with('/') || path == ".." || path.starts_with("../");
        if is_outside { path.to_owned() } else { format!("{}{path}", self.prefix) }
    }

    /// One for each fault, no two the same: of the code, the file and the message, and of how many like it came before.
    /// So a fault keeps its own when lines move, or when it is found in more instances.
    pub(super) fn fingerprints(&self) -> Vec<String> {
        let mut seen: HashMap<[u8; 32], u32> = HashMap::new();
        let print = |one: &Diagnostic| {
            let mut hash = Sha256::new();
            let path = one.primary.as_ref().map_or(NOWHERE, |label| &self.sources.get(label.span.file).path);
            for part in [one.code.id, path, &one.message] {
                hash.update(part.len().to_be_bytes());
                hash.update(part);
            }
            let before = seen.entry(hash.clone().finalize().into()).or_default();
            hash.update(before.to_be_bytes());
            *before += 1;
            hash.finalize()[..16].iter().fold(String::with_capacity(32), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            })
        };
        self.found.iter().map(print).collect()
    }
}

/// `path` as a URI: relative as it is, absolute as `file:`; whatever is no plain ASCII is percent-encoded.
pub(super) fn uri(path: &str) -> String {
    let mut out = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_hold_any_name() {
        assert_eq!(uri("clients/C7.toml"), "clients/C7.toml");
        assert_eq!(uri("a b/я%:#?.toml"), "a%20b/%D1%8F%25%3A%23%3F.toml");
        assert_eq!(uri("/tmp/x"), "file:///tmp/x");
    }
}
