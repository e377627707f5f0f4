//! Every value and comment of a file in the order that SOPS goes through them, each with the keys that lead to it.

use std::ops::Range;

use super::tree::{List, Map, Node, Root, Scalar};
use crate::sops::{Kind, Sealed};

/// A step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key of a mapping.
    Key(String),
    /// An item of a list, from 0; comments are not counted.
    Index(usize),
}

/// A scalar and where it stands.
#[derive(Debug)]
pub(super) struct Leaf<'d, 't> {
    /// The number of the document, from 0.
    pub document: usize,
    pub steps: Vec<Step>,
    pub scalar: &'d Scalar<'t>,
    /// Within braces or brackets, where text of the cipher needs quotes.
    pub flow: bool,
}

/// A comment and the collection it stands in.
#[derive(Debug)]
pub(super) struct Comment {
    pub document: usize,
    pub steps: Vec<Step>,
    /// From its `#` to the end of the line.
    pub span: Range<usize>,
}

/// The keys of a path; positions in lists are nothing to SOPS.
pub(super) fn keys(steps: &[Step]) -> Vec<&str> {
    steps.iter().filter_map(|step| if let Step::Key(key) = step { Some(&**key) } else { None }).collect()
}

/// What a value at this place is bound to.
pub(super) fn aad(steps: &[Step]) -> String {
    let keys = keys(steps);
    format!("{}:", keys.join(":"))
}

/// All values in order. The block of SOPS is left out, in every document.
pub(super) fn leaves<'d, 't>(roots: &'d [Root<'t>]) -> Vec<Leaf<'d, 't>> {
    let mut walk = Walk { leaves: Vec::new(), document: 0, steps: Vec::new() };
    for (document, root) in roots.iter().enumerate() {
        walk.document = document;
        walk.map(&root.map);
    }
    walk.leaves
}

struct Walk<'d, 't> {
    leaves: Vec<Leaf<'d, 't>>,
    document: usize,
    steps: Vec<Step>,
}

impl<'d, 't> Walk<'d, 't> {
    fn map(&mut self, map: &'d Map<'t>) {
        for (key, value) in &map.entries {
            if self.steps.is_empty() && key.text == "sops" {
                continue;
            }
            self.steps.push(Step::Key(key.text.to_string()));
            self.node(value, map.flow);
            self.steps.pop();
        }
    }

    fn node(&mut self, node: &'d Node<'t>, flow: bool) {
        match node {
            Node::Scalar(scalar) => {
                self.leaves.push(Leaf { document: self.document, steps: self.steps.clone(), scalar, flow });
            }
            Node::Map(map) => self.map(map),
            Node::List(list) => {
                let mut index = 0;
                for item in &list.items {
                    self.steps.push(Step::Index(index));
                    self.node(item, list.flow);
                    self.steps.pop();
                    index += usize::from(!is_comment(item));
                }
            }
        }
    }
}

/// `true` for an item that stands for a comment.
fn is_comment(node: &Node<'_>) -> bool {
    matches!(node, Node::Scalar(scalar)
        if Sealed::parse_any(&scalar.text).is_ok_and(|sealed| sealed.kind == Kind::Comment))
}

/// All comments in order, those in the block of SOPS left out.
pub(super) fn comments(text: &str, roots: &[Root<'_>]) -> Vec<Comment> {
    let mut found = Vec::new();
    for (document, root) in roots.iter().enumerate() {
        for span in &root.comments {
            let mut steps = Vec::new();
            descend_map(&Around { text, at: span.start }, &root.map, &mut steps);
            if !matches!(steps.first(), Some(Step::Key(key)) if key == "sops") {
                found.push(Comment { document, steps, span: span.clone() });
            }
        }
    }
    found
}

/// A comment among the parts of a tree.
struct Around<'a> {
    text: &'a str,
    at: usize,
}

impl Around<'_> {
    fn column(&self, at: usize) -> usize {
        at - self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    fn same_line(&self, at: usize) -> bool {
        at <= self.at && !self.text[at..self.at].contains('\n')
    }

    /// Whether the comment belongs into the collection `node`, the value that started last before it.
    fn within(&self, node: &Node<'_>) -> bool {
        let (span, flow) = match node {
            Node::Scalar(_) => return false,
            Node::Map(map) => (&map.span, map.flow),
            Node::List(list) => (&list.span, list.flow),
        };
        if flow {
            return span.contains(&self.at) || self.same_line(span.end);
        }
        // Above its first part, between its parts, or behind the last one and not further left than they are.
        self.at < span.end || self.same_line(span.end) || self.column(self.at) >= self.column(span.start)
    }
}

fn descend_map(around: &Around<'_>, map: &Map<'_>, steps: &mut Vec<Step>) {
    // Behind braces it belongs to what they hold, not to the last thing in them.
    if map.flow && around.at >= map.span.end {
        return;
    }
    let Some((key, value)) = map.entries.iter().rev().find(|(key, _)| key.span.start <= around.at) else { return };
    // Behind a key whose collection starts on the next line it belongs to the key, not to the collection.
    let behind_key = around.at < value.span().start && around.same_line(key.span.end);
    if !behind_key && around.within(value) {
        steps.push(Step::Key(key.text.to_string()));
        descend(around, value, steps);
    }
}

fn descend_list(around: &Around<'_>, list: &List<'_>, steps: &mut Vec<Step>) {
    if list.flow && around.at >= list.span.end {
        return;
    }
    let Some((index, item)) = list.items.iter().enumerate().rev().find(|(_, item)| item.span().start <= around.at)
    else {
        return;
    };
    if around.within(item) {
        steps.push(Step::Index(index));
        descend(around, item, steps);
    }
}

fn descend(around: &Around<'_>, node: &Node<'_>, steps: &mut Vec<Step>) {
    match node {
        Node::Scalar(_) => {}
        Node::Map(map) => descend_map(around, map, steps),
        Node::List(list) => descend_list(around, list, steps),
    }
}
