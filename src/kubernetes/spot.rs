//! A value inside an object that knows the way it was reached, without building a path until a fault needs it.

use crate::manifest::{Map, Path, Value};

/// A value and the way to it. Null is read as absent, as the API server reads it.
#[derive(Clone, Copy)]
pub struct Spot<'v, 'p> {
    value: &'v Value,
    from: Option<(&'p Spot<'v, 'p>, Way<'v>)>,
}

#[derive(Clone, Copy)]
enum Way<'v> {
    Field(&'v str),
    Item(&'v str, usize),
    Index(usize),
    Entry(&'v str, &'v str),
}

impl<'v, 'p> Spot<'v, 'p> {
    /// A whole object.
    #[must_use]
    pub const fn root(value: &'v Value) -> Self {
        Self { value, from: None }
    }

    /// The value itself.
    #[must_use]
    pub const fn value(&self) -> &'v Value {
        self.value
    }

    /// The value under `key`, unless it is missing or null.
    #[must_use]
    pub fn get<'s>(&'s self, key: &'v str) -> Option<Spot<'v, 's>> {
        let value = self.raw(key)?;
        Some(Spot { value, from: Some((self, Way::Field(key))) })
    }

    /// The string under `key`.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&'v str> {
        self.raw(key)?.as_str()
    }

    /// The string under `key`, empty when there is none.
    #[must_use]
    pub fn text_or_empty(&self, key: &str) -> &'v str {
        self.text(key).unwrap_or_default()
    }

    /// The string or number under `key` as it is written, empty when there is none.
    #[must_use]
    pub fn text_or_number(&self, key: &str) -> &'v str {
        match self.raw(key) {
            Some(Value::String(text) | Value::Number(text)) => text,
            _ => "",
        }
    }

    /// A string or number as it is written, `null` for anything else.
    #[must_use]
    pub fn written(&self) -> &'v str {
        match self.value {
            Value::String(text) | Value::Number(text) => text,
            _ => "null",
        }
    }

    /// The whole number under `key`.
    #[must_use]
    pub fn int(&self, key: &str) -> Option<i64> {
        match self.raw(key)? {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The boolean under `key`; false when there is none.
    #[must_use]
    pub fn is(&self, key: &str) -> bool {
        matches!(self.raw(key), Some(Value::Bool(true)))
    }

    /// `true` if the boolean under `key` is there and false.
    #[must_use]
    pub fn is_false(&self, key: &str) -> bool {
        matches!(self.raw(key), Some(Value::Bool(false)))
    }

    /// `true` if there is something under `key`.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.raw(key).is_some()
    }

    /// Items of the list under `key`; nothing when there is no list. A null is an empty item, as the API server has it.
    pub fn items<'s>(&'s self, key: &'v str) -> impl Iterator<Item = Spot<'v, 's>> + use<'s, 'v, 'p> {
        let items = self.raw(key).and_then(Value::as_list).unwrap_or_default();
        items.iter().enumerate().map(move |(at, value)| Spot { value, from: Some((self, Way::Item(key, at))) })
    }

    /// Length of the list under `key`; 0 when there is none.
    #[must_use]
    pub fn count(&self, key: &str) -> usize {
        self.raw(key).and_then(Value::as_list).map_or(0, <[Value]>::len)
    }

    /// Entries of the mapping under `key` with their names; nothing when there is no mapping.
    pub fn entries<'s>(&'s self, key: &'v str) -> impl Iterator<Item = (&'v str, Spot<'v, 's>)> + use<'s, 'v, 'p> {
        let map = self.raw(key).and_then(Value::as_map);
        map.into_iter()
            .flat_map(Map::iter)
            .map(move |(name, value)| (name, Spot { value, from: Some((self, Way::Entry(key, name))) }))
    }

    /// Fields of this mapping with their names, nulls left out; nothing when it is no mapping.
    pub fn fields<'s>(&'s self) -> impl Iterator<Item = (&'v str, Spot<'v, 's>)> + use<'s, 'v, 'p> {
        self.fields_with_null().filter(|(_, field)| !matches!(field.value, Value::Null))
    }

    /// Fields of this mapping with their names; nothing when it is no mapping.
    pub fn fields_with_null<'s>(&'s self) -> impl Iterator<Item = (&'v str, Spot<'v, 's>)> + use<'s, 'v, 'p> {
        let map = self.value.as_map();
        map.into_iter()
            .flat_map(Map::iter)
            .map(move |(name, value)| (name, Spot { value, from: Some((self, Way::Field(name))) }))
    }

    /// Strings of the list under `key`, null as an empty one; nothing when there is no list.
    pub fn texts<'s>(&'s self, key: &'v str) -> impl Iterator<Item = (&'v str, Spot<'v, 's>)> + use<'s, 'v, 'p> {
        self.items(key).filter_map(|item| match item.value {
            Value::Null => Some(("", item)),
            value => Some((value.as_str()?, item)),
        })
    }

    /// Gives `look` every field below, at any depth, with its name; nulls are left out.
    pub fn each_field(&self, look: &mut dyn FnMut(&'v str, Spot<'v, '_>)) {
        match self.value {
            Value::Map(_) => {
                for (name, field) in self.fields() {
                    look(name, field);
                    field.each_field(look);
                }
            }
            Value::List(items) => {
                for (at, value) in items.iter().enumerate() {
                    Spot { value, from: Some((self, Way::Index(at))) }.each_field(look);
                }
            }
            _ => {}
        }
    }

    /// Strings of this list; nothing when it is no list.
    pub fn own_texts<'s>(&'s self) -> impl Iterator<Item = (&'v str, Spot<'v, 's>)> + use<'s, 'v, 'p> {
        let items = self.value.as_list().unwrap_or_default();
        let item = move |(at, value)| Spot { value, from: Some((self, Way::Index(at))) };
        items.iter().enumerate().map(item).filter_map(|item| Some((item.value.as_str()?, item)))
    }

    /// The way here.
    #[must_use]
    pub fn path(&self) -> Path {
        let Some((parent, way)) = self.from else { return Path::root() };
        match way {
            Way::Field(key) => parent.path().field(key),
            Way::Item(key, at) => parent.path().field(key).index(at),
            Way::Index(at) => parent.path().index(at),
            Way::Entry(key, name) => parent.path().field(key).field(name),
        }
    }

    /// The way to `key` in here, whether it is there or not.
    #[must_use]
    pub fn path_to(&self, key: &str) -> Path {
        self.path().field(key)
    }

    /// The value under `key` without its way, unless it is missing or null.
    pub(super) fn raw(&self, key: &str) -> Option<&'v Value> {
        self.value.as_map()?.get(key).filter(|value| !matches!(value, Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse_documents;

    #[test]
    fn a_spot_knows_its_way() {
        let text = "spec:\n  ports: [{name: a, port: 80}, null, {name: b}]\n  x: null\n  labels: {k/v: w}\n";
        let object = parse_documents(text).unwrap().remove(0);
        let root = Spot::root(&object);
        let spec = root.get("spec").unwrap();
        let paths: Vec<String> = spec.items("ports").map(|port| port.path().to_string()).collect();
        assert_eq!(paths, ["spec.ports[0]", "spec.ports[1]", "spec.ports[2]"]);
        assert_eq!(spec.items("ports").next().unwrap().int("port"), Some(80));
        assert!(!spec.has("x") && spec.get("x").is_none());
        let labels: Vec<_> = spec.entries("labels").map(|(name, at)| (name, at.path().to_string())).collect();
        assert_eq!(labels, [("k/v", "spec.labels[k/v]".to_owned())]);
        assert_eq!(spec.path_to("missing").to_string(), "spec.missing");
    }

    #[test]
    fn every_field_is_walked() {
        let text = "a:\n  - b: [x, 1, y]\n    c: null\n  - - d: {e: 1}\n";
        let object = parse_documents(text).unwrap().remove(0);
        let mut seen = Vec::new();
        Spot::root(&object).each_field(&mut |name, field| {
            seen.push(format!("{name} {}", field.path()));
            seen.extend(field.own_texts().map(|(text, item)| format!("{text} {}", item.path())));
        });
        assert_eq!(seen, ["a a", "b a[0].b", "x a[0].b[0]", "y a[0].b[2]", "d a[1][0].d", "e a[1][0].d.e"]);
    }
}
