//! NetworkPolicies (`ValidateNetworkPolicySpec`).

use crate::diagnostic::{Class, Code};

use super::address::Network;
use super::check::Release;
use super::fault::Faults;
use super::field::Fields;
use super::selector;
use super::spot::Spot;
use super::words::{port_name, port_number};

/// A NetworkPolicy that Kubernetes refuses.
const POLICY: Code = Code::new("LMS734", Class::Input);

const WHOSE: &str = "the NetworkPolicy";

/// A NetworkPolicy.
pub(super) fn check(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let Some(spec) = object.get("spec") else { return };
    if let Some(pods) = spec.get("podSelector") {
        selector::check(pods, POLICY, &"podSelector", faults);
    }
    for (rules, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.items(rules) {
            for port in rule.items("ports") {
                self::port(port, faults);
            }
            for peer in rule.items(peers) {
                self::peer(peer, release, faults);
            }
        }
    }
    if spec.count("policyTypes") > 2 {
        Fields::of(spec, POLICY, &WHOSE, faults).add("policyTypes", "there can be two policyTypes");
        return;
    }
    for (kind, at) in spec.texts("policyTypes").filter(|(kind, _)| !matches!(*kind, "Ingress" | "Egress")) {
        let message = format!("{WHOSE}: policyTypes cannot have `{}`", kind.escape_debug());
        faults.add(POLICY, at.path(), message).help("write `Ingress` or `Egress`");
    }
}

fn port(port: Spot<'_, '_>, faults: &mut Faults) {
    let mut fields = Fields::of(port, POLICY, &WHOSE, faults);
    fields.one_of_set("protocol", &["TCP", "UDP", "SCTP"]);
    let end = port.int("endPort");
    if let Some(name) = port.text("port") {
        if let Err(rule) = port_name(name) {
            let fault = fields.add("port", format_args!("port name `{}` {rule}", name.escape_debug()));
            if name.parse::<u16>().is_ok() {
                fault.help("write the number without quotes");
            }
        }
        if end.is_some() {
            fields.add("endPort", "endPort needs a port with a number");
        }
        return;
    }
    let Some(first) = port.int("port") else {
        if end.is_some() {
            fields.add("endPort", "endPort needs a port");
        }
        return;
    };
    if let Err(rule) = port_number(first) {
        fields.add("port", format_args!("port {rule}"));
    }
    let Some(end) = end else { return };
    if end < first {
        fields.add("endPort", format_args!("endPort {end} is below port {first}"));
    } else if let Err(rule) = port_number(end) {
        fields.add("endPort", format_args!("endPort {rule}"));
    }
}

fn peer(peer: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let mut has_selector = false;
    for key in ["podSelector", "namespaceSelector"] {
        if let Some(labels) = peer.get(key) {
            has_selector = true;
            selector::check(labels, POLICY, &key, faults);
        }
    }
    let Some(block) = peer.get("ipBlock") else {
        if !has_selector {
            let fault = faults.add(POLICY, peer.path(), format!("{WHOSE}: a rule names no peer"));
            fault.help("write podSelector, namespaceSelector or ipBlock; `podSelector: {}` is every Pod");
        }
        return;
    };
    if has_selector {
        faults.add(POLICY, peer.path(), format!("{WHOSE}: ipBlock does not go with selectors"));
    }
    self::block(block, release, faults);
}

fn block(block: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let mut fields = Fields::of(block, POLICY, &"ipBlock", faults);
    let Some(cidr) = fields.required("cidr") else { return };
    let whole = match Network::parse(cidr, release) {
        Ok(whole) => whole,
        Err(rule) => {
            fields.add("cidr", format_args!("`{}` {rule}", cidr.escape_debug()));
            return;
        }
    };
    for (except, at) in block.texts("except") {
        let rule = match Network::parse(except, release) {
            Ok(part) if whole.has_within(part) => continue,
            Ok(_) => "must be a part of cidr, and not all of it",
            Err(rule) => rule,
        };
        faults.add(POLICY, at.path(), format!("ipBlock: except `{}` {rule}", except.escape_debug()));
    }
}
