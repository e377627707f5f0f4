//! Which rules an object must obey, by its kind.

use crate::manifest::Value;

use super::fault::Faults;
use super::metadata;
use super::spot::Spot;

/// The Kubernetes release that an object is meant for: `35` of `1.35`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub u16);

impl Release {
    /// The newest release whose schemas lmsgen has.
    pub const NEWEST: Self = Self(35);
}

/// Finds what the API server of `release` would reject in `object` although its schema is right.
pub fn check(object: &Value, release: Release, faults: &mut Faults) {
    let root = Spot::root(object);
    metadata::check(root, faults);
    let _ = release;
}
