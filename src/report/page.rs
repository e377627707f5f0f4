//! What every text report needs to know of the place it is shown at, and how numbers are written.

/// Whether a report carries colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// No escape codes.
    Plain,
    /// ANSI colours; they add to the words and never replace them.
    Ansi,
}

/// Where a text report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Columns; lines are laid out for it.
    pub width: usize,
    /// Colour.
    pub paint: Paint,
    /// Now, in seconds since 1970, to say "yesterday".
    pub now: i64,
    /// How many entries of one sort are shown before the rest is only counted; `None` shows all.
    pub limit: Option<usize>,
}

/// The commit a diff is made against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The commit's full name in hex.
    pub commit: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
    /// The committer's offset from UTC in minutes.
    pub offset: i32,
    /// First line of its message.
    pub summary: String,
}

/// `2985` as `2,985`.
#[must_use]
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 instance`, `2,985 instances`: a regular English plural.
#[must_use]
pub fn counted(n: usize, what: &str) -> String {
    format!("{} {what}{}", count(n), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1000, 2985, 1_234_567].map(count), ["0", "999", "1,000", "2,985", "1,234,567"]);
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(0, "file"), "0 files");
    }
}
