//! Where the environment's `[policy]` requires resources: a container without requests or without a memory limit.

use crate::checks::model::{Found, Group};
use crate::checks::walk::each_pod;
use crate::diagnostic::{Class, Code};

/// A container without resources.
const NO_RESOURCES: Code = Code::new("LMS831", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    if !group.policy.requires_resources {
        return;
    }
    each_pod(group, |at, _, spec| {
        for list in ["initContainers", "containers"] {
            for container in spec.items(list) {
                let resources = container.get("resources");
                let has =
                    |field, name| resources.is_some_and(|it| it.get(field).is_some_and(|amounts| amounts.has(name)));
                let wanted = [("requests", "cpu"), ("requests", "memory"), ("limits", "memory")];
                let lacks: Vec<String> = wanted
                    .into_iter()
                    // Without a request for memory, its limit is the request.
                    .filter(|(field, name)| !(has(field, name) || *field == "requests" && has("limits", name)))
                    .map(|(field, name)| format!("`{field}.{name}`"))
                    .collect();
                if !lacks.is_empty() {
                    let whose = container.text_or_empty("name").escape_debug();
                    let message =
                        format!("container `{whose}` lacks {}, which the environment requires", lacks.join(", "));
                    let fault = Found::error(NO_RESOURCES, at, container.path_to("resources"), message);
                    found.push(
                        fault.help("add `resources` with these; `resources = \"required\"` in `[policy]` asks for it"),
                    );
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, pod};

    #[test]
    fn containers_say_what_they_need() {
        let look = |resources: &str, is_required| {
            let text = format!("containers: [{{name: a, image: a/b:1, resources: {resources}}}]\n");
            Given::open(&[&pod(&text)]).policy(|policy| policy.requires_resources = is_required).look(check)
        };
        let message = "container `a` lacks `limits.memory`, which the environment requires";
        let requests = "{requests: {cpu: 1, memory: 1Gi}}";
        assert_eq!(look(requests, true), [format!("LMS831 spec.containers[0].resources: {message}")]);
        assert_eq!(look("{requests: {cpu: 1}, limits: {memory: 1Gi}}", true), [""; 0]);
        assert_eq!(look("{}", false), [""; 0]);
    }
}
