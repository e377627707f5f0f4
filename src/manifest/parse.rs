//! Reading YAML: one or more documents, without tags, and without anchors, aliases and merge keys unless asked for.

use granit_parser::{Event, Options, Parser, ScalarStyle as SourceStyle, Span};

use super::anchors::Anchors;
use super::node::{Content, Node, ScalarStyle};
use super::scalar::{Plain, resolve_plain};
use super::{Map, Value};

/// Deeper nesting is refused; Kubernetes objects are rarely deeper than 15.
const MAX_DEPTH: usize = 64;

/// Why a text is not YAML as lmsgen takes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// Where, in bytes of the text.
    pub offset: usize,
    /// It may be right, and is more than lmsgen is willing to read.
    pub is_limit: bool,
}

impl ParseError {
    pub(super) fn new(message: impl Into<String>, offset: usize) -> Self {
        Self { message: message.into(), offset, is_limit: false }
    }

    pub(super) fn limit(message: impl Into<String>, offset: usize) -> Self {
        Self { is_limit: true, ..Self::new(message, offset) }
    }
}

/// Reads every document of `text`; empty documents are left out.
///
/// Words that readers disagree about (`0777`, `no`) are taken as strings.
///
/// # Errors
/// The first thing in `text` that is not YAML, or is an anchor, alias, tag, merge key, duplicate or non-string key.
pub fn parse_documents(text: &str) -> Result<Vec<Value>, ParseError> {
    parse_nodes(text)?.into_iter().map(to_value).collect()
}

/// Reads every document of `text` as nodes; empty documents are left out.
///
/// # Errors
/// The first thing in `text` that is not YAML, or is an anchor, alias or tag.
pub fn parse_nodes(text: &str) -> Result<Vec<Node>, ParseError> {
    nodes(text, None)
}

/// As [`parse_nodes`], with what aliases stand for in their place.
///
/// # Errors
/// The first thing in `text` that is not YAML, is a tag, or gets too large.
pub(super) fn expanded_nodes(text: &str) -> Result<Vec<Node>, ParseError> {
    nodes(text, Some(Anchors::default()))
}

fn nodes(text: &str, anchors: Option<Anchors>) -> Result<Vec<Node>, ParseError> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut documents = Vec::new();
    let mut builder = Builder { open: Vec::new(), root: None, anchors };
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let at = byte_offset(text, error.marker().byte_offset(), error.marker().index());
            unread(&error.info().to_lowercase(), at)
        })?;
        match event {
            Event::DocumentEnd => documents.extend(builder.root.take().filter(|root| !is_empty(root))),
            event => builder.take(text, event, span)?,
        }
    }
    Ok(documents)
}

/// What the parser says, in the words of people where they need others.
fn unread(said: &str, at: usize) -> ParseError {
    let is_tab = said.starts_with("tabs disallowed");
    ParseError::new(if is_tab { "a tab must not indent a line; write spaces" } else { said }, at)
}

fn byte_offset(text: &str, bytes: Option<usize>, chars: usize) -> usize {
    bytes.unwrap_or_else(|| text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at))
}

fn is_empty(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar { text, style: ScalarStyle::Plain } if resolve_plain(text) == Plain::Null)
}

/// A list or mapping whose end was not seen yet.
struct Open {
    node: Node,
    key: Option<Node>,
    anchor: usize,
}

struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    /// `None` where anchors are refused.
    anchors: Option<Anchors>,
}

impl Builder {
    fn take(&mut self, source: &str, event: Event<'_>, span: Span) -> Result<(), ParseError> {
        let range = span.byte_range().unwrap_or_else(|| {
            byte_offset(source, None, span.start.index())..byte_offset(source, None, span.end.index())
        });
        let takes_anchors = self.anchors.is_some();
        let refuse = |anchor: usize, tagged: bool| {
            if anchor != 0 && !takes_anchors {
                return Err(ParseError::new("anchors are not supported; write the value out", range.start));
            }
            if tagged {
                return Err(ParseError::new("tags are not supported", range.start));
            }
            Ok(())
        };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                refuse(anchor, tag.is_some())?;
                let style = if style == SourceStyle::Plain { ScalarStyle::Plain } else { ScalarStyle::Text };
                self.close(Node { content: Content::Scalar { text: text.into_owned(), style }, range }, anchor);
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse(anchor, tag.is_some())?;
                self.push(Content::List(Vec::new()), range, anchor)?;
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse(anchor, tag.is_some())?;
                self.push(Content::Map(Vec::new()), range, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let mut open = self.open.pop().expect("the parser balances starts and ends");
                open.node.range.end = range.end.max(open.node.range.start);
                self.close(open.node, open.anchor);
            }
            Event::Alias(anchor) if takes_anchors => self.alias(anchor, range.start)?,
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                return Err(ParseError::new("aliases are not supported; write the value out", range.start));
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, content: Content, range: std::ops::Range<usize>, anchor: usize) -> Result<(), ParseError> {
        self.go_down(1, range.start)?;
        self.open.push(Open { node: Node { content, range }, key: None, anchor });
        Ok(())
    }

    fn go_down(&self, levels: usize, at: usize) -> Result<(), ParseError> {
        if self.open.len() + levels > MAX_DEPTH {
            return Err(ParseError::limit(format!("nested deeper than {MAX_DEPTH} levels"), at));
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, at: usize) -> Result<(), ParseError> {
        let Some(anchors) = &mut self.anchors else { return Ok(()) };
        let (node, depth) = anchors.expand(anchor, at)?;
        self.go_down(depth, at)?;
        self.close(node, 0);
        Ok(())
    }

    fn close(&mut self, node: Node, anchor: usize) {
        if let Some(anchors) = &mut self.anchors
            && anchor != 0
        {
            anchors.keep(anchor, &node);
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut parent.node.content {
            Content::List(items) => items.push(node),
            Content::Map(entries) => match parent.key.take() {
                None => parent.key = Some(node),
                Some(key) => entries.push((key, node)),
            },
            Content::Scalar { .. } => {}
        }
    }
}

/// Gives a node its meaning.
///
/// # Errors
/// A key that is no string, occurs twice, or is the merge key.
fn to_value(node: Node) -> Result<Value, ParseError> {
    Ok(match node.content {
        Content::Scalar { text, style: ScalarStyle::Text } => Value::String(text),
        Content::Scalar { text, style: ScalarStyle::Plain } => match resolve_plain(&text) {
            Plain::Null => Value::Null,
            Plain::Bool(value) => Value::Bool(value),
            Plain::Number => Value::Number(text),
            Plain::String | Plain::Ambiguous => Value::String(text),
        },
        Content::List(items) => Value::List(items.into_iter().map(to_value).collect::<Result<_, _>>()?),
        Content::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let name = key_text(&key)?;
                if map.get(name).is_some() {
                    let message = format!("key `{}` occurs twice", name.escape_debug());
                    return Err(ParseError::new(message, key.range.start));
                }
                map.insert(name, to_value(value)?);
            }
            Value::Map(map)
        }
    })
}

/// The text of a mapping's key.
///
/// # Errors
/// When the key is no string to every reader.
pub fn key_text(key: &Node) -> Result<&str, ParseError> {
    match &key.content {
        Content::Scalar { text, style } if *style == ScalarStyle::Text || resolve_plain(text) == Plain::String => {
            Ok(text)
        }
        Content::Scalar { text, .. } if text == "<<" => {
            Err(ParseError::new("merge keys are not supported; write the values out", key.range.start))
        }
        Content::Scalar { text, .. } => Err(ParseError::new(
            format!("key `{}` is no string to every reader; put it in quotes", text.escape_debug()),
            key.range.start,
        )),
        _ => Err(ParseError::new("a key must be a string", key.range.start)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_without_content_are_left_out() {
        assert_eq!(parse_documents("---\n# nothing\n---\na: 1\n---\n").unwrap().len(), 1);
        assert_eq!(parse_documents("").unwrap().len(), 0);
    }

    #[test]
    fn what_readers_disagree_about_is_refused_with_its_place() {
        for (text, message, offset) in [
            ("a: &x 1\n", "anchors", 3),
            ("a: !!str 1\n", "tags", 3),
            ("a: 1\nb: 2\na: 3\n", "occurs twice", 10),
            ("<<: {a: 1}\n", "merge keys", 0),
            ("yes: 1\n", "no string to every reader", 0),
            ("[a]: 1\n", "must be a string", 0),
            ("a:\n\tb: 1\n", "a tab must not indent", 3),
        ] {
            let error = parse_documents(text).unwrap_err();
            assert!(error.message.contains(message), "{text}: {}", error.message);
            assert!(error.offset.abs_diff(offset) <= 6, "{text}: {}", error.offset);
        }
        assert!(parse_documents(&"[".repeat(200_000)).is_err());
        assert!(parse_documents("a: [1").is_err());
    }
}
