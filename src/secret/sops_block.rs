//! The `sops` block of a store file: who can open it, by which rule it is encrypted, and its MAC.
//!
//! SOPS does not protect its own block, so that everything in it that could widen who reads a Secret or what is
//! encrypted must be exactly what lmsgen writes.

use std::borrow::Cow;
use std::ops::Range;

use super::fault::{Fault, METADATA, RECIPIENT, RULE, SHAPE};
use super::file::ENCRYPTED_REGEX;
use super::yaml::{Node, Scalar};
use crate::sops::{Sealed, SealedError, Wrap, is_armor, is_for_others, is_timestamp, is_version, parse_recipient};

/// What the block says.
#[derive(Default)]
pub(super) struct Block<'t> {
    /// The lines of the list of recipients.
    pub age: Range<usize>,
    pub wraps: Vec<Wrap<'t>>,
    pub last_modified: Option<(Cow<'t, str>, Range<usize>)>,
    pub mac: Option<(Sealed<'t>, Range<usize>)>,
}

/// An encrypted text, which must stand in the file as it is, quoted or not.
pub(super) fn sealed<'t>(file: &'t str, value: &Scalar<'t>, kind: &str) -> Result<Sealed<'t>, SealedError> {
    let source = file.get(value.span.clone()).unwrap_or("");
    let quotes = usize::from(source.starts_with(['"', '\'']));
    let inner = source.get(quotes..source.len().saturating_sub(quotes)).unwrap_or("");
    if inner != value.text {
        let clear = !value.text.trim_start().starts_with("ENC[");
        return Err(if clear { SealedError::Clear } else { SealedError::Malformed });
    }
    Sealed::parse(inner, kind)
}

impl<'t> Block<'t> {
    /// Reads the block under `sops` of the file `text`.
    pub(super) fn read(text: &'t str, key: &Scalar<'t>, node: &Node<'t>, faults: &mut Vec<Fault>) -> Self {
        let mut reader = BlockReader { text, faults, block: Self::default() };
        match node {
            Node::Map(map, _) => reader.block(map, &key.span),
            _ => reader.fault(Fault::new(SHAPE, node.span(), "`sops` is no mapping")),
        }
        reader.block
    }
}

/// The lines of the list under the key that starts at `key`: those that are indented further, or start with a dash as far.
pub(super) fn lines_below(text: &str, key: usize) -> Range<usize> {
    let indent = key - text[..key].rfind('\n').map_or(0, |at| at + 1);
    let start = text[key..].find('\n').map_or(text.len(), |at| key + at + 1);
    let mut end = start;
    for line in text[start..].split_inclusive('\n') {
        let content = line.trim_start_matches(' ');
        let depth = line.len() - content.len();
        if !content.trim().is_empty() && depth <= indent && !(depth == indent && content.starts_with("- ")) {
            break;
        }
        end += line.len();
    }
    start..end
}

struct BlockReader<'t, 'f> {
    text: &'t str,
    faults: &'f mut Vec<Fault>,
    block: Block<'t>,
}

impl<'t> BlockReader<'t, '_> {
    fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    fn block(&mut self, map: &[(Scalar<'t>, Node<'t>)], at: &Range<usize>) {
        for missing in ["age", "encrypted_regex", "lastmodified", "mac", "version"] {
            if !map.iter().any(|(key, _)| key.text == missing) {
                self.fault(Fault::new(METADATA, at.clone(), format!("the file has no `sops.{missing}`")));
            }
        }
        for (key, node) in map {
            match &*key.text {
                "age" => self.age(key, node),
                "lastmodified" => self.last_modified(node),
                "mac" => self.mac(node),
                "encrypted_regex" => self.encrypted_regex(node),
                "version" => match node {
                    // Unquoted, it is a string too: three numbers are no number.
                    Node::Scalar(text) if is_version(&text.text) => {}
                    _ => self.fault(Fault::new(METADATA, node.span(), "`sops.version` is no version of SOPS 3")),
                },
                "kms" | "gcp_kms" | "azure_kv" | "hc_vault" | "hckms" | "pgp" => {
                    // SOPS up to 3.9 wrote the lists it does not use, too.
                    if !matches!(node, Node::List(items, _) if items.is_empty()) {
                        let message = format!("the file can also be opened by a key under `sops.{}`", key.text);
                        self.fault(
                            Fault::new(RULE, key.span.clone(), message)
                                .help("lmsgen's recipients are native age keys: encrypt the file to those only"),
                        );
                    }
                }
                other => {
                    let message = format!("`sops.{other}` is not part of lmsgen's policy");
                    self.fault(
                        Fault::new(RULE, key.span.clone(), message)
                            .help("encrypt by `encrypted_regex: ^(data|stringData)$`, to age recipients, with the MAC over the whole file"),
                    );
                }
            }
        }
    }

    fn encrypted_regex(&mut self, node: &Node<'t>) {
        if !matches!(node, Node::Scalar(text) if text.text == ENCRYPTED_REGEX) {
            self.fault(Fault::new(
                RULE,
                node.span(),
                format!(
                    "`sops.encrypted_regex` is not `{ENCRYPTED_REGEX}`, so another part of the Secret is encrypted"
                ),
            ));
        }
    }

    fn last_modified(&mut self, node: &Node<'t>) {
        match node {
            Node::Scalar(text) if !text.plain && is_timestamp(&text.text) => {
                self.block.last_modified = Some((text.text.clone(), text.span.clone()));
            }
            _ => self.fault(Fault::new(
                METADATA,
                node.span(),
                "`sops.lastmodified` is no quoted time in UTC, like \"2026-01-02T03:04:05Z\"",
            )),
        }
    }

    fn mac(&mut self, node: &Node<'t>) {
        if let Node::Scalar(text) = node
            && let Ok(sealed) = sealed(self.text, text, "str")
        {
            self.block.mac = Some((sealed, text.span.clone()));
        } else {
            self.fault(Fault::new(METADATA, node.span(), "`sops.mac` is not what SOPS writes"));
        }
    }

    fn age(&mut self, key: &Scalar<'t>, node: &Node<'t>) {
        let Node::List(items, _) = node else {
            return self.fault(Fault::new(SHAPE, key.span.clone(), "`sops.age` is no list"));
        };
        self.block.age = lines_below(self.text, key.span.start);
        for item in items {
            let Node::Map(map, span) = item else {
                self.fault(Fault::new(SHAPE, item.span(), "an item of `sops.age` is no mapping"));
                continue;
            };
            let (mut recipient, mut armor) = (None, None);
            for (key, node) in map {
                match (&*key.text, node) {
                    ("recipient", Node::Scalar(text)) => recipient = self.recipient(text),
                    ("enc", Node::Scalar(text)) if is_armor(&text.text) => {
                        if is_for_others(&text.text) {
                            let message = "a wrapped key in `sops.age` is for others than the one it names";
                            self.fault(Fault::new(RECIPIENT, node.span(), message));
                        }
                        armor = Some(text.text.clone());
                    }
                    ("enc", _) => {
                        self.fault(Fault::new(
                            METADATA,
                            node.span(),
                            "a wrapped key in `sops.age` is no armored age file",
                        ));
                    }
                    _ => self.fault(Fault::new(
                        SHAPE,
                        key.span.clone(),
                        format!("unknown key `{}` in `sops.age`", key.text),
                    )),
                }
            }
            match (recipient, armor) {
                (Some(recipient), Some(armor)) => self.block.wraps.push(Wrap { recipient, armor }),
                _ if map.len() < 2 => {
                    self.fault(Fault::new(SHAPE, span.clone(), "an item of `sops.age` needs `recipient` and `enc`"));
                }
                _ => {}
            }
        }
        if items.is_empty() {
            self.fault(Fault::new(RECIPIENT, node.span(), "the file has no age recipient"));
        }
    }

    fn recipient(&mut self, text: &Scalar<'t>) -> Option<Cow<'t, str>> {
        if let Err(error) = parse_recipient(&text.text) {
            self.fault(Fault::new(RECIPIENT, text.span.clone(), format!("recipient: {error}")).help(error.help()));
            return None;
        }
        if self.block.wraps.iter().any(|wrap| wrap.recipient == text.text) {
            self.fault(Fault::new(RECIPIENT, text.span.clone(), "the recipient is listed twice"));
            return None;
        }
        Some(text.text.clone())
    }
}
