//! A store file's text as reports may show it.

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

/// The text of a file for the source map: as long as the file, with the same lines, and every character but those of
/// the keys that all store files have replaced by `*`. Places in the file are places in this text, and a report that
/// shows the line of a fault cannot show a value, however broken the file is.
#[must_use]
pub fn masked(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let shown = shown(line);
        text.extend(line.iter().enumerate().map(|(at, &b)| match b {
            b' ' | b'\t' | b'\r' | b'\n' => char::from(b),
            _ if shown.contains(&at) => char::from(b),
            _ => '*',
        }));
    }
    text
}

/// The bytes of a structural key at the start of a line, colon included.
fn shown(line: &[u8]) -> std::ops::Range<usize> {
    let start = line.iter().position(|b| !matches!(b, b' ' | b'-')).unwrap_or(0);
    let rest = &line[start..];
    let key = STRUCTURE.iter().find(|key| rest.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.starts_with(b":")));
    start..start + key.map_or(0, |key| key.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_places_and_structure_only() {
        let file = "kind: Secret\r\nstringData:\n  pw: hunter2 é\n  - enc: |\n    hunter2: x\n".as_bytes();
        let masked = masked(file);
        assert_eq!(masked, "kind: ******\r\nstringData:\n  *** ******* **\n  * enc: *\n    ******** *\n");
        assert_eq!(masked.len(), file.len());
        assert_eq!(super::masked(b"\xff\x00"), "**");
    }
}
