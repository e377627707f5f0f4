//! Where the comments of a file stand: each in the collection that SOPS takes it into.

use std::ops::Range;

use super::leaf::{Step, is_comment};
use super::tree::{List, Map, Node, Root};

/// A comment and the collection it stands in.
#[derive(Debug)]
pub(super) struct Comment {
    pub document: usize,
    pub steps: Vec<Step>,
    /// From its `#` to the end of the line.
    pub span: Range<usize>,
    /// Whether the rule encrypts it.
    pub selected: bool,
}

/// All comments in order, those in the block of SOPS left out.
pub(super) fn placed(text: &str, roots: &[Root<'_>]) -> Vec<Comment> {
    let mut found = Vec::new();
    for (document, root) in roots.iter().enumerate() {
        for span in &root.comments {
            let mut steps = Vec::new();
            descend_map(&Around { text, at: span.start }, &root.map, &mut steps);
            if !matches!(steps.first(), Some(Step::Key(key)) if key == "sops") {
                found.push(Comment { document, steps, span: span.clone(), selected: false });
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
    // Behind the bracket of an item it belongs to the list.
    let (Node::Map(Map { flow, span, .. }) | Node::List(List { flow, span, .. })) = item else { return };
    if around.within(item) && !(*flow && around.at >= span.end) {
        steps.push(Step::Index(list.items[..index].iter().filter(|item| !is_comment(item)).count()));
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
