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
