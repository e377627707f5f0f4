//! Which statements are open: one that is never closed is reported where it stands, not at the end of the file.

use std::ops::Range;

/// Statements that open a block, and what closes it.
const PAIRS: [(&str, &str); 3] = [("if", "endif"), ("for", "endfor"), ("component", "endcomponent")];

/// At most this many are reported together.
const MOST: usize = 10;

/// The statements that are open at one place of a template.
#[derive(Debug, Default)]
pub struct Blocks(Vec<Block>);

#[derive(Debug)]
struct Block {
    word: &'static str,
    range: Range<usize>,
}

/// A message and its place.
pub type Found = (Range<usize>, String);

impl Blocks {
    /// A statement: opens or closes a block, or does neither. Returns what is not closed by then.
    pub fn statement(&mut self, word: &str, range: Range<usize>, source: &str) -> Vec<Found> {
        if let Some((open, _)) = PAIRS.iter().find(|(open, _)| *open == word) {
            self.0.push(Block { word: open, range });
            return Vec::new();
        }
        let Some((open, close)) = PAIRS.iter().find(|(_, close)| *close == word) else { return Vec::new() };
        match self.0.iter().rposition(|block| block.word == *open) {
            Some(at) => {
                let inner = self.0.split_off(at + 1);
                self.0.pop();
                inner.iter().take(MOST).map(|block| block.not_closed(source)).collect()
            }
            None => vec![(range, format!("`{{% {close} %}}` closes no `{{% {open} %}}`"))],
        }
    }

    /// What closes the innermost block, which ends here.
    pub fn end(&mut self) -> Option<&'static str> {
        let block = self.0.pop()?;
        PAIRS.iter().find(|(open, _)| *open == block.word).map(|(_, close)| *close)
    }

    /// What is still open at the end of the file.
    pub fn finish(self, source: &str) -> Vec<Found> {
        self.0.iter().take(MOST).map(|block| block.not_closed(source)).collect()
    }
}

impl Block {
    fn not_closed(&self, source: &str) -> Found {
        let line = source[..self.range.start].bytes().filter(|&byte| byte == b'\n').count() + 1;
        let word = self.word;
        (self.range.clone(), format!("`{{% {word} %}}` of line {line} has no `{{% end{word} %}}`"))
    }
}
