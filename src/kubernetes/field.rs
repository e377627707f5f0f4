//! Rules that many fields share: must be there, must be one of some words, must not be negative.
//!
//! Nothing is written while nothing is wrong. Knows no field by name.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::diagnostic::Code;
use crate::manifest::Value;

use super::fault::{Fault, Faults};
use super::quantity::Quantity;
use super::spot::Spot;
use super::words::Broken;

/// A mapping whose fields are judged, and what is said of them.
pub(super) struct Fields<'a, 'v, 'p> {
    at: Spot<'v, 'p>,
    code: Code,
    whose: &'a dyn Display,
    faults: &'a mut Faults,
}

impl<'a, 'v, 'p> Fields<'a, 'v, 'p> {
    /// Fields of `at`, which belong to `whose`.
    pub(super) fn of(at: Spot<'v, 'p>, code: Code, whose: &'a dyn Display, faults: &'a mut Faults) -> Self {
        Self { at, code, whose, faults }
    }

    /// Something is wrong with `key`, there or not.
    pub(super) fn add(&mut self, key: &str, what: impl Display) -> &mut Fault {
        self.faults.add(self.code, self.at.path_to(key), format!("{}: {what}", self.whose))
    }

    /// Something is wrong with all of it.
    pub(super) fn add_here(&mut self, what: impl Display) -> &mut Fault {
        self.faults.add(self.code, self.at.path(), format!("{}: {what}", self.whose))
    }

    /// The string under `key`, which must be there and not be empty.
    pub(super) fn required(&mut self, key: &str) -> Option<&'v str> {
        match self.at.raw(key) {
            None => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(value) => return value.as_str(),
        }
        let message = format!("{} has no `{key}`", self.whose);
        self.faults.add(self.code, self.at.path_to(key), message);
        None
    }

    /// The string under `key`, which must be there and right by `rule`.
    pub(super) fn required_match(&mut self, key: &str, rule: fn(&str) -> Result<(), Broken>) {
        if let Some(text) = self.required(key) {
            self.judge(key, text, rule);
        }
    }

    /// The string under `key`, right by `rule`; an empty one is none.
    pub(super) fn matches(&mut self, key: &str, rule: fn(&str) -> Result<(), Broken>) {
        if let Some(text) = self.at.text(key).filter(|text| !text.is_empty()) {
            self.judge(key, text, rule);
        }
    }

    /// The string under `key`, right by `rule`, even if it is empty.
    pub(super) fn matches_set(&mut self, key: &str, rule: fn(&str) -> Result<(), Broken>) {
        if let Some(text) = self.at.text(key) {
            self.judge(key, text, rule);
        }
    }

    fn judge(&mut self, key: &str, text: &str, rule: fn(&str) -> Result<(), Broken>) {
        if let Err(broken) = rule(text) {
            self.add(key, format_args!("{key} `{}` {broken}", text.escape_debug()));
        }
    }

    /// The string under `key`, one of `words`; an empty one is none.
    pub(super) fn one_of(&mut self, key: &str, words: &[&str]) {
        if let Some(text) = self.at.text(key).filter(|text| !text.is_empty()) {
            self.choose(key, text, words);
        }
    }

    /// The string under `key`, one of `words`, even if it is empty.
    pub(super) fn one_of_set(&mut self, key: &str, words: &[&str]) {
        if let Some(text) = self.at.text(key) {
            self.choose(key, text, words);
        }
    }

    fn choose(&mut self, key: &str, text: &str, words: &[&str]) {
        if !words.contains(&text) {
            self.add(key, format_args!("{key} cannot be `{}`", text.escape_debug()))
                .help(format!("write {}", choice(words)));
        }
    }

    /// The whole number under `key`, not below zero.
    pub(super) fn not_negative(&mut self, key: &str) {
        if self.at.int(key).is_some_and(|number| number < 0) {
            self.add(key, format_args!("{key} must not be negative"));
        }
    }

    /// The whole number under `key`, in `range`.
    pub(super) fn in_range(&mut self, key: &str, range: RangeInclusive<i64>) {
        if self.at.int(key).is_some_and(|number| !range.contains(&number)) {
            self.add(key, format_args!("{key} must be between {} and {}", range.start(), range.end()));
        }
    }

    /// The access mode of files under `key`.
    pub(super) fn file_mode(&mut self, key: &str) {
        if self.at.int(key).is_some_and(|mode| !(0..=0o777).contains(&mode)) {
            self.add(key, format_args!("{key} must be between 0 and 0777 (511 in decimal)"));
        }
    }

    /// The amount under `key`; one that cannot be read is against the schema, and none here.
    pub(super) fn quantity(&self, key: &'v str) -> Option<Quantity> {
        Quantity::of(self.at.get(key)?.value())
    }
}

/// `A`, `B` or `C`.
pub(super) fn choice(words: &[&str]) -> String {
    let words = words.iter().filter(|word| !word.is_empty());
    let count = words.clone().count();
    let mut text = String::new();
    for (at, word) in words.enumerate() {
        text += match at {
            0 => "",
            at if at + 1 == count => " or ",
            _ => ", ",
        };
        text += &format!("`{word}`");
    }
    text
}
