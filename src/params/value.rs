//! A parameter's value and the place it was set.

use crate::diagnostic::Span;

/// The layers, lowest first: a later one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// `default` in `stack.toml`.
    Stack,
    /// `[params]` in `lmsgen.toml`.
    Fleet,
    /// `[params]` of an environment.
    Environment,
    /// `[params]` of a client.
    Client,
    /// `[environments.<env>.params]` of a client.
    ClientInEnvironment,
}

/// Where a value was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The layer.
    pub layer: Layer,
    /// The value in its file.
    pub span: Span,
}

/// A value as TOML has it, less dates, which no parameter takes.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number with a fraction.
    Float(f64),
    /// Text.
    String(String),
    /// A list.
    List(Vec<ParamValue>),
    /// A table; keys in the order of their bytes.
    Table(Table),
}

/// A table of values, by key.
pub type Table = std::collections::BTreeMap<String, ParamValue>;

impl std::fmt::Display for ParamValue {
    /// As TOML writes it, on one line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::String(value) => write!(f, "{}", toml::Value::String(value.clone())),
            Self::List(items) => {
                f.write_str("[")?;
                for (nth, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if nth > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Table(table) => {
                f.write_str("{ ")?;
                for (nth, (key, value)) in table.iter().enumerate() {
                    write!(f, "{}{key} = {value}", if nth > 0 { ", " } else { "" })?;
                }
                f.write_str(" }")
            }
        }
    }
}
