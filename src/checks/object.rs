//! One object: its schema, then what the API server's validation adds.

use crate::kubernetes::{self, Fault, Faults, Release};
use crate::manifest::Value;

/// What objects are judged by: the cluster they are meant for.
#[derive(Clone)]
pub struct Lens {
    /// The Kubernetes release.
    pub release: Release,
}

/// What the API server would reject in `object`, at most one fault for each place.
#[must_use]
pub fn check_object(object: &Value, lens: &Lens) -> Vec<Fault> {
    let mut faults = Faults::default();
    kubernetes::check(object, lens.release, &mut faults);
    let mut list = faults.into_vec();
    if list.len() > 1 {
        let mut seen = std::collections::HashSet::with_capacity(list.len());
        list.retain(|fault| seen.insert(fault.path.clone()));
    }
    list
}
