//! The comparison of a value with a schema. Allocates nothing while nothing is wrong.

use super::compile::Dialect;
use super::formats::{BASE64, MICRO_TIME, QUANTITY, TIME, is_base64, is_quantity, is_time};
use super::limits::Limits;
use super::mismatch::{Found, Mismatch, What};
use super::node::{Field, Fields, Node, Shape};
use super::pack::Set;
use crate::document::nearest;
use crate::manifest::{Map, Path, Step, Value};

/// A comparison under way.
pub(super) struct Check<'c> {
    /// Where links lead.
    pub set: &'c Set,
    pub dialect: Dialect,
    /// Values may be shown in messages.
    pub shows_values: bool,
    /// Below the status of a built-in kind: read, but not validated.
    pub is_lenient: bool,
    pub faults: &'c mut Vec<Mismatch>,
}

/// The way to a value, kept on the stack.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    above: Option<&'p Place<'p>>,
    step: PlaceStep<'p>,
}

#[derive(Clone, Copy)]
enum PlaceStep<'p> {
    Root,
    Field(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    pub const ROOT: Self = Self { above: None, step: PlaceStep::Root };

    pub const fn field(&'p self, name: &'p str) -> Self {
        Self { above: Some(self), step: PlaceStep::Field(name) }
    }

    const fn index(&'p self, index: usize) -> Self {
        Self { above: Some(self), step: PlaceStep::Index(index) }
    }

    fn path(&self) -> Path {
        let mut steps = Vec::new();
        let mut place = Some(self);
        while let Some(&Self { above, step }) = place {
            match step {
                PlaceStep::Root => {}
                PlaceStep::Field(name) => steps.push(Step::Field(name.into())),
                PlaceStep::Index(index) => steps.push(Step::Index(index)),
            }
            place = above;
        }
        steps.into_iter().rev().collect()
    }
}

/// Go's reader takes a list of numbers for bytes as well as base64; it leaves a null item 0.
fn is_byte(item: &Value) -> bool {
    match item {
        Value::Null => true,
        Value::Number(text) => text.parse::<u8>().is_ok(),
        _ => false,
    }
}

impl<'c> Check<'c> {
    /// Compares `value` with `node`.
    pub fn value(&mut self, node: &'c Node, value: &Value, place: &Place<'_>) {
        let node = self.set.resolve(node);
        if let Value::Null = value {
            // Go's reader leaves what it reads into as it is.
            if self.dialect != Dialect::BuiltIn && !node.is_nullable && !matches!(node.shape, Shape::Any) {
                self.wrong_type(node, value, place);
            }
            return;
        }
        if self.shape(&node.shape, value, place)
            && let Some(limits) = &node.limits
        {
            self.limits(limits, value, place);
        }
    }

    /// `false` if the value's type is wrong.
    fn shape(&mut self, shape: &'c Shape, value: &Value, place: &Place<'_>) -> bool {
        match (shape, value) {
            (Shape::Any | Shape::Link(_), _)
            | (Shape::Bool, Value::Bool(_))
            | (Shape::Number, Value::Number(_))
            | (Shape::String | Shape::IntOrString { .. }, Value::String(_)) => true,
            (Shape::Object(fields), Value::Map(map)) => {
                self.object(fields, map, place);
                true
            }
            (Shape::List(item), Value::List(items)) => {
                for (at, value) in items.iter().enumerate() {
                    self.value(item, value, &place.index(at));
                }
                true
            }
            (Shape::Map(each), Value::Map(map)) => {
                for (key, value) in map.iter() {
                    if !self.is_absent(each, value) {
                        self.value(each, value, &place.field(key));
                    }
                }
                true
            }
            (Shape::Integer { is_short } | Shape::IntOrString { is_short }, Value::Number(text)) => {
                self.integer(shape, *is_short, text, value, place)
            }
            (Shape::Quantity, Value::String(text) | Value::Number(text)) => {
                self.format(is_quantity(text), QUANTITY, value, place)
            }
            (Shape::Time { is_micro }, Value::String(text)) => {
                let expected = if *is_micro { MICRO_TIME } else { TIME };
                self.format(is_time(text, *is_micro), expected, value, place)
            }
            (Shape::Bytes, Value::String(text)) => self.format(is_base64(text), BASE64, value, place),
            (Shape::Bytes, Value::List(items)) if self.dialect == Dialect::BuiltIn && items.iter().all(is_byte) => true,
            (Shape::Word(words), Value::String(text)) => {
                if !self.is_lenient && !text.is_empty() && !words.iter().any(|word| **word == **text) {
                    let allowed = words.iter().map(ToString::to_string).collect();
                    self.fault(What::NotOneOf { allowed, found: self.found(value) }, place);
                }
                true
            }
            // Parts have no types: what is asked of objects does not concern other values.
            (Shape::Object(_) | Shape::List(_), _) if self.dialect == Dialect::Part => true,
            _ => {
                self.fault(What::WrongType { expected: expected(shape), found: self.found(value) }, place);
                false
            }
        }
    }

    fn object(&mut self, fields: &'c Fields, map: &Map, place: &Place<'_>) {
        let mut present = 0;
        // Fields that are there under a wrong name; to call them missing as well would be one fault told twice.
        let mut misnamed = Vec::new();
        for (short, key, value) in map.iter_short() {
            let Some(field) = fields.get_short(short, key) else {
                if !fields.is_open {
                    misnamed.extend(self.unknown(fields, key, place));
                }
                continue;
            };
            if place.above.is_none() && key == "status" {
                self.status(&field.node, value, &place.field(key));
                continue;
            }
            let is_absent = self.is_absent(&field.node, value);
            if !is_absent {
                present += usize::from(field.is_required);
                self.value(&field.node, value, &place.field(key));
            }
            if field.is_required && !is_absent && self.dialect == Dialect::BuiltIn && !self.is_lenient {
                self.emptiness(field, value, place);
            }
        }
        if present < fields.required && !self.is_lenient {
            for field in fields.iter().filter(|field| field.is_required && !misnamed.contains(&&*field.name)) {
                if map.get(&field.name).is_none_or(|value| self.is_absent(&field.node, value)) {
                    self.fault(What::Missing { field: field.name.to_string() }, place);
                }
            }
        }
    }

    /// A status is read and then dropped, unless it has no place of its own.
    fn status(&mut self, node: &'c Node, value: &Value, place: &Place<'_>) {
        let first = self.faults.len();
        let mut check = Check { is_lenient: true, faults: &mut *self.faults, ..*self };
        check.value(node, value, place);
        if self.dialect == Dialect::Custom {
            let mut at = 0;
            self.faults.retain(|fault| {
                at += 1;
                at <= first || matches!(fault.what, What::UnknownField { .. })
            });
        }
    }

    /// `null` stands for a field that is not there.
    fn is_absent(&self, node: &'c Node, value: &Value) -> bool {
        matches!(value, Value::Null) && (self.dialect == Dialect::BuiltIn || !self.set.resolve(node).is_nullable)
    }

    /// Go's types do not tell an empty string or list from none.
    fn emptiness(&mut self, field: &Field, value: &Value, place: &Place<'_>) {
        let is_empty = match value {
            Value::String(text) => text.is_empty(),
            Value::List(items) => items.is_empty(),
            _ => false,
        };
        if is_empty {
            self.fault(What::Empty { field: field.name.to_string() }, &place.field(&field.name));
        }
    }

    fn integer(&mut self, shape: &Shape, is_short: bool, text: &str, value: &Value, place: &Place<'_>) -> bool {
        let Some(number) = whole(text) else {
            self.fault(What::WrongType { expected: expected(shape), found: self.found(value) }, place);
            return false;
        };
        let (least, most) = if is_short { (i64::from(i32::MIN), i64::from(i32::MAX)) } else { (i64::MIN, i64::MAX) };
        let bound = if number < i128::from(least) {
            format!("at least {least}")
        } else if number > i128::from(most) {
            format!("at most {most}")
        } else {
            return true;
        };
        self.fault(What::OutOfRange { bound, found: self.found(value) }, place);
        false
    }

    fn format(&mut self, is_right: bool, expected: &'static str, value: &Value, place: &Place<'_>) -> bool {
        if !is_right {
            self.fault(What::BadFormat { expected, found: self.found(value) }, place);
        }
        is_right
    }

    fn limits(&mut self, limits: &'c Limits, value: &Value, place: &Place<'_>) {
        let shows = self.shows_values;
        let found = move |value: &Value| if shows { Found::of(value) } else { Found::concealed(value) };
        if let Some(what) = limits.check(value, found) {
            self.fault(what, place);
        }
        for node in &limits.all {
            let mut faults = self.part(node, value, place);
            self.faults.append(&mut faults);
        }
        let mut holding =
            |nodes: &'c [Node]| nodes.iter().filter(|node| self.part(node, value, place).is_empty()).count();
        let (any, one) = (holding(&limits.any), holding(&limits.one));
        if any == 0 && !limits.any.is_empty() {
            self.fault(What::NoAlternative { fields: alternatives(&limits.any), is_one: false }, place);
        }
        if (one == 0 || one > 1 && !limits.has_defaults) && !limits.one.is_empty() {
            self.fault(What::NoAlternative { fields: alternatives(&limits.one), is_one: true }, place);
        }
        if let Some(not) = &limits.not
            && self.part(not, value, place).is_empty()
        {
            self.fault(What::Forbidden, place);
        }
    }

    /// What a schema inside of `anyOf` and the like finds wrong.
    fn part(&mut self, node: &'c Node, value: &Value, place: &Place<'_>) -> Vec<Mismatch> {
        let mut faults = Vec::new();
        let mut check = Check { dialect: Dialect::Part, faults: &mut faults, ..*self };
        check.value(node, value, place);
        faults
    }

    /// Returns the field that was meant, if one is near.
    fn unknown(&mut self, fields: &'c Fields, name: &str, place: &Place<'_>) -> Option<&'c str> {
        let meant = nearest(name, fields.iter().map(|field| &*field.name));
        let did_you_mean = meant.map(Into::into);
        self.fault(What::UnknownField { name: name.into(), did_you_mean }, &place.field(name));
        meant
    }

    fn wrong_type(&mut self, node: &Node, value: &Value, place: &Place<'_>) {
        self.fault(What::WrongType { expected: expected(&node.shape), found: self.found(value) }, place);
    }

    fn found(&self, value: &Value) -> Found {
        if self.shows_values { Found::of(value) } else { Found::concealed(value) }
    }

    fn fault(&mut self, what: What, place: &Place<'_>) {
        self.faults.push(Mismatch { path: place.path(), what });
    }
}

/// Fields that alternatives require.
fn alternatives(nodes: &[Node]) -> Vec<String> {
    let mut names = Vec::new();
    for node in nodes {
        if let Shape::Object(fields) = &node.shape {
            names.extend(fields.iter().filter(|field| field.is_required).map(|field| field.name.to_string()));
        }
    }
    names
}

/// The number that is meant by a text: YAML's readers pass `1.0` and `1e+3` on as `1` and `1000`.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within range")]
fn whole(text: &str) -> Option<i128> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok()?;
    (number.fract() == 0.0 && number.abs() < 1e21).then_some(number as i128)
}

const fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any | Shape::Link(_) => "a value",
        Shape::Bool => "`true` or `false`",
        Shape::Integer { .. } => "an integer",
        Shape::Number => "a number",
        Shape::String | Shape::Word(_) => "a string",
        Shape::Bytes => BASE64,
        Shape::IntOrString { .. } => "an integer or a string",
        Shape::Quantity => QUANTITY,
        Shape::Time { is_micro: false } => TIME,
        Shape::Time { is_micro: true } => MICRO_TIME,
        Shape::List(_) => "a list",
        Shape::Map(_) | Shape::Object(_) => "a mapping",
    }
}
