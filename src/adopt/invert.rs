//! One scalar read backwards: the text around values is known, so the values are.

use regex::RegexBuilder;

use crate::manifest::Value;
use crate::params::{ParamDecl, ParamValue, Shape, Table};
use crate::template::{Piece, Printed};

/// What the client's name is called among parameters; a parameter of that path would be taken for it.
pub const NAME: &str = "client.name";

/// The parameters that a scalar of `printed`'s form holds when it says `value`; nothing if it has another form.
pub fn invert(
    printed: &Printed,
    value: &Value,
    declared: &dyn Fn(&str) -> Option<ParamDecl>,
) -> Vec<(String, ParamValue)> {
    if let [Piece::Parameter(path)] = printed.pieces.as_slice()
        && printed.is_typed
    {
        let typed = declared(path).and_then(|decl| typed(value, &decl.shape));
        return typed.map(|value| (path.clone(), value)).into_iter().collect();
    }
    let Value::String(text) = value else { return Vec::new() };
    if printed.pieces == [Piece::Name] {
        return vec![(NAME.to_owned(), ParamValue::String(text.clone()))];
    }
    let mut pattern = String::from(r"\A");
    let mut holes: Vec<ParamDecl> = Vec::new();
    for piece in &printed.pieces {
        match piece {
            Piece::Literal(text) => pattern.push_str(&regex::escape(text)),
            // Ids are written in either case.
            Piece::Value(text) => pattern.push_str(&format!("(?i:{})", regex::escape(text))),
            Piece::Name | Piece::Unknown => pattern.push_str(".*?"),
            Piece::Parameter(path) => {
                let Some(decl) = declared(path) else { return Vec::new() };
                pattern.push_str(&format!("(?P<hole{}>{})", holes.len(), hole(&decl.shape)));
                holes.push(decl);
            }
        }
    }
    pattern.push_str(r"\z");
    let built = RegexBuilder::new(&pattern).dot_matches_new_line(true).size_limit(1 << 20).build();
    let Some(captures) = built.ok().and_then(|regex| regex.captures(text)) else { return Vec::new() };
    let value = |(at, decl): (usize, &ParamDecl)| {
        let text = captures.name(&format!("hole{at}"))?.as_str();
        Some((decl.path.as_str().to_owned(), from_text(text, &decl.shape)?))
    };
    holes.iter().enumerate().filter_map(value).collect()
}

/// What a value of this shape may look like inside a text.
fn hole(shape: &Shape) -> String {
    match shape {
        Shape::Integer { .. } => "-?[0-9]+".into(),
        Shape::Boolean => "true|false".into(),
        Shape::String(string) => string.pattern.as_ref().map_or_else(
            || ".+".into(),
            |pattern| pattern.as_str().trim_start_matches('^').trim_end_matches('$').to_owned(),
        ),
        _ => ".+".into(),
    }
}

fn from_text(text: &str, shape: &Shape) -> Option<ParamValue> {
    match shape {
        Shape::Integer { .. } => text.parse().ok().map(ParamValue::Integer),
        Shape::Number { .. } => text.parse().ok().filter(|n: &f64| n.is_finite()).map(ParamValue::Float),
        Shape::Boolean => text.parse().ok().map(ParamValue::Bool),
        Shape::String(_) | Shape::Name => Some(ParamValue::String(text.to_owned())),
        _ => None,
    }
}

/// A value of its own, if the parameter can have it.
fn typed(value: &Value, shape: &Shape) -> Option<ParamValue> {
    match (value, shape) {
        (Value::String(text), Shape::String(_) | Shape::Name) => Some(ParamValue::String(text.clone())),
        (Value::Bool(value), Shape::Boolean) => Some(ParamValue::Bool(*value)),
        (Value::Number(text), Shape::Integer { .. } | Shape::Number { .. }) => from_text(text, shape),
        (Value::Map(_), Shape::Record(_) | Shape::Table(_)) | (Value::List(_), Shape::List { .. }) => plain(value),
        _ => None,
    }
}

fn plain(value: &Value) -> Option<ParamValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => ParamValue::Bool(*value),
        Value::Number(text) => match text.parse() {
            Ok(number) => ParamValue::Integer(number),
            Err(_) => ParamValue::Float(text.parse().ok()?),
        },
        Value::String(text) => ParamValue::String(text.clone()),
        Value::List(items) => ParamValue::List(items.iter().map(plain).collect::<Option<_>>()?),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| Some((key.to_owned(), plain(value)?)));
            ParamValue::Table(entries.collect::<Option<Table>>()?)
        }
    })
}
