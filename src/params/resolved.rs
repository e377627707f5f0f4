//! The values of all declared parameters at one place: an instance, or an environment's part of a stack.

use std::sync::Arc;

use super::{Origin, ParamDecl, ParamValue};

/// A value and the highest layer that set (a part of) it.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The value.
    pub value: ParamValue,
    /// Where it was set.
    pub origin: Origin,
}

/// Values by index of the declaration; cheap to clone, shares what the client did not override.
#[derive(Clone, Debug)]
pub struct Params {
    decls: Arc<[ParamDecl]>,
    values: Vec<Option<Arc<Resolved>>>,
}

impl Params {
    /// Values of `decls`, one entry each; `None` is unset.
    ///
    /// # Panics
    /// When the lengths differ.
    #[must_use]
    pub fn new(decls: Arc<[ParamDecl]>, values: Vec<Option<Arc<Resolved>>>) -> Self {
        assert_eq!(decls.len(), values.len(), "one value for each declaration");
        Self { decls, values }
    }

    /// The value of declaration `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Arc<Resolved>> {
        self.values[index].as_ref()
    }

    /// Declarations and values in the order of the declarations.
    pub fn iter(&self) -> impl Iterator<Item = (&ParamDecl, Option<&Arc<Resolved>>)> {
        self.decls.iter().zip(self.values.iter().map(Option::as_ref))
    }
}
