//! From a YAML tree to a [`StoreFile`], with every fault named and placed.
//!
//! The slow and exact reader: `scan` must agree with it on every file it takes. No message holds a value.

use std::borrow::Cow;
use std::ops::Range;

use super::fault::{Fault, MALFORMED_VALUE, METADATA, PLAINTEXT_SECRET, RECIPIENT, RULE, SHAPE, UNENCRYPTED_VALUE};
use super::file::{
    ENCRYPTED_REGEX, Entry, Leaf, Places, REVISION, Section, StoreFile, Wrap, is_armor, is_secret_key, is_timestamp,
    is_version, parse_revision,
};
use super::recipient::parse_recipient;
use super::sealed::{Sealed, SealedError};
use super::yaml::{self, Document, Node, Scalar, ambiguous};

type Map<'t> = [(Scalar<'t>, Node<'t>)];

/// Reads `text`, or says everything that is wrong with it.
pub(super) fn read(text: &str) -> Result<StoreFile<'_>, Vec<Fault>> {
    let document = yaml::parse(text).map_err(|fault| vec![fault])?;
    if !document.root.iter().any(|(key, _)| key.text == "sops") {
        return Err(vec![not_sops(&document)]);
    }
    let mut reader = Reader { text, ..Reader::default() };
    reader.root(&document.root);
    reader.comments(&document);
    reader.finish()
}

/// The file has no SOPS block: a Secret in the clear, or something else altogether.
fn not_sops(document: &Document<'_>) -> Fault {
    let section = document.root.iter().find(|(key, _)| key.text == "data" || key.text == "stringData");
    match section {
        Some((key, _)) => Fault::new(
            PLAINTEXT_SECRET,
            key.span.clone(),
            "a plaintext Secret where a SOPS file is expected",
        )
        .help(
            "take every value in it as known to others: make new values, encrypt the file with `sops encrypt -i FILE`, \
                 and remove the plaintext from the history of the repository",
        ),
        None => Fault::new(PLAINTEXT_SECRET, 0..0, "not encrypted with SOPS")
            .help("store files are Secrets encrypted with SOPS: this one has no `sops` block"),
    }
}

#[derive(Default)]
struct Reader<'t> {
    text: &'t str,
    faults: Vec<Fault>,
    /// Top-level keys found among those that must be there.
    kind: Option<()>,
    api_version: Option<()>,
    metadata: Option<()>,
    name: Option<Cow<'t, str>>,
    namespace: Option<(Cow<'t, str>, Range<usize>, Range<usize>)>,
    labels: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    revision: Option<(u64, Range<usize>)>,
    entries: Vec<Entry<'t>>,
    leaves: Vec<Leaf<'t>>,
    sops: Option<usize>,
    wraps: Vec<Wrap<'t>>,
    regex: Option<()>,
    version: Option<()>,
    last_modified: Option<(Cow<'t, str>, Range<usize>)>,
    mac: Option<(Sealed<'t>, Range<usize>)>,
}

impl<'t> Reader<'t> {
    fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    fn shape(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.fault(Fault::new(SHAPE, span.clone(), message));
    }

    fn root(&mut self, root: &Map<'t>) {
        for (key, node) in root {
            match &*key.text {
                "apiVersion" => self.api_version = self.constant(key, node, "v1"),
                "kind" => self.kind = self.constant(key, node, "Secret"),
                "type" => drop(self.constant(key, node, "Opaque")),
                "metadata" => {
                    self.metadata = Some(());
                    if let Some(map) = self.map(key, node) {
                        self.metadata(map);
                    }
                }
                "data" => self.section(Section::Data, key, node),
                "stringData" => self.section(Section::StringData, key, node),
                "sops" => {
                    self.sops = Some(key.span.start);
                    if let Some(map) = self.map(key, node) {
                        self.sops(map);
                    }
                }
                other => {
                    let message = format!("unknown key `{other}` in a stored Secret");
                    self.shape(&key.span, message);
                }
            }
        }
    }

    fn metadata(&mut self, map: &Map<'t>) {
        for (key, node) in map {
            match &*key.text {
                "name" => self.name = self.clear(key, node),
                "namespace" => {
                    self.namespace = self.clear(key, node).map(|text| (text, key.span.clone(), node.span()));
                }
                "labels" => {
                    for (name, node) in self.map(key, node).unwrap_or_default() {
                        self.label(name, node);
                    }
                }
                "annotations" => {
                    for (name, node) in self.map(key, node).unwrap_or_default() {
                        self.annotation(name, node);
                    }
                }
                other => {
                    let message = format!("unknown key `metadata.{other}` in a stored Secret");
                    self.shape(&key.span, message);
                }
            }
        }
    }

    fn label(&mut self, key: &Scalar<'t>, node: &Node<'t>) {
        if matches!(&*key.text, "data" | "stringData" | "") {
            let message = format!("a label named `{}`: SOPS would encrypt it", key.text);
            self.shape(&key.span, message);
        }
        if let Some(value) = self.clear(key, node) {
            self.labels.push((key.text.clone(), value));
        }
    }

    fn annotation(&mut self, key: &Scalar<'t>, node: &Node<'t>) {
        let Some(value) = self.clear(key, node) else { return };
        if key.text != REVISION {
            let message = format!("unknown annotation `{}` on a stored Secret", key.text);
            return self.shape(&key.span, message);
        }
        match parse_revision(&value) {
            Some(revision) => self.revision = Some((revision, node.span())),
            None => self.shape(&node.span(), format!("`{REVISION}` is no number from 1")),
        }
    }

    fn section(&mut self, section: Section, key: &Scalar<'t>, node: &Node<'t>) {
        let Some(map) = self.map(key, node) else { return };
        if map.is_empty() {
            self.shape(&node.span(), format!("`{}` is empty", key.text));
        }
        for (key, node) in map {
            if !is_secret_key(&key.text) {
                let message = format!("`{}` is no key of a Secret: letters, digits, `-`, `_` and `.`", key.text);
                self.shape(&key.span, message);
            }
            if self.entries.iter().any(|entry| entry.section != section && entry.key == key.text) {
                let message = format!("key `{}` is in both `data` and `stringData`", key.text);
                self.shape(&key.span, message);
            }
            let Node::Scalar(value) = node else {
                let message = format!("the value of `{}` is a collection; Kubernetes takes strings only", key.text);
                self.shape(&node.span(), message);
                continue;
            };
            let sealed = if value.text.is_empty() && !value.plain { None } else { Some(self.value(key, value)) };
            let value = match sealed {
                None => None,
                Some(Some(sealed)) => Some(sealed),
                Some(None) => continue,
            };
            self.leaves.push(Leaf::Entry(self.entries.len()));
            self.entries.push(Entry {
                section,
                key: key.text.clone(),
                key_span: key.span.clone(),
                value,
                value_span: node.span(),
            });
        }
    }

    fn value(&mut self, key: &Scalar<'t>, value: &Scalar<'t>) -> Option<Sealed<'t>> {
        let (code, what, help) = match self.sealed(value, "str") {
            Ok(sealed) => return Some(sealed),
            Err(SealedError::Clear) => (
                UNENCRYPTED_VALUE,
                "is not encrypted",
                "take the value as known to others: set a new one with `sops edit`",
            ),
            Err(SealedError::Type) => (
                MALFORMED_VALUE,
                "is encrypted as something other than a string; Kubernetes takes strings only",
                "quote the value in `sops edit`",
            ),
            Err(SealedError::Malformed) => (
                MALFORMED_VALUE,
                "is not what SOPS writes for an encrypted string",
                "the file was damaged: restore it from the last commit",
            ),
        };
        self.fault(Fault::new(code, value.span.clone(), format!("the value of `{}` {what}", key.text)).help(help));
        None
    }

    /// An encrypted text, which must stand in the file as it is, quoted or not.
    fn sealed(&self, value: &Scalar<'t>, kind: &str) -> Result<Sealed<'t>, SealedError> {
        let source = self.text.get(value.span.clone()).unwrap_or("");
        let quotes = usize::from(source.starts_with(['"', '\'']));
        let inner = source.get(quotes..source.len().saturating_sub(quotes)).unwrap_or("");
        if inner != value.text {
            let clear = !value.text.trim_start().starts_with("ENC[");
            return Err(if clear { SealedError::Clear } else { SealedError::Malformed });
        }
        Sealed::parse(inner, kind)
    }

    fn sops(&mut self, map: &Map<'t>) {
        for (key, node) in map {
            match &*key.text {
                "age" => self.age(key, node),
                "lastmodified" => self.last_modified(node),
                "mac" => self.mac(node),
                "encrypted_regex" => self.encrypted_regex(node),
                "version" => match node {
                    // Unquoted, it is a string too: three numbers are no number.
                    Node::Scalar(text) if is_version(&text.text) => self.version = Some(()),
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
        self.regex = Some(());
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
                self.last_modified = Some((text.text.clone(), text.span.clone()));
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
            && let Ok(sealed) = self.sealed(text, "str")
        {
            self.mac = Some((sealed, text.span.clone()));
        } else {
            self.fault(Fault::new(METADATA, node.span(), "`sops.mac` is not what SOPS writes"));
        }
    }

    fn age(&mut self, key: &Scalar<'t>, node: &Node<'t>) {
        let Node::List(items, _) = node else {
            return self.shape(&key.span, "`sops.age` is no list");
        };
        for item in items {
            let Node::Map(map, span) = item else {
                self.shape(&item.span(), "an item of `sops.age` is no mapping");
                continue;
            };
            let (mut recipient, mut armor) = (None, None);
            for (key, node) in map {
                match (&*key.text, node) {
                    ("recipient", Node::Scalar(text)) => recipient = self.recipient(text),
                    ("enc", Node::Scalar(text)) if is_armor(&text.text) => armor = Some(text.text.clone()),
                    ("enc", _) => {
                        self.fault(Fault::new(
                            METADATA,
                            node.span(),
                            "a wrapped key in `sops.age` is no armored age file",
                        ));
                    }
                    _ => self.shape(&key.span, format!("unknown key `{}` in `sops.age`", key.text)),
                }
            }
            match (recipient, armor) {
                (Some(recipient), Some(armor)) => self.wraps.push(Wrap { recipient, armor }),
                _ if map.len() < 2 => self.shape(span, "an item of `sops.age` needs `recipient` and `enc`"),
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
        if self.wraps.iter().any(|wrap| wrap.recipient == text.text) {
            self.fault(Fault::new(RECIPIENT, text.span.clone(), "the recipient is listed twice"));
            return None;
        }
        Some(text.text.clone())
    }

    /// Comments between the values are encrypted by SOPS; one in the clear was written by hand.
    fn comments(&mut self, document: &Document<'t>) {
        let root = &document.root;
        for (at, (key, _)) in root.iter().enumerate() {
            if !matches!(&*key.text, "data" | "stringData") {
                continue;
            }
            let end = root.get(at + 1).map_or(self.text.len(), |(next, _)| next.span.start);
            let last = self.entries.iter().map(|e| e.value_span.end).filter(|&e| e <= end).max().unwrap_or(0);
            for span in document.comments.iter().filter(|c| c.start > key.span.start && c.start < end) {
                let line_start = self.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
                let inside = span.start < last || span.start > line_start;
                let text = self.text[span.clone()].trim_start_matches('#').trim_end();
                if inside && Sealed::parse(text, "comment").is_err() {
                    self.faults.push(
                        Fault::new(UNENCRYPTED_VALUE, span.clone(), "a comment between the values is not encrypted")
                            .help("SOPS encrypts comments there: remove it, or add it with `sops edit`"),
                    );
                }
            }
        }
    }

    fn map<'n>(&mut self, key: &Scalar<'t>, node: &'n Node<'t>) -> Option<&'n Map<'t>> {
        if let Node::Map(map, _) = node {
            return Some(map);
        }
        self.shape(&node.span(), format!("`{}` is no mapping", key.text));
        None
    }

    /// A string that is not encrypted and that every reader takes for a string; part of the MAC.
    fn clear(&mut self, key: &Scalar<'t>, node: &Node<'t>) -> Option<Cow<'t, str>> {
        match node {
            Node::Scalar(value) if value.plain && ambiguous(&value.text) => {
                self.fault(
                    Fault::new(SHAPE, value.span.clone(), format!("`{}` is not certainly a string", key.text))
                        .help("quote the value"),
                );
                None
            }
            Node::Scalar(value) => {
                self.leaves.push(Leaf::Clear(value.text.clone()));
                Some(value.text.clone())
            }
            _ => {
                self.shape(&node.span(), format!("`{}` is no string", key.text));
                None
            }
        }
    }

    fn constant(&mut self, key: &Scalar<'t>, node: &Node<'t>, expected: &str) -> Option<()> {
        let value = self.clear(key, node)?;
        if value != expected {
            self.shape(&node.span(), format!("`{}` of a stored Secret must be `{expected}`", key.text));
        }
        Some(())
    }

    fn finish(mut self) -> Result<StoreFile<'t>, Vec<Fault>> {
        let sops = self.sops.unwrap_or(0)..self.sops.map_or(0, |at| at + 4);
        for (missing, name) in [
            (self.api_version.is_none(), "apiVersion"),
            (self.kind.is_none(), "kind"),
            (self.metadata.is_none(), "metadata"),
            (self.metadata.is_some() && self.name.is_none(), "metadata.name"),
            (self.metadata.is_some() && self.namespace.is_none(), "metadata.namespace"),
            (self.entries.is_empty(), "stringData"),
            (self.regex.is_none(), "sops.encrypted_regex"),
            (self.version.is_none(), "sops.version"),
            (self.last_modified.is_none(), "sops.lastmodified"),
            (self.mac.is_none(), "sops.mac"),
            (self.wraps.is_empty(), "sops.age"),
        ] {
            // A key that is there and wrong has been reported already.
            if missing && self.faults.is_empty() {
                self.faults.push(Fault::new(SHAPE, sops.clone(), format!("the file has no `{name}`")));
            }
        }
        let parts = (self.name, self.namespace, self.last_modified, self.mac);
        let (Some(name), Some((namespace, ns_key, ns_value)), Some((last_modified, modified_at)), Some((mac, mac_at))) =
            parts
        else {
            return Err(self.faults);
        };
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let (revision, revision_at) = self.revision.map_or((1, None), |(number, at)| (number, Some(at)));
        Ok(StoreFile {
            text: self.text,
            name,
            namespace,
            labels: self.labels,
            revision,
            entries: self.entries,
            leaves: self.leaves,
            wraps: self.wraps,
            last_modified,
            mac,
            places: Places {
                revision: revision_at,
                namespace: (ns_key, ns_value),
                sops: sops.start,
                last_modified: modified_at,
                mac: mac_at,
            },
        })
    }
}
