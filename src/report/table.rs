//! Rows of cells in columns that line up, whatever script they are written in.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns between two cells.
const GAP: usize = 3;

/// No column is cut below this.
const NARROWEST: usize = 16;

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

    /// The rows, each after `indent` blanks. Where `width` is given, the widest columns are cut to fit.
    pub(super) fn lines(&self, indent: usize, width: Option<usize>) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..columns)
            .map(|at| self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0))
            .collect();
        if let Some(width) = width {
            fit(&mut widths, width.saturating_sub(indent));
        }
        let mut out = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for (cell, &width) in row.iter().zip(&widths) {
                let cell = cut(cell, width);
                line.push_str(&cell);
                if width > 0 {
                    line.push_str(&" ".repeat(width - cell.width() + GAP));
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
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
    fn the_widest_column_gives_way() {
        let mut table = Table::default();
        table.push(vec!["short".into(), "a".repeat(80), "effect".into()]);
        let line = table.lines(0, Some(60));
        assert_eq!(line.trim_end().width(), 60);
        assert!(line.starts_with("short   aaa") && line.ends_with("…   effect\n"), "{line}");
        assert!(table.lines(0, None).len() > 80);
    }
}
