//! Building the objects of an engine as values, and a folder of them.

use std::sync::Arc;

use crate::manifest::{Map, Value, canonical_order, emit_document};
use crate::names::RelPath;
use crate::tree::Folder;

/// A string.
pub fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

/// A mapping.
pub fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map>())
}

/// A mapping without the entries that are `None`.
pub fn some<const N: usize>(entries: [(&str, Option<Value>); N]) -> Value {
    let entries = entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Map(entries.collect::<Map>())
}

/// A mapping of texts, without the entries that are `None`.
pub fn texts<const N: usize>(entries: [(&str, Option<&str>); N]) -> Value {
    some(entries.map(|(key, value)| (key, value.map(text))))
}

/// An object of an engine.
pub struct Object<'a> {
    /// `apiVersion`.
    pub api_version: &'a str,
    /// `kind`.
    pub kind: &'a str,
    /// `metadata.name`.
    pub name: &'a str,
    /// `metadata.namespace`.
    pub namespace: &'a str,
    /// `metadata.labels` beyond the one that says who wrote the object.
    pub labels: Vec<(&'a str, String)>,
    /// `metadata.annotations`.
    pub annotations: Vec<(&'a str, &'a str)>,
    /// What stands beside `metadata`: `spec` or `data`.
    pub body: (&'a str, Value),
}

impl Object<'_> {
    /// The name and bytes of its file.
    pub fn into_file(self) -> (String, Arc<[u8]>) {
        let file = format!("{}-{}.yaml", self.kind.to_ascii_lowercase(), self.name);
        let labels = std::iter::once(("app.kubernetes.io/managed-by", "lmsgen".to_owned())).chain(self.labels);
        let labels = labels.map(|(key, value)| (key.to_owned(), text(value))).collect::<Map>();
        let annotations =
            self.annotations.iter().map(|(key, value)| ((*key).to_owned(), text(*value))).collect::<Map>();
        let mut object = map([
            ("apiVersion", text(self.api_version)),
            ("kind", text(self.kind)),
            (
                "metadata",
                some([
                    ("name", Some(text(self.name))),
                    ("namespace", Some(text(self.namespace))),
                    ("annotations", (!annotations.is_empty()).then_some(Value::Map(annotations))),
                    ("labels", Some(Value::Map(labels))),
                ]),
            ),
            self.body,
        ]);
        canonical_order(&mut object);
        let mut out = String::new();
        emit_document(&mut out, &object);
        (file, out.into_bytes().into())
    }
}

/// A folder below the output; `path` is made of checked names.
pub fn folder(path: &str, files: Vec<(String, Arc<[u8]>)>, listed: &[String]) -> Folder {
    let path = RelPath::new(path).expect("made of checked names");
    Folder::with_folders(path, files, listed).expect("names of objects are names of files, and no two are alike")
}
