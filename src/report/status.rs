//! The formats that a status is reported in, by name, and the one way to write any of them.

use super::named::formats;
use super::status_html::status_html;
use super::status_json::status_json;
use super::status_junit::status_junit;
use super::status_text::status_text;
use super::{Base, Page};
use crate::status::Status;

formats! {
    /// How a status is written down.
    pub enum StatusFormat {
        /// For a person.
        Text = "text",
        /// `lmsgen.status/v1`.
        Json = "json",
        /// A page for a browser.
        Html = "html",
        /// `JUnit` XML: a test case for each instance.
        Junit = "junit",
    }
}

/// The status as `format`, with a final newline. `base` is the commit that is compared with.
#[must_use]
pub fn status_report(status: &Status, base: Option<&Base>, format: StatusFormat, page: &Page) -> String {
    match format {
        StatusFormat::Text => status_text(status, base, page),
        StatusFormat::Json => status_json(status, base),
        StatusFormat::Html => status_html(status, base),
        StatusFormat::Junit => status_junit(status),
    }
}
