//! Flux Kustomizations that wait for each other in a circle: none of them is ever applied.

use crate::checks::model::{Found, Group, Object};
use crate::diagnostic::{Class, Code};

/// A circle of `dependsOn`.
const CIRCLE: Code = Code::new("LMS823", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    let is_flux = |object: &Object<'_>| {
        let api = object.api_version;
        api.starts_with("kustomize.toolkit.fluxcd.io/") || api.starts_with("helm.toolkit.fluxcd.io/")
    };
    for (at, object) in group.objects.iter().enumerate().filter(|(_, object)| is_flux(object)) {
        let root = object.spot();
        let Some(spec) = root.get("spec") else { continue };
        for dependency in spec.items("dependsOn") {
            let Some(next) = waits_for(group, object, dependency.value()) else { continue };
            if reaches(group, next, object) {
                let message = format!(
                    "waits for `{}`, which waits for this one: neither is ever applied",
                    next.name.escape_debug()
                );
                let fault = Found::error(CIRCLE, at, dependency.path_to("name"), message);
                found.push(fault.help("remove one `dependsOn` of the circle"));
            }
        }
    }
}

/// The object that an entry of `dependsOn` names.
fn waits_for<'a>(group: &Group<'a>, from: &Object<'a>, entry: &crate::manifest::Value) -> Option<&'a Object<'a>> {
    let namespace = entry.str_at(&["namespace"]).unwrap_or(from.namespace);
    let near = Object { namespace, ..*from };
    group.find(&near, from.kind, entry.str_at(&["name"])?)
}

/// `true` if `from` waits for `goal`, or for something that does.
fn reaches<'a>(group: &Group<'a>, from: &'a Object<'a>, goal: &Object<'a>) -> bool {
    let mut seen: Vec<&Object<'_>> = Vec::new();
    let mut open = vec![from];
    while let Some(one) = open.pop() {
        if std::ptr::eq(one.value, goal.value) {
            return true;
        }
        if seen.iter().any(|other| std::ptr::eq(other.value, one.value)) {
            continue;
        }
        seen.push(one);
        let list = one.value.at(&["spec", "dependsOn"]).and_then(crate::manifest::Value::as_list).unwrap_or_default();
        open.extend(list.iter().filter_map(|entry| waits_for(group, one, entry)));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object};

    #[test]
    fn nobody_waits_for_himself() {
        let one = |name: &str, waits: &str| {
            let rest = format!("spec: {{dependsOn: [{{name: {waits}}}]}}\n");
            object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name, &rest)
        };
        let said = Given::open(&[&one("a", "b"), &one("b", "c"), &one("c", "a"), &one("d", "a")]).look(check);
        let message = "waits for `b`, which waits for this one: neither is ever applied";
        assert_eq!(said.len(), 3, "{said:?}");
        assert_eq!(said[0], format!("LMS823 spec.dependsOn[0].name: {message}"));
        assert_eq!(Given::open(&[&one("a", "b"), &one("b", "elsewhere")]).look(check), [""; 0]);
    }
}
