//! Environment variables as the command line takes them.

#![expect(clippy::disallowed_methods, reason = "the command line reads the environment")]

use std::ffi::OsString;

/// A variable that is set and not empty.
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// `true` for a variable that is there, even if it is empty.
pub fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

/// `true` in a pipeline, as CI systems say it: secret values are not shown there, and nobody is asked.
pub fn is_ci() -> bool {
    variable("CI").is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
}
