//! PodDisruptionBudgets (`ValidatePodDisruptionBudgetSpec`).

use crate::diagnostic::{Class, Code};

use super::fault::Faults;
use super::field::Fields;
use super::selector;
use super::spot::Spot;
use super::words::percent;

/// A PodDisruptionBudget that Kubernetes refuses.
const BUDGET: Code = Code::new("LMS737", Class::Input);

const WHOSE: &str = "the PodDisruptionBudget";

/// A PodDisruptionBudget.
pub(super) fn check(object: Spot<'_, '_>, faults: &mut Faults) {
    let Some(spec) = object.get("spec") else { return };
    let mut fields = Fields::of(spec, BUDGET, &WHOSE, faults);
    if spec.has("minAvailable") && spec.has("maxUnavailable") {
        let fault = fields.add("maxUnavailable", "minAvailable and maxUnavailable exclude each other");
        fault.help("keep one of them");
    }
    for key in ["minAvailable", "maxUnavailable"] {
        fields.not_negative(key);
        let Some(text) = spec.text(key) else { continue };
        match percent(text) {
            Some(0..=100) => {}
            Some(_) => {
                fields.add(key, format_args!("{key} must not be more than 100%"));
            }
            None => {
                fields
                    .add(key, format_args!("{key} `{}` is no share", text.escape_debug()))
                    .help("write a number without quotes, `1`, or a share, `25%`");
            }
        }
    }
    fields.one_of_set("unhealthyPodEvictionPolicy", &["AlwaysAllow", "IfHealthyBudget"]);
    if let Some(pods) = spec.get("selector") {
        selector::check(pods, BUDGET, &"the selector", faults);
    }
}
