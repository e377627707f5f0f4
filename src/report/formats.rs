//! The formats that faults are reported in, by name, and the one way to write any of them.

use super::named::formats;
use super::{Page, Scope, diagnostics_json, diagnostics_text, github, gitlab, junit, markdown, nothing_text, sarif};
use crate::diagnostic::{Diagnostic, SourceMap};

formats! {
    /// How faults are written down.
    pub enum Format {
        /// For a person, with the lines of the files.
        Text = "text",
        /// `lmsgen.diagnostics/v1`.
        Json = "json",
        /// SARIF 2.1.0.
        Sarif = "sarif",
        /// `JUnit` XML: a test suite for each file.
        Junit = "junit",
        /// GitLab's Code Quality report.
        Gitlab = "gitlab",
        /// Workflow commands that GitHub shows beside the lines.
        Github = "github",
        /// A note for a merge request.
        Markdown = "markdown",
    }
}

/// What was found, and what a report needs to know to say it.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Faults, in the order of [`crate::diagnostic::Sink::into_sorted`].
    pub found: &'a [Diagnostic],
    /// The files that they are in.
    pub sources: &'a SourceMap,
    /// What was looked at.
    pub scope: Scope,
    /// Comes before paths of the fleet so that they begin at the repository's top: empty, or ending with `/`.
    pub prefix: &'a str,
    /// What a code means, in a few words.
    pub title: fn(&str) -> Option<&'static str>,
    /// Where text is shown, and how much of it.
    pub page: &'a Page,
}

impl Report<'_> {
    /// The report as `format`, with a final newline. For people no more than the page's limit; for machines everything.
    #[must_use]
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Text if self.found.is_empty() => nothing_text(self.scope),
            Format::Text => diagnostics_text(self.found, self.sources, self.scope, self.page),
            Format::Json => diagnostics_json(self.found, self.sources),
            Format::Sarif => sarif::sarif(self),
            Format::Junit => junit::junit(self),
            Format::Gitlab => gitlab::gitlab(self),
            Format::Github => github::github(self),
            Format::Markdown => markdown::markdown(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_read_by_its_name() {
        for &format in Format::ALL {
            assert_eq!(format.name().parse::<Format>().unwrap(), format);
        }
        let error = "xml".parse::<Format>().unwrap_err().to_string();
        assert_eq!(error, "there is no format `xml`; there is text, json, sarif, junit, gitlab, github, markdown");
    }
}
