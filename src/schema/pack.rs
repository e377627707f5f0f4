//! Packed schemas: an index of kinds and one schema a line, made ready when first asked for.

use std::io::Read as _;
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use serde::Deserialize;

use super::compile::{Dialect, compile, compile_root};
use super::document::Document;
use super::node::{Node, Shape};

/// Schemas that may refer to each other, and the kinds they describe.
pub(super) struct Set {
    text: String,
    /// Where line `n + 1` starts and ends.
    lines: Vec<(usize, usize)>,
    nodes: Vec<OnceLock<Node>>,
    pub index: Index,
    pub dialect: Dialect,
}

/// The first line of a pack.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Index {
    /// Releases, oldest first; none for custom resources.
    pub minors: Vec<String>,
    /// Sorted by [`Entry::api_version`] and [`Entry::kind`].
    pub kinds: Vec<Entry>,
}

/// A kind.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    pub group: String,
    pub version: String,
    pub kind: String,
    #[serde(skip)]
    pub api_version: String,
    pub namespaced: bool,
    /// The line of its schema by release; 0 where it is not served.
    pub lines: Vec<u32>,
    /// Releases that serve it only when told to.
    pub off: Vec<bool>,
    pub deprecated: Option<String>,
    pub removed: Option<String>,
    pub replacement: Option<String>,
    /// CEL rules, which are not evaluated.
    pub rules: usize,
}

impl Entry {
    /// The line of its schema in a release.
    pub fn line(&self, release: usize) -> Option<u32> {
        self.lines.get(release).copied().filter(|line| *line != 0)
    }

    pub fn name(&self) -> String {
        format!("{} {}", self.api_version, self.kind)
    }
}

impl Set {
    /// Opens a pack that is part of the program.
    pub fn open(packed: &[u8], dialect: Dialect) -> Self {
        let mut text = String::new();
        GzDecoder::new(packed).read_to_string(&mut text).expect("a test opens every pack");
        let mut lines = Vec::new();
        let mut start = text.find('\n').map_or(text.len(), |end| end + 1);
        let mut index: Index = serde_json::from_str(&text[..start]).expect("a test opens every pack");
        while let Some(length) = text[start..].find('\n') {
            lines.push((start, start + length));
            start += length + 1;
        }
        for entry in &mut index.kinds {
            entry.api_version = api_version(&entry.group, &entry.version);
        }
        index.kinds.sort_by(|a, b| (&a.api_version, &a.kind).cmp(&(&b.api_version, &b.kind)));
        let nodes = lines.iter().map(|_| OnceLock::new()).collect();
        Self { text, lines, nodes, index, dialect }
    }

    /// A set to which kinds are added.
    pub fn empty() -> Self {
        Self {
            text: String::new(),
            lines: Vec::new(),
            nodes: Vec::new(),
            index: Index::default(),
            dialect: Dialect::Custom,
        }
    }

    /// Adds a kind, or replaces the one that is called the same.
    pub fn add(&mut self, mut entry: Entry, node: Node) {
        self.nodes.push(node.into());
        entry.lines = vec![u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)];
        match self.search(&entry.api_version, &entry.kind) {
            Ok(at) => self.index.kinds[at] = entry,
            Err(at) => self.index.kinds.insert(at, entry),
        }
    }

    /// The kind called so.
    pub fn find(&self, api_version: &str, kind: &str) -> Option<&Entry> {
        self.search(api_version, kind).ok().map(|at| &self.index.kinds[at])
    }

    fn search(&self, api_version: &str, kind: &str) -> Result<usize, usize> {
        self.index.kinds.binary_search_by(|entry| {
            entry.api_version.as_str().cmp(api_version).then_with(|| entry.kind.as_str().cmp(kind))
        })
    }

    /// The schema of a whole object.
    pub fn root(&self, line: u32) -> &Node {
        self.ready(
            line,
            match self.dialect {
                Dialect::BuiltIn => |document| compile(document, Dialect::BuiltIn),
                _ => compile_root,
            },
        )
    }

    /// Follows a link to what it leads to.
    pub fn resolve<'s>(&'s self, mut node: &'s Node) -> &'s Node {
        while let Shape::Link(line) = node.shape {
            node = match self.dialect {
                Dialect::BuiltIn => self.ready(line, |document| compile(document, Dialect::BuiltIn)),
                _ => self.ready(line, |document| compile(document, Dialect::Custom)),
            };
        }
        node
    }

    fn ready(&self, line: u32, compile: fn(Document) -> Node) -> &Node {
        let at = line as usize - 1;
        self.nodes[at].get_or_init(|| {
            let (start, end) = self.lines[at];
            compile(serde_json::from_str(&self.text[start..end]).expect("a test reads every schema"))
        })
    }
}

#[cfg(test)]
impl Set {
    /// Makes every schema ready.
    pub fn read_all(&self) {
        for entry in &self.index.kinds {
            entry.lines.iter().filter(|line| **line != 0).for_each(|line| _ = self.root(*line));
        }
        for line in (1..).take(self.lines.len()) {
            self.resolve(&Node::of(Shape::Link(line)));
        }
    }
}

/// `apps/v1`, or `v1` of the core group.
pub(super) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.into() } else { format!("{group}/{version}") }
}
