//! Every value and comment of a file in the order that SOPS goes through them, each with the keys that lead to it and whether
//! the rule encrypts it.

use std::collections::HashMap;

use super::comment::{self, Comment};
use super::rule::Selector;
use super::tree::{List, Map, Node, Root, Scalar};
use crate::sops::{Kind, Sealed};

/// A step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// Whether the rule encrypts it.
    pub selected: bool,
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

/// All values and all comments in order. The block of SOPS is left out, in every document.
pub(super) fn walk<'d, 't>(
    text: &str,
    roots: &'d [Root<'t>],
    selector: &Selector,
) -> (Vec<Leaf<'d, 't>>, Vec<Comment>) {
    let comments = comment::placed(text, roots);
    let mut inside: HashMap<(usize, Vec<Step>), Vec<usize>> = HashMap::new();
    if selector.looks_at_comments() {
        for (number, comment) in comments.iter().enumerate() {
            inside.entry((comment.document, comment.steps.clone())).or_default().push(number);
        }
    }
    let mut walk =
        Walk { text, selector, comments, inside, leaves: Vec::new(), document: 0, steps: Vec::new(), marked: 0 };
    for (document, root) in roots.iter().enumerate() {
        walk.document = document;
        walk.map(&root.map);
    }
    let Walk { leaves, mut comments, .. } = walk;
    if !selector.looks_at_comments() {
        for comment in &mut comments {
            comment.selected = selector.selects(&keys(&comment.steps), false);
        }
    }
    (leaves, comments)
}

struct Walk<'w, 'd, 't> {
    text: &'w str,
    selector: &'w Selector,
    comments: Vec<Comment>,
    /// Numbers of the comments that stand in a collection; only where comments decide.
    inside: HashMap<(usize, Vec<Step>), Vec<usize>>,
    leaves: Vec<Leaf<'d, 't>>,
    document: usize,
    steps: Vec<Step>,
    /// Collections around this place, itself included, that have a deciding comment above what comes next.
    marked: usize,
}

/// The comments of one collection that were not passed yet.
struct Passing {
    comments: std::vec::IntoIter<usize>,
    /// Whether one that decides was passed since the last value.
    marked: bool,
}

impl<'d, 't> Walk<'_, 'd, 't> {
    fn map(&mut self, map: &'d Map<'t>) {
        let mut passing = self.enter(map.flow.then_some(map.span.end));
        for (key, value) in &map.entries {
            if self.steps.is_empty() && key.text == "sops" {
                continue;
            }
            self.pass(&mut passing, key.span.end.max(value.span().end));
            self.steps.push(Step::Key(key.text.to_string()));
            self.node(value, map.flow);
            self.steps.pop();
            self.clear(&mut passing);
        }
        self.leave(passing);
    }

    fn list(&mut self, list: &'d List<'t>) {
        let mut passing = self.enter(list.flow.then_some(list.span.end));
        let mut index = 0;
        for item in &list.items {
            self.pass(&mut passing, item.span().end);
            self.steps.push(Step::Index(index));
            self.node(item, list.flow);
            self.steps.pop();
            index += usize::from(!is_comment(item));
            self.clear(&mut passing);
        }
        self.leave(passing);
    }

    fn node(&mut self, node: &'d Node<'t>, flow: bool) {
        match node {
            Node::Scalar(scalar) => {
                let selected = self.selector.selects(&keys(&self.steps), self.marked > 0);
                let (document, steps) = (self.document, self.steps.clone());
                self.leaves.push(Leaf { document, steps, scalar, flow, selected });
            }
            Node::Map(map) => self.map(map),
            Node::List(list) => self.list(list),
        }
    }

    /// Starts with the comments of a collection. What stands behind its bracket is read first by SOPS.
    fn enter(&mut self, closed: Option<usize>) -> Passing {
        let all = self.inside.remove(&(self.document, self.steps.clone())).unwrap_or_default();
        let behind = |&number: &usize| closed.is_some_and(|end| self.comments[number].span.start >= end);
        let (first, others): (Vec<usize>, Vec<usize>) = all.into_iter().partition(behind);
        let mut passing = Passing { comments: others.into_iter(), marked: false };
        for number in first {
            self.see(&mut passing, number);
        }
        passing
    }

    /// Goes past the comments above a value that ends at `end`, and those behind it in its line.
    fn pass(&mut self, passing: &mut Passing, end: usize) {
        while let Some(&number) = passing.comments.as_slice().first() {
            let at = self.comments[number].span.start;
            if at >= end && self.text[end..at].contains('\n') {
                break;
            }
            passing.comments.next();
            self.see(passing, number);
        }
    }

    fn see(&mut self, passing: &mut Passing, number: usize) {
        let comment = &mut self.comments[number];
        let marks = self.selector.marks(&self.text[comment.span.start + 1..comment.span.end]);
        let spared = marks && self.selector.spares_its_comment();
        comment.selected = self.selector.selects(&[], self.marked > 0 || spared);
        if marks && !passing.marked {
            passing.marked = true;
            self.marked += 1;
        }
    }

    /// A value takes the comments above it.
    fn clear(&mut self, passing: &mut Passing) {
        self.marked -= usize::from(std::mem::take(&mut passing.marked));
    }

    fn leave(&mut self, mut passing: Passing) {
        self.pass(&mut passing, self.text.len());
        self.clear(&mut passing);
    }
}

/// `true` for an item that stands for a comment.
pub(super) fn is_comment(node: &Node<'_>) -> bool {
    matches!(node, Node::Scalar(scalar)
        if Sealed::parse_any(&scalar.text).is_ok_and(|sealed| sealed.kind == Kind::Comment))
}

/// A path as messages name it.
pub(super) fn display(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.push_str(&format!(".{key}")),
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}
