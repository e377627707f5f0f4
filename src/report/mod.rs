//! Results in words and formats: one file per format. Takes values, returns text; never prints.
//!
//! Nothing here ever sees a secret value; what a person typed is shown with control characters escaped.

mod diagnostics_json;
mod diagnostics_text;
mod diff_json;
mod diff_text;
mod explain;
mod page;

pub use diagnostics_json::diagnostics_json;
pub use diagnostics_text::{Scope, diagnostics_text};
pub use diff_json::diff_json;
pub use diff_text::{DiffView, diff_text, unified_text};
pub use explain::{Explanation, Setting, explain_text};
pub use page::{Base, Page, Paint, count, counted, printable};
