//! A table, read key by key; what nobody took is an unknown key.

use toml::de::DeTable;

use super::characters::quoted;
use super::node::{Located, Node};
use super::suggest::{did_you_mean, nearest};
use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};

/// A key that its table does not have.
pub const UNKNOWN_KEY: Code = Code::new("LMS103", Class::Input);
/// A key that its table must have is not there.
const MISSING_KEY: Code = Code::new("LMS105", Class::Input);

/// A key and its value.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'d> {
    /// The key as text.
    pub name: &'d str,
    /// The key's place.
    pub key: Span,
    /// The value.
    pub node: Node<'d>,
}

/// Reads a table. Take every key there is, then call [`TableReader::finish`].
#[derive(Debug)]
pub struct TableReader<'d> {
    entries: &'d DeTable<'d>,
    path: String,
    span: Span,
    known: Vec<&'static str>,
    /// Keys that were named when another one was missing.
    named: Vec<&'d str>,
}

impl<'d> TableReader<'d> {
    pub(super) fn new(entries: &'d DeTable<'d>, path: &str, span: Span) -> Self {
        Self { entries, path: path.into(), span, known: Vec::new(), named: Vec::new() }
    }

    /// The table's place: its header, its braces, or the first key that made it.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// `key` with the path of this table before it, as messages name it.
    #[must_use]
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) }
    }

    /// `true` if it holds no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every key and value, by the bytes of the key. For tables whose keys are data.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'d>> + use<'d> {
        let file = self.span.file;
        self.entries.iter().map(move |(key, value)| Entry {
            name: key.get_ref(),
            key: Span::new(file, key.span()),
            node: Node::new(file, value),
        })
    }

    /// Declares `key` and takes it, if it is there.
    pub fn take(&mut self, key: &'static str) -> Option<Entry<'d>> {
        self.known.push(key);
        self.get(key)
    }

    /// The value under `key`, without declaring it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Entry<'d>> {
        let file = self.span.file;
        self.entries.get_key_value(key).map(|(name, value)| Entry {
            name: name.get_ref(),
            key: Span::new(file, name.span()),
            node: Node::new(file, value),
        })
    }

    /// As [`TableReader::take`], with an error when it is not there.
    pub fn require(&mut self, key: &'static str, sink: &mut Sink) -> Option<Entry<'d>> {
        let found = self.take(key);
        if found.is_none() {
            let fault = Diagnostic::error(MISSING_KEY, format!("`{}` is missing", self.path_of(key)));
            let is_near = |entry: &Entry<'_>| !self.known.contains(&entry.name) && nearest(entry.name, [key]).is_some();
            let near = self.entries().find(is_near);
            sink.push(match near {
                Some(near) => {
                    self.named.push(near.name);
                    Diagnostic { help: did_you_mean(near.name, [key]), ..fault.at(near.key, "") }
                }
                None => fault.at(self.span, ""),
            });
        }
        found
    }

    /// Takes a string.
    pub fn string(&mut self, key: &'static str, sink: &mut Sink) -> Option<Located<&'d str>> {
        let what = self.path_of(key);
        let node = self.take(key)?.node;
        node.string(&what, sink).map(|value| Located { value, span: node.span() })
    }

    /// Takes a string that must be there.
    pub fn required_string(&mut self, key: &'static str, sink: &mut Sink) -> Option<Located<&'d str>> {
        let what = self.path_of(key);
        let node = self.require(key, sink)?.node;
        node.string(&what, sink).map(|value| Located { value, span: node.span() })
    }

    /// Takes a boolean; `false` when it is not there.
    pub fn flag(&mut self, key: &'static str, sink: &mut Sink) -> bool {
        let what = self.path_of(key);
        self.take(key).and_then(|entry| entry.node.boolean(&what, sink)).unwrap_or(false)
    }

    /// Takes a whole number.
    pub fn integer(&mut self, key: &'static str, sink: &mut Sink) -> Option<Located<i64>> {
        let what = self.path_of(key);
        let node = self.take(key)?.node;
        node.integer(&what, sink).map(|value| Located { value, span: node.span() })
    }

    /// Takes a list of strings; empty when it is not there.
    pub fn strings(&mut self, key: &'static str, sink: &mut Sink) -> Vec<Located<&'d str>> {
        let what = self.path_of(key);
        self.take(key).and_then(|entry| entry.node.strings(&what, sink)).unwrap_or_default()
    }

    /// Takes a table.
    pub fn table(&mut self, key: &'static str, sink: &mut Sink) -> Option<TableReader<'d>> {
        let what = self.path_of(key);
        self.take(key)?.node.table(&what, sink)
    }

    /// Reports every key that was not taken.
    pub fn finish(self, sink: &mut Sink) {
        self.finish_with(|_| None, sink);
    }

    /// As [`TableReader::finish`]; `help` may know better what to do about a key.
    pub fn finish_with(self, help: impl Fn(&str) -> Option<String>, sink: &mut Sink) {
        for entry in self.entries() {
            if self.known.contains(&entry.name) || self.named.contains(&entry.name) {
                continue;
            }
            let place = if self.path.is_empty() { String::new() } else { format!(" in `{}`", self.path) };
            let mut fault =
                Diagnostic::error(UNKNOWN_KEY, format!("unknown key {}{place}", quoted(entry.name))).at(entry.key, "");
            fault.help = help(entry.name)
                .or_else(|| did_you_mean(entry.name, self.known.iter().copied()))
                .or_else(|| (!self.known.is_empty()).then(|| format!("known keys: `{}`", self.known.join("`, `"))));
            sink.push(fault);
        }
    }
}
