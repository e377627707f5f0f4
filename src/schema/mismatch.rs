//! What is wrong with an object, in the words of the person who wrote it.

use std::fmt;

use crate::manifest::{Path, Value};

/// A value that is not what its kind's schema asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The value that is wrong; for a missing field the object that lacks it.
    pub path: Path,
    /// What is wrong.
    pub what: What,
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A field that its object does not have.
    UnknownField {
        /// The field.
        name: String,
        /// One that there is.
        did_you_mean: Option<String>,
    },
    /// A field that must be there is not.
    Missing {
        /// The field.
        field: String,
    },
    /// A field that must be there is empty.
    Empty {
        /// The field.
        field: String,
    },
    /// A value of another type.
    WrongType {
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: Found,
    },
    /// A word that is not in the list.
    NotOneOf {
        /// The list.
        allowed: Vec<String>,
        /// What it is.
        found: Found,
    },
    /// A text without the form it must have.
    BadFormat {
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: Found,
    },
    /// A text that a regular expression does not match.
    NoMatch {
        /// The expression.
        pattern: String,
        /// What it is.
        found: Found,
    },
    /// A number that is too small, too large, or no multiple.
    OutOfRange {
        /// `at most 65535`
        bound: String,
        /// What it is.
        found: Found,
    },
    /// A text, list or mapping that is too short.
    TooFew {
        /// The smallest count.
        least: usize,
        /// `characters`, `items` or `fields`
        of: &'static str,
    },
    /// A text, list or mapping that is too long.
    TooMany {
        /// The largest count.
        most: usize,
        /// `characters`, `items` or `fields`
        of: &'static str,
    },
    /// An item of a list that was there before.
    Repeated {
        /// The item, counted from 0.
        index: usize,
        /// Fields that no two items may have alike; none if it is the whole item.
        keys: Vec<String>,
    },
    /// None of several alternatives holds, or more than one where only one may.
    NoAlternative {
        /// Fields that the alternatives ask for.
        fields: Vec<String>,
        /// Exactly one may hold.
        is_one: bool,
    },
    /// A combination that is ruled out.
    Forbidden,
}

/// A value as a message shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    kind: &'static str,
    /// The value itself, cut to a length that can be read; `None` for mappings, lists, and what is not to be shown.
    text: Option<String>,
}

/// Most characters of a value in a message.
const MOST_SHOWN: usize = 60;

impl Found {
    /// A value that may be shown.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        let text = match value {
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Number(text) => Some(shown(text)),
            Value::String(text) => Some(format!("\"{}\"", shown(text))),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        };
        Self { kind: kind(value), text }
    }

    /// A value that may be a secret.
    #[must_use]
    pub const fn concealed(value: &Value) -> Self {
        Self { kind: kind(value), text: None }
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
    }
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(MOST_SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().count() > MOST_SHOWN {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{} `{text}`", self.kind.replacen("a ", "the ", 1)),
            None => f.write_str(self.kind),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownField { name, did_you_mean } => {
                write!(f, "unknown field `{}`", name.escape_debug())?;
                match did_you_mean {
                    Some(known) => write!(f, "; did you mean `{known}`?"),
                    None => Ok(()),
                }
            }
            Self::Missing { field } => write!(f, "`{field}` is missing"),
            Self::Empty { field } => write!(f, "`{field}` is empty"),
            Self::WrongType { expected, found } | Self::BadFormat { expected, found } => {
                write!(f, "expected {expected}, got {found}")
            }
            Self::NotOneOf { allowed, found } => write!(f, "expected {}, got {found}", Words(allowed, "or")),
            Self::NoMatch { pattern, found } => write!(f, "expected a string that matches `{pattern}`, got {found}"),
            Self::OutOfRange { bound, found } => write!(f, "expected {bound}, got {found}"),
            Self::TooFew { least, of } => write!(f, "expected at least {least} {}", counted(of, *least)),
            Self::TooMany { most, of } => write!(f, "expected at most {most} {}", counted(of, *most)),
            Self::Repeated { index, keys } if keys.is_empty() => write!(f, "item {index} occurs twice"),
            Self::Repeated { index, keys } => {
                write!(f, "item {index} has the same {} as one before it", Words(keys, "and"))
            }
            Self::NoAlternative { fields, is_one } => {
                let count = if *is_one { "exactly one" } else { "at least one" };
                if fields.is_empty() {
                    write!(f, "{count} of the schema's alternatives must hold")
                } else {
                    write!(f, "{count} of {} must be set", Words(fields, "and"))
                }
            }
            Self::Forbidden => f.write_str("this combination of fields is ruled out by the schema"),
        }
    }
}

/// `items` or `item`.
fn counted(of: &str, count: usize) -> &str {
    if count == 1 { of.trim_end_matches('s') } else { of }
}

/// Names in a sentence: `a`, `b` or `c`.
struct Words<'w>(&'w [String], &'static str);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.len().saturating_sub(1);
        for (at, word) in self.0.iter().enumerate() {
            let before = match at {
                0 => "",
                _ if at == last => &format!(" {} ", self.1),
                _ => ", ",
            };
            write!(f, "{before}`{}`", word.escape_debug())?;
        }
        Ok(())
    }
}
