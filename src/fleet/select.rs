//! Which instances a command is about: client ids or globs, environments, labels.

use super::Fleet;

/// What was asked for, as typed; an empty list asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Client ids or globs (`C4*`); any of them.
    pub clients: Vec<String>,
    /// Environment names or globs; any of them.
    pub environments: Vec<String>,
    /// Labels `key=value`; all of them.
    pub labels: Vec<String>,
}

/// Why a selection is refused: a fault of the command line, not of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A pattern or the selection as a whole matches nothing.
    #[error("no {what} matches {asked}{near}")]
    NoMatch {
        /// `client`, `environment` or `instance`.
        what: &'static str,
        /// What was asked, quoted.
        asked: String,
        /// Near misses or what there is, as a fragment that starts with `: ` or `; `; may be empty.
        near: String,
    },
    /// A label selector without `=`.
    #[error("`{0}` is no label selector: write `key=value`")]
    Label(String),
}

impl Selection {
    /// `true` if nothing narrows it down.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.clients.is_empty() && self.environments.is_empty() && self.labels.is_empty()
    }

    /// Indices into [`Fleet::instances`], ascending. Never empty, except for everything of an empty fleet.
    ///
    /// # Errors
    /// When a pattern matches nothing, or all of them together do.
    pub fn instances(&self, fleet: &Fleet) -> Result<Vec<usize>, SelectionError> {
        if self.is_everything() {
            return Ok((0..fleet.instances.len()).collect());
        }
        Err(SelectionError::NoMatch { what: "instance", asked: self.clients.join(" "), near: String::new() })
    }
}
