//! What a stack declares about a parameter.

use super::value::{Layer, ParamValue};
use crate::diagnostic::Span;
use crate::names::ParamPath;

/// A declared parameter: `[params.image.tag]` in `stack.toml`.
#[derive(Clone, Debug)]
pub struct ParamDecl {
    /// `image.tag`.
    pub path: ParamPath,
    /// What its values look like.
    pub shape: Shape,
    /// How a layer's list joins the lists below it.
    pub merge: Merge,
    /// Who may set it.
    pub set_by: SetBy,
    /// Whether instances of an environment may share a value.
    pub unique: Option<Unique>,
    /// `true` if it may stay unset.
    pub optional: bool,
    /// What it is, for people.
    pub description: String,
    /// Unit of a number, for people: `hours`.
    pub unit: Option<String>,
    /// The declaration in `stack.toml`.
    pub span: Span,
}

impl ParamDecl {
    /// `true` unless `value` is of another type than the parameter, or a text or number beyond its bounds; what is inside of tables
    /// and lists is not looked at.
    #[must_use]
    pub fn admits(&self, value: &ParamValue) -> bool {
        match (&self.shape, value) {
            (Shape::String(shape), ParamValue::String(text)) => {
                let n = text.chars().count();
                shape.pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
                    && shape.one_of.as_ref().is_none_or(|values| values.contains(text))
                    && (shape.min_length..=shape.max_length).contains(&n)
            }
            (Shape::Name, ParamValue::String(text)) => super::names::is_name(text),
            (Shape::Integer { min, max }, ParamValue::Integer(n)) => {
                min.is_none_or(|min| *n >= min) && max.is_none_or(|max| *n <= max)
            }
            (Shape::Number { .. }, ParamValue::Integer(_) | ParamValue::Float(_))
            | (Shape::Boolean, ParamValue::Bool(_))
            | (Shape::List { .. }, ParamValue::List(_))
            | (Shape::Record(_) | Shape::Table(_), ParamValue::Table(_)) => true,
            _ => false,
        }
    }
}

/// Who may set a parameter: the highest layer that has a say.
///
/// A client that chose the server its provisioning talks to could have the administrator's password sent there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// Every layer.
    Client,
    /// The stack, `lmsgen.toml` and the environment.
    Environment,
}

impl SetBy {
    /// `true` if `layer` may set or unset the parameter.
    #[must_use]
    pub fn allows(self, layer: Layer) -> bool {
        self == Self::Client || layer <= Layer::Environment
    }
}

/// `unique = true`, or `unique = "/{id}"`: no two instances of an environment may have the same value, case aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unique {
    /// What the templates use where the parameter is unset, with `{client}` for the slug and `{id}` for the id; `None` when
    /// an unset parameter takes nothing away from anybody.
    pub when_unset: Option<String>,
}

/// How lists of different layers join. Tables always merge key by key; everything else is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The higher layer's list replaces the lower one.
    Replace,
    /// The higher layer's items come after the lower ones.
    Append,
    /// Items are tables; those with an equal value under this key merge, others are appended.
    By(String),
}

/// The type of a value and its bounds.
#[derive(Clone, Debug)]
pub enum Shape {
    /// `type = "string"`.
    String(StringShape),
    /// `type = "name"`: a DNS label of at most 63 characters; `{client}` in it stands for the client's slug and
    /// `{environment}` for the environment's name.
    Name,
    /// `type = "integer"`, bounds inclusive.
    Integer {
        /// Lowest value.
        min: Option<i64>,
        /// Highest value.
        max: Option<i64>,
    },
    /// `type = "number"`, bounds inclusive.
    Number {
        /// Lowest value.
        min: Option<f64>,
        /// Highest value.
        max: Option<f64>,
    },
    /// `type = "boolean"`.
    Boolean,
    /// `type = "list"`.
    List {
        /// What each item looks like.
        items: Box<Shape>,
        /// Fewest items.
        min_items: usize,
        /// Most items.
        max_items: usize,
    },
    /// `type = "table"` with `fields`: only these keys.
    Record(Vec<Field>),
    /// `type = "table"` without `fields`: any key, values of one shape (`values`) or, without it, of any type.
    Table(Option<Box<Shape>>),
}

/// A key of a [`Shape::Record`].
#[derive(Clone, Debug)]
pub struct Field {
    /// The key, named like a part of a parameter path.
    pub name: String,
    /// What its value looks like.
    pub shape: Shape,
    /// `true` if it may be absent.
    pub optional: bool,
}

/// A regular expression that a whole value must match.
#[derive(Clone, Debug)]
pub struct Pattern {
    written: String,
    whole: regex::Regex,
}

impl Pattern {
    /// Compiles `written` so that it must match from the first character to the last, anchored or not.
    ///
    /// # Errors
    /// When it is no regular expression, or one that needs more than 1 MiB.
    pub fn new(written: &str) -> Result<Self, regex::Error> {
        let build = |text: &str| regex::RegexBuilder::new(text).size_limit(1 << 20).build();
        // Alone first: `a)|(b` would be right only between the parentheses added here.
        build(written)?;
        Ok(Self { written: written.into(), whole: build(&format!(r"\A(?:{written})\z"))? })
    }

    /// The expression as the stack has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// `true` if all of `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }
}

/// Bounds of a string.
#[derive(Clone, Debug)]
pub struct StringShape {
    /// Regular expression the whole value must match.
    pub pattern: Option<Pattern>,
    /// The only values allowed, in the declared order.
    pub one_of: Option<Vec<String>>,
    /// Fewest characters.
    pub min_length: usize,
    /// Most characters; 4096 when not declared.
    pub max_length: usize,
}

impl Default for StringShape {
    fn default() -> Self {
        Self { pattern: None, one_of: None, min_length: 0, max_length: 4096 }
    }
}

impl Shape {
    /// The type's name in `stack.toml` and in messages.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::Name => "name",
            Self::Integer { .. } => "integer",
            Self::Number { .. } => "number",
            Self::Boolean => "boolean",
            Self::List { .. } => "list",
            Self::Record(_) | Self::Table(_) => "table",
        }
    }

    /// `true` if a name can stand in such a value, so that placeholders have to be filled in.
    #[must_use]
    pub(super) fn holds_names(&self) -> bool {
        match self {
            Self::Name => true,
            Self::List { items, .. } => items.holds_names(),
            Self::Record(fields) => fields.iter().any(|field| field.shape.holds_names()),
            Self::Table(values) => values.as_ref().is_some_and(|values| values.holds_names()),
            Self::String(_) | Self::Integer { .. } | Self::Number { .. } | Self::Boolean => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_values_only() {
        let matches = |pattern: &str, text: &str| Pattern::new(pattern).unwrap().matches(text);
        assert!(matches("a|bc", "a") && matches("a|bc", "bc"));
        assert!(!matches("a|bc", "ab") && !matches("^a$", "a\n") && !matches("(?m)^a$", "a\nb"));
        assert!(Pattern::new("a)|(b").is_err(), "right only between the parentheses added around it");
        assert!(Pattern::new(r"\w{9999}{9999}").is_err(), "too large");
    }
}
