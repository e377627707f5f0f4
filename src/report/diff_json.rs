//! A diff as JSON, format `lmsgen.diff/v1`.

use super::Base;
use crate::diff::DiffReport;

/// One JSON document with a final newline. `base` is `None` before the first commit.
#[must_use]
pub fn diff_json(_report: &DiffReport, _base: Option<&Base>) -> String {
    String::new()
}
