//! Shapes in words, for `explain` and for messages.

use super::decl::{ParamDecl, Shape};

/// The declared shape of a parameter, or of the key `inner` inside it (empty: the whole), with its unit:
/// `integer 1 to 720, hours`.
#[must_use]
pub fn describe_declared(decl: &ParamDecl, inner: &str) -> String {
    let Some(shape) = inside(&decl.shape, inner) else { return "anything".into() };
    let mut text = describe(shape);
    if let Some(unit) = &decl.unit {
        text.push_str(", ");
        text.push_str(unit);
    }
    text
}

/// The shape of the dotted key `path` inside values of `shape`; `None` where anything goes.
fn inside<'s>(shape: &'s Shape, path: &str) -> Option<&'s Shape> {
    if path.is_empty() {
        return Some(shape);
    }
    let (key, rest) = path.split_once('.').unwrap_or((path, ""));
    match shape {
        Shape::Record(fields) => inside(&fields.iter().find(|field| field.name == key)?.shape, rest),
        Shape::Table(Some(values)) => inside(values, rest),
        _ => None,
    }
}

/// A shape: `string matching ^v[0-9]+$`, `list of integer 1 to 65535`.
pub(super) fn describe(shape: &Shape) -> String {
    match shape {
        Shape::String(bounds) => {
            if let Some(one_of) = &bounds.one_of {
                return format!("one of `{}`", one_of.join("`, `"));
            }
            let pattern = bounds.pattern.as_ref().map(|pattern| format!(" matching {}", pattern.as_str()));
            let length = match (bounds.min_length, bounds.max_length) {
                (0, 4096) => String::new(),
                (0, most) => format!(" of at most {most} characters"),
                (least, 4096) => format!(" of at least {least} characters"),
                (least, most) => format!(" of {least} to {most} characters"),
            };
            format!("string{length}{}", pattern.unwrap_or_default())
        }
        Shape::Name => "DNS label; `{client}` and `{environment}` are filled in".into(),
        Shape::Integer { .. } | Shape::Number { .. } => number_range(shape),
        Shape::Boolean => "boolean".into(),
        Shape::List { items, min_items, max_items } => {
            let size = match (min_items, max_items) {
                (0, 4096) => String::new(),
                (0, most) => format!(" of at most {most} items"),
                (least, 4096) => format!(" of at least {least} items"),
                (least, most) => format!(" of {least} to {most} items"),
            };
            format!("list{size}, each: {}", describe(items))
        }
        Shape::Record(fields) => {
            let name =
                |field: &super::Field| format!("`{}`{}", field.name, if field.optional { " (optional)" } else { "" });
            format!("table with {}", fields.iter().map(name).collect::<Vec<_>>().join(", "))
        }
        Shape::Table(Some(values)) => format!("table of any keys, each: {}", describe(values)),
        Shape::Table(None) => "table of anything".into(),
    }
}

/// A number's type and bounds: `integer 1 to 720`, `number of at least 0`.
pub(super) fn number_range(shape: &Shape) -> String {
    let (min, max) = match shape {
        Shape::Integer { min, max } => (min.map(|n| n.to_string()), max.map(|n| n.to_string())),
        Shape::Number { min, max } => (min.map(|n| n.to_string()), max.map(|n| n.to_string())),
        _ => (None, None),
    };
    let name = shape.type_name();
    match (min, max) {
        (None, None) => name.into(),
        (Some(min), None) => format!("{name} of at least {min}"),
        (None, Some(max)) => format!("{name} of at most {max}"),
        (Some(min), Some(max)) => format!("{name} {min} to {max}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{Pattern, StringShape};

    #[test]
    fn shapes_read_as_people_say_them() {
        let said = |shape: Shape| describe(&shape);
        assert_eq!(said(Shape::Integer { min: Some(1), max: Some(720) }), "integer 1 to 720");
        assert_eq!(said(Shape::Number { min: None, max: Some(0.5) }), "number of at most 0.5");
        let pattern = Pattern::new("^a$").ok();
        assert_eq!(said(Shape::String(StringShape { pattern, ..StringShape::default() })), "string matching ^a$");
        let one_of = Some(vec!["a".into(), "b".into()]);
        assert_eq!(said(Shape::String(StringShape { one_of, ..StringShape::default() })), "one of `a`, `b`");
        let items = Box::new(Shape::Boolean);
        assert_eq!(
            said(Shape::List { items, min_items: 1, max_items: 4096 }),
            "list of at least 1 items, each: boolean"
        );
    }
}
