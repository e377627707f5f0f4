//! The formats that differences are reported in, by name.

use super::named::formats;

formats! {
    /// How differences are written down.
    pub enum DiffFormat {
        /// For a person.
        Text = "text",
        /// `lmsgen.diff/v1`.
        Json = "json",
        /// For a note in a merge request.
        Markdown = "markdown",
        /// Three counts for GitLab's `artifacts:reports:terraform`.
        Gitlab = "gitlab",
    }
}
