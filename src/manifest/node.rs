//! YAML as it stands in a text: nodes with their places, before plain scalars are given a meaning.

use std::ops::Range;

/// A node of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub content: Content,
    /// Where it stands, in bytes of the text.
    pub range: Range<usize>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A scalar.
    Scalar {
        /// The text after unescaping and folding.
        text: String,
        /// How it is written.
        style: ScalarStyle,
    },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping; keys may be any node and may repeat.
    Map(Vec<(Node, Node)>),
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without quotes: its text decides its type.
    Plain,
    /// In quotes or as a block: a string.
    Text,
}
