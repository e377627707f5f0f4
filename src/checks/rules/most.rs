//! What a client may have at most, says the environment's `[policy]`: replicas of a workload, and requests together.

use crate::checks::model::{Found, Group};
use crate::checks::usage::{replicas, usage};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Quantity;
use crate::manifest::Path;

/// More replicas than allowed.
const REPLICAS: Code = Code::new("LMS833", Class::Input);
/// More requests than allowed.
const REQUESTS: Code = Code::new("LMS834", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    if let Some(most) = group.policy.max_replicas {
        for (at, object) in group.objects.iter().enumerate() {
            let root = object.spot();
            let Some(spec) = root.get("spec") else { continue };
            let field = if object.kind == "HorizontalPodAutoscaler" { "maxReplicas" } else { "replicas" };
            if let Some(replicas) = spec.int(field).filter(|replicas| *replicas > most) {
                let message = format!("{replicas} replicas; the environment allows {most}");
                let fault = Found::error(REPLICAS, at, spec.path_to(field), message);
                found.push(fault.help("lower it, or raise `policy.max-replicas` of the environment"));
            }
        }
    }
    if group.policy.max_requests.is_empty() {
        return;
    }
    let used = usage(group).0;
    for (name, text) in &group.policy.max_requests {
        let Some(most) = Quantity::parse(text) else { continue };
        let Some(sum) = used.get(&format!("requests.{name}")).filter(|sum| **sum > most) else { continue };
        let Some(at) = group.objects.iter().position(|object| replicas(object).is_some()) else { continue };
        let message = format!("requests of {name} are {} together; the environment allows {text}", sum.shown());
        let path = Path::root().field("spec").field("replicas");
        let fault = Found::error(REQUESTS, at, path, message);
        found.push(fault.help("lower requests or replicas, or raise `policy.max-requests` of the environment"));
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, deployment};

    #[test]
    fn a_client_stays_below_its_share() {
        let spec = "containers: [{name: a, resources: {requests: {cpu: 500m, memory: 1536Mi}}}]\n";
        let look = |replicas: u8| {
            let given = Given::closed(&[&deployment(&format!("replicas: {replicas}"), spec)]).policy(|policy| {
                policy.max_replicas = Some(3);
                policy.max_requests = vec![("cpu".into(), "1".into()), ("memory".into(), "4Gi".into())];
            });
            given.look(check)
        };
        assert_eq!(look(2), [""; 0]);
        assert_eq!(
            look(4),
            [
                "LMS833 spec.replicas: 4 replicas; the environment allows 3",
                "LMS834 spec.replicas: requests of cpu are 2 together; the environment allows 1",
                "LMS834 spec.replicas: requests of memory are 6Gi together; the environment allows 4Gi",
            ]
        );
    }
}
