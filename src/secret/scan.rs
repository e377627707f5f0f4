//! The layout that lmsgen and `sops` write, recognised line by line.
//!
//! A fleet has tens of thousands of store files and every run reads them all; a YAML parser would take
//! most of the run. The scanner takes a file only when each line is exactly as expected, and says nothing
//! about the others: `read` does. Tests hold that both agree on every file the scanner takes.

use std::borrow::Cow;
use std::ops::Range;

use super::file::{
    ENCRYPTED_REGEX, Entry, Form, Leaf, PLACE, PUBLIC, Places, REVISION, Section, StoreFile, is_label_value,
    is_public_half, is_secret_key, parse_revision,
};
use crate::sops::{Sealed, Wrap, is_armor, is_for_others, is_timestamp, is_version, parse_recipient};

/// More keys than this in one Secret go the slow way, where repeated keys are found without comparing all pairs.
const MAX_ENTRIES: usize = 256;

/// A `StoreFile`, if `text` is laid out as expected.
pub(super) fn scan(text: &str) -> Option<StoreFile<'_>> {
    let mut lines = Lines { text, at: 0, unit: 0 };
    let form = [Form::Secret, Form::SopsSecret].into_iter().find(|form| {
        let (api_version, kind) = form.object();
        let head = text.strip_prefix("apiVersion: ").and_then(|rest| rest.strip_prefix(api_version));
        head.and_then(|rest| rest.strip_prefix("\nkind: "))
            .and_then(|rest| rest.strip_prefix(kind))
            .is_some_and(|rest| rest.starts_with('\n'))
    })?;
    let (api_version, kind) = form.object();
    lines.at = "apiVersion: \nkind: \n".len() + api_version.len() + kind.len();
    lines.exact("metadata:")?;
    lines.unit = lines.indent();
    if !matches!(lines.unit, 2 | 4) {
        return None;
    }
    let mut leaves = vec![Leaf::Clear(Cow::Borrowed(api_version)), Leaf::Clear(Cow::Borrowed(kind))];
    let metadata = metadata(&mut lines, &mut leaves)?;
    let indent = match form {
        Form::Secret => {
            lines.exact("type: Opaque")?;
            leaves.push(Leaf::Clear(Cow::Borrowed("Opaque")));
            lines.exact("stringData:")?;
            lines.unit
        }
        Form::SopsSecret => template(&mut lines, &metadata, &mut leaves)?,
    };
    let entries = entries(&mut lines, indent, &mut leaves)?;
    let sops_at = lines.at;
    lines.exact("sops:")?;
    let sops = sops(&mut lines)?;
    if lines.at != text.len() {
        return None;
    }
    Some(StoreFile {
        text,
        form,
        name: Cow::Borrowed(metadata.name),
        namespace: Cow::Borrowed(metadata.namespace),
        place: metadata.place.as_ref().map(|(place, _)| Cow::Borrowed(*place)),
        public: metadata.public,
        labels: metadata.labels,
        revision: metadata.revision.0,
        entries,
        leaves,
        wraps: sops.wraps,
        last_modified: Cow::Borrowed(sops.last_modified.0),
        mac: sops.mac.0,
        places: Places {
            revision: Some(metadata.revision.1),
            place: metadata.place.map(|(_, span)| span),
            public: metadata.public_at,
            labels: metadata.labels_at,
            annotations: Some(metadata.annotations),
            namespace: metadata.namespace_at,
            sops: sops_at,
            age: sops.age,
            comments: Vec::new(),
            last_modified: sops.last_modified.1,
            mac: sops.mac.1,
        },
    })
}

/// The one template of a `SopsSecret`, up to its values; returns how far those are indented.
fn template<'t>(lines: &mut Lines<'t>, metadata: &Metadata<'t>, leaves: &mut Vec<Leaf<'t>>) -> Option<usize> {
    let unit = lines.unit;
    // The dash stands two levels deep, keys behind it, and what is below them on the next multiple of the unit.
    let (dash, keys) = (2 * unit, 2 * unit + 2);
    let below = (keys + unit) / unit * unit;
    lines.exact("spec:")?;
    (lines.indented(unit)?.0 == "secretTemplates:").then_some(())?;
    let name = pair((lines.indented(dash)?.0.strip_prefix("- ")?, 0)).filter(|pair| pair.key == "name")?;
    leaves.push(Leaf::Clear(Cow::Borrowed(scalar(name.value).filter(|name| *name == metadata.name)?)));
    if !metadata.labels.is_empty() {
        (lines.indented(keys)?.0 == "labels:").then_some(())?;
        for (label, value) in &metadata.labels {
            let pair = lines.indented(below).and_then(pair)?;
            if scalar(pair.key)? != label || scalar(pair.value)? != value {
                return None;
            }
            leaves.push(Leaf::Clear(value.clone()));
        }
    }
    (lines.indented(keys)?.0 == "type: Opaque").then_some(())?;
    leaves.push(Leaf::Clear(Cow::Borrowed("Opaque")));
    (lines.indented(keys)?.0 == "stringData:").then_some(below)
}

struct Lines<'t> {
    text: &'t str,
    /// Start of the line that comes next.
    at: usize,
    /// Spaces of one level.
    unit: usize,
}

impl<'t> Lines<'t> {
    /// The line that comes next, without its end; `None` at the end of the file.
    fn peek(&self) -> Option<&'t str> {
        let rest = &self.text[self.at..];
        rest.find('\n').map(|end| &rest[..end])
    }

    fn skip(&mut self, line: &str) {
        self.at += line.len() + 1;
    }

    fn exact(&mut self, expected: &str) -> Option<()> {
        let line = self.peek().filter(|&line| line == expected)?;
        self.skip(line);
        Some(())
    }

    fn indent(&self) -> usize {
        self.peek().map_or(0, |line| line.len() - line.trim_start_matches(' ').len())
    }

    /// Takes the next line if it starts with exactly `indent` spaces; returns the rest and where it starts.
    fn indented(&mut self, indent: usize) -> Option<(&'t str, usize)> {
        let line = self.peek()?;
        let rest = line.get(indent..).filter(|_| line.bytes().take(indent).all(|b| b == b' '))?;
        if rest.starts_with(' ') {
            return None;
        }
        let at = self.at + indent;
        self.skip(line);
        Some((rest, at))
    }
}

/// `key: value`, both as they stand in the file.
struct Pair<'t> {
    key: &'t str,
    key_span: Range<usize>,
    value: &'t str,
    value_span: Range<usize>,
}

fn pair((rest, at): (&str, usize)) -> Option<Pair<'_>> {
    let (key, value) = rest.split_once(": ")?;
    let value_at = at + key.len() + 2;
    Some(Pair { key, key_span: at..at + key.len(), value, value_span: value_at..value_at + value.len() })
}

/// A scalar that stands for itself without quotes, or for its inside in double quotes.
fn scalar(source: &str) -> Option<&str> {
    match source.strip_prefix('"') {
        Some(rest) => {
            let inner = rest.strip_suffix('"')?;
            let plain = |b: u8| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\';
            inner.bytes().all(plain).then_some(inner)
        }
        None => is_plain(source).then_some(source),
    }
}

/// `true` for text that every YAML reader takes for the same string without quotes: a letter or slash, then letters,
/// digits, `.`, `_`, `/`, `-`, `+`, `=`; not one of the words that some reader takes for something else.
pub(super) fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b'-' | b'+' | b'='))
        && !(text.len() <= 5 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

struct Metadata<'t> {
    name: &'t str,
    namespace: &'t str,
    namespace_at: (Range<usize>, Range<usize>),
    labels_at: Option<usize>,
    annotations: usize,
    place: Option<(&'t str, Range<usize>)>,
    public: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    public_at: Vec<(String, Range<usize>)>,
    labels: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    revision: (u64, Range<usize>),
}

fn metadata<'t>(lines: &mut Lines<'t>, leaves: &mut Vec<Leaf<'t>>) -> Option<Metadata<'t>> {
    let unit = lines.unit;
    let mut next = |key: &str, lines: &mut Lines<'t>| {
        let pair = lines.indented(unit).and_then(pair).filter(|pair| pair.key == key)?;
        let text = scalar(pair.value)?;
        leaves.push(Leaf::Clear(Cow::Borrowed(text)));
        Some((text, pair))
    };
    let (name, _) = next("name", lines)?;
    let (namespace, at) = next("namespace", lines)?;
    let namespace_at = (at.key_span, at.value_span);
    let mut found = Metadata {
        name,
        namespace,
        namespace_at,
        labels_at: None,
        annotations: 0,
        place: None,
        public: Vec::new(),
        public_at: Vec::new(),
        labels: Vec::new(),
        revision: (0, 0..0),
    };
    while lines.indent() == unit {
        let (key, key_at) = lines.indented(unit)?;
        let is_labels = match key {
            "annotations:" if found.annotations == 0 => false,
            "labels:" if found.labels.is_empty() => true,
            _ => return None,
        };
        if lines.indent() != 2 * unit {
            return None;
        }
        if is_labels {
            found.labels_at = Some(key_at);
        } else {
            found.annotations = lines.at + 2 * unit;
        }
        while lines.indent() == 2 * unit {
            let pair = lines.indented(2 * unit).and_then(pair)?;
            let (name, value) = (scalar(pair.key)?, scalar(pair.value)?);
            leaves.push(Leaf::Clear(Cow::Borrowed(value)));
            if is_labels { found.label(name, value)? } else { found.annotation(name, value, pair.value_span)? }
        }
    }
    (found.revision.0 > 0).then_some(found)
}

impl<'t> Metadata<'t> {
    fn label(&mut self, name: &'t str, value: &'t str) -> Option<()> {
        let again = || self.labels.iter().any(|(other, _)| other == name);
        if matches!(name, "data" | "stringData" | "")
            || !is_label_value(value)
            || self.labels.len() == MAX_ENTRIES
            || again()
        {
            return None;
        }
        self.labels.push((Cow::Borrowed(name), Cow::Borrowed(value)));
        Some(())
    }

    fn annotation(&mut self, name: &'t str, value: &'t str, at: Range<usize>) -> Option<()> {
        match name {
            REVISION if self.revision.0 == 0 => self.revision = (parse_revision(value)?, at),
            PLACE if self.place.is_none() && self.public.is_empty() => self.place = Some((value, at)),
            _ => {
                let key = name.strip_prefix(PUBLIC).filter(|key| is_secret_key(key) && is_public_half(value))?;
                if self.public.len() == MAX_ENTRIES || self.public.iter().any(|(other, _)| other == key) {
                    return None;
                }
                self.public.push((Cow::Borrowed(key), Cow::Borrowed(value)));
                self.public_at.push((key.to_owned(), at));
            }
        }
        Some(())
    }
}

fn entries<'t>(lines: &mut Lines<'t>, indent: usize, leaves: &mut Vec<Leaf<'t>>) -> Option<Vec<Entry<'t>>> {
    let mut entries: Vec<Entry<'t>> = Vec::with_capacity(8);
    let mut ascending = true;
    while lines.indent() == indent {
        let pair = lines.indented(indent).and_then(pair)?;
        let key = scalar(pair.key).filter(|key| is_secret_key(key))?;
        // As long as all keys ascend, none can occur twice.
        ascending = ascending && entries.last().is_none_or(|last| *last.key < *key);
        if entries.len() == MAX_ENTRIES || !(ascending || entries.iter().all(|entry| entry.key != key)) {
            return None;
        }
        let value = if pair.value == "\"\"" { None } else { Some(Sealed::parse(pair.value, "str").ok()?) };
        leaves.push(Leaf::Entry(entries.len()));
        entries.push(Entry {
            section: Section::StringData,
            key: Cow::Borrowed(key),
            key_span: pair.key_span,
            value,
            value_span: pair.value_span,
        });
    }
    (!entries.is_empty()).then_some(entries)
}

struct Sops<'t> {
    age: Range<usize>,
    wraps: Vec<Wrap<'t>>,
    last_modified: (&'t str, Range<usize>),
    mac: (Sealed<'t>, Range<usize>),
}

/// The block in any order of its keys: `sops` up to 3.12 has one of its own, later ones sort.
fn sops<'t>(lines: &mut Lines<'t>) -> Option<Sops<'t>> {
    let unit = lines.unit;
    let (mut age, mut last_modified, mut mac, mut regex, mut version) = (None, None, None, None, None);
    while lines.at < lines.text.len() {
        let line = lines.indented(unit)?;
        if line.0 == "age:" {
            let start = lines.at;
            let found = wraps(lines)?;
            if age.replace((found, start..lines.at)).is_some() {
                return None;
            }
            continue;
        }
        let pair = pair(line)?;
        let again = match pair.key {
            "lastmodified" => {
                let text = pair.value.strip_prefix('"')?.strip_suffix('"').filter(|text| is_timestamp(text))?;
                last_modified.replace((text, pair.value_span)).is_some()
            }
            "mac" => mac.replace((Sealed::parse(pair.value, "str").ok()?, pair.value_span)).is_some(),
            "encrypted_regex" if pair.value == ENCRYPTED_REGEX => regex.replace(()).is_some(),
            "version" if is_version(pair.value) => version.replace(()).is_some(),
            _ => return None,
        };
        if again {
            return None;
        }
    }
    regex.and(version)?;
    let (wraps, age) = age?;
    Some(Sops { age, wraps, last_modified: last_modified?, mac: mac? })
}

/// The list of recipients: `- enc`, `recipient` or the other way round.
fn wraps<'t>(lines: &mut Lines<'t>) -> Option<Vec<Wrap<'t>>> {
    let dash = 2 * lines.unit;
    let mut wraps: Vec<Wrap<'t>> = Vec::with_capacity(4);
    while lines.indent() == dash {
        let (first, at) = lines.indented(dash)?;
        let first = (first.strip_prefix("- ")?, at + 2);
        let (recipient, armor) = if first.0 == "enc: |" {
            let armor = armor(lines, dash + 4)?;
            (recipient(lines.indented(dash + 2)?)?, armor)
        } else {
            let recipient = recipient(first)?;
            if lines.indented(dash + 2)?.0 != "enc: |" {
                return None;
            }
            (recipient, armor(lines, dash + 4)?)
        };
        if wraps.iter().any(|wrap| wrap.recipient == recipient) || wraps.len() == MAX_ENTRIES {
            return None;
        }
        wraps.push(Wrap { recipient: Cow::Borrowed(recipient), armor: Cow::Owned(armor) });
    }
    (!wraps.is_empty()).then_some(wraps)
}

fn recipient(line: (&str, usize)) -> Option<&str> {
    let pair = pair(line).filter(|pair| pair.key == "recipient")?;
    parse_recipient(pair.value).ok().map(|_| pair.value)
}

fn armor(lines: &mut Lines<'_>, indent: usize) -> Option<String> {
    let mut armor = String::with_capacity(512);
    while lines.indent() == indent {
        let (line, _) = lines.indented(indent)?;
        armor.push_str(line);
        armor.push('\n');
    }
    (is_armor(&armor) && !is_for_others(&armor)).then_some(armor)
}

#[cfg(test)]
mod tests {
    use super::super::{SecretSpec, encrypt, read};
    use super::*;
    use crate::sops::{Identities, Plaintext, parse_recipient};
    use proptest::prelude::*;

    const RE_WRITTEN: &str = include_str!("../../tests/fixtures/secret/re-written.yaml");

    /// The public half of a key that nobody has any more.
    const HALF: &str = concat!(
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApjlnxcKRugYbcKTk5seI3QVMAadD4d7KgK7pbc3bHl4nze2vQ0Nb",
        "AnAn0ksTm+BSqrX7GYF5LIavNFTOPRIApOxdeD/OeyPvjj4t7TANHv+rWl5y3rYWAJJGtVhbXE+pUiQjyUAZWgumBga30p3B",
        "jZ/oPIpj2ICz+5724UgpCeAgLENsDILfnfDEPqtKJsedqo/VMH2aXPggY9WtcwfYOXNX2awzxRcO+fx15K3TWiEhuwlvYtz0",
        "49BFyawashMPDtPpwCeXCYAqRxcpQyyhnc+TZvPhQ5JgUFqfMJN6hKkVO1wRHiEiMDFGwwVInDrWnxonBw6eHlWAYiJ/ZBoj",
        "RwIDAQAB",
    );

    fn sample(form: Form) -> String {
        let mut identities = Identities::new();
        identities.add("demo", include_str!("../../tests/keys/demo.agekey")).unwrap();
        let recipients: Vec<_> = identities.recipients().map(|text| parse_recipient(text).unwrap()).collect();
        let value = |key: &str, value: &str| (key.to_owned(), Plaintext::from(value.to_owned()));
        let spec = SecretSpec {
            form,
            place: "/lms-dev/C42/lms-secret/".into(),
            name: "lms-secret-c42".into(),
            namespace: "lms-dev".into(),
            public: vec![("a".into(), HALF.into())],
            labels: vec![("app/a".into(), "x".into()), ("yes".into(), "1".into())],
            values: vec![value("a", "1"), value("2", "b"), value("empty", "")],
            revision: 7,
        };
        String::from_utf8(encrypt(&spec, &recipients, "2026-11-20T10:00:00Z").unwrap()).unwrap()
    }

    fn samples() -> [String; 3] {
        [sample(Form::Secret), sample(Form::SopsSecret), RE_WRITTEN.to_owned()]
    }

    /// Whatever the scanner takes, the exact reader takes, with the same result.
    fn agree(text: &str) -> bool {
        let Some(scanned) = scan(text) else { return false };
        match read::read(text) {
            Ok(exact) => assert!(scanned == exact, "the readers differ on:\n{text}"),
            Err(faults) => panic!("the scanner takes what the reader refuses for {faults:?}:\n{text}"),
        }
        true
    }

    #[test]
    fn the_usual_layouts_are_recognised() {
        for text in samples().into_iter().chain([sample(Form::Secret).replace("yes", "no-word")]) {
            assert!(agree(&text), "{text}");
        }
    }

    #[test]
    fn both_readers_agree_on_every_small_change() {
        for (file, step) in samples().into_iter().zip([1, 5, 7]) {
            for at in (0..file.len()).step_by(step) {
                let (before, rest) = file.split_at(at);
                agree(&format!("{before}{}", &rest[1..]));
                for new in [" ", "\n", "\t", "\r", "\"", "'", ":", "#", "-", "=", "A", "0", "|", "&", "é", "\0"] {
                    agree(&format!("{before}{new}{}", &rest[1..]));
                }
                for new in [" ", "\n", "\r\n", "#"] {
                    agree(&format!("{before}{new}{rest}"));
                }
            }
        }
    }

    /// Moves, repeats and removes whole lines, and changes how deep they are.
    fn shuffle(file: &str, steps: &[(u8, usize, usize)]) -> String {
        let mut lines: Vec<String> = file.lines().map(str::to_owned).collect();
        for &(what, from, to) in steps {
            let (from, to) = (from % lines.len(), to % lines.len());
            match what % 6 {
                0 => lines.swap(from, to),
                1 => lines.insert(to, lines[from].clone()),
                2 if lines.len() > 1 => drop(lines.remove(from)),
                3 => lines[from].insert_str(0, "  "),
                4 => lines[from] = lines[from].trim_start_matches("  ").to_owned(),
                _ => {
                    let line = lines.remove(from);
                    lines.insert(to % (lines.len() + 1), line);
                }
            }
        }
        lines.join("\n") + "\n"
    }

    #[test]
    fn both_readers_agree_on_shuffled_lines() {
        let samples = samples();
        let config = ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() };
        proptest!(config, |(steps in prop::collection::vec(any::<(u8, usize, usize)>(), 1..4))| {
            for file in &samples {
                agree(&shuffle(file, &steps));
            }
        });
    }
}
