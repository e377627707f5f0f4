//! Where in a text a path leads.

use std::ops::Range;

use super::node::{Content, Node};
use super::path::{Path, Step};

/// What a path leads to in a text, as far as it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<'n> {
    /// The key of the last step that was found, if that was a key.
    pub key: Option<Range<usize>>,
    /// The node that was reached.
    pub node: &'n Node,
    /// Steps that were taken; fewer than the path has when the rest is not there.
    pub depth: usize,
}

/// Follows `path` from the document `root` as far as it goes: a field that is missing leads to what should hold it.
#[must_use]
pub fn locate<'n>(root: &'n Node, path: &Path) -> Located<'n> {
    let mut reached = Located { key: None, node: root, depth: 0 };
    for step in path.steps() {
        let next = match (step, &reached.node.content) {
            (Step::Field(key), Content::Map(entries)) => entries
                .iter()
                .find(|(name, _)| matches!(&name.content, Content::Scalar { text, .. } if text == key))
                .map(|(name, value)| (Some(name.range.clone()), value)),
            (Step::Index(index), Content::List(items)) => items.get(*index).map(|item| (None, item)),
            _ => None,
        };
        let Some((key, node)) = next else { break };
        reached = Located { key, node, depth: reached.depth + 1 };
    }
    reached
}

impl Located<'_> {
    /// What to show: a scalar itself; of a mapping or list its key, for it may be long; an empty value's key.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        match (&self.node.content, &self.key) {
            (Content::Scalar { .. }, _) if !self.node.range.is_empty() => self.node.range.clone(),
            (_, Some(key)) => key.clone(),
            _ => self.node.range.start..self.node.range.start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse_nodes;

    #[test]
    fn a_path_is_followed_as_far_as_it_goes() {
        let text = "spec:\n  containers:\n    - name: a\n      \"image\": b\n    - name: c\n  empty:\n";
        let nodes = parse_nodes(text).unwrap();
        let shown = |path: Path| {
            let located = locate(&nodes[0], &path);
            (text[located.range()].trim_matches('"').to_owned(), located.depth)
        };
        let containers = Path::root().field("spec").field("containers");
        assert_eq!(shown(containers.clone().index(0).field("image")), ("b".into(), 4));
        assert_eq!(shown(containers.clone().index(1).field("image")), (String::new(), 3));
        assert_eq!(shown(containers), ("containers".into(), 2));
        assert_eq!(shown(Path::root().field("spec").field("empty")), ("empty".into(), 2));
        assert_eq!(shown(Path::root().field("status")), (String::new(), 0));
    }
}
