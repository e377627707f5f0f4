//! The formats that differences are reported in, by name.

use std::fmt;
use std::str::FromStr;

use super::NoSuchFormat;

/// How differences are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiffFormat {
    /// For a person.
    Text,
    /// `lmsgen.diff/v1`.
    Json,
    /// For a note in a merge request.
    Markdown,
    /// Three counts for GitLab's `artifacts:reports:terraform`.
    Gitlab,
}

impl DiffFormat {
    /// All of them, in the order of help.
    pub const ALL: [Self; 4] = [Self::Text, Self::Json, Self::Markdown, Self::Gitlab];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Gitlab => "gitlab",
        }
    }
}

impl fmt::Display for DiffFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DiffFormat {
    type Err = NoSuchFormat;

    fn from_str(name: &str) -> Result<Self, NoSuchFormat> {
        NoSuchFormat::or(&Self::ALL, Self::name, name)
    }
}
