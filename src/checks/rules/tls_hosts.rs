//! A host of an Ingress that its TLS part does not name: browsers would be shown the controller's own certificate.

use crate::checks::model::{Found, Group};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;

/// A host without certificate beside others with one.
const NO_TLS: Code = Code::new("LMS826", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for (at, object) in group.objects.iter().enumerate() {
        if object.is("networking.k8s.io/v1", "Ingress") {
            let root = object.spot();
            if let Some(spec) = root.get("spec").filter(|spec| spec.count("tls") > 0) {
                look(at, spec, found);
            }
        }
    }
}

fn look(at: usize, spec: Spot<'_, '_>, found: &mut Vec<Found>) {
    let mut covered = Vec::new();
    for tls in spec.items("tls") {
        // Without hosts the certificate is for all that it names itself.
        if tls.count("hosts") == 0 {
            return;
        }
        covered.extend(tls.texts("hosts").map(|(host, _)| host));
    }
    for rule in spec.items("rules") {
        let Some(host) = rule.text("host").filter(|host| !host.is_empty()) else { continue };
        if !covered.iter().any(|known| covers(known, host)) {
            let message = format!("host `{}` is not among those of `tls`", host.escape_debug());
            let fault = Found::warning(NO_TLS, at, rule.path_to("host"), message);
            let fault = fault.help("add it to `tls[].hosts`, with a certificate that is for it");
            found.push(fault.also(at, spec.path_to("tls"), "TLS is for these"));
        }
    }
}

/// `*.example` is for one label before `example`.
fn covers(known: &str, host: &str) -> bool {
    known.eq_ignore_ascii_case(host)
        || known
            .strip_prefix("*.")
            .is_some_and(|domain| host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object};

    #[test]
    fn hosts_have_a_certificate() {
        let look = |tls: &str, host: &str| {
            let rest = format!("spec: {{tls: [{{{tls}}}], rules: [{{host: {host}}}]}}\n");
            Given::open(&[&object("networking.k8s.io/v1", "Ingress", "i", &rest)]).look(check)
        };
        let message = "host `b.example` is not among those of `tls`";
        assert_eq!(look("hosts: [a.example]", "b.example"), [format!("warning LMS826 spec.rules[0].host: {message}")]);
        assert_eq!(look("hosts: [\"*.example\"]", "B.example"), [""; 0]);
        assert_eq!(look("secretName: s", "b.example"), [""; 0]);
        assert_eq!(look("hosts: [\"*.example\"]", "x.b.example").len(), 1);
    }
}
