//! The formats that a status is reported in, by name, and the one way to write any of them.

use std::fmt;
use std::str::FromStr;

use super::status_html::status_html;
use super::status_json::status_json;
use super::status_junit::status_junit;
use super::status_text::status_text;
use super::{Base, NoSuchFormat, Page};
use crate::status::Status;

/// How a status is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusFormat {
    /// For a person.
    Text,
    /// `lmsgen.status/v1`.
    Json,
    /// A page for a browser.
    Html,
    /// `JUnit` XML: a test case for each instance.
    Junit,
}

impl StatusFormat {
    /// All of them, in the order of help.
    pub const ALL: [Self; 4] = [Self::Text, Self::Json, Self::Html, Self::Junit];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Html => "html",
            Self::Junit => "junit",
        }
    }
}

impl fmt::Display for StatusFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for StatusFormat {
    type Err = NoSuchFormat;

    fn from_str(name: &str) -> Result<Self, NoSuchFormat> {
        NoSuchFormat::or(&Self::ALL, Self::name, name)
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
