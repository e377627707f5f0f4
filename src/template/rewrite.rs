//! Sending every printed value through the token filter, by rewriting `{{ expr }}` to `{{ (expr) | token }}`.
//!
//! The rewritten text is what Tera sees; [`Rewritten::origin`] leads every place in it back to the file.

use std::ops::Range;

use super::chain::chains;
use super::limits::{SIZE_FILTER, TICK_FUNCTION};
use super::scan::{Piece, scan};
use super::token::{MARK_CLOSE, MARK_OPEN};

/// The filter that turns a value into a token.
pub const TOKEN_FILTER: &str = "lmsgen_token";

/// A rewritten template.
#[derive(Debug)]
pub struct Rewritten {
    /// What Tera parses.
    pub text: String,
    /// Where copied stretches start: in the rewritten text, in the file.
    copied: Vec<(usize, usize)>,
    /// Where an added filter starts in the rewritten text, and the expression in the file that it is added to.
    filters: Vec<(usize, Range<usize>)>,
}

/// Whether the output says where in the file it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marks {
    /// For rendering.
    Off,
    /// For finding the place of a fault: every line of text starts with a mark that holds its offset, and every token
    /// knows the expression it stands for.
    On,
}

impl Rewritten {
    /// Rewrites `source`.
    #[must_use]
    pub fn new(source: &str, marks: Marks) -> Self {
        let mut new = Self { text: String::with_capacity(source.len() * 2), copied: Vec::new(), filters: Vec::new() };
        for piece in scan(source) {
            match piece {
                Piece::Text(range) if marks == Marks::On => new.copy_marked(source, range),
                Piece::Print(outer, inner) if !source[inner.clone()].trim_start().starts_with('<') => {
                    let at = if marks == Marks::On { format!("(at={})", inner.start) } else { String::new() };
                    new.copy(source, outer.start..inner.start);
                    new.filtered(source, inner.clone(), &format!("{TOKEN_FILTER}{at}"));
                    new.copy(source, inner.end..outer.end);
                }
                Piece::Statement(outer, inner) => new.statement(source, &outer, &inner),
                other => new.copy(source, other.outer()),
            }
        }
        new
    }

    /// An expression sent through a filter.
    fn filtered(&mut self, source: &str, expression: Range<usize>, filter: &str) {
        self.text.push('(');
        self.copy(source, expression.clone());
        self.filters.push((self.text.len(), trimmed(source, expression)));
        self.text.push_str(") | ");
        self.text.push_str(filter);
        self.text.push(' ');
    }

    /// Puts the limits into statements that could go on without end.
    fn statement(&mut self, source: &str, outer: &Range<usize>, inner: &Range<usize>) {
        let text = &source[inner.clone()];
        match text.split_whitespace().next() {
            Some("set") => {
                let start = text.find('=').map_or(inner.end, |at| inner.start + at + 1);
                self.copy(source, outer.start..start);
                self.filtered(source, start..inner.end, SIZE_FILTER);
                self.copy(source, inner.end..outer.end);
            }
            Some(word @ ("for" | "component")) => {
                self.copy(source, outer.clone());
                let arguments = if word == "component" { component_arguments(text) } else { String::new() };
                // A statement that trims what follows it hands that on.
                let trim = if source[inner.end..].starts_with('-') { "-" } else { "" };
                self.text.push_str(&format!("{{{{ {TICK_FUNCTION}({arguments}) {trim}}}}}"));
            }
            _ => self.copy(source, outer.clone()),
        }
    }

    fn copy(&mut self, source: &str, range: Range<usize>) {
        self.copied.push((self.text.len(), range.start));
        self.text.push_str(&source[range]);
    }

    /// Puts a mark before the first character of each line that is no white space, so that Tera's white space control
    /// works as without marks.
    fn copy_marked(&mut self, source: &str, range: Range<usize>) {
        let mut at = range.start;
        for line in source[range].split_inclusive('\n') {
            let lead = line.len() - line.trim_start().len();
            self.copy(source, at..at + lead);
            if lead < line.len() {
                self.text.push_str(&format!("{MARK_OPEN}{}{MARK_CLOSE}", at + lead));
            }
            self.copy(source, at + lead..at + line.len());
            at += line.len();
        }
    }

    /// The offset in the file that `offset` of the rewritten text comes from.
    #[must_use]
    pub fn origin(&self, offset: usize) -> usize {
        let next = self.copied.partition_point(|&(start, _)| start <= offset);
        let Some(&(start, origin)) = next.checked_sub(1).and_then(|at| self.copied.get(at)) else { return 0 };
        let limit = self.copied.get(next).map_or(usize::MAX, |&(_, following)| following.saturating_sub(origin));
        origin + (offset - start).min(limit)
    }

    /// The offset in the file of a line and column, from 1, in the rewritten text.
    #[must_use]
    pub fn origin_of_place(&self, line: usize, column: usize) -> usize {
        self.origin(self.offset(line, column.saturating_sub(1)))
    }

    /// A place that Tera reports, led back to the file: the expression itself when the added filter is blamed.
    #[must_use]
    pub fn origin_of_span(&self, span: &tera::Span) -> Range<usize> {
        let start = self.offset(span.start_line, span.start_col);
        let filter = self.filters.partition_point(|&(at, _)| at <= start);
        if let Some((at, expression)) = filter.checked_sub(1).map(|nth| &self.filters[nth])
            && start - at <= ") | ".len() + TOKEN_FILTER.len()
        {
            return expression.clone();
        }
        let origin = self.origin(start);
        origin..self.origin(self.offset(span.end_line, span.end_col)).max(origin)
    }

    /// The offset of a line (from 1) and a column in characters (from 0).
    fn offset(&self, line: usize, column: usize) -> usize {
        let start: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        start + self.text[start..].char_indices().nth(column).map_or(self.text.len() - start, |(at, _)| at)
    }
}

/// `of=[a, b]` for `component name(a, b: string = "x")`.
fn component_arguments(header: &str) -> String {
    let names: Vec<String> = chains(header, 0..header.len())
        .into_iter()
        .filter(|chain| {
            let before = header[..chain.range.start].trim_end();
            before.ends_with(['(', ','])
        })
        .map(|chain| chain.parts[0].clone())
        .collect();
    if names.is_empty() { String::new() } else { format!("of=[{}]", names.join(", ")) }
}

/// `range` without white space at its ends.
fn trimmed(source: &str, range: Range<usize>) -> Range<usize> {
    let text = &source[range.clone()];
    let start = range.start + text.len() - text.trim_start().len();
    start..start + text.trim().len()
}

/// Output of a marked template without its marks, and where each stretch comes from.
#[derive(Debug, Default)]
pub struct Unmarked {
    /// The output as an unmarked template would give it.
    pub text: String,
    /// Offset in `text` and in the file, in the order of the output.
    places: Vec<(usize, usize)>,
}

impl Unmarked {
    /// Takes the marks out of `output`.
    #[must_use]
    pub fn new(output: &str) -> Self {
        let mut new = Self::default();
        let mut rest = output;
        while let Some((before, after)) = rest.split_once(MARK_OPEN) {
            new.text.push_str(before);
            let (offset, after) = after.split_once(MARK_CLOSE).unwrap_or((after, ""));
            if let Ok(offset) = offset.parse() {
                new.places.push((new.text.len(), offset));
            }
            rest = after;
        }
        new.text.push_str(rest);
        new
    }

    /// The offset in the file of the text at `offset`: exact up to the first token of its line, the line's start after it.
    #[must_use]
    pub fn origin(&self, offset: usize) -> Option<usize> {
        let next = self.places.partition_point(|&(start, _)| start <= offset);
        let (start, origin) = *self.places.get(next.checked_sub(1)?)?;
        let between = self.text.get(start..offset)?;
        if between.contains(['\n', super::token::OPEN]) { Some(origin) } else { Some(origin + between.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_print_goes_through_the_filter_and_places_lead_back() {
        let source = "a: {{- x.y -}}\nb: {{ <q v={z}/> }}\nc: {{ n }}\n";
        let rewritten = Rewritten::new(source, Marks::Off);
        assert_eq!(
            rewritten.text,
            "a: {{-( x.y ) | lmsgen_token -}}\nb: {{ <q v={z}/> }}\nc: {{( n ) | lmsgen_token }}\n"
        );
        let at = rewritten.text.find("x.y").unwrap();
        assert_eq!(rewritten.origin(at), source.find("x.y").unwrap());
        let at = rewritten.text.rfind("}}").unwrap();
        assert_eq!(rewritten.origin(at), source.rfind("}}").unwrap());
    }

    #[test]
    fn marks_are_taken_out_and_tell_the_place() {
        let source = "a: 1\n  b: 2\n";
        let marked = Rewritten::new(source, Marks::On);
        let unmarked = Unmarked::new(&marked.text);
        assert_eq!(unmarked.text, source);
        assert_eq!(unmarked.origin(source.find('2').unwrap()), source.find('2'));
    }
}
