//! A probe or hook that names a port its container does not have: the kubelet cannot call it, so the probe fails.

use crate::checks::model::{Found, Group};
use crate::checks::walk::{each_container, each_pod, listed};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;

/// A probe of a port without that name.
const NO_PORT: Code = Code::new("LMS806", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    each_pod(group, |at, _, spec| each_container(spec, |container| container_probes(at, container, found)));
}

fn container_probes(at: usize, container: Spot<'_, '_>, found: &mut Vec<Found>) {
    for field in ["startupProbe", "readinessProbe", "livenessProbe"] {
        if let Some(probe) = container.get(field) {
            handler(at, container, probe, found);
        }
    }
    let Some(lifecycle) = container.get("lifecycle") else { return };
    for field in ["postStart", "preStop"] {
        if let Some(hook) = lifecycle.get(field) {
            handler(at, container, hook, found);
        }
    }
}

fn handler(at: usize, container: Spot<'_, '_>, probe: Spot<'_, '_>, found: &mut Vec<Found>) {
    for action in ["httpGet", "tcpSocket"].into_iter().filter_map(|field| probe.get(field)) {
        let Some(name) = action.text("port") else { continue };
        let names = || container.items("ports").filter_map(|port| port.text("name"));
        if name.bytes().all(|b| b.is_ascii_digit()) || names().any(|known| known == name) {
            continue;
        }
        let message = format!("the container has no port called `{}`", name.escape_debug());
        let help = match names().next() {
            Some(_) => format!("it has {}", listed(names())),
            None => "name the port in the container's `ports`, or probe its number".into(),
        };
        found.push(Found::error(NO_PORT, at, action.path_to("port"), message).help(help));
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, pod};

    #[test]
    fn a_probe_names_a_port_of_its_container() {
        let look = |port: &str| {
            let text = format!(
                "containers:\n- {{name: a, image: a/b:1, ports: [{{name: http, containerPort: 80}}], readinessProbe: {{httpGet: {{port: {port}}}}}}}\n- {{name: b, image: a/b:1, ports: [{{name: web, containerPort: 81}}]}}\n"
            );
            Given::open(&[&pod(&text)]).look(check)
        };
        let message = "LMS806 spec.containers[0].readinessProbe.httpGet.port: the container has no port called `web`";
        assert_eq!(look("web"), [message]);
        for good in ["http", "81", "\"80\""] {
            assert_eq!(look(good), [""; 0], "{good}");
        }
    }
}
