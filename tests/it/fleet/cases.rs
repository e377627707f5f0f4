//! Runs the cases: the base fleet, changed as a case says, gives exactly the diagnostics it lists.

use std::fmt::Write as _;

use lmsgen::fleet::{Content, load};

use super::{said, sources};

/// Each file of cases, by what its faults are about.
const CASES: [(&str, &str); 7] = [
    ("documents", include_str!("../../cases/fleet/documents.txt")),
    ("layout", include_str!("../../cases/fleet/layout.txt")),
    ("clients", include_str!("../../cases/fleet/clients.txt")),
    ("environments", include_str!("../../cases/fleet/environments.txt")),
    ("config", include_str!("../../cases/fleet/config.txt")),
    ("stacks", include_str!("../../cases/fleet/stacks.txt")),
    ("values", include_str!("../../cases/fleet/values.txt")),
];

struct Case {
    name: String,
    files: Vec<(String, Option<Content>)>,
    expected: String,
}

/// Reads cases: `=== name`, then files (`--- path`), then `--- said` and what is said.
///
/// After a path may stand `(removed)`, `(not regular)`, `(too large)`, or `(escaped)` for a text with `\u{…}` and
/// `\xNN` in it.
fn parse(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for block in text.split("\n=== ").skip(1) {
        let (name, body) = block.split_once('\n').unwrap();
        let mut case = Case { name: name.into(), files: Vec::new(), expected: String::new() };
        for part in format!("\n{body}").split("\n--- ").skip(1) {
            let (head, text) = part.split_once('\n').unwrap_or((part, ""));
            let (path, kind) = head.split_once(" (").unwrap_or((head, ""));
            let path = String::from_utf8(unescape(path)).unwrap();
            let text = if text.is_empty() { String::new() } else { format!("{}\n", text.trim_end_matches('\n')) };
            match (path.as_str(), kind) {
                ("said", _) => case.expected = text,
                (_, "removed)") => case.files.push((path, None)),
                (_, "not regular)") => case.files.push((path, Some(Content::NotRegular))),
                (_, "too large)") => case.files.push((path, Some(Content::TooLarge))),
                (_, "escaped)") => case.files.push((path, Some(Content::File(unescape(&text).into())))),
                (_, "") => case.files.push((path, Some(Content::File(text.into_bytes().into())))),
                _ => panic!("case {name}: what is `{head}`?"),
            }
        }
        cases.push(case);
    }
    cases
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let after = &rest[at + 1..];
        if let Some(hex) = after.strip_prefix('x') {
            bytes.push(u8::from_str_radix(&hex[..2], 16).unwrap());
            rest = &hex[2..];
        } else if let Some(code) = after.strip_prefix("u{") {
            let (code, tail) = code.split_once('}').unwrap();
            let c = char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap();
            bytes.extend_from_slice(c.to_string().as_bytes());
            rest = tail;
        } else {
            bytes.push(b'\\');
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

#[test]
fn every_fault_is_said_as_its_case_has_it() {
    let mut wrong = String::new();
    let mut n_cases = 0;
    for (file, text) in CASES {
        for case in parse(text) {
            n_cases += 1;
            let changes: Vec<_> = case.files.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
            let loaded = load(&sources(&changes));
            let got = said(loaded.found.into_sorted(&loaded.sources), &loaded.sources);
            if got != case.expected {
                let _ = writeln!(wrong, "{file}: {}\n--- expected\n{}--- said\n{got}", case.name, case.expected);
            }
        }
    }
    assert!(n_cases > 100, "only {n_cases} cases were found");
    assert!(wrong.is_empty(), "\n{wrong}");
}
