//! Rows of cells in columns that line up, whatever script they are written in.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns between two cells.
const GAP: usize = 3;

/// No column becomes narrower than this.
const NARROWEST: usize = 16;

/// No cell takes more lines than this.
const TALLEST: usize = 3;

/// Rows with equally many cells, and how to fit them into a line.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Adds a row.
    pub(super) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Columns that the rows need without being wrapped.
    pub(super) fn width(&self) -> usize {
        let widths = self.widths();
        widths.iter().filter(|&&width| width > 0).map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |at: usize| self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max();
        (0..columns).map(|at| widest(at).unwrap_or(0)).collect()
    }

    /// The rows, each after `indent` blanks. Where `width` is given, the widest columns are wrapped to fit.
    pub(super) fn lines(&self, indent: usize, width: Option<usize>) -> String {
        let mut widths = self.widths();
        if let Some(width) = width {
            fit(&mut widths, width.saturating_sub(indent));
        }
        let mut out = String::new();
        for row in &self.rows {
            let cells: Vec<Vec<String>> = row.iter().zip(&widths).map(|(cell, &width)| wrap(cell, width)).collect();
            for at in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
                let mut line = " ".repeat(indent);
                for (cell, &width) in cells.iter().zip(&widths).filter(|(_, width)| **width > 0) {
                    let part = cell.get(at).map_or("", String::as_str);
                    line.push_str(part);
                    line.push_str(&" ".repeat(width.saturating_sub(part.width()) + GAP));
                }
                out.push_str(line.trim_end());
                out.push('\n');
            }
        }
        out
    }
}

/// The text in lines of at most `width` columns, broken at blanks where there are any; what needs more than [`TALLEST`]
/// lines is cut.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = text;
    while rest.width() > width && lines.len() + 1 < TALLEST {
        let mut used = 0;
        let fits = |c: &char| {
            used += c.width().unwrap_or(0);
            used <= width
        };
        let end: usize = rest.chars().take_while(fits).map(char::len_utf8).sum();
        // A line ends at a blank, or else in the middle of a word.
        let end = rest[..end].rfind(' ').filter(|&at| at > 0).unwrap_or(end);
        if end == 0 {
            break;
        }
        lines.push(rest[..end].to_owned());
        rest = rest[end..].trim_start_matches(' ');
    }
    lines.push(cut(rest, width));
    lines
}

/// Takes from the widest column until all fit, or none can give more.
fn fit(widths: &mut [usize], room: usize) {
    loop {
        let used =
            widths.iter().filter(|&&width| width > 0).map(|width| width + GAP).sum::<usize>().saturating_sub(GAP);
        let Some(widest) = widths.iter_mut().max() else { return };
        if used <= room || *widest <= NARROWEST {
            return;
        }
        *widest -= (used - room).min(*widest - NARROWEST).max(1);
    }
}

/// The text in at most `width` columns, with `…` for what is left out.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cyrillic_and_wide_letters_line_up() {
        let mut table = Table::default();
        for row in [["ООО", "а", "x"], ["会社", "", "y"], ["e", "long", ""]] {
            table.push(row.map(str::to_owned).to_vec());
        }
        assert_eq!(table.lines(2, None), "  ООО    а      x\n  会社          y\n  e      long\n");
    }

    #[test]
    fn the_widest_column_is_wrapped() {
        let mut table = Table::default();
        table.push(vec!["short".into(), "some words -> other words, ООО «Ромашка»".into(), "effect".into()]);
        table.push(vec![String::new(), "x".repeat(80), String::new()]);
        assert_eq!(
            table.lines(2, Some(42)),
            "  short   some words -> other       effect\n          words, ООО «Ромашка»\n          \
             xxxxxxxxxxxxxxxxxxxxxxx\n          xxxxxxxxxxxxxxxxxxxxxxx\n          xxxxxxxxxxxxxxxxxxxxxx…\n"
        );
        assert!(table.lines(0, None).lines().all(|line| line.width() > 60 || line.contains("effect")));
    }
}
