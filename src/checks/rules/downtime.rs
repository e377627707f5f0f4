//! A served Deployment of one Pod that is taken away before the next one is ready.

use crate::checks::model::{Found, Group, Object};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;

/// A roll-out that nobody answers during.
const DOWNTIME: Code = Code::new("LMS815", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    let services: Vec<&Object<'_>> = group.all().filter(|object| object.is("v1", "Service")).collect();
    if services.is_empty() {
        return;
    }
    for (at, object) in group.objects.iter().enumerate().filter(|(_, object)| object.is("apps/v1", "Deployment")) {
        let root = object.spot();
        let Some(spec) = root.get("spec").filter(|spec| spec.int("replicas").unwrap_or(1) == 1) else { continue };
        let Some(strategy) = spec.get("strategy") else { continue };
        let Some(rolling) = strategy.get("rollingUpdate") else { continue };
        if !takes_the_only_one(rolling) || is_scaled(group, object) || !is_served(group, &services, object) {
            continue;
        }
        let field = if rolling.has("maxUnavailable") { "maxUnavailable" } else { "maxSurge" };
        let message = "the only Pod is stopped before the next one is ready: nobody answers during a roll-out";
        let fault = Found::warning(DOWNTIME, at, rolling.path_to(field), message);
        found.push(fault.help("write `maxSurge: 1` and `maxUnavailable: 0`, or run more replicas"));
    }
}

/// Of one replica, `maxUnavailable` is 1 from 100 % on; without room above it becomes 1, too.
fn takes_the_only_one(rolling: Spot<'_, '_>) -> bool {
    let amount = |field: &'static str, default: i64, rounds_up: bool| {
        let text = match rolling.text_or_number(field) {
            "" => return default,
            text => text,
        };
        match text.strip_suffix('%').map(str::parse::<i64>) {
            Some(Ok(percent)) if rounds_up => (percent + 99) / 100,
            Some(Ok(percent)) => percent / 100,
            _ => text.parse().unwrap_or(default),
        }
    };
    let (surge, unavailable) = (amount("maxSurge", 1, true), amount("maxUnavailable", 0, false));
    unavailable >= 1 || surge == 0
}

/// An autoscaler runs as many as it wants.
fn is_scaled(group: &Group<'_>, object: &Object<'_>) -> bool {
    group.all().any(|other| {
        let name = other.value.str_at(&["spec", "scaleTargetRef", "name"]);
        other.namespace == object.namespace && name == Some(object.name)
    })
}

fn is_served(group: &Group<'_>, services: &[&Object<'_>], object: &Object<'_>) -> bool {
    services.iter().any(|service| {
        let root = service.spot();
        let spec = root.get("spec");
        let selector = spec.as_ref().and_then(|spec| spec.get("selector"));
        selector.is_some_and(|selector| {
            group.selected(service, selector).iter().any(|workload| std::ptr::eq(workload.value, object.value))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, deployment, object, service};

    #[test]
    fn one_pod_is_replaced_before_it_stops() {
        let look = |rest: &str, more: &[&str]| {
            let deployment = deployment(rest, "containers: [{name: a, image: a/b:1}]\n");
            let service = service("[{port: 80}]");
            let mut list = vec![deployment.as_str(), service.as_str()];
            list.extend(more);
            Given::open(&list).look(check)
        };
        let rolling =
            |replicas: u8, rest: &str| format!("replicas: {replicas}\nstrategy: {{rollingUpdate: {{{rest}}}}}\n");
        for bad in ["maxUnavailable: 1", "maxUnavailable: 100%", "maxSurge: 0, maxUnavailable: 25%", "maxSurge: 0"] {
            let said = look(&rolling(1, bad), &[]);
            assert!(said.len() == 1 && said[0].starts_with("warning LMS815 spec.strategy.rollingUpdate.max"), "{bad}");
        }
        for good in ["maxUnavailable: 0", "maxUnavailable: 99%", "maxSurge: 1%"] {
            assert_eq!(look(&rolling(1, good), &[]), [""; 0], "{good}");
        }
        assert_eq!(look(&rolling(2, "maxUnavailable: 1"), &[]), [""; 0]);
        let scaler = object("autoscaling/v2", "HorizontalPodAutoscaler", "h", "spec: {scaleTargetRef: {name: d}}\n");
        assert_eq!(look(&rolling(1, "maxUnavailable: 1"), &[&scaler]), [""; 0]);
    }
}
