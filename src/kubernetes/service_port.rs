//! Ports of a Service (`validateServicePort`).

use crate::diagnostic::Code;
use crate::manifest::Path;

use super::fault::Faults;
use super::field::Fields;
use super::service::{SERVICE, WHOSE};
use super::spot::Spot;
use super::words::{dns_label, port_name, port_number, qualified_name};

const PORT: Code = SERVICE;

/// Says that there are no ports.
pub(super) fn missing(path: Path, faults: &mut Faults) {
    faults.add(PORT, path, format!("{WHOSE} has no ports")).help("write `ports: [{name: http, port: 80}]`");
}

/// `ports` of a Service of type `kind`.
pub(super) fn check(spec: Spot<'_, '_>, kind: &str, faults: &mut Faults) {
    for (nth, port) in spec.items("ports").enumerate() {
        let before = |same: &dyn Fn(Spot<'_, '_>) -> bool| spec.items("ports").take(nth).any(same);
        name(spec, port, nth, faults);
        let mut fields = Fields::of(port, PORT, &WHOSE, faults);
        let number = port.int("port").unwrap_or_default();
        if let Err(rule) = port_number(number) {
            fields.add("port", format_args!("port {rule}"));
        }
        fields.one_of("protocol", &["TCP", "UDP", "SCTP"]);
        fields.matches_set("appProtocol", qualified_name);
        target(port, &mut fields);
        let node = port.int("nodePort").unwrap_or_default();
        if node != 0 && kind == "ClusterIP" {
            let fault = fields.add("nodePort", "nodePort is not for Services of type ClusterIP");
            fault.help("remove nodePort, or make the type `NodePort`");
        }
        let same_protocol = |other: Spot<'_, '_>| protocol(other) == protocol(port);
        if node != 0 && before(&|other| same_protocol(other) && other.int("nodePort") == Some(node)) {
            fields.add("nodePort", format_args!("another port has nodePort {node}"));
        }
        if before(&|other| same_protocol(other) && other.int("port").unwrap_or_default() == number) {
            fields.add("port", format_args!("another port has number {number} and protocol {}", protocol(port)));
        }
    }
    if matches!(kind, "NodePort" | "LoadBalancer") {
        node_ports(spec, faults);
    }
}

/// A node port serves one `port`, whatever its protocols (`initNodePorts` in registry/core/service/storage/alloc.go).
fn node_ports(spec: Spot<'_, '_>, faults: &mut Faults) {
    let pairs: Vec<_> = spec.items("ports").map(PortPair::of).collect();
    let (mut served, mut taken): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
    for (nth, port) in spec.items("ports").enumerate() {
        let PortPair { port: number, node } = pairs[nth];
        let first = pairs.iter().find(|other| other.port == number && other.node != 0).map_or(0, |other| other.node);
        let asked = if !served.contains(&number) {
            first
        } else if node == first {
            0
        } else {
            node
        };
        if asked == 0 {
            continue;
        }
        // The same protocol is said by `check`.
        let is_said = |other: Spot<'_, '_>| protocol(other) == protocol(port) && PortPair::of(other).node == asked;
        if taken.contains(&asked) && !spec.items("ports").take(nth).any(is_said) {
            let mut fields = Fields::of(port, PORT, &WHOSE, faults);
            let message = format_args!("nodePort {asked} leads to another port already");
            fields.add("nodePort", message).help("give both the same `port`, or each its own nodePort");
        }
        served.push(number);
        taken.push(asked);
    }
}

/// A port of the Service and that of the nodes, 0 for one that the server chooses.
struct PortPair {
    port: i64,
    node: i64,
}

impl PortPair {
    fn of(port: Spot<'_, '_>) -> PortPair {
        let number = |key| port.int(key).unwrap_or_default();
        PortPair { port: number("port"), node: number("nodePort") }
    }
}

fn protocol<'v>(port: Spot<'v, '_>) -> &'v str {
    match port.text_or_empty("protocol") {
        "" => "TCP",
        other => other,
    }
}

fn name(spec: Spot<'_, '_>, port: Spot<'_, '_>, nth: usize, faults: &mut Faults) {
    let mut fields = Fields::of(port, PORT, &WHOSE, faults);
    let name = port.text_or_empty("name");
    if name.is_empty() {
        if spec.count("ports") > 1 {
            fields.add("name", "every one of several ports needs a name").help("write `name: http`");
        }
        return;
    }
    if let Err(rule) = dns_label(name) {
        fields.add("name", format_args!("port name `{}` {rule}", name.escape_debug()));
    }
    if spec.items("ports").take(nth).any(|other| other.text("name") == Some(name)) {
        fields.add("name", format_args!("another port is called `{}`", name.escape_debug()));
    }
}

/// `targetPort`; 0 and an empty name are the Service's own port.
fn target(port: Spot<'_, '_>, fields: &mut Fields<'_, '_, '_>) {
    let rule = match (port.int("targetPort"), port.text("targetPort")) {
        (None | Some(0), None) | (None, Some("")) => return,
        (Some(number), _) => port_number(number),
        (None, Some(name)) => port_name(name),
    };
    let Err(rule) = rule else { return };
    let Some(name) = port.text("targetPort") else {
        fields.add("targetPort", format_args!("targetPort {rule}"));
        return;
    };
    let fault = fields.add("targetPort", format_args!("targetPort `{}` {rule}", name.escape_debug()));
    if name.parse::<u16>().is_ok() {
        fault.help("write the number without quotes");
    }
}
