//! A value against its shape: read from a document with every fault at its place, and checked again when whole.

use super::decl::{Field, ParamDecl, Shape, StringShape};
use super::names::{check_template, is_name};
use super::value::{ParamValue, Table};
use super::words::{describe, number_range};
use crate::diagnostic::{Class, Code, Diagnostic, Sink};
use crate::document::{Entry, Kind, Node, UNKNOWN_KEY, WRONG_TYPE, did_you_mean, quoted};

const RANGE: Code = Code::new("LMS170", Class::Input);
const PATTERN: Code = Code::new("LMS171", Class::Input);
const ONE_OF: Code = Code::new("LMS172", Class::Input);
const LENGTH: Code = Code::new("LMS173", Class::Input);
const NAME: Code = Code::new("LMS174", Class::Input);

/// Reads the value of `what` from `node`. Keys that a table must have may be missing: another layer may set them.
pub(super) fn read_value(node: Node<'_>, shape: &Shape, what: &str, sink: &mut Sink) -> Option<ParamValue> {
    match (shape, node.kind()) {
        (Shape::String(bounds), Kind::String(text)) => {
            check_string(node, text, bounds, what, sink).then(|| ParamValue::String(text.into()))
        }
        (Shape::Name, Kind::String(text)) => match check_template(text) {
            Ok(()) => Some(ParamValue::String(text.into())),
            Err(reason) => {
                sink.push(Diagnostic::error(NAME, format!("`{what}`: {} {reason}", quoted(text))).at(node.span(), ""));
                None
            }
        },
        (Shape::Integer { min, max }, Kind::Integer(number)) => {
            let fits = min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max);
            check_range(node, fits, &number.to_string(), shape, what, sink).then_some(ParamValue::Integer(number))
        }
        #[expect(clippy::cast_precision_loss, reason = "a bound beyond 2^53 may be off by its last digits")]
        (Shape::Number { min, max }, Kind::Integer(number)) => {
            let fits = min.is_none_or(|min| number as f64 >= min) && max.is_none_or(|max| number as f64 <= max);
            check_range(node, fits, &number.to_string(), shape, what, sink).then_some(ParamValue::Integer(number))
        }
        (Shape::Number { min, max }, Kind::Float(number)) => {
            let fits = min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max);
            check_range(node, fits, &number.to_string(), shape, what, sink).then_some(ParamValue::Float(number))
        }
        (Shape::Boolean, Kind::Boolean(truth)) => Some(ParamValue::Bool(truth)),
        (Shape::List { items, .. }, Kind::List(nodes)) => {
            let mut read = Vec::with_capacity(nodes.len());
            let mut is_right = true;
            for (n, item) in nodes.into_iter().enumerate() {
                match read_value(item, items, &format!("{what}[{n}]"), sink) {
                    Some(value) => read.push(value),
                    None => is_right = false,
                }
            }
            is_right.then_some(ParamValue::List(read))
        }
        (Shape::Record(fields), Kind::Table(_)) => read_table(node, what, sink, |entry, what, sink| {
            let Some(field) = fields.iter().find(|field| field.name == entry.name) else {
                unknown_field(&entry, fields, what, sink);
                return None;
            };
            read_value(entry.node, &field.shape, &format!("{what}.{}", entry.name), sink)
        }),
        (Shape::Table(Some(values)), Kind::Table(_)) => read_table(node, what, sink, |entry, what, sink| {
            read_value(entry.node, values, &format!("{what}.{}", entry.name), sink)
        }),
        (Shape::Table(None), Kind::Table(_)) => read_free(node, what, sink),
        (
            _,
            Kind::Integer(_) | Kind::Float(_) | Kind::String(_) | Kind::Boolean(_) | Kind::List(_) | Kind::Table(_),
        ) => {
            let found = node.kind().name();
            let message = format!("`{what}`: expected {}, found {found}", shape.type_name());
            sink.push(Diagnostic::error(WRONG_TYPE, message).at(node.span(), format!("expected {}", describe(shape))));
            None
        }
        (_, Kind::Date | Kind::BadNumber(_)) => {
            node.wrong_type(what, shape.type_name(), sink);
            None
        }
    }
}

fn read_table(
    node: Node<'_>,
    what: &str,
    sink: &mut Sink,
    mut read: impl FnMut(Entry<'_>, &str, &mut Sink) -> Option<ParamValue>,
) -> Option<ParamValue> {
    let mut table = Table::new();
    let mut is_right = true;
    for entry in node.table(what, sink)?.entries() {
        match read(entry, what, sink) {
            Some(value) => drop(table.insert(entry.name.into(), value)),
            None => is_right = false,
        }
    }
    is_right.then_some(ParamValue::Table(table))
}

/// A value of any type, as it stands.
fn read_free(node: Node<'_>, what: &str, sink: &mut Sink) -> Option<ParamValue> {
    match node.kind() {
        Kind::String(text) => Some(ParamValue::String(text.into())),
        Kind::Integer(number) => Some(ParamValue::Integer(number)),
        Kind::Float(number) => Some(ParamValue::Float(number)),
        Kind::Boolean(truth) => Some(ParamValue::Bool(truth)),
        Kind::List(items) => {
            let read: Vec<_> = items.into_iter().map(|item| read_free(item, what, sink)).collect();
            read.into_iter().collect::<Option<_>>().map(ParamValue::List)
        }
        Kind::Table(_) => read_table(node, what, sink, |entry, what, sink| {
            read_free(entry.node, &format!("{what}.{}", entry.name), sink)
        }),
        Kind::Date | Kind::BadNumber(_) => {
            node.wrong_type(what, "string, number, boolean, list or table", sink);
            None
        }
    }
}

fn unknown_field(entry: &Entry<'_>, fields: &[Field], what: &str, sink: &mut Sink) {
    let names = || fields.iter().map(|field| field.name.as_str());
    let message = format!("unknown key {} in `{what}`", quoted(entry.name));
    let help = did_you_mean(entry.name, names())
        .unwrap_or_else(|| format!("known keys: `{}`", names().collect::<Vec<_>>().join("`, `")));
    sink.push(Diagnostic::error(UNKNOWN_KEY, message).at(entry.key, "").help(help));
}

fn check_range(node: Node<'_>, fits: bool, number: &str, shape: &Shape, what: &str, sink: &mut Sink) -> bool {
    if !fits {
        let message = format!("`{what}`: {number} is out of range: {}", number_range(shape));
        sink.push(Diagnostic::error(RANGE, message).at(node.span(), ""));
    }
    fits
}

fn check_string(node: Node<'_>, text: &str, bounds: &StringShape, what: &str, sink: &mut Sink) -> bool {
    let fault = if let Some(one_of) = &bounds.one_of
        && !one_of.iter().any(|value| value == text)
    {
        let names = || one_of.iter().map(String::as_str);
        Diagnostic::error(ONE_OF, format!("`{what}`: {} is none of the values allowed", quoted(text)))
            .help(did_you_mean(text, names()).unwrap_or_else(|| format!("write one of `{}`", one_of.join("`, `"))))
    } else if let Some((rule, length)) = length_fault(text, bounds) {
        Diagnostic::error(LENGTH, format!("`{what}`: {length} characters, {rule}"))
    } else if let Some(pattern) = bounds.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
        Diagnostic::error(PATTERN, format!("`{what}`: {} does not match", quoted(text)))
            .help(format!("the whole value must match `{}`", pattern.as_str()))
    } else {
        return true;
    };
    sink.push(fault.at(node.span(), ""));
    false
}

fn length_fault(text: &str, bounds: &StringShape) -> Option<(String, usize)> {
    let length = text.chars().count();
    if length > bounds.max_length {
        Some((format!("at most {} are allowed", bounds.max_length), length))
    } else if length < bounds.min_length {
        Some((format!("at least {} are needed", bounds.min_length), length))
    } else {
        None
    }
}

/// What is wrong with a value once all layers are merged: keys missing, lists too short or too long.
pub(super) fn whole_faults(decl: &ParamDecl, value: &ParamValue) -> Vec<String> {
    let mut faults = Vec::new();
    collect_whole(&decl.shape, value, decl.path.as_str(), &mut faults);
    faults
}

fn collect_whole(shape: &Shape, value: &ParamValue, what: &str, faults: &mut Vec<String>) {
    match (shape, value) {
        (Shape::List { items, min_items, max_items }, ParamValue::List(list)) => {
            if list.len() < *min_items {
                faults.push(format!("`{what}`: {} items, at least {min_items} are needed", list.len()));
            }
            if list.len() > *max_items {
                faults.push(format!("`{what}`: {} items, at most {max_items} are allowed", list.len()));
            }
            for (n, item) in list.iter().enumerate() {
                collect_whole(items, item, &format!("{what}[{n}]"), faults);
            }
        }
        (Shape::Record(fields), ParamValue::Table(table)) => {
            for field in fields {
                let what = format!("{what}.{}", field.name);
                match table.get(&field.name) {
                    Some(value) => collect_whole(&field.shape, value, &what, faults),
                    None if field.optional => {}
                    None => faults.push(format!("`{what}` is missing")),
                }
            }
        }
        (Shape::Table(Some(values)), ParamValue::Table(table)) => {
            for (key, value) in table {
                collect_whole(values, value, &format!("{what}.{key}"), faults);
            }
        }
        // Filled in, a name that was right as it was written can only be too long.
        (Shape::Name, ParamValue::String(name)) if !name.contains('{') && !is_name(name) => {
            faults
                .push(format!("`{what}` is no DNS label of at most 63 characters once its placeholders are filled in"));
        }
        _ => {}
    }
}
