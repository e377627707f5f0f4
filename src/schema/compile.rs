//! From a schema as it is written to one that is ready for use.

use super::document::{Additional, Document};
use super::limits::Limits;
use super::node::{Field, Fields, Node, Shape};

/// Whose rules a schema follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Kubernetes' own kinds, read into Go's types.
    BuiltIn,
    /// Custom resources, held against a structural schema.
    Custom,
    /// Inside of `anyOf` and the like in a custom resource: a schema without types that adds to the one around it,
    /// which alone knows the fields there are.
    Part,
}

/// Makes a schema ready for use.
pub(super) fn compile(mut document: Document, dialect: Dialect) -> Node {
    if let Some(line) = document.link {
        return Node::of(Shape::Link(line));
    }
    if dialect == Dialect::BuiltIn {
        return Node::of(built_in(document));
    }
    let is_nullable = document.nullable;
    let limits = Limits::take(&mut document);
    Node { shape: custom(document, dialect), is_nullable, limits }
}

/// Makes the schema of a whole custom resource ready: what every object has is known and checked elsewhere.
pub(super) fn compile_root(mut document: Document) -> Node {
    for name in ["apiVersion", "kind"] {
        document.properties.entry(name.into()).or_default().kind = Some("string".into());
    }
    let metadata = document.properties.entry("metadata".into()).or_default();
    metadata.kind = Some("object".into());
    metadata.preserve = true;
    compile(document, Dialect::Custom)
}

fn built_in(document: Document) -> Shape {
    if !document.allowed.is_empty() {
        let words = document.allowed.iter().filter_map(serde_json::Value::as_str);
        return Shape::Word(words.map(Into::into).collect());
    }
    match document.format.as_deref() {
        Some("quantity") => Shape::Quantity,
        Some("int-or-string") => Shape::IntOrString { is_short: true },
        Some("time") => Shape::Time { is_micro: false },
        Some("micro-time") => Shape::Time { is_micro: true },
        Some("byte") => Shape::Bytes,
        _ => typed(document, Dialect::BuiltIn),
    }
}

fn custom(mut document: Document, dialect: Dialect) -> Shape {
    if document.int_or_string {
        return Shape::IntOrString { is_short: false };
    }
    if dialect == Dialect::Part && document.kind.is_none() {
        document.preserve = true;
        let is_object = !document.properties.is_empty() || !document.required.is_empty();
        return match document.items.take() {
            _ if is_object => Shape::Object(Box::new(fields(document, dialect))),
            Some(items) => Shape::List(Box::new(compile(*items, dialect))),
            None => Shape::Any,
        };
    }
    typed(document, dialect)
}

fn typed(document: Document, dialect: Dialect) -> Shape {
    let inner = |document: Box<Document>| Box::new(compile(*document, dialect));
    let any = || Box::new(Node::of(Shape::Any));
    match document.kind.as_deref() {
        Some("boolean") => Shape::Bool,
        Some("integer") => Shape::Integer { is_short: document.format.as_deref() == Some("int32") },
        Some("number") => Shape::Number,
        Some("string") => Shape::String,
        Some("array") => Shape::List(document.items.map_or_else(any, inner)),
        Some("object") => match document.additional_properties {
            Some(Additional::Each(each)) => Shape::Map(inner(each)),
            Some(Additional::Any(true)) => Shape::Map(any()),
            _ => Shape::Object(Box::new(fields(document, dialect))),
        },
        _ => Shape::Any,
    }
}

fn fields(document: Document, dialect: Dialect) -> Fields {
    let Document { properties, mut required, preserve, embedded, .. } = document;
    let mut fields: Vec<Field> = Vec::with_capacity(properties.len());
    for (name, property) in properties {
        // What has a default is never missing.
        let is_required = property.default.is_none() && required.contains(&name);
        required.retain(|other| *other != name);
        fields.push(Field { name: name.into(), is_required, node: compile(property, dialect) });
    }
    let any = |name: &str, is_required| Field { name: name.into(), is_required, node: Node::of(Shape::Any) };
    for name in ["apiVersion", "kind", "metadata"] {
        if embedded && !fields.iter().any(|field| *field.name == *name) {
            fields.push(any(name, false));
        }
    }
    fields.extend(required.iter().map(|name| any(name, true)));
    Fields::new(fields, preserve)
}
