//! Where in the text of a document a value goes or comes from: existing places, new keys and items, new collections, removal.
//!
//! Changes the shape only: a new value is written as an empty text, which the caller fills. Everything around keeps its bytes.

use std::ops::Range;

use super::error::{DocumentError, Problem};
use super::leaf::{Step, display, is_comment};
use super::open::Document;
use super::tree::{List, Map, Node, Scalar, Style};
use super::write::{indent, quoted};
use crate::sops::text_edit::{Edits, column, line_end};

fn request(span: Range<usize>, message: impl Into<String>) -> DocumentError {
    DocumentError::new(Problem::Request, span, message)
}

/// Writes a value in place of a scalar. What stands behind the head of a block is a comment, and stays.
pub(super) fn write_over(edits: &mut Edits, text: &str, scalar: &Scalar<'_>, value: String) {
    let span = scalar.span.clone();
    if scalar.style == Style::Block {
        let head = text[span.start..].bytes().take_while(|b| b"|>+-0123456789".contains(b)).count();
        edits.replace(span.start..span.start + head, value);
        edits.replace(line_end(text, span.start)..span.end, String::new());
    } else {
        edits.replace(span, value);
    }
}

/// What is written at a place: the collections that `rest` leads through, and in the last one `leaf`.
struct New<'a> {
    rest: &'a [Step],
    leaf: &'static str,
    indent: usize,
}

impl New<'_> {
    /// Behind the colon of a key that stands at `column`.
    fn after_colon(&self, column: usize) -> String {
        let Some((step, rest)) = self.rest.split_first() else { return format!(" {}", self.leaf) };
        let (below, inner) = (column + self.indent, New { rest, ..*self });
        let blanks = " ".repeat(below);
        match step {
            Step::Key(key) => format!("\n{blanks}{}:{}", quoted(key), inner.after_colon(below)),
            Step::Index(_) => format!("\n{blanks}-{}", inner.after_dash(below)),
        }
    }

    /// Behind a dash that stands at `column`.
    fn after_dash(&self, column: usize) -> String {
        let Some((step, rest)) = self.rest.split_first() else { return format!(" {}", self.leaf) };
        let inner = New { rest, ..*self };
        match step {
            Step::Key(key) => format!(" {}:{}", quoted(key), inner.after_colon(column + 2)),
            Step::Index(_) => format!(" -{}", inner.after_dash(column + 2)),
        }
    }

    /// Within braces or brackets.
    fn in_flow(&self) -> String {
        let Some((step, rest)) = self.rest.split_first() else { return self.leaf.to_owned() };
        let inner = New { rest, ..*self }.in_flow();
        match step {
            Step::Key(key) => format!("{{{}: {inner}}}", quoted(key)),
            Step::Index(_) => format!("[{inner}]"),
        }
    }
}

/// What holds a node.
#[derive(Clone, Copy)]
enum Holder<'d, 't> {
    Map(&'d Map<'t>, usize),
    List(&'d List<'t>, usize),
}

impl<'d, 't> Holder<'d, 't> {
    /// The place that the step `at` of `path` leads to from `node`; `None` for one that is not there yet.
    fn find(node: Parent<'d, 't>, path: &[Step], at: usize) -> Result<Option<Self>, DocumentError> {
        match (node, &path[at]) {
            (Parent::Map(map), Step::Key(key)) => {
                Ok(map.entries.iter().position(|(other, _)| other.text == *key).map(|at| Self::Map(map, at)))
            }
            (Parent::List(list), Step::Index(index)) => {
                let mut items = list.items.iter().enumerate().filter(|(_, item)| !is_comment(item));
                Ok(items.nth(*index).map(|(at, _)| Self::List(list, at)))
            }
            _ => Err(wrong_step(path, at)),
        }
    }

    fn node(self) -> &'d Node<'t> {
        match self {
            Self::Map(map, at) => &map.entries[at].1,
            Self::List(list, at) => &list.items[at],
        }
    }

    fn flow(self) -> bool {
        match self {
            Self::Map(map, _) => map.flow,
            Self::List(list, _) => list.flow,
        }
    }
}

#[derive(Clone, Copy)]
enum Parent<'d, 't> {
    Map(&'d Map<'t>),
    List(&'d List<'t>),
}

impl<'d, 't> Parent<'d, 't> {
    fn of(node: &'d Node<'t>) -> Option<Self> {
        match node {
            Node::Scalar(_) => None,
            Node::Map(map) => Some(Self::Map(map)),
            Node::List(list) => Some(Self::List(list)),
        }
    }
}

/// Makes a place for a single value at `path` of the first document, as `sops set` does, and an empty text in it. Returns the
/// path with the number that a new item gets.
pub(super) fn put(document: &Document<'_>, path: &[Step]) -> Result<(Edits, Vec<Step>), DocumentError> {
    let shape = Shape::of(document);
    let mut path = path.to_vec();
    let mut parent = Parent::Map(&document.roots[0].map);
    let mut edits = Edits::default();
    for at in 0..path.len() {
        let Some(holder) = Holder::find(parent, &path, at)? else {
            if let Parent::List(list) = parent {
                path[at] = Step::Index(list.items.iter().filter(|item| !is_comment(item)).count());
            }
            shape.append(&mut edits, parent, &path[..=at], &shape.empty_text(&path[at + 1..]))?;
            return Ok((edits, path));
        };
        match Parent::of(holder.node()) {
            Some(inner) if at + 1 < path.len() => parent = inner,
            _ => {
                shape.replace(&mut edits, (holder, &path[..=at]), &shape.empty_text(&path[at + 1..]))?;
                return Ok((edits, path));
            }
        }
    }
    Err(request(0..0, "the path is empty"))
}

/// Takes out what is at `path` of the first document, as `sops unset` does.
pub(super) fn remove(document: &Document<'_>, path: &[Step]) -> Result<Edits, DocumentError> {
    let shape = Shape::of(document);
    let mut parent = Parent::Map(&document.roots[0].map);
    let mut above: Option<Holder<'_, '_>> = None;
    let mut edits = Edits::default();
    for at in 0..path.len() {
        let absent = || request(0..0, format!("there is no `{}`", display(&path[..=at])));
        let holder = Holder::find(parent, path, at)?.ok_or_else(absent)?;
        if at + 1 < path.len() {
            parent = Parent::of(holder.node()).ok_or_else(|| wrong_step(path, at + 1))?;
            above = Some(holder);
            continue;
        }
        let (n, empty) = match holder {
            Holder::Map(map, _) => (map.entries.len(), "{}"),
            Holder::List(list, _) => (list.items.len(), "[]"),
        };
        match above {
            Some(above) if n == 1 => {
                let new = New { rest: &[], leaf: empty, indent: shape.indent };
                shape.replace(&mut edits, (above, &path[..at]), &new)?;
            }
            _ if holder.flow() => cut_flow(&mut edits, holder),
            _ => shape.cut_block(&mut edits, holder, path)?,
        }
        return Ok(edits);
    }
    Err(request(0..0, "the path is empty"))
}

fn wrong_step(path: &[Step], at: usize) -> DocumentError {
    let above = display(&path[..at]);
    let message = match &path[at] {
        Step::Key(_) => format!("`{above}` is no mapping, so it has no key"),
        Step::Index(_) if at == 0 => "the document is no list, so it has no items".to_owned(),
        Step::Index(_) => format!("`{above}` is no list, so it has no items"),
    };
    request(0..0, message)
}

/// The text of a document and how it is written.
struct Shape<'d, 't> {
    document: &'d Document<'t>,
    text: &'t str,
    indent: usize,
    eol: &'static str,
}

impl<'d, 't> Shape<'d, 't> {
    fn of(document: &'d Document<'t>) -> Self {
        let text = document.text;
        Self { document, text, indent: indent(text, &document.roots[0]), eol: document.eol() }
    }

    /// An empty text below `rest`.
    fn empty_text<'a>(&self, rest: &'a [Step]) -> New<'a> {
        New { rest, leaf: "\"\"", indent: self.indent }
    }

    /// The same with the line ends of the file.
    fn lines(&self, text: &str) -> String {
        text.replace('\n', self.eol)
    }

    /// Where the last thing in a collection ends, comments included.
    fn end(&self, span_end: usize, path: &[Step]) -> usize {
        let inside = self.document.comments_in(path);
        inside.into_iter().map(|span| span.end).chain([span_end]).max().unwrap_or(span_end)
    }

    /// Adds a key or an item, the last step of `path`, at the end of `parent`.
    fn append(
        &self,
        edits: &mut Edits,
        parent: Parent<'_, '_>,
        path: &[Step],
        new: &New<'_>,
    ) -> Result<(), DocumentError> {
        let Some((step, above)) = path.split_last() else { return Err(request(0..0, "the path is empty")) };
        let (flow, span) = match parent {
            Parent::Map(map) => (map.flow, &map.span),
            Parent::List(list) => (list.flow, &list.span),
        };
        let key = if let Step::Key(key) = step { quoted(key) } else { String::new() };
        if flow {
            let last = match parent {
                Parent::Map(map) => map.entries.last().map(|(key, value)| key.span.end.max(value.span().end)),
                Parent::List(list) => list.items.last().map(|item| item.span().end),
            };
            let value = if key.is_empty() { new.in_flow() } else { format!("{key}: {}", new.in_flow()) };
            match last {
                Some(end) => edits.insert(end, format!(", {value}")),
                None => edits.insert(span.start + 1, value),
            }
            return Ok(());
        }
        let column = column(self.text, span.start);
        let blanks = " ".repeat(column);
        let text = match step {
            Step::Key(_) => format!("{key}:{}", new.after_colon(column)),
            Step::Index(_) => format!("-{}", new.after_dash(column)),
        };
        match parent {
            // SOPS' own block stays last.
            Parent::Map(Map { entries, .. }) if above.is_empty() && is_block(entries.last()) => {
                let at = entries.last().map_or(span.end, |(key, _)| key.span.start);
                edits.insert(at, self.lines(&format!("{text}\n")));
            }
            _ => edits.insert(line_end(self.text, self.end(span.end, above)), self.lines(&format!("\n{blanks}{text}"))),
        }
        Ok(())
    }

    /// Writes something else in place of a node, and of the comments in it.
    fn replace(
        &self,
        edits: &mut Edits,
        (holder, path): (Holder<'_, '_>, &[Step]),
        new: &New<'_>,
    ) -> Result<(), DocumentError> {
        let (node, text) = (holder.node(), self.text);
        let mut span = node.span();
        if !holder.flow() && !matches!(node, Node::Scalar(_)) {
            span.end = self.end(span.end, path);
        }
        let at_colon = match holder {
            Holder::Map(map, at) => Some(after_colon(text, &map.entries[at].0)),
            Holder::List(..) => None,
        };
        match (node, holder) {
            (_, holder) if holder.flow() => match at_colon {
                Some(Some(at)) if span.is_empty() => edits.insert(at, format!(" {}", new.in_flow())),
                Some(None) => edits.insert(span.start, format!(": {}", new.in_flow())),
                _ => edits.replace(span, new.in_flow()),
            },
            (Node::Scalar(scalar), _) if new.rest.is_empty() && !span.is_empty() => {
                write_over(edits, text, scalar, new.leaf.to_owned());
            }
            (_, Holder::Map(map, at)) => {
                let unclear = || request(span.clone(), "the key is written in a way that cannot be changed in place");
                let colon = at_colon.flatten().ok_or_else(unclear)?;
                let line = line_end(text, colon);
                let value = self.lines(&new.after_colon(column(text, map.entries[at].0.span.start)));
                if span.is_empty() || span.start > line {
                    // Behind the key a comment may stand.
                    edits.insert(if new.rest.is_empty() { colon } else { line }, value);
                    edits.replace(line..span.end.max(line), String::new());
                } else {
                    edits.replace(colon..span.end, value);
                }
            }
            (_, Holder::List(list, _)) if !span.is_empty() => {
                let value = new.after_dash(column(text, list.span.start));
                edits.replace(span, self.lines(value.trim_start()));
            }
            _ => return Err(request(span, "nothing stands where the value should go")),
        }
        Ok(())
    }

    /// Takes out the lines of a key or an item.
    fn cut_block(&self, edits: &mut Edits, holder: Holder<'_, '_>, path: &[Step]) -> Result<(), DocumentError> {
        let text = self.text;
        let span = holder.node().span();
        let (start, end) = match holder {
            Holder::Map(map, at) => (map.entries[at].0.span.start, map.entries[at].0.span.end.max(span.end)),
            Holder::List(..) => {
                let dash = text[..span.start].rfind('-').filter(|_| !span.is_empty());
                (dash.ok_or_else(|| request(span.clone(), "nothing stands where the item should be"))?, span.end)
            }
        };
        let line = start - column(text, start);
        let end = line_end(text, self.end(end, path));
        let next = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        if text[line..start].bytes().all(|b| b == b' ') {
            edits.replace(line..next, String::new());
        } else {
            // The first one in an item starts in the line of the dash; the next one moves there.
            let blanks = text[next..].find(|c: char| !c.is_ascii_whitespace()).unwrap_or(0);
            edits.replace(start..next + blanks, String::new());
        }
        Ok(())
    }
}

/// Takes out a part of braces or brackets, with a comma.
fn cut_flow(edits: &mut Edits, holder: Holder<'_, '_>) {
    let parts: Vec<Range<usize>> = match holder {
        Holder::Map(map, _) => {
            let whole = |(key, value): &(Scalar<'_>, Node<'_>)| key.span.start..key.span.end.max(value.span().end);
            map.entries.iter().map(whole).collect()
        }
        Holder::List(list, _) => list.items.iter().map(Node::span).collect(),
    };
    let (Holder::Map(_, at) | Holder::List(_, at)) = holder;
    let span = match (at.checked_sub(1).map(|before| &parts[before]), parts.get(at + 1)) {
        (_, Some(after)) => parts[at].start..after.start,
        (Some(before), None) => before.end..parts[at].end,
        (None, None) => parts[at].clone(),
    };
    edits.replace(span, String::new());
}

fn is_block(entry: Option<&(Scalar<'_>, Node<'_>)>) -> bool {
    entry.is_some_and(|(key, _)| key.text == "sops")
}

/// Behind the colon of a key in the same line.
fn after_colon(text: &str, key: &Scalar<'_>) -> Option<usize> {
    let blanks = text[key.span.end..].bytes().take_while(|&b| b == b' ').count();
    let at = key.span.end + blanks;
    text[at..].starts_with(':').then_some(at + 1)
}
