//! How a result is said.

use clap::ValueEnum;

/// `--output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs; each format has a name and a version.
    Json,
}
