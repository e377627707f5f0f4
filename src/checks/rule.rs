//! The list of rules.

use super::model::{Found, Group};
use super::rules;

/// A rule: looks at a group and adds what it finds.
pub type Rule = fn(&Group<'_>, &mut Vec<Found>);

/// Every rule about the objects of one instance.
pub const RULES: &[Rule] = &[
    rules::missing_object::check,
    rules::missing_key::check,
    rules::selects_nothing::check,
    rules::target_port::check,
    rules::missing_backend::check,
    rules::probe_port::check,
    rules::unused_volume::check,
    rules::mounted_path::check,
];

/// Looks at `group` by every rule.
pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for rule in RULES {
        rule(group, found);
    }
}
