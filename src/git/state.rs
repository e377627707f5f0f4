//! Is the repository in a state that publishing can start from? All reasons against it, at once.

use super::Exit;

/// One reason not to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The class of the fault.
    pub exit: Exit,
    /// What is wrong: a lower-case sentence without a final period.
    pub message: String,
    /// What to do, in the imperative.
    pub help: Option<String>,
}
