//! A route to a Service, or to a port of one, that is not there.

use crate::checks::model::{Found, Group, Object};
use crate::diagnostic::{Class, Code};
use crate::document::did_you_mean;
use crate::kubernetes::Spot;

/// A backend that is not there.
const NO_BACKEND: Code = Code::new("LMS805", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for (at, object) in group.objects.iter().enumerate() {
        let root = object.spot();
        let Some(spec) = root.get("spec") else { continue };
        let mut rule = Rule { group, object, at, found };
        match (object.api_version, object.kind) {
            ("networking.k8s.io/v1", "Ingress") => ingress(spec, &mut rule),
            (_, "HTTPRoute" | "GRPCRoute") if object.api_version.starts_with("gateway.networking.k8s.io/") => {
                route(spec, &mut rule);
            }
            ("apps/v1", "StatefulSet") => stateful_set(spec, &mut rule),
            _ => {}
        }
    }
}

struct Rule<'r, 'a> {
    group: &'r Group<'a>,
    object: &'r Object<'a>,
    at: usize,
    found: &'r mut Vec<Found>,
}

impl<'a> Rule<'_, 'a> {
    /// The Service called `name`; what is wrong is reported once `group` has all Services.
    fn service(&mut self, holder: Spot<'_, '_>, field: &str, name: &str) -> Option<&'a Object<'a>> {
        let service = self.group.find(self.object, "Service", name);
        if service.is_none() && self.group.is_closed && !self.group.outside.has("Service", name) {
            let known = self.group.all().filter(|other| other.kind == "Service").map(|other| other.name);
            let help = did_you_mean(name, known).unwrap_or_else(|| {
                "render it, or name it in `external.services` of the environment if it exists in the cluster".into()
            });
            let message = format!("Service `{}` is not there", name.escape_debug());
            self.found.push(Found::error(NO_BACKEND, self.at, holder.path_to(field), message).help(help));
        }
        service
    }

    fn port(&mut self, service: &Object<'_>, holder: Spot<'_, '_>, field: &str, written: &str) {
        let root = service.spot();
        let Some(spec) = root.get("spec").filter(|spec| spec.text("type") != Some("ExternalName")) else { return };
        let is_it = |port: Spot<'_, '_>| port.text_or_number("port") == written || port.text("name") == Some(written);
        if written.is_empty() || spec.items("ports").any(is_it) {
            return;
        }
        let message = format!("Service `{}` has no port `{}`", service.name.escape_debug(), written.escape_debug());
        let fault = Found::error(NO_BACKEND, self.at, holder.path_to(field), message);
        let fault = fault.help("name a port that the Service has; its `port`, not its `targetPort`");
        let place = self.group.position(service);
        self.found.push(match place {
            Some(other) => fault.also(other, spec.path_to("ports"), "its ports are these"),
            None => fault,
        });
    }
}

fn ingress(spec: Spot<'_, '_>, rule: &mut Rule<'_, '_>) {
    if let Some(backend) = spec.get("defaultBackend") {
        ingress_backend(backend, rule);
    }
    for entry in spec.items("rules") {
        let Some(http) = entry.get("http") else { continue };
        for path in http.items("paths") {
            if let Some(backend) = path.get("backend") {
                ingress_backend(backend, rule);
            }
        }
    }
}

fn ingress_backend(backend: Spot<'_, '_>, rule: &mut Rule<'_, '_>) {
    let Some(service) = backend.get("service") else { return };
    let port = service.get("port");
    // What AWS's controller takes from an annotation is no Service.
    if port.is_some_and(|port| port.text("name") == Some("use-annotation")) {
        return;
    }
    let Some(target) = rule.service(service, "name", service.text_or_empty("name")) else { return };
    if let Some(port) = port {
        let field = if port.has("name") { "name" } else { "number" };
        rule.port(target, port, field, port.text_or_number(field));
    }
}

fn route(spec: Spot<'_, '_>, rule: &mut Rule<'_, '_>) {
    for entry in spec.items("rules") {
        for backend in entry.items("backendRefs") {
            let is_service = backend.text("kind").is_none_or(|kind| kind == "Service")
                && backend.text_or_empty("group").is_empty()
                && backend.text("namespace").is_none_or(|namespace| namespace == rule.object.namespace);
            if is_service && let Some(target) = rule.service(backend, "name", backend.text_or_empty("name")) {
                rule.port(target, backend, "port", backend.text_or_number("port"));
            }
        }
    }
}

fn stateful_set(spec: Spot<'_, '_>, rule: &mut Rule<'_, '_>) {
    if let Some(name) = spec.text("serviceName").filter(|name| !name.is_empty()) {
        rule.service(spec, "serviceName", name);
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object, service};

    fn ingress(backend: &str) -> String {
        let rest = format!("spec: {{rules: [{{host: h, http: {{paths: [{{path: /, backend: {backend}}}]}}}}]}}\n");
        object("networking.k8s.io/v1", "Ingress", "i", &rest)
    }

    fn route(backend: &str) -> String {
        let rest = format!("spec: {{rules: [{{backendRefs: [{backend}]}}]}}\n");
        object("gateway.networking.k8s.io/v1", "HTTPRoute", "r", &rest)
    }

    #[test]
    fn a_backend_is_there() {
        let service = service("[{name: http, port: 80}]");
        let look = |route: &str| Given::closed(&[route, &service]).look(check);
        let at = "LMS805 spec.rules[0].http.paths[0].backend.service";
        assert_eq!(
            look(&ingress("{service: {name: x, port: {number: 80}}}")),
            [format!("{at}.name: Service `x` is not there")]
        );
        assert_eq!(
            look(&ingress("{service: {name: s, port: {name: web}}}")),
            [format!("{at}.port.name: Service `s` has no port `web`")]
        );
        assert_eq!(
            look(&route("{name: s, port: 8080}")),
            ["LMS805 spec.rules[0].backendRefs[0].port: Service `s` has no port `8080`"]
        );
        for good in [
            ingress("{service: {name: s, port: {number: 80}}}"),
            ingress("{service: {name: s, port: {name: http}}}"),
            ingress("{service: {name: act, port: {name: use-annotation}}}"),
            route("{name: s, port: 80}"),
            route("{name: x, namespace: other, port: 80}"),
        ] {
            assert_eq!(look(&good), [""; 0], "{good}");
        }
    }

    #[test]
    fn a_stateful_set_has_its_service() {
        let set = object("apps/v1", "StatefulSet", "db", "spec: {serviceName: db}\n");
        assert_eq!(Given::closed(&[&set]).look(check), ["LMS805 spec.serviceName: Service `db` is not there"]);
        assert_eq!(Given::closed(&[&set]).outside("Service", "db").look(check), [""; 0]);
        assert_eq!(Given::open(&[&set]).look(check), [""; 0], "it may be elsewhere");
    }
}
