//! A route that asks more of the Gateway than the environment says it can do: the filter would be ignored or the route
//! refused.

use crate::checks::model::{Found, Group};
use crate::checks::walk::listed;
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;

/// A filter that the Gateway cannot do.
const FEATURE: Code = Code::new("LMS820", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    let Some(features) = &group.policy.gateway_features else { return };
    for (at, object) in group.objects.iter().enumerate().filter(|(_, object)| object.kind == "HTTPRoute") {
        let root = object.spot();
        let Some(spec) = root.get("spec") else { continue };
        for rule in spec.items("rules") {
            for filter in rule.items("filters") {
                let Some(feature) = feature_of(filter).filter(|wanted| !features.iter().any(|has| has == wanted))
                else {
                    continue;
                };
                let message = format!("the environment's Gateway is not said to have `{feature}`");
                let has = if features.is_empty() {
                    String::new()
                } else {
                    format!("; it has {}", listed(features.iter().map(String::as_str)))
                };
                let help = format!(
                    "remove the filter, or add `{feature}` to `gateway.features` if the Gateway can do it{has}"
                );
                found.push(Found::error(FEATURE, at, filter.path_to("type"), message).help(help));
            }
        }
    }
}

/// The feature that a filter needs, if it is one that not every Gateway has.
fn feature_of(filter: Spot<'_, '_>) -> Option<&'static str> {
    match filter.text("type")? {
        "CORS" => Some("cors"),
        "URLRewrite" if filter.get("urlRewrite")?.has("path") => Some("path-rewrite"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object};

    #[test]
    fn a_route_asks_for_what_the_gateway_has() {
        let rest = "spec: {rules: [{filters: [{type: CORS, cors: {}}, {type: URLRewrite, urlRewrite: {path: {}}}]}]}\n";
        let route = object("gateway.networking.k8s.io/v1", "HTTPRoute", "r", rest);
        let look = |features: Option<&[&str]>| {
            let features = features.map(|list| list.iter().map(|&one| one.to_owned()).collect());
            Given::closed(&[&route]).policy(|policy| policy.gateway_features = features).look(check)
        };
        let message = "the environment's Gateway is not said to have `cors`";
        assert_eq!(look(Some(&["path-rewrite"])), [format!("LMS820 spec.rules[0].filters[0].type: {message}")]);
        assert_eq!(look(Some(&["cors", "path-rewrite"])), [""; 0]);
        assert_eq!(look(None), [""; 0], "nothing is known");
    }
}
