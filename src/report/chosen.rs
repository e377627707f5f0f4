//! Which faults a report for people shows, and how it says what it leaves out. Reports for machines hold all.

use std::collections::{HashMap, HashSet};

use super::count;
use crate::diagnostic::{Code, Diagnostic};

/// Faults of one code in one file that are shown.
const OF_A_SORT: usize = 20;

/// Codes that are named with what is left out.
const NAMED_CODES: usize = 3;

/// What is shown, in the order found, and what is not.
pub(super) struct Chosen<'a> {
    pub(super) shown: Vec<&'a Diagnostic>,
    rest: Vec<&'a Diagnostic>,
}

impl<'a> Chosen<'a> {
    /// At most `limit` of `found`, and at most [`OF_A_SORT`] of a code in a file; without a limit all. No code is left
    /// out because of many others: the first of each comes before the second of any.
    pub(super) fn of(found: impl IntoIterator<Item = &'a Diagnostic>, limit: Option<usize>) -> Self {
        let found: Vec<&Diagnostic> = found.into_iter().collect();
        let Some(limit) = limit else { return Self { shown: found, rest: Vec::new() } };
        let mut codes = HashSet::new();
        let mut of_file = HashMap::new();
        let mut first = Vec::new();
        let mut later = Vec::new();
        for (at, one) in found.iter().enumerate() {
            let file = one.primary.as_ref().map(|label| label.span.file);
            let in_file: &mut usize = of_file.entry((one.code, file)).or_default();
            *in_file += 1;
            if codes.insert(one.code) {
                first.push(at);
            } else if *in_file <= OF_A_SORT {
                later.push(at);
            }
        }
        let mut is_shown = vec![false; found.len()];
        first.into_iter().chain(later).take(limit).for_each(|at| is_shown[at] = true);
        let part = |wanted: bool| {
            let all = found.iter().zip(&is_shown);
            all.filter(|(_, is_shown)| **is_shown == wanted).map(|(one, _)| *one).collect()
        };
        Self { shown: part(true), rest: part(false) }
    }

    /// `and 9,980 more (LMS160 9,970, LMS231 10)`; `None` if everything is shown.
    pub(super) fn more(&self) -> Option<String> {
        if self.rest.is_empty() {
            return None;
        }
        let mut codes: Vec<(Code, usize)> = Vec::new();
        for one in &self.rest {
            match codes.iter_mut().find(|(code, _)| *code == one.code) {
                Some((_, n)) => *n += 1,
                None => codes.push((one.code, 1)),
            }
        }
        codes.sort_by_key(|(code, n)| (std::cmp::Reverse(*n), code.id));
        let named: Vec<String> =
            codes.iter().take(NAMED_CODES).map(|(code, n)| format!("{code} {}", count(*n))).collect();
        let of = match codes.as_slice() {
            [(code, _)] => code.to_string(),
            _ if codes.len() > NAMED_CODES => format!("{}, …", named.join(", ")),
            _ => named.join(", "),
        };
        Some(format!("and {} more ({of})", count(self.rest.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Class, SourceMap, Span};

    const MANY: Code = Code::new("LMS994", Class::Input);
    const FEW: Code = Code::new("LMS993", Class::Input);

    #[test]
    fn twenty_of_a_sort_in_a_file_and_every_code() {
        let mut sources = SourceMap::default();
        let files = ["a", "b", "c"].map(|path| sources.add(path, "x".repeat(200)));
        let fault = |code, file, at| Diagnostic::error(code, "m").at(Span::new(file, at..at + 1), "");
        let mut found: Vec<_> = files.iter().flat_map(|file| (0..100).map(|at| fault(MANY, *file, at))).collect();
        found.push(fault(FEW, files[2], 1));
        let chosen = Chosen::of(&found, Some(50));
        assert_eq!(chosen.shown.len(), 50);
        assert_eq!(chosen.shown.iter().filter(|one| one.code == FEW).count(), 1);
        let in_file = |file| chosen.shown.iter().filter(|one| one.primary.as_ref().unwrap().span.file == file).count();
        assert_eq!(files.map(in_file), [20, 20, 10]);
        assert_eq!(chosen.more().unwrap(), "and 251 more (LMS994)");
        assert_eq!(Chosen::of(&found, Some(1)).more().unwrap(), "and 300 more (LMS994 299, LMS993 1)");
        assert_eq!(Chosen::of(&found, None).shown.len(), 301);
        assert!(Chosen::of(&found[..3], Some(50)).more().is_none());
    }
}
