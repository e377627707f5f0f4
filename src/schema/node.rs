//! A schema made ready to be compared with values.

use super::limits::Limits;
use crate::manifest::{is_same_key, short_key};

/// A schema.
pub(super) struct Node {
    pub shape: Shape,
    /// `null` is a value of its own.
    pub is_nullable: bool,
    /// What else is asked of a value of the right type.
    pub limits: Option<Box<Limits>>,
}

/// The type that a value must have.
pub(super) enum Shape {
    /// Anything at all.
    Any,
    Bool,
    /// An integer; 32 bits wide or 64.
    Integer {
        is_short: bool,
    },
    Number,
    String,
    /// A string in base64.
    Bytes,
    /// A string from a list, or nothing: built-in kinds read an empty string as if the field were not there.
    Word(Box<[Box<str>]>),
    IntOrString {
        is_short: bool,
    },
    Quantity,
    /// RFC 3339; with six digits of a second's fraction if `is_micro`.
    Time {
        is_micro: bool,
    },
    List(Box<Node>),
    Map(Box<Node>),
    Object(Box<Fields>),
    /// The schema at this line of the pack.
    Link(u32),
}

impl Node {
    pub const fn of(shape: Shape) -> Self {
        Self { shape, is_nullable: false, limits: None }
    }
}

/// The fields of an object, sorted by [`short_key`] of their names.
pub(super) struct Fields {
    shorts: Box<[u64]>,
    list: Box<[Field]>,
    /// How many fields are required.
    pub required: usize,
    /// Fields that are not listed are fine.
    pub is_open: bool,
}

/// A field of an object.
pub(super) struct Field {
    pub name: Box<str>,
    pub is_required: bool,
    pub node: Node,
}

impl Fields {
    pub fn new(mut fields: Vec<Field>, is_open: bool) -> Self {
        fields.sort_by_key(|field| short_key(&field.name));
        Self {
            shorts: fields.iter().map(|field| short_key(&field.name)).collect(),
            required: fields.iter().filter(|field| field.is_required).count(),
            list: fields.into(),
            is_open,
        }
    }

    /// The field called `name`.
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.get_short(short_key(name), name)
    }

    /// The field called `name`, whose [`short_key`] is `short`.
    pub fn get_short(&self, short: u64, name: &str) -> Option<&Field> {
        let first = self.shorts.partition_point(|other| *other < short);
        let same = self.shorts[first..].iter().zip(&self.list[first..]).take_while(|(other, _)| **other == short);
        same.map(|(_, field)| field).find(|field| is_same_key(&field.name, name))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.list.iter()
    }
}
