//! Where a parameter's value comes from.

use super::Fleet;
use crate::diagnostic::Span;
use crate::document::nearest;
use crate::params::{Overlay, ParamValue, Step, describe_declared, dig, trace};

/// A parameter of an instance, and every layer that had a say.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The path asked for: a parameter, or a key inside a table parameter (`nfs.server`).
    pub path: String,
    /// The value in effect; `None` when unset.
    pub value: Option<ParamValue>,
    /// What the layers said, highest first; the first one decided (for tables and lists: had the last word).
    pub steps: Vec<Step>,
    /// The declared shape in words: `integer 1 to 720, hours`.
    pub shape: String,
    /// `description` of the declaration.
    pub description: String,
    /// The declaration in `stack.toml`.
    pub declared: Span,
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
        let one = &self.instances[instance];
        let stack = self.clients[one.client].stack;
        let declarations = &self.layers.declarations[stack];
        let Some((index, inner)) = declarations.lookup(path) else {
            return Err(self.unknown(stack, path));
        };
        let layers: [&Overlay; 4] = [
            &self.layers.fleet[stack],
            &self.layers.environments[one.environment][stack],
            &self.layers.clients[one.client],
            &self.layers.instances[instance],
        ];
        let mut steps = trace(declarations, &layers, index, inner);
        steps.reverse();
        let value = one.params.get(index).and_then(|resolved| dig(&resolved.value, inner)).cloned();
        if value.is_none() && steps.is_empty() && !inner.is_empty() {
            return Err(self.unknown(stack, path));
        }
        let decl = &declarations.list()[index];
        Ok(Explanation {
            path: path.into(),
            value,
            steps,
            shape: describe_declared(decl, inner),
            description: decl.description.clone(),
            declared: decl.span,
        })
    }

    fn unknown(&self, stack: usize, path: &str) -> UnknownParameter {
        let stack = &self.stacks[stack];
        let paths = || stack.params.iter().map(|decl| decl.path.as_str());
        let inside: Vec<_> = paths().filter(|known| known.starts_with(&format!("{path}."))).collect();
        let near = if inside.is_empty() {
            nearest(path, paths()).map(|near| format!("; did you mean `{near}`?"))
        } else {
            Some(format!("; there are `{}`", inside.join("`, `")))
        };
        UnknownParameter { stack: stack.name.to_string(), path: path.into(), near: near.unwrap_or_default() }
    }
}
