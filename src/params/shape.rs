//! Reading shapes from `stack.toml`: `type = "…"` and the bounds that go with it.

use super::decl::{Field, Pattern, Shape, StringShape};
use crate::diagnostic::{Class, Code, Diagnostic, Sink};
use crate::document::{Located, TableReader, did_you_mean, quoted};

const TYPE: Code = Code::new("LMS163", Class::Input);
const PATTERN: Code = Code::new("LMS164", Class::Input);
const BOUNDS: Code = Code::new("LMS165", Class::Input);
const FIELD_NAME: Code = Code::new("LMS166", Class::Input);

const TYPES: [&str; 7] = ["string", "name", "integer", "number", "boolean", "list", "table"];
/// Most characters of a string and items of a list whose declaration gives no maximum.
const DEFAULT_MAX: usize = 4096;

/// Reads the shape that `table` declares: takes `type` and its bounds and leaves all other keys.
pub(super) fn read_shape(table: &mut TableReader<'_>, sink: &mut Sink) -> Option<Shape> {
    let name = table.required_string("type", sink)?;
    Some(match name.value {
        "string" => Shape::String(read_string(table, sink)),
        "name" => Shape::Name,
        "boolean" => Shape::Boolean,
        "integer" => {
            let min = table.integer("min", sink);
            let max = table.integer("max", sink);
            check_order(min, max, sink);
            Shape::Integer { min: min.map(|min| min.value), max: max.map(|max| max.value) }
        }
        "number" => {
            let mut bound = |key| {
                let what = table.path_of(key);
                let node = table.take(key)?.node;
                node.number(&what, sink).map(|value| Located { value, span: node.span() })
            };
            let (min, max) = (bound("min"), bound("max"));
            check_order(min, max, sink);
            Shape::Number { min: min.map(|min| min.value), max: max.map(|max| max.value) }
        }
        "list" => {
            let (min_items, max_items) = read_sizes(table, ["min-items", "max-items"], sink);
            let what = table.path_of("items");
            let mut items = table.require("items", sink)?.node.table(&what, sink)?;
            let shape = read_nested(&mut items, sink);
            items.finish(sink);
            Shape::List { items: Box::new(shape?), min_items, max_items }
        }
        "table" => read_table(table, sink)?,
        other => {
            let fault = Diagnostic::error(TYPE, format!("unknown type {}", quoted(other))).at(name.span, "");
            sink.push(
                fault.help(did_you_mean(other, TYPES).unwrap_or_else(|| format!("types are `{}`", TYPES.join("`, `")))),
            );
            return None;
        }
    })
}

/// A shape inside a shape; may say what it is for.
fn read_nested(table: &mut TableReader<'_>, sink: &mut Sink) -> Option<Shape> {
    let _ = table.string("description", sink);
    read_shape(table, sink)
}

fn read_string(table: &mut TableReader<'_>, sink: &mut Sink) -> StringShape {
    let pattern = table.string("pattern", sink).and_then(|written| match Pattern::new(written.value) {
        Ok(pattern) => Some(pattern),
        Err(fault) => {
            // The last line of the error is its reason; those before it draw the pattern.
            let text = fault.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            sink.push(Diagnostic::error(PATTERN, format!("no regular expression: {reason}")).at(written.span, ""));
            None
        }
    });
    let one_of = table.take("values").and_then(|entry| {
        let values = entry.node.strings(&table.path_of("values"), sink)?;
        if values.is_empty() {
            sink.push(Diagnostic::error(BOUNDS, "no value is allowed").at(entry.node.span(), ""));
        }
        Some(values.into_iter().map(|value| value.value.to_owned()).collect())
    });
    let (min_length, max_length) = read_sizes(table, ["min-length", "max-length"], sink);
    StringShape { pattern, one_of, min_length, max_length }
}

fn read_table(table: &mut TableReader<'_>, sink: &mut Sink) -> Option<Shape> {
    let values = table.table("values", sink);
    let Some(fields) = table.table("fields", sink) else {
        let Some(mut values) = values else { return Some(Shape::Table(None)) };
        let shape = read_nested(&mut values, sink);
        values.finish(sink);
        return Some(Shape::Table(Some(Box::new(shape?))));
    };
    if let Some(values) = values {
        sink.push(
            Diagnostic::error(BOUNDS, "`fields` and `values` exclude each other")
                .at(values.span(), "")
                .also(fields.span(), "")
                .help("declare `fields` for keys that are known, or `values` for keys that are data"),
        );
    }
    let mut read = Vec::new();
    for entry in fields.entries() {
        // Templates write `-` as `_`, so a field follows the rule of parameters.
        if let Err(fault) = crate::names::ParamPath::new(&entry.name.replace('.', "?")) {
            let message = format!("field {} {fault}", quoted(entry.name));
            sink.push(Diagnostic::error(FIELD_NAME, message).at(entry.key, ""));
        }
        let Some(mut field) = entry.node.table(&fields.path_of(entry.name), sink) else { continue };
        let optional = field.flag("optional", sink);
        let shape = read_nested(&mut field, sink);
        field.finish(sink);
        read.extend(shape.map(|shape| Field { name: entry.name.into(), shape, optional }));
    }
    Some(Shape::Record(read))
}

/// Reads a least and a greatest size.
fn read_sizes(table: &mut TableReader<'_>, keys: [&'static str; 2], sink: &mut Sink) -> (usize, usize) {
    let [min, max] = keys.map(|key| {
        let found = table.integer(key, sink)?;
        let value = usize::try_from(found.value);
        if value.is_err() {
            sink.push(Diagnostic::error(BOUNDS, format!("`{key}` cannot be negative")).at(found.span, ""));
        }
        value.ok().map(|value| Located { value, span: found.span })
    });
    check_order(min, max, sink);
    let least = min.map_or(0, |min| min.value);
    (least, max.map_or(DEFAULT_MAX.max(least), |max| max.value))
}

fn check_order<T: PartialOrd>(min: Option<Located<T>>, max: Option<Located<T>>, sink: &mut Sink) {
    if let (Some(min), Some(max)) = (min, max)
        && min.value > max.value
    {
        let fault = Diagnostic::error(BOUNDS, "the minimum is greater than the maximum");
        sink.push(fault.at(max.span, "maximum").also(min.span, "minimum"));
    }
}
