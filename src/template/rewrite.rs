//! Sending every printed value through the token filter, by rewriting `{{ expr }}` to `{{ (expr) | token }}`.
//!
//! The rewritten text is what Tera sees; [`Rewritten::origin`] leads every place in it back to the file.

use std::ops::Range;

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
                    let at = inner.start;
                    new.copy(source, outer.start..inner.start);
                    new.text.push('(');
                    new.copy(source, inner.clone());
                    new.filters.push((new.text.len(), trimmed(source, inner.clone())));
                    new.text.push_str(") | ");
                    new.text.push_str(TOKEN_FILTER);
                    if marks == Marks::On {
                        new.text.push_str(&format!("(at={at})"));
                    }
                    new.text.push(' ');
                    new.copy(source, inner.end..outer.end);
                }
                other => new.copy(source, other.outer()),
            }
        }
        new
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
