//! Services (`validateService`, `ValidateServiceClusterIPsRelatedFields`).

use std::net::IpAddr;

use crate::diagnostic::{Class, Code};

use super::address::{Network, address};
use super::check::Release;
use super::fault::Faults;
use super::field::Fields;
use super::selector;
use super::service_port;
use super::spot::Spot;
use super::words::{Broken, dns_subdomain, qualified_name};

/// A Service that Kubernetes refuses.
pub(super) const SERVICE: Code = Code::new("LMS729", Class::Input);

/// What messages call it.
pub(super) const WHOSE: &str = "the Service";

const TYPES: [&str; 4] = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"];
/// Most seconds a client stays with its Pod.
const MAX_AFFINITY: i64 = 86400;
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// A Service with the defaults that rules need.
#[derive(Clone, Copy)]
struct Service<'v, 'p> {
    spec: Spot<'v, 'p>,
    kind: &'v str,
    release: Release,
}

impl<'v> Service<'v, '_> {
    /// `clusterIPs`, or `clusterIP` as the only one.
    fn cluster_ips(&self) -> impl Iterator<Item = &'v str> {
        let single = Some(self.spec.text_or_empty("clusterIP"));
        let is_single = self.spec.count("clusterIPs") == 0;
        let listed = self.spec.texts("clusterIPs").map(|(ip, _)| ip);
        listed.chain(single.filter(|ip| is_single && !ip.is_empty()))
    }

    fn is_headless(&self) -> bool {
        let mut ips = self.cluster_ips();
        (ips.next(), ips.next()) == (Some("None"), None)
    }

    /// `true` if others than Pods reach it (`ExternallyAccessible`).
    fn is_external(&self) -> bool {
        matches!(self.kind, "LoadBalancer" | "NodePort")
            || self.kind == "ClusterIP" && self.spec.count("externalIPs") > 0
    }
}

/// A Service.
pub(super) fn check(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let Some(spec) = object.get("spec") else {
        service_port::missing(object.path_to("spec").field("ports"), faults);
        return;
    };
    let kind = match spec.text_or_empty("type") {
        "" => "ClusterIP",
        kind => kind,
    };
    let service = Service { spec, kind, release };
    let is_headless = service.is_headless();
    if spec.count("ports") == 0 && !is_headless && kind != "ExternalName" {
        service_port::missing(spec.path_to("ports"), faults);
    }
    service_port::check(spec, kind, faults);
    selector::labels(spec, "selector", SERVICE, &"the selector", faults);
    let mut fields = Fields::of(spec, SERVICE, &WHOSE, faults);
    fields.one_of("type", &TYPES);
    if is_headless && matches!(kind, "LoadBalancer" | "NodePort") {
        fields
            .add("clusterIP", format_args!("a Service of type {kind} needs a clusterIP, not `None`"))
            .help("remove clusterIP, or make the type `ClusterIP`");
    }
    if kind == "ExternalName" {
        external_name(spec, faults);
    } else {
        cluster_ips(service, faults);
        families(service, faults);
    }
    affinity(spec, faults);
    external_ips(service, faults);
    load_balancer(object, service, faults);
    traffic(service, faults);
    topology(object, faults);
}

fn external_name(spec: Spot<'_, '_>, faults: &mut Faults) {
    let mut fields = Fields::of(spec, SERVICE, &WHOSE, faults);
    let has_ip = !spec.text_or_empty("clusterIP").is_empty();
    for (key, has) in [
        ("clusterIP", has_ip && spec.count("clusterIPs") == 0),
        ("clusterIPs", spec.count("clusterIPs") > 0),
        ("ipFamilies", spec.count("ipFamilies") > 0),
        ("ipFamilyPolicy", spec.has("ipFamilyPolicy")),
    ] {
        if has {
            fields.add(key, format_args!("a Service of type ExternalName cannot have {key}"));
        }
    }
    let name = spec.text_or_empty("externalName");
    match name.strip_suffix('.').unwrap_or(name) {
        "" => {
            let fault = fields.add("externalName", "a Service of type ExternalName needs an externalName");
            fault.help("write the domain it stands for: `externalName: db.example.com`");
        }
        domain => {
            if let Err(rule) = dns_subdomain(domain) {
                fields.add("externalName", format_args!("externalName `{}` {rule}", name.escape_debug()));
            }
        }
    }
}

fn cluster_ips(service: Service<'_, '_>, faults: &mut Faults) {
    let Service { spec, release, .. } = service;
    let (single, count) = (spec.text_or_empty("clusterIP"), spec.count("clusterIPs"));
    let mut fields = Fields::of(spec, SERVICE, &WHOSE, faults);
    if single.is_empty() && count > 0 {
        fields.add("clusterIPs", "clusterIPs needs clusterIP, which is the first of them");
    } else if count > 0 && spec.texts("clusterIPs").next().is_some_and(|(first, _)| first != single) {
        fields.add("clusterIPs", "the first of clusterIPs must be the same as clusterIP");
    }
    if count > 2 {
        fields.add("clusterIPs", "there can be two clusterIPs");
    }
    if count == 0 {
        if !matches!(single, "" | "None")
            && let Err(rule) = address(single, release)
        {
            fields.add("clusterIP", format_args!("clusterIP `{}` {rule}", single.escape_debug()));
        }
        return;
    }
    for (nth, (ip, at)) in spec.texts("clusterIPs").enumerate() {
        let rule = match ip {
            "None" if nth == 0 && count > 1 => Some("must be the only one"),
            "None" if nth == 0 => None,
            _ => address(ip, release).err(),
        };
        if let Some(rule) = rule {
            faults.add(SERVICE, at.path(), format!("{WHOSE}: clusterIP `{}` {rule}", ip.escape_debug()));
        }
    }
    let is_v6 = |nth| spec.texts("clusterIPs").nth(nth).and_then(|(ip, _)| address(ip, release).ok()).map(is_ipv6);
    if count == 2 && is_v6(0).is_some() && is_v6(0) == is_v6(1) {
        let message = format!("{WHOSE}: two clusterIPs must be one IPv4 and one IPv6 address");
        faults.add(SERVICE, spec.path_to("clusterIPs"), message);
    }
}

/// An IPv4 address in IPv6 is IPv4.
fn is_ipv6(ip: IpAddr) -> bool {
    ip.to_canonical().is_ipv6()
}

fn families(service: Service<'_, '_>, faults: &mut Faults) {
    const POLICIES: [&str; 3] = ["SingleStack", "PreferDualStack", "RequireDualStack"];
    let spec = service.spec;
    Fields::of(spec, SERVICE, &WHOSE, faults).one_of_set("ipFamilyPolicy", &POLICIES);
    for (nth, (family, at)) in spec.texts("ipFamilies").enumerate() {
        if !matches!(family, "IPv4" | "IPv6") {
            let message = format!("{WHOSE}: ipFamilies cannot have `{}`", family.escape_debug());
            faults.add(SERVICE, at.path(), message).help("write `IPv4` or `IPv6`");
        }
        if spec.texts("ipFamilies").take(nth).any(|(other, _)| other == family) {
            let message = format!("{WHOSE}: ipFamilies has `{}` twice", family.escape_debug());
            faults.add(SERVICE, at.path(), message);
        }
    }
    if matches!(spec.text_or_empty("ipFamilyPolicy"), "" | "SingleStack") {
        let is_dual_by_default = !spec.has("ipFamilyPolicy")
            && spec.text("clusterIP") == Some("None")
            && spec.entries("selector").next().is_none();
        for key in ["clusterIPs", "ipFamilies"] {
            if spec.count(key) == 2 && !is_dual_by_default {
                let message = format!("{WHOSE}: two {key} need ipFamilyPolicy to ask for both");
                let fault = faults.add(SERVICE, spec.path_to("ipFamilyPolicy"), message);
                fault.help("write `ipFamilyPolicy: PreferDualStack`");
            }
        }
    }
    for (ip, (family, at)) in service.cluster_ips().zip(spec.texts("ipFamilies")) {
        let Ok(parsed) = address(ip, service.release) else { continue };
        if matches!((family, is_ipv6(parsed)), ("IPv4", true) | ("IPv6", false)) {
            let message = format!("{WHOSE}: clusterIP `{}` is no {family} address", ip.escape_debug());
            faults.add(SERVICE, at.path(), message);
        }
    }
}

/// `sessionAffinity`; what is missing of its settings, or set without it, the API server puts right.
fn affinity(spec: Spot<'_, '_>, faults: &mut Faults) {
    Fields::of(spec, SERVICE, &WHOSE, faults).one_of("sessionAffinity", &["ClientIP", "None"]);
    if spec.text("sessionAffinity") != Some("ClientIP") {
        return;
    }
    let Some(config) = spec.get("sessionAffinityConfig") else { return };
    let Some(client) = config.get("clientIP") else { return };
    Fields::of(client, SERVICE, &WHOSE, faults).in_range("timeoutSeconds", 1..=MAX_AFFINITY);
}

fn external_ips(service: Service<'_, '_>, faults: &mut Faults) {
    for (ip, at) in service.spec.texts("externalIPs") {
        let rule = address(ip, service.release).and_then(reachable);
        if let Err(rule) = rule {
            faults.add(SERVICE, at.path(), format!("{WHOSE}: externalIP `{}` {rule}", ip.escape_debug()));
        }
    }
}

/// An address that packets from elsewhere can have (`ValidateEndpointIP`).
fn reachable(ip: IpAddr) -> Result<(), Broken> {
    let ip = ip.to_canonical();
    if ip.is_unspecified() {
        return Err("stands for no address");
    }
    if ip.is_loopback() {
        return Err("must not be in the loopback range");
    }
    let (is_link_local, is_multicast) = match ip {
        IpAddr::V4(ip) => (ip.is_link_local(), ip.octets().starts_with(&[224, 0, 0])),
        IpAddr::V6(ip) => (ip.is_unicast_link_local(), ip.segments()[0] & 0xff0f == 0xff02),
    };
    if is_link_local || is_multicast { Err("must not be in a link-local range") } else { Ok(()) }
}

fn load_balancer(object: Spot<'_, '_>, service: Service<'_, '_>, faults: &mut Faults) {
    let Service { spec, kind, release } = service;
    let is_balancer = kind == "LoadBalancer";
    let mut fields = Fields::of(spec, SERVICE, &WHOSE, faults);
    if is_balancer {
        fields.matches_set("loadBalancerClass", qualified_name);
    }
    for key in ["loadBalancerClass", "allocateLoadBalancerNodePorts", "loadBalancerSourceRanges"] {
        let has = if key == "loadBalancerSourceRanges" { spec.count(key) > 0 } else { spec.has(key) };
        if has && !is_balancer {
            let help = format!("remove {key}, or make the type `LoadBalancer`");
            fields.add(key, format_args!("{key} is for Services of type LoadBalancer")).help(help);
        }
    }
    for (range, at) in spec.texts("loadBalancerSourceRanges") {
        if let Err(rule) = Network::parse(range.trim(), release) {
            faults.add(SERVICE, at.path(), format!("{WHOSE}: source range `{}` {rule}", range.escape_debug()));
        }
    }
    let Some(annotation) = annotation(object, SOURCE_RANGES).filter(|_| spec.count("loadBalancerSourceRanges") == 0)
    else {
        return;
    };
    let path = object.path_to("metadata").field("annotations").field(SOURCE_RANGES);
    if !is_balancer {
        let message = format!("{WHOSE}: source ranges are for Services of type LoadBalancer");
        faults.add(SERVICE, path.clone(), message);
    }
    for range in annotation.trim().split(',').filter(|_| !annotation.trim().is_empty()) {
        if let Err(rule) = Network::parse(range.trim(), release) {
            let message = format!("{WHOSE}: source range `{}` {rule}", range.escape_debug());
            faults.add(SERVICE, path.clone(), message);
        }
    }
}

fn traffic(service: Service<'_, '_>, faults: &mut Faults) {
    const NEAR: [&str; 3] = ["PreferClose", "PreferSameZone", "PreferSameNode"];
    let Service { spec, kind, release } = service;
    let mut fields = Fields::of(spec, SERVICE, &WHOSE, faults);
    let policy = spec.text_or_empty("externalTrafficPolicy");
    if service.is_external() {
        fields.one_of("externalTrafficPolicy", &["Cluster", "Local"]);
    } else if !policy.is_empty() {
        fields
            .add("externalTrafficPolicy", "externalTrafficPolicy is for Services that are reached from outside")
            .help("remove externalTrafficPolicy, or make the type `NodePort` or `LoadBalancer`");
    }
    fields.one_of_set("internalTrafficPolicy", &["Cluster", "Local"]);
    fields.one_of_set("trafficDistribution", if release < Release(34) { &NEAR[..1] } else { &NEAR });
    let port = spec.int("healthCheckNodePort").unwrap_or_default();
    if kind == "LoadBalancer" && policy == "Local" {
        if port != 0 {
            fields.in_range("healthCheckNodePort", 1..=65535);
            if spec.items("ports").any(|other| other.int("nodePort") == Some(port)) {
                let fault = fields.add("healthCheckNodePort", format_args!("a port has nodePort {port} already"));
                fault.help("give the health check a port of its own");
            }
        }
    } else if port != 0 {
        let message = "healthCheckNodePort needs type `LoadBalancer` and externalTrafficPolicy `Local`";
        fields.add("healthCheckNodePort", message).help("remove healthCheckNodePort");
    }
}

/// Two annotations for the same must say the same.
fn topology(object: Spot<'_, '_>, faults: &mut Faults) {
    const MODE: &str = "service.kubernetes.io/topology-mode";
    const HINTS: &str = "service.kubernetes.io/topology-aware-hints";
    if let (Some(mode), Some(hints)) = (annotation(object, MODE), annotation(object, HINTS))
        && mode != hints
    {
        let path = object.path_to("metadata").field("annotations").field(MODE);
        faults.add(SERVICE, path, format!("{WHOSE}: the annotations `{MODE}` and `{HINTS}` must be the same"));
    }
}

fn annotation<'v>(object: Spot<'v, '_>, key: &str) -> Option<&'v str> {
    object.value().at(&["metadata", "annotations", key])?.as_str()
}
