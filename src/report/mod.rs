//! Results in words and formats: one file per format. Takes values, returns text; never prints.
//!
//! Nothing here ever sees a secret value; what a person typed is shown with control characters escaped.

mod adoption;
mod chosen;
mod diagnostics_json;
mod diagnostics_text;
mod diff_format;
mod diff_json;
mod diff_markdown;
mod diff_objects;
mod diff_sections;
mod diff_text;
mod diff_unified;
mod explain;
mod formats;
mod github;
mod gitlab;
mod junit;
mod markdown;
mod named;
mod page;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reports_tests;
mod rules;
mod sarif;
mod secret_status;
mod spot;
mod status;
mod status_html;
mod status_json;
mod status_junit;
mod status_text;
mod sums;
mod table;
#[cfg(test)]
mod tests;
mod words;

pub use adoption::adoption_text;
pub use diagnostics_json::diagnostics_json;
pub use diagnostics_text::diagnostics_text;
pub use diff_format::DiffFormat;
pub use diff_json::diff_json;
pub use diff_markdown::{diff_gitlab, diff_markdown};
pub use diff_text::{DiffView, diff_text};
pub use diff_unified::unified_text;
pub use explain::explain_text;
pub use formats::{Format, Report};
pub use named::NoSuchFormat;
pub use page::{Base, Page, Paint, count, counted, printable};
pub use rules::{rule_text, rules_json, rules_text};
pub use secret_status::{secret_status_json, secret_status_text};
pub use status::{StatusFormat, status_report};
pub use sums::{Scope, nothing_text};

use chosen::Chosen;
use diagnostics_text::drawn;
use sums::{in_instances, looked_at, tally};
