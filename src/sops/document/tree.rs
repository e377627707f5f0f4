//! YAML as SOPS takes it, as a tree with the place of every part: several documents, each a mapping; block and flow style.
//!
//! Anchors, aliases, merge keys and tags are refused: SOPS rewrites or drops them. What SOPS makes of a merge key, `!!merge <<`,
//! is a key like others. No message repeats a scalar that may be secret.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};
use zeroize::Zeroize;

use super::error::{DocumentError, Problem};
use super::scalar::{Resolved, resolve};

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
    Block,
}

/// A scalar with its place: quotes and the head of a block included, line ends behind a block left out.
#[derive(Debug)]
pub(super) struct Scalar<'t> {
    pub text: Cow<'t, str>,
    pub style: Style,
    pub span: Range<usize>,
}

impl Drop for Scalar<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.text {
            text.zeroize();
        }
    }
}

#[derive(Debug)]
pub(super) enum Node<'t> {
    Scalar(Scalar<'t>),
    Map(Map<'t>),
    List(List<'t>),
}

#[derive(Debug)]
pub(super) struct Map<'t> {
    pub entries: Vec<(Scalar<'t>, Node<'t>)>,
    pub flow: bool,
    pub span: Range<usize>,
}

#[derive(Debug)]
pub(super) struct List<'t> {
    pub items: Vec<Node<'t>>,
    pub flow: bool,
    pub span: Range<usize>,
}

/// A document of the file.
#[derive(Debug)]
pub(super) struct Root<'t> {
    pub map: Map<'t>,
    /// Every comment in it and above it, in order, without the line end.
    pub comments: Vec<Range<usize>>,
}

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 100;
/// Longer texts are refused.
pub(super) const MAX_LEN: usize = 16 << 20;

impl Node<'_> {
    pub(super) fn span(&self) -> Range<usize> {
        match self {
            Self::Scalar(scalar) => scalar.span.clone(),
            Self::Map(map) => map.span.clone(),
            Self::List(list) => list.span.clone(),
        }
    }
}

fn error(span: Range<usize>, message: &str) -> DocumentError {
    DocumentError::new(Problem::Yaml, span, message)
}

/// Reads every document of `text`.
pub(super) fn parse(text: &str) -> Result<Vec<Root<'_>>, DocumentError> {
    if text.len() > MAX_LEN {
        return Err(error(0..0, "the file has more than 16 MiB"));
    }
    let mut builder = Builder { text, events: Parser::new_from_str(text), comments: Vec::new(), last: 0 };
    let mut roots: Vec<Root<'_>> = Vec::new();
    while let Some((event, span)) = builder.next()? {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd => {}
            event => {
                let map = match builder.node(event, span, 0)? {
                    Node::Map(map) => map,
                    // `---` with nothing behind it.
                    Node::Scalar(scalar) if scalar.style == Style::Plain && resolve(&scalar.text) == Resolved::Null => {
                        Map { entries: Vec::new(), flow: true, span: scalar.span.clone() }
                    }
                    node => return Err(error(node.span(), "the document is no mapping")),
                };
                roots.push(Root { map, comments: std::mem::take(&mut builder.comments) });
            }
        }
    }
    match roots.last_mut() {
        Some(root) => root.comments.append(&mut builder.comments),
        None => return Err(error(0..0, "the file holds no document")),
    }
    Ok(roots)
}

struct Builder<'t> {
    text: &'t str,
    events: Parser<'t, granit_parser::StrInput<'t>>,
    comments: Vec<Range<usize>>,
    /// Where the last event ended.
    last: usize,
}

type Placed<'t> = (Event<'t>, Range<usize>);

impl<'t> Builder<'t> {
    fn range(&self, span: &Span) -> Range<usize> {
        let range = span.byte_range().unwrap_or(0..0);
        let (start, end) = (range.start.min(self.text.len()), range.end.min(self.text.len()));
        start..end.max(start)
    }

    /// The next event that is no comment.
    fn next(&mut self) -> Result<Option<Placed<'t>>, DocumentError> {
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
                Some(Err(fault)) => {
                    let at = fault.marker().byte_offset().unwrap_or(0).min(self.text.len());
                    return Err(error(at..at, "not valid YAML from here on"));
                }
            }
        }
    }

    /// The next event inside a collection that starts at `open`.
    fn inside(&mut self, open: &Range<usize>) -> Result<Placed<'t>, DocumentError> {
        self.next()?.ok_or_else(|| error(open.clone(), "the file ends inside this value"))
    }

    fn node(&mut self, event: Event<'t>, span: Range<usize>, depth: usize) -> Result<Node<'t>, DocumentError> {
        let refuse = |what: &str| Err(error(span.clone(), what).help("write the value out in place"));
        if depth > MAX_DEPTH {
            return refuse("nested too deeply");
        }
        match event {
            Event::Scalar(_, _, anchor, _) | Event::MappingStart(_, anchor, _) | Event::SequenceStart(_, anchor, _)
                if anchor != 0 =>
            {
                refuse("an anchor, which SOPS does not keep")
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::MappingStart(_, _, Some(_))
            | Event::SequenceStart(_, _, Some(_)) => refuse("a tag, which SOPS does not keep"),
            Event::Scalar(text, style, ..) => Ok(Node::Scalar(self.scalar(text, style, span))),
            Event::MappingStart(style, ..) => self.mapping(style == StructureStyle::Flow, span, depth),
            Event::SequenceStart(style, ..) => self.sequence(style == StructureStyle::Flow, span, depth),
            Event::Alias(_) | Event::UnresolvedAlias(_) => refuse("an alias, which SOPS does not keep"),
            _ => Err(error(span, "not valid YAML from here on")),
        }
    }

    /// A merge key as SOPS writes it. It stands where its tag does.
    fn merge_key(&mut self, event: &Event<'t>, span: &Range<usize>) -> Option<Node<'t>> {
        const TAG: &str = "!!merge";
        let Event::Scalar(text, ScalarStyle::Plain, 0, Some(_)) = event else { return None };
        let at = self.text.get(..span.end)?.rfind(TAG)?;
        let is_merge = text == "<<" && self.text[at + TAG.len()..span.end].trim() == "<<";
        self.last = span.end;
        is_merge.then(|| {
            let text = Cow::Borrowed("<<");
            Node::Scalar(Scalar { text, style: Style::Plain, span: at..span.end })
        })
    }

    fn scalar(&mut self, text: Cow<'t, str>, style: ScalarStyle, span: Range<usize>) -> Scalar<'t> {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            _ => Style::Block,
        };
        let span = if style == Style::Block { self.block(span) } else { span };
        self.last = span.end;
        let quotes = usize::from(style == Style::Quoted);
        let source = self.text.get(span.start + quotes..span.end.saturating_sub(quotes)).unwrap_or("");
        let text = if source == text { Cow::Borrowed(source) } else { Cow::Owned(text.into_owned()) };
        Scalar { text, style, span }
    }

    /// From the indicator of a block to the end of its last line that is not empty; the parser says where its text starts.
    fn block(&self, span: Range<usize>) -> Range<usize> {
        let mut start = self.last;
        for (at, byte) in self.text.bytes().enumerate().take(span.start).skip(self.last) {
            let in_comment = self.comments.iter().rev().any(|comment| comment.contains(&at));
            if matches!(byte, b'|' | b'>') && !in_comment {
                start = at;
                break;
            }
        }
        let head = start + self.text[start..].find(['\r', '\n']).unwrap_or(self.text.len() - start);
        let end = start + self.text[start..span.end.max(start)].trim_end().len();
        start..end.max(head)
    }

    fn mapping(&mut self, flow: bool, open: Range<usize>, depth: usize) -> Result<Node<'t>, DocumentError> {
        let mut entries: Vec<(Scalar<'t>, Node<'t>)> = Vec::new();
        let mut seen = HashSet::new();
        self.last = self.last.max(open.end);
        loop {
            let (event, span) = self.inside(&open)?;
            if matches!(event, Event::MappingEnd) {
                let end = if flow { span.end } else { entries.last().map_or(open.start, |(_, last)| last.span().end) };
                let end = end.max(entries.last().map_or(open.start, |(key, _)| key.span.end));
                self.last = self.last.max(end);
                // The parser says where a first key stands without its tag.
                let start = entries.first().map_or(open.start, |(key, _)| key.span.start.min(open.start));
                return Ok(Node::Map(Map { entries, flow, span: start..end }));
            }
            let merged = self.merge_key(&event, &span);
            let is_merge = merged.is_some();
            let Node::Scalar(key) = merged.map_or_else(|| self.node(event, span.clone(), depth + 1), Ok)? else {
                return Err(error(span, "a key that is no string"));
            };
            if key.style == Style::Plain && !is_merge {
                if key.text == "<<" {
                    return Err(error(span, "a merge key, which SOPS does not resolve").help("write its keys out"));
                }
                if resolve(&key.text) != Resolved::Str {
                    return Err(error(span, "a key that is no string").help("quote the key"));
                }
            }
            if !seen.insert(key.text.to_string()) {
                return Err(error(span, "a key that occurs twice"));
            }
            let (event, span) = self.inside(&open)?;
            entries.push((key, self.node(event, span, depth + 1)?));
        }
    }

    fn sequence(&mut self, flow: bool, open: Range<usize>, depth: usize) -> Result<Node<'t>, DocumentError> {
        let mut items: Vec<Node<'t>> = Vec::new();
        self.last = self.last.max(open.end);
        loop {
            let (event, span) = self.inside(&open)?;
            if matches!(event, Event::SequenceEnd) {
                let end = if flow { span.end } else { items.last().map_or(open.start, |last| last.span().end) };
                self.last = self.last.max(end);
                return Ok(Node::List(List { items, flow, span: open.start..end.max(open.start) }));
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }
}
