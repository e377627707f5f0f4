//! Pods that their namespace does not admit: the standard that its labels, or the environment's `[policy]`, ask for.
//!
//! The codes are those of the standards, in `kubernetes`.

use crate::checks::model::{Found, Group, Object, Standard};
use crate::checks::walk::each_pod;
use crate::kubernetes::{Faults, baseline, restricted};

/// The label by which a Namespace refuses Pods.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    let namespaces: Vec<&Object<'_>> = group.all().filter(|object| object.is("v1", "Namespace")).collect();
    if namespaces.is_empty() && group.policy.pod_security.is_none() {
        return;
    }
    each_pod(group, |at, object, spec| {
        let label = namespaces.iter().find(|namespace| namespace.name == object.namespace);
        let asked = label.and_then(|namespace| standard(namespace)).max(group.policy.pod_security);
        let mut faults = Faults::default();
        match asked {
            Some(Standard::Restricted) => restricted(spec, &mut faults),
            Some(Standard::Baseline) => baseline(spec, &mut faults),
            None => return,
        }
        found.extend(
            faults
                .into_vec()
                .into_iter()
                .map(|fault| Found { help: fault.help, ..Found::error(fault.code, at, fault.path, fault.message) }),
        );
    });
}

fn standard(namespace: &Object<'_>) -> Option<Standard> {
    match namespace.value.str_at(&["metadata", "labels", ENFORCE])? {
        "baseline" => Some(Standard::Baseline),
        "restricted" => Some(Standard::Restricted),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::model::Standard;
    use crate::checks::testing::{Given, pod};

    #[test]
    fn a_namespace_says_what_it_admits() {
        let pod = pod("hostNetwork: true\ncontainers: [{name: a, image: a/b:1}]\n");
        let namespace = |level: &str| {
            format!(
                "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: dev\n  labels: {{pod-security.kubernetes.io/enforce: {level}}}\n"
            )
        };
        let codes = |given: Given| {
            let mut codes: Vec<String> = given.look(check).iter().map(|line| line[..6].to_owned()).collect();
            codes.dedup();
            codes
        };
        assert_eq!(codes(Given::open(&[&pod, &namespace("baseline")])), ["LMS740"]);
        assert_eq!(codes(Given::open(&[&pod]).around(&[&namespace("restricted")])), ["LMS740", "LMS741"]);
        assert_eq!(codes(Given::open(&[&pod, &namespace("privileged")])), [""; 0]);
        let by_policy = Given::open(&[&pod]).policy(|policy| policy.pod_security = Some(Standard::Baseline));
        assert_eq!(codes(by_policy), ["LMS740"]);
        assert_eq!(codes(Given::open(&[&pod])), [""; 0]);
    }
}
