//! Anchors and what aliases of them stand for, with a bound on how much text a small file may become.

use std::collections::HashMap;

use super::node::{Content, Node};
use super::parse::ParseError;

/// Most that aliases may add to a file: nodes count as sixteen bytes, texts by their length.
const MOST_ADDED: usize = 16 << 20;

/// Anchored nodes of a text.
#[derive(Default)]
pub struct Anchors {
    known: HashMap<usize, Anchored>,
    added: usize,
}

struct Anchored {
    node: Node,
    size: usize,
    depth: usize,
}

impl Anchors {
    /// Remembers a node that is complete.
    pub fn keep(&mut self, anchor: usize, node: &Node) {
        let (size, depth) = measure(node);
        self.known.insert(anchor, Anchored { node: node.clone(), size, depth });
    }

    /// What an alias stands for, and how deep that is.
    ///
    /// # Errors
    /// An alias inside of its own anchor, or too much.
    pub fn expand(&mut self, anchor: usize, at: usize) -> Result<(Node, usize), ParseError> {
        let Some(anchored) = self.known.get(&anchor) else {
            return Err(ParseError::new("this alias stands for a value that holds itself", at));
        };
        self.added += anchored.size;
        if self.added > MOST_ADDED {
            return Err(ParseError::limit("aliases make more than 16 MiB of this file", at));
        }
        Ok((anchored.node.clone(), anchored.depth))
    }
}

/// Size and depth of a node.
fn measure(node: &Node) -> (usize, usize) {
    const NODE: usize = 16;
    let over = |nodes: &mut dyn Iterator<Item = &Node>| {
        nodes.map(measure).fold((NODE, 1), |(size, depth), (more, below)| (size + more, depth.max(below + 1)))
    };
    match &node.content {
        Content::Scalar { text, .. } => (NODE + text.len(), 0),
        Content::List(items) => over(&mut items.iter()),
        Content::Map(entries) => over(&mut entries.iter().flat_map(|(key, value)| [key, value])),
    }
}
