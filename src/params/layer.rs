//! What one layer sets and unsets, read against the declarations of a stack.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::check::read_value;
use super::decl::{Merge, ParamDecl};
use super::declare::{Branch, Declarations, Group};
use super::resolved::Resolved;
use super::value::{Layer, Origin};
use crate::diagnostic::{Class, Code, Diagnostic, Sink, Span};
use crate::document::{Entry, Kind, Located, Node, TableReader, WRONG_TYPE, did_you_mean, nearest, quoted};

/// A layer sets or unsets what no stack declares.
pub const UNKNOWN_PARAMETER: Code = Code::new("LMS160", Class::Input);
const MERGE_KEY: Code = Code::new("LMS169", Class::Input);
const UNSET: Code = Code::new("LMS168", Class::Input);
/// A client sets what only environments may.
const NOT_THE_CLIENTS: Code = Code::new("LMS175", Class::Input);

/// A layer in its file.
#[derive(Clone, Copy, Debug)]
pub struct LayerSource<'d> {
    /// Which one.
    pub layer: Layer,
    /// Its table `params`.
    pub params: Option<&'d TableReader<'d>>,
    /// Its list `unset`.
    pub unset: &'d [Located<&'d str>],
}

/// What a layer says about a stack's parameters.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// By index of the declaration, ascending.
    pub(super) settings: Vec<Setting>,
    /// Parameters set to something that was reported and left out.
    wrong: Vec<usize>,
    /// What it says could not be read at all.
    is_unreadable: bool,
}

/// What a layer says about one parameter.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) index: usize,
    pub(super) change: Change,
    /// Places of the values inside a table, by dotted key.
    pub(super) inner: Vec<(String, Span)>,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Nothing is set from here on.
    Unset(Origin),
    /// Joins what lower layers set.
    Set(Arc<Resolved>),
    /// Replaces what lower layers set, tables and lists too: the layer unsets the parameter and sets it.
    Replace(Arc<Resolved>),
}

impl Overlay {
    /// Reads a layer that belongs to one stack; `stack` is its name for messages.
    #[must_use]
    pub fn read(source: LayerSource<'_>, stack: (&str, &Declarations), sink: &mut Sink) -> Self {
        read_shared(source, &[stack], sink).pop().unwrap_or_default()
    }

    /// `true` if the layer says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }

    /// The layer of a file that could not be read, which was reported: any value may be missing for that.
    #[must_use]
    pub fn unreadable() -> Self {
        Self { is_unreadable: true, ..Self::default() }
    }

    /// `true` if the layer's value for declaration `index` was reported and left out.
    #[must_use]
    pub fn is_wrong(&self, index: usize) -> bool {
        self.is_unreadable || self.wrong.contains(&index)
    }
}

/// Reads a layer that several stacks share: what is set there is right if any of them declares it.
#[must_use]
pub fn read_shared(source: LayerSource<'_>, stacks: &[(&str, &Declarations)], sink: &mut Sink) -> Vec<Overlay> {
    let mut misfits: HashMap<Span, (usize, Diagnostic)> = HashMap::new();
    let mut meant: Vec<(usize, Span, usize)> = Vec::new();
    let mut overlays = Vec::with_capacity(stacks.len());
    for (name, declarations) in stacks {
        let mut reader = Reader {
            declarations,
            layer: source.layer,
            found: BTreeMap::new(),
            wrong: Vec::new(),
            misfits: Vec::new(),
        };
        if let Some(params) = source.params {
            reader.group(params, &declarations.tree, "", sink);
        }
        for item in source.unset {
            reader.unset(*item, sink);
        }
        let settings = reader.found.into_values().collect();
        for Misfit { key, mut fault, meant: index } in reader.misfits {
            if let (Some(label), [_], UNKNOWN_PARAMETER) = (&mut fault.primary, stacks, fault.code) {
                label.text = format!("not declared by stack `{name}`");
            }
            misfits.entry(key).or_insert((0, fault)).0 += 1;
            meant.extend(index.map(|index| (overlays.len(), key, index)));
        }
        overlays.push(Overlay { settings, wrong: reader.wrong, is_unreadable: false });
    }
    misfits.retain(|_, (count, _)| *count == stacks.len());
    // A parameter that is there under a wrong name; to call it missing as well would be one fault told twice.
    for (overlay, _, index) in meant.into_iter().filter(|(_, key, _)| misfits.contains_key(key)) {
        overlays[overlay].wrong.push(index);
    }
    let mut misfits: Vec<_> = misfits.into_iter().collect();
    misfits.sort_by_key(|(span, _)| *span);
    for (_, (_, fault)) in misfits {
        sink.push(fault);
    }
    overlays
}

struct Reader<'d> {
    declarations: &'d Declarations,
    layer: Layer,
    found: BTreeMap<usize, Setting>,
    wrong: Vec<usize>,
    misfits: Vec<Misfit>,
}

/// A key this stack has no parameter for: a fault unless another stack has.
struct Misfit {
    key: Span,
    fault: Diagnostic,
    /// The declaration that was meant, if one is near.
    meant: Option<usize>,
}

impl Reader<'_> {
    fn group(&mut self, table: &TableReader<'_>, group: &Group, prefix: &str, sink: &mut Sink) {
        for entry in table.entries() {
            let path = if prefix.is_empty() { entry.name.to_owned() } else { format!("{prefix}.{}", entry.name) };
            match group.0.get(entry.name) {
                None => self.misfit(&entry, &path),
                Some(Branch::Broken) => {}
                Some(Branch::Param(index)) => self.value(*index, entry.node, &path, sink),
                Some(Branch::Group(deeper)) => match entry.node.kind() {
                    Kind::Table(_) => {
                        if let Some(table) = entry.node.table(&path, sink) {
                            self.group(&table, deeper, &path, sink);
                        }
                    }
                    kind => {
                        let message = format!("`{path}`: expected table, found {}", kind.name());
                        let known = deeper.0.keys().map(|key| format!("`{path}.{key}`")).collect::<Vec<_>>();
                        let fault = Diagnostic::error(WRONG_TYPE, message).at(entry.node.span(), "");
                        let fault = fault.help(format!("set {}", known.join(", ")));
                        self.misfits.push(Misfit { key: entry.key, fault, meant: None });
                    }
                },
            }
        }
    }

    fn misfit(&mut self, entry: &Entry<'_>, path: &str) {
        let mut fault =
            Diagnostic::error(UNKNOWN_PARAMETER, format!("unknown parameter {}", quoted(path))).at(entry.key, "");
        fault.help = did_you_mean(path, self.paths());
        let meant = nearest(path, self.paths()).and_then(|near| self.declarations.index_of(near));
        self.misfits.push(Misfit { key: entry.key, fault, meant });
    }

    fn paths(&self) -> impl Iterator<Item = &str> {
        self.declarations.list.iter().map(|decl| decl.path.as_str())
    }

    fn value(&mut self, index: usize, node: Node<'_>, path: &str, sink: &mut Sink) {
        let decl = &self.declarations.list[index];
        if !self.may_set(decl, node.span(), sink) {
            self.wrong.push(index);
            return;
        }
        let value = read_value(node, &decl.shape, path, sink);
        let Some(value) = value.filter(|_| check_keys(node, &decl.merge, path, sink)) else {
            self.wrong.push(index);
            return;
        };
        let origin = Origin { layer: self.layer, span: node.span() };
        let mut inner = Vec::new();
        collect_places(node, "", &mut inner);
        let change = Change::Set(Arc::new(Resolved { value, origin }));
        self.found.insert(index, Setting { index, change, inner });
    }

    fn may_set(&self, decl: &ParamDecl, at: Span, sink: &mut Sink) -> bool {
        if decl.set_by.allows(self.layer) {
            return true;
        }
        sink.push(
            Diagnostic::error(NOT_THE_CLIENTS, format!("`{}` is not a client's to set", decl.path))
                .at(at, "")
                .also(decl.span, "declared here with `set-by = \"environment\"`")
                .help("set it in the environment's file or in `lmsgen.toml`"),
        );
        false
    }

    fn unset(&mut self, item: Located<&str>, sink: &mut Sink) {
        let path = item.value;
        if self.declarations.is_broken(path) {
            return;
        }
        let Some(index) = self.declarations.index_of(path) else {
            let fault = if let Some((index, _)) = self.declarations.lookup(path) {
                Diagnostic::error(UNSET, format!("{} is a key inside a parameter", quoted(path)))
                    .help(format!("unset the whole parameter `{}`", self.declarations.list[index].path))
            } else {
                let mut fault = Diagnostic::error(UNKNOWN_PARAMETER, format!("unknown parameter {}", quoted(path)));
                fault.help = did_you_mean(path, self.paths());
                fault
            };
            self.misfits.push(Misfit { key: item.span, fault: fault.at(item.span, ""), meant: None });
            return;
        };
        let decl = &self.declarations.list[index];
        if !self.may_set(decl, item.span, sink) {
            self.wrong.push(index);
            return;
        }
        match self.found.get_mut(&index) {
            Some(Setting { change, .. }) => {
                if let Change::Set(value) = change {
                    *change = Change::Replace(value.clone());
                }
            }
            None if decl.optional => {
                let change = Change::Unset(Origin { layer: self.layer, span: item.span });
                self.found.insert(index, Setting { index, change, inner: Vec::new() });
            }
            None => sink.push(
                Diagnostic::error(UNSET, format!("`{path}` must have a value and cannot be unset"))
                    .at(item.span, "")
                    .also(decl.span, "declared here without `optional = true`"),
            ),
        }
    }
}

/// Items that merge by a key need that key, each another value.
fn check_keys(node: Node<'_>, merge: &Merge, path: &str, sink: &mut Sink) -> bool {
    let (Merge::By(key), Kind::List(items)) = (merge, node.kind()) else { return true };
    let mut is_right = true;
    let mut seen: HashMap<String, Span> = HashMap::new();
    for item in items {
        let Some(table) = item.table(path, &mut Sink::default()) else { continue };
        let fault = match table.get(key) {
            None => Diagnostic::error(MERGE_KEY, format!("`{path}`: an item without `{key}`, which items merge by"))
                .at(item.span(), ""),
            Some(entry) => match seen.insert(scalar(entry.node).unwrap_or_default(), entry.node.span()) {
                None => continue,
                Some(first) => Diagnostic::error(MERGE_KEY, format!("`{path}`: two items with one `{key}`"))
                    .at(entry.node.span(), "")
                    .also(first, "first"),
            },
        };
        sink.push(fault);
        is_right = false;
    }
    is_right
}

fn scalar(node: Node<'_>) -> Option<String> {
    match node.kind() {
        Kind::String(text) => Some(text.into()),
        Kind::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Places of everything inside a table, for `explain`.
fn collect_places(node: Node<'_>, prefix: &str, places: &mut Vec<(String, Span)>) {
    if !matches!(node.kind(), Kind::Table(_)) {
        return;
    }
    let Some(table) = node.table("", &mut Sink::default()) else { return };
    for entry in table.entries() {
        let path = if prefix.is_empty() { entry.name.to_owned() } else { format!("{prefix}.{}", entry.name) };
        collect_places(entry.node, &path, places);
        places.push((path, entry.node.span()));
    }
}
