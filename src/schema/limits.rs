//! What a custom resource's schema asks of a value beyond its type.

use std::collections::HashSet;

use super::compile::{Dialect, compile};
use super::document::Document;
use super::formats::Format;
use super::mismatch::{Found, What};
use super::node::Node;
use super::pattern::Pattern;
use crate::manifest::{Map, Value};

/// The conditions of a schema.
pub(super) struct Limits {
    allowed: Vec<Value>,
    pattern: Option<Pattern>,
    format: Option<Format>,
    /// Characters of a string.
    length: Bounds,
    /// Items of a list.
    items: Bounds,
    /// Entries of a mapping.
    entries: Bounds,
    minimum: Option<(f64, bool)>,
    maximum: Option<(f64, bool)>,
    multiple_of: Option<f64>,
    unique: Unique,
    /// Schemas that must all hold.
    pub all: Vec<Node>,
    /// Schemas of which one must hold.
    pub any: Vec<Node>,
    /// Schemas of which exactly one must hold.
    pub one: Vec<Node>,
    /// A schema that must not hold.
    pub not: Option<Node>,
    /// Fields of the object have defaults, so that more may hold than can be seen.
    pub has_defaults: bool,
}

#[derive(Clone, Copy)]
struct Bounds {
    least: usize,
    most: usize,
}

impl Bounds {
    fn of(least: Option<usize>, most: Option<usize>) -> Self {
        Self { least: least.unwrap_or(0), most: most.unwrap_or(usize::MAX) }
    }

    fn is_any(self) -> bool {
        self.least == 0 && self.most == usize::MAX
    }

    fn check(self, count: usize, of: &'static str) -> Option<What> {
        if count < self.least {
            return Some(What::TooFew { least: self.least, of });
        }
        (count > self.most).then_some(What::TooMany { most: self.most, of })
    }
}

enum Unique {
    No,
    /// No item twice.
    Items,
    /// No two items with the same values in these fields.
    Keys(Vec<String>),
}

impl Limits {
    /// Takes the conditions out of a schema; `None` if there are none.
    pub fn take(document: &mut Document) -> Option<Box<Self>> {
        let is_int_or_string = document.int_or_string;
        let mut defaults: Vec<String> = Vec::new();
        for (name, property) in &document.properties {
            defaults.extend(property.default.map(|_| name.clone()));
        }
        let parts = |list: &mut Vec<Document>| -> Vec<Node> {
            std::mem::take(list).into_iter().map(|part| compile_part(part, &defaults)).collect()
        };
        let unique = match document.list_type.as_deref() {
            Some("set") => Unique::Items,
            Some("map") => Unique::Keys(std::mem::take(&mut document.list_keys)),
            _ if document.unique_items => Unique::Items,
            _ => Unique::No,
        };
        let limits = Self {
            allowed: std::mem::take(&mut document.allowed).into_iter().map(of_json).collect(),
            pattern: document.pattern.take().map(Pattern::new),
            format: document.format.as_deref().and_then(Format::of),
            length: Bounds::of(document.min_length, document.max_length),
            items: Bounds::of(document.min_items, document.max_items),
            entries: Bounds::of(document.min_properties, document.max_properties),
            minimum: document.minimum.map(|bound| (bound, document.exclusive_minimum)),
            maximum: document.maximum.map(|bound| (bound, document.exclusive_maximum)),
            multiple_of: document.multiple_of,
            unique,
            all: parts(&mut document.all_of),
            // An integer or a string is what its type says already.
            any: if is_int_or_string { Vec::new() } else { parts(&mut document.any_of) },
            one: parts(&mut document.one_of),
            not: document.not.take().map(|part| compile_part(*part, &defaults)),
            has_defaults: !defaults.is_empty(),
        };
        (!limits.is_empty()).then(|| Box::new(limits))
    }

    fn is_empty(&self) -> bool {
        self.allowed.is_empty()
            && self.pattern.is_none()
            && self.format.is_none()
            && self.length.is_any()
            && self.items.is_any()
            && self.entries.is_any()
            && self.minimum.is_none()
            && self.maximum.is_none()
            && self.multiple_of.is_none()
            && matches!(self.unique, Unique::No)
            && self.all.is_empty()
            && self.any.is_empty()
            && self.one.is_empty()
            && self.not.is_none()
    }

    /// The first condition that `value` does not meet, those with schemas of their own left out.
    pub fn check(&self, value: &Value, found: impl Fn(&Value) -> Found) -> Option<What> {
        if !self.allowed.is_empty() && !self.allowed.iter().any(|allowed| is_same(allowed, value)) {
            let allowed = self.allowed.iter().map(word).collect();
            return Some(What::NotOneOf { allowed, found: found(value) });
        }
        match value {
            Value::String(text) => self.check_text(text, || found(value)),
            Value::Number(text) => self.check_number(text, || found(value)),
            Value::List(items) => self.items.check(items.len(), "items").or_else(|| self.repeated(items)),
            Value::Map(map) => self.entries.check(map.len(), "fields"),
            _ => None,
        }
    }

    fn check_text(&self, text: &str, found: impl Fn() -> Found) -> Option<What> {
        if !self.length.is_any()
            && let Some(what) = self.length.check(text.chars().count(), "characters")
        {
            return Some(what);
        }
        if let Some(format) = self.format.filter(|format| !format.holds(text)) {
            return Some(What::BadFormat { expected: format.name(), found: found() });
        }
        let pattern = self.pattern.as_ref().filter(|pattern| !pattern.matches(text))?;
        Some(What::NoMatch { pattern: pattern.text().to_owned(), found: found() })
    }

    fn check_number(&self, text: &str, found: impl Fn() -> Found) -> Option<What> {
        let number: f64 = text.parse().ok()?;
        if let Some((least, is_exclusive)) = self.minimum
            && (number < least || is_exclusive && number <= least)
        {
            let bound = format!("{} {least}", if is_exclusive { "more than" } else { "at least" });
            return Some(What::OutOfRange { bound, found: found() });
        }
        if let Some((most, is_exclusive)) = self.maximum
            && (number > most || is_exclusive && number >= most)
        {
            let bound = format!("{} {most}", if is_exclusive { "less than" } else { "at most" });
            return Some(What::OutOfRange { bound, found: found() });
        }
        let factor = self.multiple_of.filter(|factor| (number / factor).fract() != 0.0)?;
        Some(What::OutOfRange { bound: format!("a multiple of {factor}"), found: found() })
    }

    fn repeated(&self, items: &[Value]) -> Option<What> {
        let same = |a: &Value, b: &Value| match &self.unique {
            Unique::No => false,
            Unique::Items => a == b,
            Unique::Keys(keys) => match (a.as_map(), b.as_map()) {
                (Some(a), Some(b)) => keys.iter().all(|key| given(a, key) == given(b, key)),
                _ => false,
            },
        };
        if matches!(self.unique, Unique::No) {
            return None;
        }
        let second = if items.len() > COMPARED {
            self.first_again(items)
        } else {
            (1..items.len()).find(|&at| items[..at].iter().any(|item| same(item, &items[at])))
        }?;
        let keys = match &self.unique {
            Unique::Keys(keys) => keys.clone(),
            _ => Vec::new(),
        };
        Some(What::Repeated { index: second, keys })
    }
}

impl Limits {
    /// The same, by texts of the items: for lists that are too long to compare each with each.
    fn first_again(&self, items: &[Value]) -> Option<usize> {
        let text = |item: &Value| match (&self.unique, item.as_map()) {
            (Unique::Keys(keys), Some(map)) => {
                Some(format!("{:?}", keys.iter().map(|key| given(map, key)).collect::<Vec<_>>()))
            }
            (Unique::Keys(_), None) => None,
            _ => Some(format!("{item:?}")),
        };
        let mut seen = HashSet::with_capacity(items.len());
        items.iter().position(|item| text(item).is_some_and(|text| !seen.insert(text)))
    }
}

/// Items that are compared each with each.
const COMPARED: usize = 64;

fn given<'m>(map: &'m Map, key: &str) -> Option<&'m Value> {
    map.get(key).filter(|value| **value != Value::Null)
}

fn compile_part(mut part: Document, defaults: &[String]) -> Node {
    part.required.retain(|name| !defaults.contains(name));
    compile(part, Dialect::Part)
}

fn is_same(allowed: &Value, value: &Value) -> bool {
    match (allowed, value) {
        (Value::Number(a), Value::Number(b)) => a == b || a.parse::<f64>().ok() == b.parse::<f64>().ok(),
        _ => allowed == value,
    }
}

/// A scalar in the words of a message.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) | Value::Number(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => "null".into(),
        Value::List(_) => "a list".into(),
        Value::Map(_) => "a mapping".into(),
    }
}

fn of_json(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::Number(number) => Value::Number(number.to_string()),
        serde_json::Value::String(text) => Value::String(text),
        serde_json::Value::Array(items) => Value::List(items.into_iter().map(of_json).collect()),
        serde_json::Value::Object(map) => {
            Value::Map(map.into_iter().map(|(key, value)| (key, of_json(value))).collect())
        }
    }
}
