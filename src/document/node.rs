//! A value in a document, with its place.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::table::TableReader;
use crate::diagnostic::{Class, Code, Diagnostic, FileId, Sink, Span};
use crate::names::Date;

/// A value has another type than its key takes.
pub const WRONG_TYPE: Code = Code::new("LMS104", Class::Input);
/// A number cannot be held: an integer over 64 bits, an infinite or missing number.
const NUMBER: Code = Code::new("LMS107", Class::Input);

/// Something read from a document, with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// What was read.
    pub value: T,
    /// Its place.
    pub span: Span,
}

/// A value, borrowed from its document.
#[derive(Clone, Copy, Debug)]
pub struct Node<'d> {
    value: &'d DeValue<'d>,
    span: Span,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Kind<'d> {
    /// A string.
    String(&'d str),
    /// A whole number.
    Integer(i64),
    /// A finite number with a fraction or an exponent.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A list.
    List(Vec<Node<'d>>),
    /// A table.
    Table(&'d DeTable<'d>),
    /// A date or a time; only [`Node::date`] takes one.
    Date,
    /// A number that cannot be held, with the reason.
    BadNumber(&'static str),
}

impl Kind<'_> {
    /// The type's name in messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::Integer(_) => "integer",
            Self::Float(_) => "number",
            Self::Boolean(_) => "boolean",
            Self::List(_) => "list",
            Self::Table(_) => "table",
            Self::Date => "date",
            Self::BadNumber(_) => "a number that cannot be held",
        }
    }
}

impl<'d> Node<'d> {
    pub(super) fn new(file: FileId, value: &'d Spanned<DeValue<'d>>) -> Self {
        Self { value: value.get_ref(), span: Span::new(file, value.span()) }
    }

    /// The value's place.
    #[must_use]
    pub const fn span(self) -> Span {
        self.span
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind<'d> {
        match self.value {
            DeValue::String(text) => Kind::String(text),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Kind::Integer(number),
                Err(_) => Kind::BadNumber("does not fit in 64 bits"),
            },
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Kind::Float(number),
                _ => Kind::BadNumber("is no finite number"),
            },
            DeValue::Boolean(truth) => Kind::Boolean(*truth),
            DeValue::Datetime(_) => Kind::Date,
            DeValue::Array(items) => Kind::List(self.nodes(items)),
            DeValue::Table(table) => Kind::Table(table),
        }
    }

    fn nodes(self, items: &'d DeArray<'d>) -> Vec<Self> {
        items.iter().map(|item| Self::new(self.span.file, item)).collect()
    }

    /// Reports that `what` (a key, as the person wrote it) should be `wanted` and is not.
    pub fn wrong_type(self, what: &str, wanted: &str, sink: &mut Sink) {
        sink.push(match self.kind() {
            Kind::BadNumber(reason) => {
                Diagnostic::error(NUMBER, format!("`{what}`: the number {reason}")).at(self.span, "")
            }
            kind => Diagnostic::error(WRONG_TYPE, format!("`{what}`: expected {wanted}, found {}", kind.name()))
                .at(self.span, format!("expected {wanted}")),
        });
    }

    /// The string, or an error about `what`.
    pub fn string(self, what: &str, sink: &mut Sink) -> Option<&'d str> {
        let Kind::String(text) = self.kind() else {
            self.wrong_type(what, "string", sink);
            return None;
        };
        Some(text)
    }

    /// The whole number, or an error about `what`.
    pub fn integer(self, what: &str, sink: &mut Sink) -> Option<i64> {
        let Kind::Integer(number) = self.kind() else {
            self.wrong_type(what, "integer", sink);
            return None;
        };
        Some(number)
    }

    /// The number, whole or not, or an error about `what`.
    pub fn number(self, what: &str, sink: &mut Sink) -> Option<f64> {
        match self.kind() {
            #[expect(clippy::cast_precision_loss, reason = "a bound beyond 2^53 may be off by its last digits")]
            Kind::Integer(number) => Some(number as f64),
            Kind::Float(number) => Some(number),
            _ => {
                self.wrong_type(what, "number", sink);
                None
            }
        }
    }

    /// The boolean, or an error about `what`.
    pub fn boolean(self, what: &str, sink: &mut Sink) -> Option<bool> {
        let Kind::Boolean(truth) = self.kind() else {
            self.wrong_type(what, "boolean", sink);
            return None;
        };
        Some(truth)
    }

    /// The day, without a time, or an error about `what`.
    pub fn date(self, what: &str, sink: &mut Sink) -> Option<Date> {
        let day = match self.value {
            DeValue::Datetime(found) if found.time.is_none() => found.date,
            _ => None,
        };
        let day = day.and_then(|day| Date::new(day.year, day.month, day.day));
        if day.is_none() {
            self.wrong_type(what, "date (2027-03-01, without quotes)", sink);
        }
        day
    }

    /// The list's items, or an error about `what`.
    pub fn list(self, what: &str, sink: &mut Sink) -> Option<Vec<Self>> {
        let Kind::List(items) = self.kind() else {
            self.wrong_type(what, "list", sink);
            return None;
        };
        Some(items)
    }

    /// The list's strings, or errors about `what`; wrong items are left out.
    pub fn strings(self, what: &str, sink: &mut Sink) -> Option<Vec<Located<&'d str>>> {
        let items = self.list(what, sink)?;
        let read =
            |item: Self, sink: &mut Sink| item.string(what, sink).map(|value| Located { value, span: item.span });
        Some(items.into_iter().filter_map(|item| read(item, sink)).collect())
    }

    /// The table, or an error about `what`.
    pub fn table(self, what: &str, sink: &mut Sink) -> Option<TableReader<'d>> {
        let DeValue::Table(entries) = self.value else {
            self.wrong_type(what, "table", sink);
            return None;
        };
        Some(TableReader::new(entries, what, self.span))
    }
}
