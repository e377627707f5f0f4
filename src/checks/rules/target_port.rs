//! A Service that sends to a port which no container of its Pods has.

use crate::checks::model::{Found, Group, Object};
use crate::checks::walk::{container_ports, listed};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::{Spot, with_pod_spec};
use crate::manifest::Path;

/// A port of a Service that leads nowhere.
const NOWHERE: Code = Code::new("LMS804", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for (at, object) in group.objects.iter().enumerate().filter(|(_, object)| object.is("v1", "Service")) {
        let root = object.spot();
        let Some(spec) = root.get("spec") else { continue };
        let Some(selector) = spec.get("selector") else { continue };
        let Some((known, workload)) = ports_of(&group.selected(object, selector)) else { continue };
        for port in spec.items("ports") {
            let Some(mut fault) = leads_nowhere(at, port, &known) else { continue };
            if let Some(other) = group.position(workload) {
                fault = fault.also(other, Path::root().field("spec"), "the Pods that it sends to");
            }
            found.push(fault);
        }
    }
}

/// Ports of all Pods that are selected, and one that runs them; `None` if they cannot all be known.
fn ports_of<'a>(selected: &[&'a Object<'a>]) -> Option<(Vec<(&'a str, i64)>, &'a Object<'a>)> {
    let mut known = Vec::new();
    for workload in selected {
        known.append(&mut with_pod_spec(workload.spot(), container_ports)?);
    }
    Some((known, selected.first()?))
}

fn leads_nowhere(at: usize, port: Spot<'_, '_>, known: &[(&str, i64)]) -> Option<Found> {
    let target = port.text_or_number("targetPort");
    let field = if target.is_empty() { "port" } else { "targetPort" };
    let written = port.text_or_number(field);
    if let Ok(number) = written.parse::<i64>() {
        // Containers need not declare their ports; one that declares some is taken to declare all.
        if known.is_empty() || known.iter().any(|(_, other)| *other == number) {
            return None;
        }
        let message = format!("no container of the selected Pods has port {number}");
        return Some(Found::warning(NOWHERE, at, port.path_to(field), message).help(has(known)));
    }
    if written.is_empty() || known.iter().any(|(name, _)| *name == written) {
        return None;
    }
    let message = format!("no container of the selected Pods has a port called `{}`", written.escape_debug());
    let help = if known.is_empty() { "declare the port in the container's `ports`".into() } else { has(known) };
    Some(Found::error(NOWHERE, at, port.path_to(field), message).help(help))
}

fn has(known: &[(&str, i64)]) -> String {
    let shown: Vec<String> = known
        .iter()
        .map(|(name, number)| if name.is_empty() { number.to_string() } else { format!("{name} ({number})") })
        .collect();
    format!("they have {}", listed(shown.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, deployment, service};

    const POD: &str = "containers: [{name: a, image: a/b:1, ports: [{name: http, containerPort: 8080}]}]\n";

    #[test]
    fn ports_lead_to_a_container() {
        let look = |ports: &str| Given::open(&[&service(ports), &deployment("", POD)]).look(check);
        let no_name = "LMS804 spec.ports[0].targetPort: no container of the selected Pods has a port called `web`";
        assert_eq!(look("[{port: 80, targetPort: web}]"), [no_name]);
        let no_number = "warning LMS804 spec.ports[1].port: no container of the selected Pods has port 80";
        assert_eq!(look("[{port: 80, targetPort: 8080}, {port: 80}]"), [no_number]);
        assert_eq!(look("[{port: 80, targetPort: http}, {port: 8080}]"), [""; 0]);
    }

    #[test]
    fn undeclared_ports_may_be_there() {
        let silent = deployment("", "containers: [{name: a, image: a/b:1}]\n");
        assert_eq!(Given::open(&[&service("[{port: 80}]"), &silent]).look(check), [""; 0]);
        assert_eq!(Given::open(&[&service("[{port: 80, targetPort: web}]")]).look(check), [""; 0]);
    }
}
