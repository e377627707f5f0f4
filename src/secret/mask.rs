//! A store file's text as reports may show it.

use std::ops::Range;

use super::file::is_secret_key;
use super::yaml::{self, Node};

/// Keys that every store file has; everything else could be a secret that someone wrote in the clear.
const STRUCTURE: [&str; 19] = [
    "age",
    "annotations",
    "apiVersion",
    "data",
    "enc",
    "encrypted_regex",
    "kind",
    "labels",
    "lastmodified",
    "lmsgen.dev/revision",
    "mac",
    "metadata",
    "name",
    "namespace",
    "recipient",
    "sops",
    "stringData",
    "type",
    "version",
];

/// Stars for one masked word; a longer one goes on as spaces, so that a line of ciphertext stays a short line.
const STARS: usize = 8;

/// The text of a file for the source map: as long as the file, with the same lines, and every character masked but those
/// of the keys that all store files have and, where the file is YAML, of the Secret's own keys. Places in the file are
/// places in this text, and a report that shows the line of a fault cannot show a value, however broken the file is.
#[must_use]
pub fn masked(bytes: &[u8]) -> String {
    let keys = secret_keys(bytes);
    let mut text = String::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let (start, end) = (text.len(), text.len() + line.len());
        let own = keys.partition_point(|key| key.start < start)..keys.partition_point(|key| key.start < end);
        let shown: Vec<Range<usize>> = keys[own].iter().cloned().chain(structural_key(line, start)).collect();
        let mut word = 0;
        for &byte in line {
            let at = text.len();
            word = if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') { 0 } else { word + 1 };
            text.push(match word {
                0 => char::from(byte),
                _ if shown.iter().any(|range| range.contains(&at)) => char::from(byte),
                1..=STARS => '*',
                _ => ' ',
            });
        }
    }
    text
}

/// The place of a structural key and its colon at the start of a line that starts at `from`.
fn structural_key(line: &[u8], from: usize) -> Option<Range<usize>> {
    let start = line.iter().position(|b| !matches!(b, b' ' | b'-'))?;
    let rest = &line[start..];
    let key = STRUCTURE.iter().find(|key| rest.strip_prefix(key.as_bytes()).is_some_and(|r| r.starts_with(b":")))?;
    Some(from + start..from + start + key.len() + 1)
}

/// The places of the keys under `data` and `stringData`, in order. Only the YAML reader can tell a key from a line of a value.
fn secret_keys(bytes: &[u8]) -> Vec<Range<usize>> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
    let Ok(document) = yaml::parse(text) else { return Vec::new() };
    let sections = document.root.iter().filter(|(key, _)| matches!(&*key.text, "data" | "stringData"));
    let keys = sections.filter_map(|(_, node)| match node {
        Node::Map(map, _) => Some(map),
        _ => None,
    });
    let own = keys.flatten().filter(|(key, _)| is_secret_key(&key.text) && key.span.len() < 100);
    let mut own: Vec<Range<usize>> = own.map(|(key, _)| key.span.start..key.span.end + 1).collect();
    own.sort_by_key(|key| key.start);
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_places_and_shows_keys_only() {
        let file = "kind: Secret\r\nstringData:\n  pw: hunter2 é-and-more\n  enc: |\n    hunter2: x\n";
        let masked = masked(file.as_bytes());
        let expected = "kind: ******\r\nstringData:\n  pw: ******* ********   \n  enc: *\n    ******** *\n";
        assert_eq!(masked, expected);
        assert_eq!(masked.len(), file.len());
    }

    #[test]
    fn what_is_no_yaml_shows_no_key_of_its_own() {
        assert_eq!(masked(b"\xff\x00"), "**");
        assert_eq!(
            masked(b"kind: x\nstringData:\n  pw: a: b\n\"hunter2\n"),
            "kind: *\nstringData:\n  *** ** *\n********\n"
        );
    }
}
