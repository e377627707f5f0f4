//! The values of all declared parameters at one place: an instance, or an environment's part of a stack.

use std::sync::Arc;

use super::check::whole_faults;
use super::declare::Declarations;
use super::layer::{Change, Overlay};
use super::merge::merge;
use super::names::{Placeholders, fill, has_placeholder};
use super::{Origin, ParamDecl, ParamValue};

/// A value and the highest layer that set (a part of) it.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The value.
    pub value: ParamValue,
    /// Where it was set.
    pub origin: Origin,
}

type Slot = Option<Arc<Resolved>>;

/// Values by index of the declaration; cheap to clone, shares what the client did not override.
#[derive(Clone, Debug)]
pub struct Params {
    decls: Arc<[ParamDecl]>,
    shared: Arc<[Slot]>,
    /// What differs from `shared`, by index.
    own: Vec<(usize, Slot)>,
}

impl Params {
    /// Values of `decls`, one entry each; `None` is unset.
    ///
    /// # Panics
    /// When the lengths differ.
    #[must_use]
    pub fn new(decls: Arc<[ParamDecl]>, values: Vec<Option<Arc<Resolved>>>) -> Self {
        assert_eq!(decls.len(), values.len(), "one value for each declaration");
        Self { decls, shared: values.into(), own: Vec::new() }
    }

    /// The values of the layers that many instances share, lowest first, on top of the defaults. Names keep
    /// their placeholders.
    #[must_use]
    pub fn base(declarations: &Declarations, layers: &[&Overlay]) -> Self {
        let mut values = declarations.defaults.clone();
        for setting in layers.iter().flat_map(|layer| &layer.settings) {
            let below = values[setting.index].take();
            values[setting.index] = apply(&declarations.list[setting.index], below, &setting.change);
        }
        Self::new(declarations.list.clone(), values)
    }

    /// These values with more layers on top, lowest first, and with the placeholders of names filled in. A name
    /// that needs a client where there is none is unset.
    #[must_use]
    pub fn with(&self, declarations: &Declarations, layers: &[&Overlay], names: Placeholders<'_>) -> Self {
        let mut above = self.shared();
        for setting in layers.iter().flat_map(|layer| &layer.settings) {
            let below = above.get(setting.index).cloned();
            above.set(setting.index, apply(&self.decls[setting.index], below, &setting.change));
        }
        for &index in &declarations.names {
            let shape = &self.decls[index].shape;
            let Some(old) = above.get(index) else { continue };
            if has_placeholder(shape, &old.value) {
                let origin = old.origin;
                let filled = fill(shape, &old.value, names).map(|value| Arc::new(Resolved { value, origin }));
                above.set(index, filled);
            }
        }
        // Kept for every instance.
        above.own.shrink_to_fit();
        above
    }

    fn set(&mut self, index: usize, value: Slot) {
        match self.own.binary_search_by_key(&index, |(at, _)| *at) {
            Ok(at) => self.own[at].1 = value,
            Err(at) => self.own.insert(at, (index, value)),
        }
    }

    /// The value of declaration `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Arc<Resolved>> {
        match self.own.binary_search_by_key(&index, |(at, _)| *at) {
            Ok(at) => self.own[at].1.as_ref(),
            Err(_) => self.shared[index].as_ref(),
        }
    }

    /// Declarations and values in the order of the declarations.
    pub fn iter(&self) -> impl Iterator<Item = (&ParamDecl, Option<&Arc<Resolved>>)> {
        let mut own = self.own.iter().peekable();
        self.decls.iter().zip(self.shared.iter()).enumerate().map(move |(index, (decl, shared))| {
            let value = own.next_if(|(at, _)| *at == index).map_or(shared, |(_, value)| value);
            (decl, value.as_ref())
        })
    }

    /// Indices of the parameters that must have a value and have none.
    pub fn missing(&self) -> impl Iterator<Item = usize> {
        self.iter().enumerate().filter(|(_, (decl, value))| !decl.optional && value.is_none()).map(|(index, _)| index)
    }

    /// What is wrong with the values shared with other instances, now that their layers are merged: index and fault.
    #[must_use]
    pub fn shared_faults(&self) -> Vec<(usize, String)> {
        faults(&self.decls, self.shared.iter().enumerate())
    }

    /// As [`Params::shared_faults`], for the values of this instance alone.
    #[must_use]
    pub fn own_faults(&self) -> Vec<(usize, String)> {
        faults(&self.decls, self.own.iter().map(|(index, value)| (*index, value)))
    }

    /// The values that instances share, without any instance's own.
    #[must_use]
    pub fn shared(&self) -> Self {
        Self { decls: self.decls.clone(), shared: self.shared.clone(), own: Vec::new() }
    }

    /// `true` if both have the same shared values, in the same memory.
    #[must_use]
    pub fn shares_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// What the instance sets or unsets itself, by index of the declaration, ascending.
    pub fn own(&self) -> impl Iterator<Item = (usize, Option<&Arc<Resolved>>)> {
        self.own.iter().map(|(index, value)| (*index, value.as_ref()))
    }

    /// `true` if the instance has a value of its own for declaration `index`, or has it unset.
    #[must_use]
    pub fn is_own(&self, index: usize) -> bool {
        self.own.binary_search_by_key(&index, |(at, _)| *at).is_ok()
    }
}

fn faults<'v>(decls: &[ParamDecl], values: impl Iterator<Item = (usize, &'v Slot)>) -> Vec<(usize, String)> {
    values
        .filter_map(|(index, value)| value.as_ref().map(|value| (index, value)))
        .flat_map(|(index, value)| {
            whole_faults(&decls[index], &value.value).into_iter().map(move |fault| (index, fault))
        })
        .collect()
}

fn apply(decl: &ParamDecl, below: Slot, change: &Change) -> Slot {
    match (change, below) {
        (Change::Unset(_), _) => None,
        (Change::Set(above), Some(below)) => {
            let joins = matches!(
                (&below.value, &above.value),
                (ParamValue::Table(_), ParamValue::Table(_)) | (ParamValue::List(_), ParamValue::List(_))
            );
            if !joins {
                return Some(above.clone());
            }
            Some(Arc::new(Resolved { value: merge(decl, &below.value, &above.value), origin: above.origin }))
        }
        (Change::Set(above) | Change::Replace(above), _) => Some(above.clone()),
    }
}
