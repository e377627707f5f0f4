//! Stable codes and the class of fault behind each, which decides the exit code.

use std::fmt;

/// What kind of fault a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// A file, value, template or object is wrong, or policy forbids it.
    Input,
    /// The secret store is wrong: missing values, broken files, wrong recipients.
    Secret,
    /// Something safe to do only when a person says so.
    Guard,
    /// Something that a person should know, and that stops nothing by itself.
    Finding,
    /// More than lmsgen is willing to read or produce.
    Limit,
}

/// A stable code such as `LMS103`, declared once as a constant by the module that raises it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code {
    /// `LMS` and three digits; never reused for another fault.
    pub id: &'static str,
    /// The class, which decides the exit code.
    pub class: Class,
}

impl Code {
    /// Declares a code. `id` is `LMS` and three digits; a test proves that all are unique.
    #[must_use]
    pub const fn new(id: &'static str, class: Class) -> Self {
        Self { id, class }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}
