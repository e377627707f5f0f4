//! A diff as JSON, format `lmsgen.diff/v1`: fields are added, never renamed. Holds no secret value, as [`DiffReport`].

use jiff::tz::{Offset, TimeZone};
use serde::Serialize;

use super::Base;
use super::page::printable_json;
use crate::diff::DiffReport;

/// The document.
#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    base: Option<Commit<'a>>,
    /// `false` if not one file differs.
    changed: bool,
    #[serde(flatten)]
    report: &'a DiffReport,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the format")]
pub(super) struct Commit<'a> {
    commit: &'a str,
    /// RFC 3339, in the committer's zone.
    time: Option<String>,
    summary: &'a str,
}

/// One JSON document with a final newline. `base` is `None` before the first commit.
#[must_use]
pub fn diff_json(report: &DiffReport, base: Option<&Base>) -> String {
    let document = Document { format: "lmsgen.diff/v1", base: base.map(commit), changed: !report.is_empty(), report };
    printable_json(&serde_json::to_string_pretty(&document).expect("the report has string keys only"))
}

pub(super) fn commit(base: &Base) -> Commit<'_> {
    let time = local(base).map(|time| time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
    Commit { commit: &base.commit, time, summary: &base.summary }
}

/// The commit's time where it was made; `None` for a time that no calendar holds.
pub(super) fn local(base: &Base) -> Option<jiff::Zoned> {
    let offset = Offset::from_seconds(base.offset.checked_mul(60)?).ok()?;
    Some(jiff::Timestamp::from_second(base.time).ok()?.to_zoned(TimeZone::fixed(offset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_names_its_format_and_base() {
        let base =
            Base { commit: "4f1c2ab0".into(), time: 1_795_100_520, offset: 180, summary: "Release \u{1b}[31m".into() };
        let text = diff_json(&DiffReport::default(), Some(&base));
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["format"], "lmsgen.diff/v1");
        assert_eq!(read["base"]["time"], "2026-11-19T18:02:00+03:00");
        assert_eq!(read["base"]["summary"], "Release \u{1b}[31m");
        assert_eq!(read["changed"], false);
        assert_eq!(read["groups"], serde_json::json!([]));
        assert!(!text.contains('\u{1b}'));
        assert!(diff_json(&DiffReport::default(), None).contains("\"base\": null"));
    }
}
