//! Reading a stack's `[params]`: which parameters there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check::read_value;
use super::decl::{Merge, ParamDecl, SetBy, Shape, Unique};
use super::resolved::Resolved;
use super::shape::read_shape;
use super::value::{Layer, Origin};
use crate::diagnostic::{Class, Code, Diagnostic, Sink};
use crate::document::{Entry, Kind, TableReader, quoted};
use crate::names::ParamPath;

const NAME: Code = Code::new("LMS161", Class::Input);
const NO_TYPE: Code = Code::new("LMS162", Class::Input);
const MERGE: Code = Code::new("LMS167", Class::Input);
const SET_BY: Code = Code::new("LMS176", Class::Input);
const UNIQUE: Code = Code::new("LMS177", Class::Input);
/// Two clients have the same value of a `unique` parameter.
pub const NOT_UNIQUE: Code = Code::new("LMS178", Class::Input);

/// Keys that only a declaration has: they tell a declaration without `type` from a group.
const OF_DECLARATIONS: [&str; 10] =
    ["default", "description", "optional", "unit", "merge", "merge-by", "set-by", "unique", "pattern", "items"];

/// The parameters a stack declares.
#[derive(Debug)]
pub struct Declarations {
    pub(super) list: Arc<[ParamDecl]>,
    pub(super) defaults: Vec<Option<Arc<Resolved>>>,
    pub(super) tree: Group,
    /// Indices of declarations whose values may hold placeholders.
    pub(super) names: Vec<usize>,
    /// Indices of declarations whose default was reported and left out.
    wrong: Vec<usize>,
}

/// A level of dotted names.
#[derive(Debug, Default)]
pub(super) struct Group(pub(super) BTreeMap<String, Branch>);

/// What a part of a dotted name leads to.
#[derive(Debug)]
pub(super) enum Branch {
    /// More parts.
    Group(Group),
    /// A parameter, by index.
    Param(usize),
    /// A declaration that is wrong itself: what is set there cannot be judged.
    Broken,
}

impl Declarations {
    /// Reads the table `[params]` of a stack; `None` declares nothing.
    #[must_use]
    pub fn read(table: Option<&TableReader<'_>>, sink: &mut Sink) -> Self {
        let mut found = Found::default();
        if let Some(table) = table {
            found.read_group(table, "", sink);
        }
        found.declared.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        let wrong = (0..).zip(&found.declared).filter(|(_, (.., is_wrong))| *is_wrong).map(|(n, _)| n).collect();
        let (list, defaults): (Vec<_>, Vec<_>) =
            found.declared.into_iter().map(|(decl, default, _)| (decl, default)).unzip();
        let mut tree = Group::default();
        for (index, decl) in list.iter().enumerate() {
            tree.insert(decl.path.as_str(), Branch::Param(index));
        }
        for path in &found.broken {
            tree.insert(path, Branch::Broken);
        }
        let names = list.iter().enumerate().filter(|(_, decl)| decl.shape.holds_names()).map(|(n, _)| n).collect();
        Self { list: list.into(), defaults, tree, names, wrong }
    }

    /// The declarations, by path.
    #[must_use]
    pub fn list(&self) -> &Arc<[ParamDecl]> {
        &self.list
    }

    /// The index of the parameter called `path`.
    #[must_use]
    pub fn index_of(&self, path: &str) -> Option<usize> {
        self.list.binary_search_by(|decl| decl.path.as_str().cmp(path)).ok()
    }

    /// What to do about the unknown key `name` of a table that has `params`: parameters are often set beside it.
    #[must_use]
    pub fn hint(&self, name: &str) -> Option<String> {
        self.tree.0.contains_key(name).then(|| format!("parameters are set below `params`: `params.{name}`"))
    }

    /// `true` if the default of declaration `index` was reported and left out.
    #[must_use]
    pub fn is_default_wrong(&self, index: usize) -> bool {
        self.wrong.contains(&index)
    }

    /// `true` if `path` leads to a declaration that is wrong itself.
    pub(super) fn is_broken(&self, path: &str) -> bool {
        let mut group = &self.tree;
        for part in path.split('.') {
            match group.0.get(part) {
                Some(Branch::Group(deeper)) => group = deeper,
                Some(Branch::Broken) => return true,
                Some(Branch::Param(_)) | None => return false,
            }
        }
        false
    }

    /// The parameter that `path` names or leads into, and what is left of `path`: `nfs.server` is key `server` of
    /// parameter `nfs`.
    #[must_use]
    pub fn lookup<'p>(&self, path: &'p str) -> Option<(usize, &'p str)> {
        let mut group = &self.tree;
        let mut rest = path;
        loop {
            let (part, after) = rest.split_once('.').unwrap_or((rest, ""));
            match group.0.get(part)? {
                Branch::Param(index) => return Some((*index, after)),
                Branch::Broken => return None,
                Branch::Group(deeper) => group = deeper,
            }
            rest = after;
        }
    }
}

impl Group {
    fn insert(&mut self, path: &str, branch: Branch) {
        let (parts, last) = path.rsplit_once('.').unwrap_or(("", path));
        let mut group = self;
        for part in parts.split('.').filter(|part| !part.is_empty()) {
            let branch = group.0.entry(part.into()).or_insert_with(|| Branch::Group(Self::default()));
            // A declaration's table is never searched for more declarations, so no parameter has parts below it.
            let Branch::Group(deeper) = branch else { return };
            group = deeper;
        }
        group.0.insert(last.into(), branch);
    }
}

/// A declaration, its default, and whether it has a default that is wrong.
type Declared = (ParamDecl, Option<Arc<Resolved>>, bool);

#[derive(Default)]
struct Found {
    declared: Vec<Declared>,
    /// Paths of declarations that are wrong.
    broken: Vec<String>,
}

impl Found {
    fn read_group(&mut self, table: &TableReader<'_>, prefix: &str, sink: &mut Sink) {
        for entry in table.entries() {
            let path = if prefix.is_empty() { entry.name.to_owned() } else { format!("{prefix}.{}", entry.name) };
            let inner = match entry.node.kind() {
                Kind::Table(_) => entry.node.table(&table.path_of(entry.name), sink),
                _ => None,
            };
            let Some(inner) = inner else {
                let is_untyped = OF_DECLARATIONS.contains(&entry.name) && !prefix.is_empty();
                let broken = if is_untyped { prefix } else { &path };
                sink.push(no_declaration(table, &entry, is_untyped.then_some(prefix), &path));
                self.broken.push(broken.into());
                continue;
            };
            // A key with a dot in it would read as two parts of a path.
            if let Err(fault) = ParamPath::new(if entry.name.contains('.') { "?" } else { entry.name }) {
                let message = format!("parameter name {} {fault}", quoted(entry.name));
                sink.push(Diagnostic::error(NAME, message).at(entry.key, ""));
                continue;
            }
            let is_declaration = inner.get("type").is_some_and(|kind| !matches!(kind.node.kind(), Kind::Table(_)));
            if !is_declaration {
                self.read_group(&inner, &path, sink);
            } else if let Some(declared) = read_declaration(inner, &path, entry, sink) {
                self.declared.push(declared);
            } else {
                self.broken.push(path);
            }
        }
    }
}

fn no_declaration(table: &TableReader<'_>, entry: &Entry<'_>, untyped: Option<&str>, path: &str) -> Diagnostic {
    match untyped {
        Some(group) => Diagnostic::error(NO_TYPE, format!("parameter `{group}` has no `type`")).at(table.span(), ""),
        None => Diagnostic::error(NO_TYPE, format!("{} is no declaration", quoted(path)))
            .at(entry.key, "")
            .help("declare a parameter as a table with `type` and `description`"),
    }
}

fn read_declaration(mut table: TableReader<'_>, path: &str, entry: Entry<'_>, sink: &mut Sink) -> Option<Declared> {
    let description = table.required_string("description", sink);
    let unit = table.string("unit", sink);
    let optional = table.flag("optional", sink);
    let set_by = read_set_by(&mut table, sink);
    let unique = read_unique(&mut table, sink);
    let default = table.take("default");
    let shape = read_shape(&mut table, sink);
    let merge = read_merge(&mut table, shape.as_ref(), sink);
    // Without its shape the bounds in the table cannot be told from unknown keys.
    let shape = shape?;
    table.finish(sink);
    let has_default = default.is_some();
    let default = default.and_then(|default| {
        let value = read_value(default.node, &shape, path, sink)?;
        Some(Arc::new(Resolved { value, origin: Origin { layer: Layer::Stack, span: default.node.span() } }))
    });
    let decl = ParamDecl {
        path: ParamPath::new(path).ok()?,
        shape,
        merge,
        set_by,
        unique,
        optional,
        description: description.map_or_else(String::new, |text| text.value.into()),
        unit: unit.map(|unit| unit.value.into()),
        span: entry.key,
    };
    let is_wrong = has_default && default.is_none();
    Some((decl, default, is_wrong))
}

fn read_set_by(table: &mut TableReader<'_>, sink: &mut Sink) -> SetBy {
    match table.string("set-by", sink) {
        Some(who) if who.value == "environment" => SetBy::Environment,
        Some(who) if who.value != "client" => {
            let fault = Diagnostic::error(SET_BY, format!("unknown layer {}", quoted(who.value)));
            sink.push(fault.at(who.span, "").help("write `set-by = \"environment\"` or `set-by = \"client\"`"));
            SetBy::Client
        }
        Some(_) | None => SetBy::Client,
    }
}

fn read_unique(table: &mut TableReader<'_>, sink: &mut Sink) -> Option<Unique> {
    let entry = table.take("unique")?;
    match entry.node.kind() {
        Kind::Boolean(true) => Some(Unique::default()),
        Kind::Boolean(false) => None,
        Kind::String(text) => Some(Unique { when_unset: Some((*text).to_owned()) }),
        other => {
            let fault =
                Diagnostic::error(UNIQUE, format!("`unique`: expected boolean or string, found {}", other.name()))
                    .at(entry.node.span(), "");
            sink.push(
                fault.help("write `unique = true`, or what templates use when it is unset: `unique = \"{client}\"`"),
            );
            None
        }
    }
}

fn read_merge(table: &mut TableReader<'_>, shape: Option<&Shape>, sink: &mut Sink) -> Merge {
    let how = table.string("merge", sink);
    let by = table.string("merge-by", sink);
    let Some(Shape::List { items, .. }) = shape else {
        if let Some(span) = shape.and(how.map(|how| how.span).or(by.map(|by| by.span))) {
            let fault = Diagnostic::error(MERGE, "only lists can be appended or merged by a key").at(span, "");
            sink.push(fault.help("remove it: tables merge key by key, everything else is replaced"));
        }
        return Merge::Replace;
    };
    if let (Some(how), Some(by)) = (how, by) {
        let fault = Diagnostic::error(MERGE, "`merge` and `merge-by` exclude each other");
        sink.push(fault.at(how.span, "").also(by.span, ""));
    }
    if let Some(by) = by {
        let is_key = |shape: &Shape| matches!(shape, Shape::String(_) | Shape::Name | Shape::Integer { .. });
        let fits = matches!(&**items, Shape::Record(fields)
            if fields.iter().any(|field| field.name == by.value && !field.optional && is_key(&field.shape)));
        if !fits {
            let message = format!("items have no field {} to merge by", quoted(by.value));
            let fault = Diagnostic::error(MERGE, message).at(by.span, "");
            sink.push(fault.help("name a required field of `items` that is a string, a name or an integer"));
        }
        return Merge::By(by.value.into());
    }
    match how {
        None => Merge::Replace,
        Some(how) if how.value == "append" => Merge::Append,
        Some(how) => {
            let fault = Diagnostic::error(MERGE, format!("unknown way to merge {}", quoted(how.value)));
            sink.push(fault.at(how.span, "").help("write `merge = \"append\"` or `merge-by = \"<field>\"`"));
            Merge::Replace
        }
    }
}
