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
    rules::variable::check,
    rules::variable_twice::check,
    rules::image::check,
    rules::job_lifetime::check,
    rules::readiness::check,
    rules::downtime::check,
    rules::cors::check,
    rules::snippet::check,
    rules::ingress_path::check,
    rules::gateway_feature::check,
    rules::job_secret::check,
    rules::flux_order::check,
    rules::sync_wave::check,
    rules::secret_store::check,
    rules::tls_hosts::check,
    rules::required_resources::check,
    rules::registry::check,
    rules::host::check,
    rules::forbidden_annotation::check,
    rules::most::check,
    rules::pod_security::check,
    rules::pod_security_label::check,
];

/// Looks at `group` by every rule.
pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for rule in RULES {
        rule(group, found);
    }
}
