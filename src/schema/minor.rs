//! Releases of Kubernetes, as `1.35`.

use std::fmt;
use std::str::FromStr;

/// A minor release of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Minor {
    major: u8,
    minor: u16,
}

impl Minor {
    /// Release `1.minor`.
    pub(super) const fn one(minor: u16) -> Self {
        Self { major: 1, minor }
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text that is no release, or a release without schemas.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no schemas of Kubernetes `{0}`")]
pub struct UnknownMinor(pub String);

impl FromStr for Minor {
    type Err = UnknownMinor;

    fn from_str(text: &str) -> Result<Self, UnknownMinor> {
        let unknown = || UnknownMinor(text.into());
        let (major, minor) = text.split_once('.').ok_or_else(unknown)?;
        let (major, minor) = (major.parse().ok(), minor.parse().ok());
        major.zip(minor).map(|(major, minor)| Self { major, minor }).ok_or_else(unknown)
    }
}
