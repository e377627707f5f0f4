//! From a place in a rendered object back to the template, and to the parameter that was printed there.

use std::sync::Arc;

use tera::Context;

use crate::diagnostic::Span;
use crate::manifest::{Content, Path, Step, locate, parse_nodes};

use super::engine::Engine;
use super::functions::Scope;
use super::skeleton::{Fault, Part, parts};

/// Where a value of a rendered object comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// The line in the template, or the expression that printed the value.
    pub span: Span,
    /// The parameter that was printed there, with the keys inside it: `resources.limits.memory`.
    pub parameter: Option<String>,
    /// All of the path stands in the template itself; else its end is inside of a printed value, or missing.
    pub is_written: bool,
}

impl Engine {
    /// Where the value at `path` comes from, in the object that stands at `offset` in the output of template `index`.
    /// A value that is missing is traced to what should hold it. Renders again; for faults only.
    #[must_use]
    pub fn trace(&self, index: usize, context: &Context, scope: &Arc<Scope>, offset: usize, path: &Path) -> Traced {
        let at = |fault| self.place(index, context, scope, fault);
        let output = self.output(index, context, scope);
        let nodes = parse_nodes(&output).unwrap_or_default();
        let Some(node) = nodes.iter().find(|node| node.range.start == offset) else {
            return Traced { span: at(Fault::Offset(offset)), parameter: None, is_written: false };
        };
        let located = locate(node, path);
        let is_written = located.depth == path.steps().len();
        let pieces = match &located.node.content {
            Content::Scalar { text, .. } => parts(text).unwrap_or_default(),
            _ => Vec::new(),
        };
        let Some(token) =
            pieces.iter().find_map(|piece| if let Part::Token(token) = piece { Some(*token) } else { None })
        else {
            return Traced { span: at(Fault::Offset(located.range().start)), parameter: None, is_written };
        };
        let span = at(Fault::Token(token));
        let printed = parameter_of(self.source(index).text.get(span.start as usize..span.end as usize));
        let inner = if pieces.len() == 1 { &path.steps()[located.depth..] } else { &[] };
        let parameter = printed.map(|mut name| {
            // A list's items have no place of their own.
            for step in inner {
                let Step::Field(key) = step else { break };
                name.push('.');
                name.push_str(key);
            }
            name
        });
        Traced { span, parameter, is_written }
    }
}

/// `image.tag` of the expression `params.image.tag`, with or without filters after it.
pub(super) fn parameter_of(expression: Option<&str>) -> Option<String> {
    let path = expression?.split('|').next()?.trim().strip_prefix("params.")?;
    let is_path = path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    // Names have dashes; templates, which read them as variables, write underscores.
    is_path.then(|| path.replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_expressions() {
        assert_eq!(parameter_of(Some("params.image.tag")).as_deref(), Some("image.tag"));
        assert_eq!(parameter_of(Some(" params.x | upper ")).as_deref(), Some("x"));
        for other in ["client.slug", "params.a ~ params.b", "secret(name=\"x\")"] {
            assert_eq!(parameter_of(Some(other)), None, "{other}");
        }
    }
}
