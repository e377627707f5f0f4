//! Where a parameter's value comes from.

use super::Fleet;
use crate::params::{Origin, ParamValue};

/// A parameter of an instance, and every layer that had a say.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The path asked for: a parameter, or a key inside a table parameter (`nfs.server`).
    pub path: String,
    /// The value in effect; `None` when unset.
    pub value: Option<ParamValue>,
    /// What the layers said, highest first; the first one decided (for tables: last).
    pub steps: Vec<Step>,
    /// The declared shape in words: `integer 1 to 720, hours`.
    pub shape: String,
    /// `description` of the declaration.
    pub description: String,
    /// The declaration in `stack.toml`.
    pub declared: crate::diagnostic::Span,
}

/// What one layer said.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The layer and the place.
    pub origin: Origin,
    /// What it set; `None` when it unset the parameter.
    pub value: Option<ParamValue>,
}

/// The parameter asked for does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stack `{stack}` declares no parameter `{path}`{near}")]
pub struct UnknownParameter {
    /// The stack.
    pub stack: String,
    /// What was asked.
    pub path: String,
    /// Near misses, as a fragment that starts with `; `; may be empty.
    pub near: String,
}

impl Fleet {
    /// Says where the value of `path` (`image.tag`, or deeper inside a table) comes from for one instance.
    ///
    /// # Errors
    /// When the client's stack declares no such parameter.
    ///
    /// # Panics
    /// When `instance` is no index into [`Fleet::instances`].
    pub fn explain(&self, instance: usize, path: &str) -> Result<Explanation, UnknownParameter> {
        let client = &self.clients[self.instances[instance].client];
        Err(UnknownParameter {
            stack: self.stacks[client.stack].name.to_string(),
            path: path.into(),
            near: String::new(),
        })
    }
}
