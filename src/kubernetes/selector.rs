//! Label selectors: `matchLabels` and `matchExpressions` (`ValidateLabelSelector`, `LabelSelectorAsSelector`).

use std::fmt::Display;

use crate::diagnostic::Code;

use super::fault::Faults;
use super::field::Fields;
use super::spot::Spot;
use super::words::{label_value, qualified_name};

/// What is written wrong in a selector that belongs to `whose`.
pub(super) fn check(selector: Spot<'_, '_>, code: Code, whose: &dyn Display, faults: &mut Faults) {
    labels(selector, "matchLabels", code, whose, faults);
    for expression in selector.items("matchExpressions") {
        let mut fields = Fields::of(expression, code, whose, faults);
        let values = expression.count("values");
        match expression.text_or_empty("operator") {
            "In" | "NotIn" if values == 0 => {
                fields.add("values", "an expression with `In` or `NotIn` must have values");
            }
            "Exists" | "DoesNotExist" if values > 0 => {
                fields.add("values", "an expression with `Exists` or `DoesNotExist` must have no values");
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                fields
                    .add("operator", format_args!("operator cannot be `{}`", other.escape_debug()))
                    .help("write `In`, `NotIn`, `Exists` or `DoesNotExist`");
            }
        }
        if fields.required("key").is_some() {
            fields.matches("key", qualified_name);
        }
        for (text, value) in expression.texts("values") {
            if let Err(rule) = label_value(text) {
                let message = format!("{whose}: the label value `{}` {rule}", text.escape_debug());
                faults.add(code, value.path(), message);
            }
        }
    }
}

/// The labels under `key` of `at`: those a selector wants, or a node must have.
pub(super) fn labels<'v>(at: Spot<'v, '_>, key: &'v str, code: Code, whose: &dyn Display, faults: &mut Faults) {
    for (name, value) in at.entries(key) {
        if let Err(rule) = qualified_name(name) {
            faults.add(code, value.path(), format!("{whose}: the label key `{}` {rule}", name.escape_debug()));
        }
        let text = value.value().as_str().unwrap_or_default();
        if let Err(rule) = label_value(text) {
            faults.add(code, value.path(), format!("{whose}: the label value `{}` {rule}", text.escape_debug()));
        }
    }
}

/// `true` if it asks for nothing.
pub(super) fn is_empty(selector: Spot<'_, '_>) -> bool {
    selector.entries("matchLabels").next().is_none() && selector.count("matchExpressions") == 0
}

/// The first part of a rightly written selector that labels do not have; `label` finds a label's value.
pub(super) fn first_unmatched<'v>(selector: Spot<'v, '_>, label: impl Fn(&str) -> Option<&'v str>) -> Option<&'v str> {
    let unmatched = selector.entries("matchLabels").find_map(|(name, value)| {
        let wanted = value.value().as_str().unwrap_or_default();
        (label(name) != Some(wanted)).then_some(name)
    });
    unmatched.or_else(|| {
        selector.items("matchExpressions").find_map(|expression| {
            let key = expression.text_or_empty("key");
            let has = label(key);
            let is_listed = has.is_some_and(|has| expression.texts("values").any(|(value, _)| value == has));
            let is_matched = match expression.text_or_empty("operator") {
                "In" => is_listed,
                "NotIn" => !is_listed,
                "Exists" => has.is_some(),
                "DoesNotExist" => has.is_none(),
                _ => true,
            };
            (!is_matched).then_some(key)
        })
    })
}
