//! The formats that faults are reported in, by name, and the one way to write any of them.

use std::fmt;
use std::str::FromStr;

use super::{Page, Scope, diagnostics_json, diagnostics_text, github, gitlab, junit, markdown, nothing_text, sarif};
use crate::diagnostic::{Diagnostic, SourceMap};

/// How faults are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For a person, with the lines of the files.
    Text,
    /// `lmsgen.diagnostics/v1`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// `JUnit` XML: a test suite for each file.
    Junit,
    /// GitLab's Code Quality report.
    Gitlab,
    /// Workflow commands that GitHub shows beside the lines.
    Github,
    /// A note for a merge request.
    Markdown,
}

impl Format {
    /// All of them, in the order of help.
    pub const ALL: [Self; 7] =
        [Self::Text, Self::Json, Self::Sarif, Self::Junit, Self::Gitlab, Self::Github, Self::Markdown];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Gitlab => "gitlab",
            Self::Github => "github",
            Self::Markdown => "markdown",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A format that something is not written in.
#[derive(Debug, thiserror::Error)]
#[error("there is no format `{name}`; there is {}", known.join(", "))]
pub struct NoSuchFormat {
    /// What was asked for.
    name: String,
    /// What there is.
    known: Vec<&'static str>,
}

impl NoSuchFormat {
    /// The one of `all` that is called `name`.
    pub(super) fn or<F: Copy>(all: &[F], name_of: fn(F) -> &'static str, name: &str) -> Result<F, Self> {
        let found = all.iter().copied().find(|&format| name_of(format) == name);
        found.ok_or_else(|| Self {
            name: super::printable(name).into_owned(),
            known: all.iter().copied().map(name_of).collect(),
        })
    }
}

impl FromStr for Format {
    type Err = NoSuchFormat;

    fn from_str(name: &str) -> Result<Self, NoSuchFormat> {
        NoSuchFormat::or(&Self::ALL, Self::name, name)
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
        for format in Format::ALL {
            assert_eq!(format.name().parse::<Format>().unwrap(), format);
        }
        let error = "xml".parse::<Format>().unwrap_err().to_string();
        assert_eq!(error, "there is no format `xml`; there is text, json, sarif, junit, gitlab, github, markdown");
    }
}
