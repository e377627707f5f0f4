//! Requests and limits of containers and Pods (`validateResourceRequirements`).

use std::fmt::Display;

use crate::diagnostic::{Class, Code};
use crate::kubernetes::check::Release;
use crate::kubernetes::fault::Faults;
use crate::kubernetes::quantity::Quantity;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::{dns_label, qualified_name};

use super::pod_spec::{Container, PodSpec, Role};

/// A resource that containers cannot have, an amount that makes no sense, or a limit below its request.
const RESOURCES: Code = Code::new("LMS715", Class::Input);

/// `resources` of one container.
pub(super) fn container(pod: PodSpec<'_, '_>, container: Container<'_, '_>, faults: &mut Faults) {
    let Some(resources) = container.at.get("resources") else { return };
    if container.role != Role::Ephemeral {
        requirements(resources, is_container_resource, &container, faults);
        if pod.release >= Release(34) {
            claims(pod, resources, &container, faults);
        }
    }
}

/// `resources` and `overhead` of the Pod itself.
pub(super) fn pod(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    amounts(pod.spec, "overhead", is_container_resource, &"the Pod", faults);
    let Some(resources) = pod.spec.get("resources").filter(|_| pod.release >= Release(34)) else { return };
    if resources.has("claims") {
        faults.add(RESOURCES, resources.path_to("claims"), "the Pod: resources of a Pod cannot have claims");
    }
    requirements(resources, is_pod_resource, &"the Pod", faults);
    totals(pod, resources, faults);
}

fn is_container_resource(name: &str) -> bool {
    matches!(name, "cpu" | "memory" | "ephemeral-storage") || is_huge(name) || is_kubernetes(name) || is_extended(name)
}

fn is_pod_resource(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge(name)
}

/// A resource of a vendor: `nvidia.com/gpu`.
fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.") && name.len() <= 308
}

fn is_kubernetes(name: &str) -> bool {
    name.contains("kubernetes.io/")
}

fn is_huge(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// `true` if a container may get less than its limit.
fn can_overcommit(name: &str) -> bool {
    (!name.contains('/') || is_kubernetes(name)) && !is_huge(name)
}

/// Names and amounts under `key`.
fn amounts<'v>(at: Spot<'v, '_>, key: &'v str, is_known: fn(&str) -> bool, whose: &dyn Display, faults: &mut Faults) {
    for (name, amount) in at.entries(key) {
        let shown = name.escape_debug();
        if let Err(rule) = qualified_name(name) {
            faults.add(RESOURCES, amount.path(), format!("{whose}: the resource name `{shown}` {rule}"));
        } else if !is_known(name) {
            let fault = faults.add(RESOURCES, amount.path(), format!("{whose}: there is no resource `{shown}`"));
            fault.help("resources are `cpu`, `memory`, `ephemeral-storage` and those of vendors: `nvidia.com/gpu`");
        }
        let Some(quantity) = Quantity::of(amount.value()) else { continue };
        if quantity.is_negative() {
            faults.add(RESOURCES, amount.path(), format!("{whose}: {shown} must not be negative"));
        } else if is_extended(name) && !quantity.in_milli().is_whole() {
            faults.add(RESOURCES, amount.path(), format!("{whose}: {shown} must be a whole number"));
        } else if is_huge(name) && !is_whole_pages(name, quantity) {
            faults.add(RESOURCES, amount.path(), format!("{whose}: {shown} must be a multiple of the page's size"));
        }
    }
}

fn is_whole_pages(name: &str, amount: Quantity) -> bool {
    let page = name.strip_prefix("hugepages-").and_then(Quantity::parse);
    page.is_some_and(|page| page > Quantity::ZERO && page.is_whole() && amount.is_multiple_of(page))
}

fn requirements(resources: Spot<'_, '_>, is_known: fn(&str) -> bool, whose: &dyn Display, faults: &mut Faults) {
    amounts(resources, "limits", is_known, whose, faults);
    amounts(resources, "requests", is_known, whose, faults);
    let limits = resources.get("limits");
    for (name, request) in resources.entries("requests") {
        let limit = limits.as_ref().and_then(|limits| limits.fields_with_null().find(|(key, _)| *key == name));
        let shown = name.escape_debug();
        let Some((_, limit)) = limit else {
            if !can_overcommit(name) {
                let message = format!("{whose}: a request for {shown} needs a limit that is the same");
                faults.add(RESOURCES, request.path(), message);
            }
            continue;
        };
        let (Some(asked), Some(most)) = (Quantity::of(request.value()), Quantity::of(limit.value())) else { continue };
        let (asked, most) = (asked.in_milli(), most.in_milli());
        if asked > most {
            let message =
                format!("{whose}: {shown} limit {} is below its request {}", limit.written(), request.written());
            faults.add(RESOURCES, request.path(), message).help("lower the request or raise the limit");
        } else if asked != most && !can_overcommit(name) {
            let message = format!("{whose}: {shown} request and limit must be the same");
            faults.add(RESOURCES, request.path(), message);
        }
    }
    let has = |wanted: fn(&str) -> bool| {
        resources.entries("limits").chain(resources.entries("requests")).any(|(name, _)| wanted(name))
    };
    if has(is_huge) && !has(|name| matches!(name, "cpu" | "memory")) {
        faults.add(RESOURCES, resources.path(), format!("{whose}: hugepages need cpu or memory beside them"));
    }
}

/// `claims` must name `resourceClaims` of the Pod (`validateResourceClaimNames`).
fn claims(pod: PodSpec<'_, '_>, resources: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    for (nth, claim) in resources.items("claims").enumerate() {
        let name = claim.text_or_empty("name");
        let request = claim.text_or_empty("request");
        let shown = name.escape_debug();
        if name.is_empty() {
            faults.add(RESOURCES, claim.path_to("name"), format!("{whose}: a claim has no name"));
            continue;
        }
        if !request.is_empty()
            && let Err(rule) = dns_label(request)
        {
            let message = format!("{whose}: claim `{shown}`: request `{}` {rule}", request.escape_debug());
            faults.add(RESOURCES, claim.path_to("request"), message);
        }
        let overlaps = |other: Spot<'_, '_>| {
            let asked = other.text_or_empty("request");
            other.text("name") == Some(name) && (asked.is_empty() || request.is_empty() || asked == request)
        };
        if resources.items("claims").take(nth).any(overlaps) {
            faults.add(RESOURCES, claim.path(), format!("{whose}: claim `{shown}` is listed twice"));
        }
        if !pod.spec.items("resourceClaims").any(|it| it.text("name") == Some(name)) {
            let message = format!("{whose}: the Pod's resourceClaims have no `{shown}`");
            faults.add(RESOURCES, claim.path_to("name"), message);
        }
    }
}

/// What all containers ask for must fit in what the Pod asks for (`validatePodResourceConsistency`).
fn totals(pod: PodSpec<'_, '_>, resources: Spot<'_, '_>, faults: &mut Faults) {
    let of = |container: Container<'_, '_>, kind: &'static str, name: &str| {
        let resources = container.at.get("resources")?;
        let found = resources.get(kind)?.value().as_map()?.get(name).and_then(Quantity::of);
        // A Pod's requests default to its limits.
        if found.is_none() && kind == "requests" && pod.is_pod {
            return resources.get("limits")?.value().as_map()?.get(name).and_then(Quantity::of);
        }
        found
    };
    let total = |kind: &'static str, name: &str| {
        let main = pod.spec.items("containers").map(|at| Container { at, role: Role::Main });
        let mut sum = main.filter_map(|it| of(it, kind, name)).fold(Quantity::ZERO, Quantity::plus);
        let (mut sidecars, mut most) = (Quantity::ZERO, Quantity::ZERO);
        for init in pod.init_containers() {
            let asked = of(init, kind, name).unwrap_or(Quantity::ZERO);
            if init.role == Role::Sidecar {
                sum = sum.plus(asked);
                sidecars = sidecars.plus(asked);
                most = most.max(sidecars);
            } else {
                most = most.max(asked.plus(sidecars));
            }
        }
        sum.max(most)
    };
    for (name, request) in resources.entries("requests") {
        if Quantity::of(request.value()).is_some_and(|asked| total("requests", name) > asked) {
            let message = format!("the Pod: containers together request more {} than the Pod", name.escape_debug());
            faults.add(RESOURCES, request.path(), message);
        }
    }
    for (name, limit) in resources.entries("limits") {
        let Some(most) = Quantity::of(limit.value()) else { continue };
        if is_huge(name) && total("limits", name) > most {
            let message = format!("the Pod: containers together have more {} than the Pod", name.escape_debug());
            faults.add(RESOURCES, limit.path(), message);
        }
        for at in pod.spec.items("containers") {
            let container = Container { at, role: Role::Main };
            if of(container, "limits", name).is_some_and(|has| has > most) {
                let message = format!("{container}: {} limit is above the Pod's", name.escape_debug());
                faults.add(RESOURCES, at.path_to("resources").field("limits").field(name), message);
            }
        }
    }
}
