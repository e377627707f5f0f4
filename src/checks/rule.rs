//! The list of rules.

use super::model::{Found, Group};

/// A rule: looks at a group and adds what it finds.
pub type Rule = fn(&Group<'_>, &mut Vec<Found>);

/// Every rule about the objects of one instance.
pub const RULES: &[Rule] = &[];

/// Looks at `group` by every rule.
pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for rule in RULES {
        rule(group, found);
    }
}
