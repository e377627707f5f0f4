//! What is wrong with one object, and where in it.

use crate::diagnostic::Code;
use crate::manifest::Path;

/// Something that the API server would not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable code.
    pub code: Code,
    /// The value it is about; for a missing field the path of the field.
    pub path: Path,
    /// What is wrong: a lower-case fragment that names the field itself.
    pub message: String,
    /// What to do, in the imperative.
    pub help: Option<String>,
}

/// Collects what is wrong with one object.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn add(&mut self, code: Code, path: Path, message: impl Into<String>) -> &mut Fault {
        self.0.push(Fault { code, path, message: message.into(), help: None });
        self.0.last_mut().expect("one was pushed")
    }

    /// All, in the order found.
    #[must_use]
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }

    /// All so far.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }
}

impl Fault {
    /// Says what to do.
    pub fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }
}
