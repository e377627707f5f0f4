//! An object with holes: the parsed form of a template's output, kept for every output of the same shape.
//!
//! Two clients whose templates take the same branches print the same text, tokens and all. The text is parsed
//! once; the skeleton is then filled for each of them.

use std::sync::Arc;

use crate::manifest::{
    Content, Node, Plain, ScalarStyle, emit_key, emit_string, key_rank, key_text, parse_nodes, push_indent,
    resolve_plain, root_key_rank,
};

use super::token::{CLOSE, OPEN};

/// An object with holes, in canonical order.
#[derive(Debug)]
pub struct Skeleton {
    /// `apiVersion`, always literal.
    pub api_version: Arc<str>,
    /// `kind`, always literal.
    pub kind: Arc<str>,
    /// `metadata.name`.
    pub name: Vec<Part>,
    /// `metadata.namespace`.
    pub namespace: Option<Vec<Part>>,
    /// `apiVersion`, `kind` and `metadata`.
    pub head: Vec<Segment>,
    /// Everything else: what digests are taken over.
    pub body: Vec<Segment>,
    /// Where the object stands in the output it was parsed from.
    pub offset: usize,
    /// Tokens that stand where the kubelet replaces names, sorted.
    pub expanded: Vec<usize>,
}

/// A piece of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text of the template.
    Literal(String),
    /// A value, by the token's number.
    Token(usize),
}

/// A piece of an object's text.
#[derive(Debug)]
pub enum Segment {
    /// Finished text.
    Literal(String),
    /// A string made of several parts; its parent's keys stand at `indent`.
    Text {
        /// The parts.
        parts: Vec<Part>,
        /// Spaces.
        indent: usize,
    },
    /// A value of any type, after `key:` or `-`.
    Value {
        /// The token's number.
        token: usize,
        /// What stands before it.
        place: Place,
        /// Spaces before its parent's keys or dashes.
        indent: usize,
    },
}

/// What stands before a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `key:`
    AfterKey,
    /// `-`
    AfterDash,
}

/// Why an output is no list of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// A lower-case fragment.
    pub message: String,
    /// What to do.
    pub help: Option<&'static str>,
    /// Where.
    pub place: Fault,
}

/// Where a fault lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// In the output, in bytes.
    Offset(usize),
    /// At a printed value.
    Token(usize),
}

impl ShapeError {
    pub(super) fn at(offset: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, place: Fault::Offset(offset) }
    }

    pub(super) fn token(token: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, place: Fault::Token(token) }
    }

    pub(super) const fn with_help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }
}

/// Parses a template's output.
///
/// # Errors
/// The first fault: no YAML, no object, a value where structure, a key or a comment stands.
pub fn parse(output: &str) -> Result<Vec<Skeleton>, ShapeError> {
    let nodes = parse_nodes(output)
        .map_err(|error| ShapeError::at(error.offset, format!("this is no valid YAML: {}", error.message)))?;
    let mut seen = Vec::new();
    let skeletons = nodes.iter().map(|node| skeleton(node, &mut seen)).collect::<Result<Vec<_>, _>>()?;
    seen.sort_unstable();
    if let Some(lost) = printed(output).find(|token| seen.binary_search(token).is_err()) {
        return Err(ShapeError::token(lost, "a value stands where no value can: in a comment, anchor or tag")
            .with_help("remove it, or write the comment as `{# … #}`"));
    }
    Ok(skeletons)
}

/// The numbers of all tokens in a text.
fn printed(output: &str) -> impl Iterator<Item = usize> {
    output.split(OPEN).skip(1).filter_map(|rest| rest.split(CLOSE).next()?.parse().ok())
}

/// Splits a scalar at its tokens; `None` when it holds none.
pub(super) fn parts(text: &str) -> Option<Vec<Part>> {
    if !text.contains(OPEN) {
        return None;
    }
    let mut parts = Vec::new();
    let (first, rest) = text.split_once(OPEN)?;
    if !first.is_empty() {
        parts.push(Part::Literal(first.into()));
    }
    for piece in rest.split(OPEN) {
        let (number, literal) = piece.split_once(CLOSE)?;
        parts.push(Part::Token(number.parse().ok()?));
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.into()));
        }
    }
    Some(parts)
}

fn skeleton(node: &Node, seen: &mut Vec<usize>) -> Result<Skeleton, ShapeError> {
    let offset = node.range.start;
    let Content::Map(entries) = &node.content else {
        let message = "a document must be an object: a mapping with `apiVersion`, `kind` and `metadata`";
        return Err(ShapeError::at(offset, message));
    };
    let entries = ordered(entries, root_key_rank)?;
    super::fields::check(&entries)?;
    let expanded = super::kubelet::expanded(node)?;
    let api_version = literal(&entries, "apiVersion", offset)?;
    let kind = literal(&entries, "kind", offset)?;
    let Some((_, metadata)) = entries.iter().find(|(key, _)| *key == "metadata") else {
        return Err(ShapeError::at(offset, format!("{kind} has no `metadata`")));
    };
    let name = text_of(metadata, "name")?
        .ok_or_else(|| ShapeError::at(metadata.range.start, format!("{kind} has no `metadata.name`")))?;
    let namespace = text_of(metadata, "namespace")?;
    let mut head = Writer { segments: Vec::new(), seen };
    let split = entries.iter().position(|(key, _)| root_key_rank(key) > 2).unwrap_or(entries.len());
    head.entries(&entries[..split], 0)?;
    let head_segments = std::mem::take(&mut head.segments);
    head.entries(&entries[split..], 0)?;
    let body = head.segments;
    let (api_version, kind) = (api_version.into(), kind.into());
    Ok(Skeleton { api_version, kind, name, namespace, head: head_segments, body, offset, expanded })
}

pub(super) type Entry<'a> = (&'a str, &'a Node);

/// Checks keys and puts them in canonical order.
fn ordered(entries: &[(Node, Node)], rank: fn(&str) -> usize) -> Result<Vec<Entry<'_>>, ShapeError> {
    let mut list = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let at = key.range.start;
        if let Content::Scalar { text, .. } = &key.content
            && let Some(token) = printed(text).next()
        {
            return Err(ShapeError::token(token, "a value stands where a key is expected")
                .with_help("print a whole table as the value of a literal key, or name the key in the template"));
        }
        let text = key_text(key).map_err(|error| ShapeError::at(error.offset, error.message))?;
        if list.iter().any(|(other, _)| *other == text) {
            return Err(ShapeError::at(at, format!("key `{}` occurs twice", text.escape_debug())));
        }
        list.push((text, value));
    }
    list.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    Ok(list)
}

/// A root field that must not come from a value: what kinds a template yields is the stack's decision.
fn literal(entries: &[Entry<'_>], field: &str, offset: usize) -> Result<String, ShapeError> {
    let Some((_, node)) = entries.iter().find(|(key, _)| *key == field) else {
        return Err(ShapeError::at(offset, format!("an object has no `{field}`")));
    };
    match &node.content {
        Content::Scalar { text, .. } => match printed(text).next() {
            Some(token) => Err(ShapeError::token(token, format!("`{field}` must be written out in the template"))
                .with_help("choose between objects with `{% if %}`")),
            None if is_string(node) => Ok(text.clone()),
            None => Err(not_a_string(field, node)),
        },
        _ => Err(not_a_string(field, node)),
    }
}

/// `true` for a scalar that every reader takes for text, or that holds a value.
fn is_string(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar { text, style }
        if *style == ScalarStyle::Text || text.contains(OPEN) || resolve_plain(text) == Plain::String)
}

fn not_a_string(field: &str, node: &Node) -> ShapeError {
    ShapeError::at(node.range.start, format!("`{field}` must be a string"))
}

fn text_of(metadata: &Node, field: &str) -> Result<Option<Vec<Part>>, ShapeError> {
    let Content::Map(entries) = &metadata.content else {
        return Err(ShapeError::at(metadata.range.start, "`metadata` must be a mapping"));
    };
    let found = entries.iter().find(|(key, _)| matches!(&key.content, Content::Scalar { text, .. } if text == field));
    match found.map(|(_, node)| node) {
        None => Ok(None),
        Some(node) => match (&node.content, is_string(node)) {
            (Content::Scalar { text, .. }, true) => {
                Ok(Some(parts(text).unwrap_or_else(|| vec![Part::Literal(text.clone())])))
            }
            _ => Err(not_a_string(&format!("metadata.{field}"), node)),
        },
    }
}

/// Turns nodes into segments.
struct Writer<'a> {
    segments: Vec<Segment>,
    seen: &'a mut Vec<usize>,
}

impl Writer<'_> {
    fn out(&mut self) -> &mut String {
        if !matches!(self.segments.last(), Some(Segment::Literal(_))) {
            self.segments.push(Segment::Literal(String::new()));
        }
        match self.segments.last_mut() {
            Some(Segment::Literal(text)) => text,
            _ => unreachable!("a literal was just pushed"),
        }
    }

    fn entries(&mut self, entries: &[Entry<'_>], indent: usize) -> Result<(), ShapeError> {
        for (key, value) in entries {
            push_indent(self.out(), indent);
            emit_key(self.out(), key);
            self.value(value, Place::AfterKey, indent)?;
        }
        Ok(())
    }

    /// Writes what follows `key:` or `-`, with the newline at its end.
    fn value(&mut self, node: &Node, place: Place, indent: usize) -> Result<(), ShapeError> {
        match &node.content {
            Content::Scalar { text, style } => self.scalar(node, text, *style, place, indent),
            Content::List(items) if items.is_empty() => {
                self.out().push_str(" []\n");
                Ok(())
            }
            Content::Map(entries) if entries.is_empty() => {
                self.out().push_str(" {}\n");
                Ok(())
            }
            Content::List(items) => self.list(items, place, indent),
            Content::Map(entries) => {
                let entries = ordered(entries, key_rank)?;
                if place == Place::AfterKey {
                    self.out().push('\n');
                    return self.entries(&entries, indent + 2);
                }
                self.out().push(' ');
                for (nth, (key, value)) in entries.iter().enumerate() {
                    if nth > 0 {
                        push_indent(self.out(), indent + 2);
                    }
                    emit_key(self.out(), key);
                    self.value(value, Place::AfterKey, indent + 2)?;
                }
                Ok(())
            }
        }
    }

    fn list(&mut self, items: &[Node], place: Place, indent: usize) -> Result<(), ShapeError> {
        self.out().push(if place == Place::AfterKey { '\n' } else { ' ' });
        for (nth, item) in items.iter().enumerate() {
            if nth > 0 || place == Place::AfterKey {
                push_indent(self.out(), indent + 2);
            }
            self.out().push('-');
            self.value(item, Place::AfterDash, indent + 2)?;
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        node: &Node,
        text: &str,
        style: ScalarStyle,
        place: Place,
        indent: usize,
    ) -> Result<(), ShapeError> {
        if let Some(parts) = parts(text) {
            self.seen.extend(parts.iter().filter_map(|part| match part {
                Part::Token(token) => Some(*token),
                Part::Literal(_) => None,
            }));
            if let ([Part::Token(token)], ScalarStyle::Plain) = (parts.as_slice(), style) {
                self.segments.push(Segment::Value { token: *token, place, indent });
            } else {
                self.out().push(' ');
                self.segments.push(Segment::Text { parts, indent });
                self.out().push('\n');
            }
            return Ok(());
        }
        let out = self.out();
        out.push(' ');
        match (style, resolve_plain(text)) {
            (ScalarStyle::Text, _) | (_, Plain::String) => emit_string(out, text, indent),
            (_, Plain::Null) => out.push_str("null"),
            (_, Plain::Bool(value)) => out.push_str(if value { "true" } else { "false" }),
            (_, Plain::Number) if is_held(text) => out.push_str(text),
            (_, Plain::Number | Plain::Ambiguous) => {
                let message = format!("`{text}` means different things to different YAML readers");
                return Err(ShapeError::at(node.range.start, message)
                    .with_help("put it in quotes for a string; write `true` or `false`, or a decimal number"));
            }
        }
        out.push('\n');
        Ok(())
    }
}

/// `false` for a whole number of more than 64 bits: kubectl makes another one of it.
fn is_held(number: &str) -> bool {
    number.contains(['.', 'e', 'E']) || number.parse::<i64>().is_ok()
}
