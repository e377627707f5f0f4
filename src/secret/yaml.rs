//! A YAML document as a tree with places, for files that another program wrote.
//!
//! Takes the small part of YAML that `sops` writes: one document, block mappings and sequences, scalars without tags,
//! anchors and aliases. Knows no key. No message repeats a scalar: it may be a secret.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};
use regex::Regex;

use super::fault::{Fault, SHAPE, UNREADABLE};

/// A scalar with its place, quotes included.
#[derive(Clone, Debug)]
pub(super) struct Scalar<'t> {
    pub text: Cow<'t, str>,
    pub plain: bool,
    pub span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Node<'t> {
    Scalar(Scalar<'t>),
    Map(Vec<(Scalar<'t>, Node<'t>)>, Range<usize>),
    List(Vec<Node<'t>>, Range<usize>),
}

/// A document: its root mapping, and the place of every comment.
#[derive(Debug)]
pub(super) struct Document<'t> {
    pub root: Vec<(Scalar<'t>, Node<'t>)>,
    pub comments: Vec<Range<usize>>,
}

/// Deeper than any stored Secret.
const MAX_DEPTH: usize = 8;

impl Node<'_> {
    pub(super) fn span(&self) -> Range<usize> {
        match self {
            Self::Scalar(scalar) => scalar.span.clone(),
            Self::Map(_, span) | Self::List(_, span) => span.clone(),
        }
    }
}

/// Text that a YAML 1.1 or 1.2 reader, or SOPS, could take for something other than a string when it is not quoted.
pub(super) fn ambiguous(plain: &str) -> bool {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        let forms = [
            r"(?i:~|null|true|false|y|n|yes|no|on|off|<<|=)?",
            r"[-+]?(?i:\.inf|\.nan)",
            r"[-+]?0[xX][0-9a-fA-F_]+",
            r"[-+]?0[oObB]?[0-9_]+",
            r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?",
            r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?",
            r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?",
        ];
        Regex::new(&format!("^(?:{})$", forms.join("|"))).expect("the pattern is a constant")
    });
    PATTERN.is_match(plain)
}

/// Reads one document whose root is a mapping.
pub(super) fn parse(text: &str) -> Result<Document<'_>, Fault> {
    let mut builder = Builder { text, events: Parser::new_from_str(text), comments: Vec::new() };
    let mut root = None;
    while let Some((event, span)) = builder.next()? {
        match event {
            Event::DocumentStart(..) if root.is_some() => {
                return Err(Fault::new(UNREADABLE, span, "a second document in the file")
                    .help("one store file holds one Secret: move the other one to its own file"));
            }
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd => {}
            event => root = Some(builder.node(event, span, 0)?),
        }
    }
    match root {
        Some(Node::Map(root, _)) => Ok(Document { root, comments: builder.comments }),
        Some(node) => Err(Fault::new(UNREADABLE, node.span(), "the document is no mapping")),
        None => Err(Fault::new(UNREADABLE, 0..0, "the file holds no document")),
    }
}

struct Builder<'t> {
    text: &'t str,
    events: Parser<'t, granit_parser::StrInput<'t>>,
    comments: Vec<Range<usize>>,
}

type Placed<'t> = (Event<'t>, Range<usize>);

impl<'t> Builder<'t> {
    fn range(&self, span: &Span) -> Range<usize> {
        let range = span.byte_range().unwrap_or(0..0);
        range.start.min(self.text.len())..range.end.min(self.text.len())
    }

    /// The next event that is no comment.
    fn next(&mut self) -> Result<Option<Placed<'t>>, Fault> {
        loop {
            match self.events.next() {
                None => return Ok(None),
                Some(Ok((Event::Comment(..), span))) => {
                    let span = self.range(&span);
                    self.comments.push(span);
                }
                Some(Ok((event, span))) => {
                    let span = self.range(&span);
                    return Ok(Some((event, span)));
                }
                Some(Err(error)) => {
                    let at = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
                    return Err(Fault::new(UNREADABLE, at..at, "not valid YAML from here on"));
                }
            }
        }
    }

    /// The next event inside a collection that starts at `open`.
    fn inside(&mut self, open: &Range<usize>) -> Result<Placed<'t>, Fault> {
        self.next()?.ok_or_else(|| Fault::new(UNREADABLE, open.clone(), "the file ends inside this value"))
    }

    fn node(&mut self, event: Event<'t>, span: Range<usize>, depth: usize) -> Result<Node<'t>, Fault> {
        let unusual = |span: Range<usize>, what: &str| {
            Err(Fault::new(UNREADABLE, span, format!("{what} in a store file")).help("write the value out in place"))
        };
        if depth > MAX_DEPTH {
            return Err(Fault::new(UNREADABLE, span, "nested deeper than any Secret"));
        }
        match event {
            Event::Scalar(_, _, anchor, _) if anchor != 0 => unusual(span, "an anchor"),
            Event::Scalar(_, _, _, Some(_)) => unusual(span, "a tag"),
            Event::Scalar(text, style, ..) => Ok(Node::Scalar(self.scalar(text, style, span))),
            Event::MappingStart(_, anchor, ref tag) | Event::SequenceStart(_, anchor, ref tag)
                if anchor != 0 || tag.is_some() =>
            {
                unusual(span, "an anchor or a tag")
            }
            Event::MappingStart(style, ..) => self.mapping(style, span, depth),
            Event::SequenceStart(style, ..) => self.sequence(style, span, depth),
            Event::Alias(_) | Event::UnresolvedAlias(_) => unusual(span, "an alias"),
            _ => Err(Fault::new(UNREADABLE, span, "not valid YAML from here on")),
        }
    }

    fn scalar(&self, text: Cow<'t, str>, style: ScalarStyle, span: Range<usize>) -> Scalar<'t> {
        // Borrowing from the file wherever the text stands there as it is keeps ciphertext free of copies.
        let source = self.text.get(span.clone()).unwrap_or("");
        let quotes = usize::from(matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted));
        let inner = source.get(quotes..source.len().saturating_sub(quotes)).unwrap_or("");
        let text = if inner == text { Cow::Borrowed(inner) } else { text };
        Scalar { text, plain: style == ScalarStyle::Plain, span }
    }

    fn mapping(&mut self, style: StructureStyle, open: Range<usize>, depth: usize) -> Result<Node<'t>, Fault> {
        let mut entries = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let (event, span) = self.inside(&open)?;
            if matches!(event, Event::MappingEnd) {
                flow_is_empty(style, entries.is_empty(), &open)?;
                return Ok(Node::Map(entries, open.start..span.end));
            }
            let Node::Scalar(key) = self.node(event, span.clone(), depth + 1)? else {
                return Err(Fault::new(SHAPE, span, "a key that is no string"));
            };
            if key.plain && ambiguous(&key.text) {
                return Err(Fault::new(SHAPE, key.span, "a key that is not certainly a string").help("quote the key"));
            }
            if !seen.insert(key.text.to_string()) {
                return Err(Fault::new(SHAPE, key.span, format!("key `{}` occurs twice", key.text)));
            }
            let (event, span) = self.inside(&open)?;
            entries.push((key, self.node(event, span, depth + 1)?));
        }
    }

    fn sequence(&mut self, style: StructureStyle, open: Range<usize>, depth: usize) -> Result<Node<'t>, Fault> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.inside(&open)?;
            if matches!(event, Event::SequenceEnd) {
                flow_is_empty(style, items.is_empty(), &open)?;
                return Ok(Node::List(items, open.start..span.end));
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }
}

/// Only empty collections are written `{}` and `[]`: the others could not be edited line by line.
fn flow_is_empty(style: StructureStyle, empty: bool, open: &Range<usize>) -> Result<(), Fault> {
    if style == StructureStyle::Flow && !empty {
        return Err(Fault::new(UNREADABLE, open.clone(), "a collection in braces or brackets in a store file")
            .help("write it in block style, as `sops` does"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_are_never_mistaken() {
        for plain in ["lms-dev", "3-abc", "10.0.0.1", "v1", "1.2.3", "lmsgen", "e1", "a:b", "2001-12", "nil", "-a"] {
            assert!(!ambiguous(plain), "{plain}");
        }
        for plain in [
            "",
            "~",
            "No",
            "on",
            "1",
            "0x1F",
            "0o17",
            "017",
            "08",
            "1_000",
            "1e3",
            ".5",
            "5.",
            "+5",
            ".inf",
            "-.INF",
            ".NaN",
            "12:30:45",
            "2001-12-14",
            "2001-12-14T21:59:43.1Z",
            "2001-12-14 1:2:3",
            "0b11",
            "TRUE",
            "<<",
            "=",
        ] {
            assert!(ambiguous(plain), "{plain}");
        }
    }
}
