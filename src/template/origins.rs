//! What each scalar of an object is made of: text of the template, parameters, other values. For reading objects backwards.

use std::sync::Arc;

use tera::Context;

use crate::manifest::{Content, Node, Path, ScalarStyle, Value, parse_nodes};

use super::engine::Engine;
use super::functions::Scope;
use super::skeleton::{Part, parts};
use super::token::Token;
use super::trace::parameter_of;

/// A scalar that holds at least one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// Where it stands in its object.
    pub path: Path,
    /// `true` if it is one value alone, which keeps its type.
    pub is_typed: bool,
    /// What it is made of.
    pub pieces: Vec<Piece>,
}

/// A piece of a scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text of the template.
    Literal(String),
    /// A parameter: `image.tag`.
    Parameter(String),
    /// The client's name, which is no parameter and no id.
    Name,
    /// Another value, such as the client's slug.
    Value(String),
    /// A digest, a reference, a table.
    Unknown,
}

impl Engine {
    /// The scalars with values of the object at `offset` in the output of template `index`. Renders again.
    #[must_use]
    pub fn origins(&self, index: usize, context: &Context, scope: &Arc<Scope>, offset: usize) -> Vec<Printed> {
        let output = self.output(index, context, scope);
        let tokens = self.printed(index, context, scope);
        let aliases = aliases(&self.source(index).text);
        let piece = |part: &Part| match part {
            Part::Literal(text) => Piece::Literal(text.clone()),
            Part::Token(token) => tokens.get(*token).map_or(Piece::Unknown, |(value, expression)| {
                let alias =
                    || aliases.iter().find(|(name, _)| *name == expression.trim()).map(|(_, path)| path.clone());
                if expression.trim() == "client.name" {
                    return Piece::Name;
                }
                match (parameter_of(Some(expression)).or_else(alias), value) {
                    (Some(path), _) => Piece::Parameter(path),
                    (None, Token::Value(Value::String(text) | Value::Number(text))) => Piece::Value(text.clone()),
                    (None, Token::Value(Value::Bool(value))) => Piece::Value(value.to_string()),
                    (None, _) => Piece::Unknown,
                }
            }),
        };
        let mut found = Vec::new();
        let nodes = parse_nodes(&output).unwrap_or_default();
        if let Some(node) = nodes.iter().find(|node| node.range.start == offset) {
            walk(node, Path::root(), &piece, &mut found);
        }
        found
    }
}

fn walk(node: &Node, path: Path, piece: &dyn Fn(&Part) -> Piece, found: &mut Vec<Printed>) {
    match &node.content {
        Content::Scalar { text, style } => {
            if let Some(parts) = parts(text) {
                let is_typed = parts.len() == 1 && *style == ScalarStyle::Plain;
                found.push(Printed { path, is_typed, pieces: parts.iter().map(piece).collect() });
            }
        }
        Content::List(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, path.clone().index(at), piece, found);
            }
        }
        Content::Map(entries) => {
            for (key, value) in entries {
                if let Content::Scalar { text, .. } = &key.content {
                    walk(value, path.clone().field(text), piece, found);
                }
            }
        }
    }
}

/// Variables that stand for a parameter, with or without something else where it is unset: `{% set role = params.postgres.role
/// if params.postgres.role else client.slug %}`.
fn aliases(template: &str) -> Vec<(&str, String)> {
    let statements = template.split("{%").skip(1).filter_map(|rest| rest.split("%}").next());
    statements.filter_map(alias).collect()
}

fn alias(statement: &str) -> Option<(&str, String)> {
    let (name, value) = statement.trim_matches(['-', ' ']).strip_prefix("set ")?.split_once('=')?;
    let (first, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    let is_alone = rest.trim().is_empty() || rest.trim_start().starts_with(&format!("if {first} else "));
    Some((name.trim(), parameter_of(Some(first)).filter(|_| is_alone)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_stand_for_parameters() {
        let template = "{% set a = params.x.y if params.x.y else client.slug %}{%- set b = params.z -%}\n\
                        {% set c = params.z ~ 1 %}{% set d = client.id %}{% if params.x %}";
        assert_eq!(aliases(template), [("a", "x.y".to_owned()), ("b", "z".to_owned())]);
    }
}
