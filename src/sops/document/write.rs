//! Encrypting a plain YAML file in place: its values and comments become ciphertext, everything else keeps its bytes, and
//! the block of SOPS is added.

use std::fmt::Write;

use super::error::{DocumentError, Problem};
use super::leaf;
use super::open::{Document, clear};
use super::place;
use super::rule::Rule;
use super::scalar::{Resolved, resolve};
use super::tree::{Node, Root, parse};
use crate::sops::text_edit::{self, Edits, column};
use crate::sops::{DataKey, Kind, Mac, Recipient, is_timestamp};

/// The version of SOPS whose format is written; `sops` refuses a file without one.
const SOPS_VERSION: &str = "3.11.0";

/// Encrypts what `rule` selects in `plain`, a YAML file, to `recipients`. `now` is the time in UTC, like
/// `2026-01-02T03:04:05Z`.
///
/// # Errors
/// What is in `plain` that SOPS could not encrypt and give back, a wrong rule or time, no recipients, no randomness.
pub fn encrypt_document(
    plain: &str,
    rule: &Rule,
    mac_only_encrypted: bool,
    recipients: &[Recipient],
    now: &str,
) -> Result<String, DocumentError> {
    let request = |message: &str| Err(DocumentError::new(Problem::Request, 0..0, message));
    if recipients.is_empty() {
        return request("no recipient is given");
    }
    if !is_timestamp(now) {
        return request("the time is not of the form `2026-01-02T03:04:05Z`");
    }
    // The last line is ended first: a block of text that ends the file means something else with a line end.
    let eol = text_edit::eol(plain);
    let ended = zeroize::Zeroizing::new(if plain.ends_with('\n') { plain.to_owned() } else { format!("{plain}{eol}") });
    let roots = parse(&ended)?;
    check(&roots)?;
    let selector = rule
        .selector()
        .map_err(|why| DocumentError::new(Problem::Request, 0..0, format!("`{}` {why}", rule.field().0)))?;

    let (leaves, comments) = leaf::walk(&ended, &roots, &selector);
    for comment in &comments {
        let end = comment.span.end;
        let mut below = ended[end..].lines().skip(1);
        if selector.marks(&ended[comment.span.start + 1..end])
            && below.next().is_some_and(|line| line.trim().is_empty())
        {
            let message = "an empty line stands below a comment that decides what is encrypted";
            return Err(DocumentError::new(Problem::Request, comment.span.clone(), message)
                .help("take the empty line out: SOPS would take the comment to something else or lose it"));
        }
    }

    let key = DataKey::generate()?;
    let mut mac = Mac::new(mac_only_encrypted);
    let mut edits = Edits::default();
    for one in leaves {
        let Some((kind, value)) = clear(&one)? else { continue };
        if !one.selected {
            mac.clear(value.expose());
            continue;
        }
        mac.sealed(value.expose());
        if !value.is_empty() {
            let sealed = key.seal_as(kind, &leaf::aad(&one.steps), value.expose())?;
            let value = if one.flow { format!("\"{sealed}\"") } else { sealed };
            place::write_over(&mut edits, &ended, one.scalar, value);
        }
    }
    for comment in comments {
        let text = ended[comment.span.start + 1..comment.span.end].trim_end_matches('\r');
        if !text.is_empty() && comment.selected {
            let sealed = key.seal_as(Kind::Comment, &leaf::aad(&comment.steps), text.as_bytes())?;
            let start = comment.span.start + 1;
            edits.replace(start..start + text.len(), sealed);
        }
    }
    let mac = key.seal(now, mac.finish().as_bytes())?;
    let metadata = Metadata { rule, mac_only_encrypted, now, mac: &mac };
    let block = metadata.format(recipients, &key, indent(&ended, &roots[0]))?;
    edits.insert(end_of_first(&ended, &roots[0]), block.replace('\n', eol));
    let written = edits.apply(&ended);
    // What was written must be what was read; nobody else could tell until the plain file is gone.
    Document::parse(&written)?.open_with(&key)?;
    Ok(written)
}

fn check(roots: &[Root<'_>]) -> Result<(), DocumentError> {
    for root in roots {
        if let Some((key, _)) = root.map.entries.iter().find(|(key, _)| key.text == "sops") {
            return Err(DocumentError::new(Problem::Request, key.span.clone(), "the file has a key `sops` already")
                .help("rename the key, or decrypt the file first if SOPS encrypted it"));
        }
    }
    match roots.first() {
        Some(root) if root.map.flow => {
            let span = root.map.span.clone();
            Err(DocumentError::new(Problem::Request, span, "the first document is empty or in braces")
                .help("write it in block style, a key a line"))
        }
        _ => Ok(()),
    }
}

/// The indent that the document is written with: two or four, which is what SOPS takes.
pub(super) fn indent(text: &str, root: &Root<'_>) -> usize {
    let nested = root.map.entries.iter().find_map(|(_, value)| match value {
        Node::Map(map) if !map.flow => Some(column(text, map.span.start)),
        _ => None,
    });
    if nested == Some(2) { 2 } else { 4 }
}

/// Where the first document ends: at the line that ends it or starts the next one.
fn end_of_first(text: &str, root: &Root<'_>) -> usize {
    let mut at = root.map.span.end;
    for line in text[at..].split_inclusive('\n') {
        let is_marker = at > root.map.span.end && (line.starts_with("---") || line.starts_with("..."));
        if is_marker {
            break;
        }
        at += line.len();
    }
    at
}

struct Metadata<'a> {
    rule: &'a Rule,
    mac_only_encrypted: bool,
    now: &'a str,
    mac: &'a str,
}

impl Metadata<'_> {
    /// In the order of `sops` 3.13.
    fn format(&self, recipients: &[Recipient], key: &DataKey, indent: usize) -> Result<String, DocumentError> {
        let one = " ".repeat(indent);
        let mut text = format!("sops:\n{one}age:\n");
        let mut done: Vec<&Recipient> = Vec::new();
        for recipient in recipients {
            if !done.contains(&recipient) {
                done.push(recipient);
                text.push_str(&wrap(recipient, key, indent * 2)?);
            }
        }
        let (field, rule) = self.rule.field();
        let rule = format!("{one}{field}: {}\n", quoted(rule));
        let (above, below) = if field.starts_with('e') { (&*rule, "") } else { ("", &*rule) };
        let only = if self.mac_only_encrypted { format!("{one}mac_only_encrypted: true\n") } else { String::new() };
        let (now, mac) = (self.now, self.mac);
        write!(
            text,
            "{above}{one}lastmodified: \"{now}\"\n{one}mac: {mac}\n{only}{below}{one}version: {SOPS_VERSION}\n"
        )
        .expect("writing to a String does not fail");
        Ok(text)
    }
}

/// One item of the list of recipients, its dash after `dash` blanks.
pub(super) fn wrap(recipient: &Recipient, key: &DataKey, dash: usize) -> Result<String, DocumentError> {
    let armor = recipient.wrap(key).map_err(|_| {
        DocumentError::new(Problem::System, 0..0, format!("the data key cannot be encrypted to {recipient}"))
    })?;
    let (blanks, below) = (" ".repeat(dash), " ".repeat(dash + 4));
    let lines: Vec<String> = armor.lines().map(|line| format!("{below}{line}\n")).collect();
    let armor = lines.concat();
    Ok(format!("{blanks}- enc: |\n{armor}{blanks}  recipient: {recipient}\n"))
}

/// Text as a YAML string: without quotes where every reader takes it for one.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./^$()|+".contains(c);
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '^'));
    let word = ["y", "n", "yes", "no", "on", "off"].iter().any(|word| text.eq_ignore_ascii_case(word));
    if first && !word && text.chars().all(plain) && resolve(text) == Resolved::Str {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\0'..='\x1f' | '\x7f'..='\u{9f}' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
