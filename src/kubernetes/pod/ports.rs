//! Ports of containers (`validateContainerPorts`, `checkHostPortConflicts`, `validatePodHostNetworkDeps`).

use crate::diagnostic::{Class, Code};
use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::{port_name, port_number};

use super::pod_spec::{Container, PodSpec, Role};

/// A port's name, number or protocol that Kubernetes refuses, or one used twice.
pub(super) const PORTS: Code = Code::new("LMS717", Class::Input);

/// Ports of one container.
pub(super) fn check(container: Container<'_, '_>, faults: &mut Faults) {
    for (nth, port) in container.at.items("ports").enumerate() {
        let name = port.text_or_empty("name");
        if !name.is_empty() {
            if let Err(rule) = port_name(name) {
                let message = format!("{container}: port name `{}` {rule}", name.escape_debug());
                faults.add(PORTS, port.path_to("name"), message);
            } else if container.at.items("ports").take(nth).any(|other| other.text("name") == Some(name)) {
                let message = format!("{container}: another port is called `{name}`");
                faults.add(PORTS, port.path_to("name"), message);
            }
        }
        let mut fields = Fields::of(port, PORTS, &container, faults);
        if !port.has("containerPort") || port.int("containerPort") == Some(0) {
            fields.add("containerPort", "a port has no containerPort");
        }
        for key in ["containerPort", "hostPort"] {
            if let Some(number) = port.int(key)
                && number != 0
                && let Err(rule) = port_number(number)
            {
                fields.add(key, format_args!("{key} {number} {rule}"));
            }
        }
        fields.one_of("protocol", &["TCP", "UDP", "SCTP"]);
    }
}

/// Ports of the node that two containers of a Pod ask for, and those that host networking forbids.
pub(super) fn host_ports_twice(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    let is_on_host = pod.spec.is("hostNetwork");
    for (nth, container) in pod.containers().enumerate() {
        // Init containers run one by one.
        let others = if container.role == Role::Main { 0 } else { nth };
        for (at, port) in container.at.items("ports").enumerate() {
            let host = HostPort::of(port, pod.is_pod && is_on_host);
            let container_port = port.int("containerPort").unwrap_or_default();
            if is_on_host && container.role == Role::Main && host.number != 0 && host.number != container_port {
                let message = format!("{container}: with hostNetwork hostPort must be the same as containerPort");
                faults.add(PORTS, port.path_to("hostPort"), message);
            }
            if host.number == 0 || container.role == Role::Ephemeral {
                continue;
            }
            let is_taken = pod.containers().enumerate().skip(others).take(nth + 1 - others).any(|(other, it)| {
                let before = if other == nth { at } else { usize::MAX };
                it.at.items("ports").take(before).any(|it| HostPort::of(it, pod.is_pod && is_on_host) == host)
            });
            if is_taken {
                let message = format!("{container}: another port takes hostPort {} of the node", host.number);
                faults.add(PORTS, port.path_to("hostPort"), message);
            }
        }
    }
}

#[derive(PartialEq, Eq)]
struct HostPort<'v> {
    number: i64,
    protocol: &'v str,
    ip: &'v str,
}

impl<'v> HostPort<'v> {
    /// What a port takes of the node; a Pod with host networking takes its container's port.
    fn of(port: Spot<'v, '_>, is_same: bool) -> Self {
        let protocol = match port.text_or_empty("protocol") {
            "" => "TCP",
            other => other,
        };
        let number = match port.int("hostPort").unwrap_or_default() {
            0 if is_same => port.int("containerPort").unwrap_or_default(),
            number => number,
        };
        Self { number, protocol, ip: port.text_or_empty("hostIP") }
    }
}

/// A port by number or by name, as probes and backends have it; none is a fault.
pub(super) fn number_or_name(at: Spot<'_, '_>, key: &str, fields: &mut Fields<'_, '_, '_>) {
    let rule = match (at.int(key), at.text(key)) {
        (Some(number), _) => port_number(number),
        (None, Some(name)) => port_name(name),
        (None, None) if at.has(key) => Ok(()),
        (None, None) => Err("is missing"),
    };
    let Err(rule) = rule else { return };
    let fault = match at.text(key) {
        Some(name) => fields.add(key, format_args!("{key} name `{}` {rule}", name.escape_debug())),
        None => fields.add(key, format_args!("{key} {rule}")),
    };
    if at.text(key).is_some_and(|name| name.parse::<u16>().is_ok()) {
        fault.help("write the number without quotes");
    }
}
