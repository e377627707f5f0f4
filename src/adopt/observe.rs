//! What an object says about parameters, and what several places together say.

use std::collections::BTreeMap;

use crate::manifest::{Step, Value};
use crate::params::{ParamDecl, ParamValue};
use crate::template::Printed;

use super::invert::invert;

/// A parameter's value at one place of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The parameter.
    pub path: String,
    /// What the object says.
    pub value: ParamValue,
    /// `Deployment lms-deployment-c42: spec.replicas`
    pub place: String,
}

/// What all places together say about a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// One value.
    Agreed(Observed),
    /// Two places that say different things.
    Conflict(Observed, Observed),
}

/// What `object`, named `label`, says about parameters: it is compared with what was `rendered` and `printed` in its place.
#[must_use]
pub fn observe(
    (label, object): (&str, &Value),
    (rendered, printed): (&Value, &[Printed]),
    declared: &dyn Fn(&str) -> Option<ParamDecl>,
) -> Vec<Observed> {
    let mut found = Vec::new();
    for one in printed {
        let Some(value) = same_place(rendered, object, one.path.steps()) else { continue };
        for (path, value) in invert(one, value, declared) {
            found.push(Observed { path, value, place: format!("{label}: {}", one.path) });
        }
    }
    found
}

/// By parameter, in order.
#[must_use]
pub fn together(observed: Vec<Observed>) -> BTreeMap<String, Finding> {
    let mut found: BTreeMap<String, Finding> = BTreeMap::new();
    for one in observed {
        match found.get_mut(&one.path) {
            None => {
                found.insert(one.path.clone(), Finding::Agreed(one));
            }
            Some(known) => {
                if let Finding::Agreed(first) = known
                    && first.value != one.value
                {
                    *known = Finding::Conflict(first.clone(), one);
                }
            }
        }
    }
    found
}

/// The value of `object` at the place that `steps` lead to in `rendered`. Items of lists are found by their names; the only item
/// of a list is the other's only item, whatever its name.
fn same_place<'v>(rendered: &Value, object: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(object) };
    match (step, rendered, object) {
        (Step::Field(key), Value::Map(ours), Value::Map(theirs)) => same_place(ours.get(key)?, theirs.get(key)?, rest),
        (Step::Index(at), Value::List(ours), Value::List(theirs)) => {
            let name = ours.get(*at)?.str_at(&["name"]);
            let by_name = |name: &str| theirs.iter().find(|one| one.str_at(&["name"]) == Some(name));
            let only = || if ours.len() == 1 && theirs.len() == 1 { theirs.first() } else { None };
            let item = match name {
                Some(name) => by_name(name).or_else(only)?,
                None => theirs.get(*at)?,
            };
            same_place(ours.get(*at)?, item, rest)
        }
        _ => None,
    }
}
