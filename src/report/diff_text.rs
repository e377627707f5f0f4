//! A diff as people read it: the answer first, then what needs a decision, then the mass, then the sums.

use super::{Base, Page};
use crate::diff::{DiffReport, TextChange};

/// How much of a diff is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffView {
    /// Headline, groups and sums.
    Groups,
    /// The same with every object and field of every group.
    Objects,
    /// Headline and counts of each environment, kind and action.
    Stat,
}

/// The semantic diff. `base` is `None` before the first commit.
#[must_use]
pub fn diff_text(_report: &DiffReport, _base: Option<&Base>, _view: DiffView, _page: &Page) -> String {
    String::new()
}

/// Changed files as a unified diff.
#[must_use]
pub fn unified_text(_changes: &[TextChange], _page: &Page) -> String {
    String::new()
}
