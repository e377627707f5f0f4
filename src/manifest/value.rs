//! The value tree of a manifest: JSON's types, keys in order, numbers as they were written.

use std::collections::HashMap;

use smol_str::SmolStr;

/// A value in a manifest.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number in the text it was written with, valid in JSON: `8080`, `-1`, `0.5`, `1e+21`.
    Number(String),
    /// A string.
    String(String),
    /// A sequence.
    List(Vec<Value>),
    /// A mapping.
    Map(Map),
}

/// A mapping with string keys in order; a key occurs once.
///
/// Nearly all keys are a few letters and nearly all mappings small: keys are kept in place, and searched one by one.
#[derive(Clone, Default)]
pub struct Map {
    entries: Vec<Entry>,
    /// Where each key is, once there are too many to search: a file of somebody's must not take hours.
    #[expect(clippy::box_collection, reason = "nearly every mapping has none, and is a value's largest part")]
    index: Option<Box<HashMap<SmolStr, usize>>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    /// [`short_key`] of the key.
    short: u64,
    key: SmolStr,
    value: Value,
}

/// Characters of a key that [`short_key`] tells apart.
const SHORT: usize = 7;

/// A key's beginning and length in one number: different numbers are different keys, and of at most seven bytes the
/// same number is the same key.
#[must_use]
#[inline]
pub fn short_key(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let mut short = [0; 8];
    let n = bytes.len().min(SHORT);
    short[..n].copy_from_slice(&bytes[..n]);
    short[SHORT] = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    u64::from_le_bytes(short)
}

/// `true` if two keys whose [`short_key`] is the same are the same.
#[must_use]
#[inline]
pub fn is_same_key(one: &str, other: &str) -> bool {
    one.len() <= SHORT || one == other
}

/// Entries that are searched one by one.
const SEARCHED: usize = 32;

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl std::fmt::Debug for Map {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Map {
    /// An empty mapping.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new(), index: None }
    }

    /// An empty mapping with room for `n` entries.
    #[must_use]
    pub fn with_capacity(n: usize) -> Self {
        Self { entries: Vec::with_capacity(n), index: None }
    }

    /// Adds `key` at the end; `false`, and nothing is added, when it is there.
    pub fn push_new(&mut self, key: &str, value: Value) -> bool {
        let short = short_key(key);
        let is_new = self.position(key, short).is_none();
        if is_new {
            self.push(Entry { short, key: key.into(), value });
        }
        is_new
    }

    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.position(key, short_key(key)).map(|at| &self.entries[at].value)
    }

    /// The value under `key`, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.position(key, short_key(key)).map(|at| &mut self.entries[at].value)
    }

    /// Sets `key`; a new key goes last. Returns the value it replaces.
    pub fn insert(&mut self, key: impl AsRef<str>, value: Value) -> Option<Value> {
        let key = key.as_ref();
        match self.get_mut(key) {
            Some(slot) => Some(std::mem::replace(slot, value)),
            None => {
                self.push(Entry { short: short_key(key), key: key.into(), value });
                None
            }
        }
    }

    /// Removes `key` and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.position(key, short_key(key))?;
        let entry = self.entries.remove(at);
        self.reindex();
        Some(entry.value)
    }

    #[inline]
    fn position(&self, key: &str, short: u64) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|entry| entry.short == short && is_same_key(&entry.key, key)),
        }
    }

    fn push(&mut self, entry: Entry) {
        if let Some(index) = &mut self.index {
            index.insert(entry.key.clone(), self.entries.len());
        }
        self.entries.push(entry);
        if self.index.is_none() && self.entries.len() > SEARCHED {
            self.reindex();
        }
    }

    fn reindex(&mut self) {
        let keys = self.entries.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at));
        self.index = (self.entries.len() > SEARCHED).then(|| Box::new(keys.collect()));
    }

    /// Entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.entries.iter().map(|entry| (entry.key.as_str(), &entry.value))
    }

    /// Entries in order, each with [`short_key`] of its key first.
    pub fn iter_short(&self) -> impl ExactSizeIterator<Item = (u64, &str, &Value)> {
        self.entries.iter().map(|entry| (entry.short, entry.key.as_str(), &entry.value))
    }

    /// Values in order, to change.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.entries.iter_mut().map(|entry| &mut entry.value)
    }

    /// Puts the keys in the order of `rank`, equal ranks in the order of their bytes.
    pub fn sort_by_rank(&mut self, rank: impl Fn(&str) -> usize) {
        self.entries.sort_by(|a, b| rank(&a.key).cmp(&rank(&b.key)).then_with(|| a.key.cmp(&b.key)));
        self.reindex();
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// `true` without entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl FromIterator<(String, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl Value {
    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The mapping, if it is one.
    #[must_use]
    pub const fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The mapping, to change, if it is one.
    pub const fn as_map_mut(&mut self) -> Option<&mut Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value at a path of keys.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| value.as_map()?.get(key))
    }

    /// The string at a path of keys.
    #[must_use]
    pub fn str_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(n: usize) -> Value {
        Value::Number(n.to_string())
    }

    proptest! {
        #[test]
        fn a_large_mapping_is_like_a_small_one(steps in prop::collection::vec((0..3_u8, 0..60_usize), 0..200)) {
            let (mut map, mut model) = (Map::new(), Vec::<(String, Value)>::new());
            for (nth, (step, key)) in steps.into_iter().enumerate() {
                let key = format!("key-{key}");
                let known = model.iter().position(|(other, _)| *other == key);
                match (step, known) {
                    (0, Some(at)) => {
                        prop_assert_eq!(map.remove(&key), Some(model.remove(at).1));
                    }
                    (0, None) => prop_assert_eq!(map.remove(&key), None),
                    (1, Some(at)) => {
                        prop_assert_eq!(map.insert(&key, number(nth)), Some(model[at].1.clone()));
                        model[at].1 = number(nth);
                    }
                    (1, None) => {
                        prop_assert_eq!(map.insert(&key, number(nth)), None);
                        model.push((key, number(nth)));
                    }
                    _ => {
                        prop_assert_eq!(map.push_new(&key, number(nth)), known.is_none());
                        if known.is_none() {
                            model.push((key, number(nth)));
                        }
                    }
                }
            }
            prop_assert!(model.iter().all(|(key, value)| map.get(key) == Some(value)));
            map.sort_by_rank(|_| 0);
            model.sort_by(|(a, _), (b, _)| a.cmp(b));
            prop_assert!(model.iter().all(|(key, value)| map.get(key) == Some(value)));
            prop_assert!(map.iter().eq(model.iter().map(|(key, value)| (key.as_str(), value))));
        }
    }
}
