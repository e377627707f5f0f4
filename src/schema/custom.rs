//! Kinds from a `CustomResourceDefinition`.

use super::compile::compile_root;
use super::document::{Additional, Document};
use super::node::Node;
use super::pack::{Entry, api_version};
use crate::manifest::Value;

/// A definition that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrdError {
    /// Another kind of object.
    #[error("not a CustomResourceDefinition of apiextensions.k8s.io/v1")]
    AnotherKind,
    /// A field that is needed is missing or of the wrong type.
    #[error("`{0}` is missing or of the wrong type")]
    Field(&'static str),
    /// A schema that cannot be read.
    #[error("the schema of version `{version}` cannot be read: {reason}")]
    Schema {
        /// The version.
        version: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads the versions that a definition serves.
pub(super) fn read(definition: &Value) -> Result<Vec<(Entry, Node)>, CrdError> {
    let text = |path: &[&str]| definition.str_at(path);
    if text(&["apiVersion"]) != Some("apiextensions.k8s.io/v1") || text(&["kind"]) != Some("CustomResourceDefinition") {
        return Err(CrdError::AnotherKind);
    }
    let group = text(&["spec", "group"]).ok_or(CrdError::Field("spec.group"))?;
    let kind = text(&["spec", "names", "kind"]).ok_or(CrdError::Field("spec.names.kind"))?;
    let namespaced = match text(&["spec", "scope"]) {
        Some("Namespaced") => true,
        Some("Cluster") => false,
        _ => return Err(CrdError::Field("spec.scope")),
    };
    let versions = definition.at(&["spec", "versions"]).and_then(Value::as_list);
    let mut kinds = Vec::new();
    for value in versions.ok_or(CrdError::Field("spec.versions"))? {
        let version = value.str_at(&["name"]).ok_or(CrdError::Field("spec.versions[].name"))?;
        if value.at(&["served"]) != Some(&Value::Bool(true)) {
            continue;
        }
        let schema = value.at(&["schema", "openAPIV3Schema"]);
        let schema = schema.ok_or(CrdError::Field("spec.versions[].schema.openAPIV3Schema"))?;
        let refused =
            |error: serde_json::Error| CrdError::Schema { version: version.into(), reason: error.to_string() };
        let document: Document = serde_json::from_value(to_json(schema).map_err(refused)?).map_err(refused)?;
        if has_links(&document) {
            return Err(CrdError::Schema { version: version.into(), reason: "`$ref` is not allowed".into() });
        }
        let is_deprecated = value.at(&["deprecated"]) == Some(&Value::Bool(true));
        let entry = Entry {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            api_version: api_version(group, version),
            namespaced,
            deprecated: is_deprecated.then(|| "its definition".into()),
            rules: rules(&document),
            ..Entry::default()
        };
        kinds.push((entry, compile_root(document)));
    }
    Ok(kinds)
}

/// Only packed schemas may lead to others.
fn has_links(document: &Document) -> bool {
    let parts = [&document.all_of, &document.any_of, &document.one_of].into_iter().flatten();
    let each = match &document.additional_properties {
        Some(Additional::Each(each)) => Some(&**each),
        _ => None,
    };
    let single = [document.items.as_deref(), document.not.as_deref(), each].into_iter().flatten();
    document.link.is_some() || document.properties.values().chain(parts).chain(single).any(has_links)
}

/// The number of CEL rules in a schema.
fn rules(document: &Document) -> usize {
    let inner = document.properties.values().chain(document.items.as_deref()).map(rules).sum::<usize>();
    let each = match &document.additional_properties {
        Some(Additional::Each(each)) => rules(each),
        _ => 0,
    };
    document.rules.len() + inner + each
}

fn to_json(value: &Value) -> Result<serde_json::Value, serde_json::Error> {
    Ok(match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(text) => serde_json::from_str(text)?,
        Value::String(text) => text.as_str().into(),
        Value::List(items) => serde_json::Value::Array(items.iter().map(to_json).collect::<Result<_, _>>()?),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| Ok((key.to_owned(), to_json(value)?)));
            serde_json::Value::Object(entries.collect::<Result<_, serde_json::Error>>()?)
        }
    })
}
