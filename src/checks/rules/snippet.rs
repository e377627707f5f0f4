//! Snippets of nginx configuration in annotations: they can read every Secret of the controller, and controllers refuse
//! them by default.

use crate::checks::model::{Found, Group};
use crate::diagnostic::{Class, Code};

/// Configuration in an annotation.
const SNIPPET: Code = Code::new("LMS817", Class::Input);

/// Annotations that hold configuration.
const SNIPPETS: [&str; 5] = [
    "nginx.ingress.kubernetes.io/auth-snippet",
    "nginx.ingress.kubernetes.io/configuration-snippet",
    "nginx.ingress.kubernetes.io/modsecurity-snippet",
    "nginx.ingress.kubernetes.io/server-snippet",
    "nginx.ingress.kubernetes.io/stream-snippet",
];

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for (at, object) in group.objects.iter().enumerate().filter(|(_, object)| object.kind == "Ingress") {
        let root = object.spot();
        let Some(metadata) = root.get("metadata") else { continue };
        for (key, value) in metadata.entries("annotations").filter(|(key, _)| SNIPPETS.contains(key)) {
            let message = format!("`{key}` puts configuration into the controller, which refuses it by default");
            let fault = Found::error(SNIPPET, at, value.path(), message);
            found.push(fault.help("use the annotation for what it does, or do it in the application"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object};

    #[test]
    fn an_ingress_has_no_snippets() {
        let ingress = |annotation: &str| {
            object("networking.k8s.io/v1", "Ingress", "i", "spec: {}\n").replace(
                "name: i\n",
                &format!("name: i\n  annotations: {{nginx.ingress.kubernetes.io/{annotation}: x}}\n"),
            )
        };
        let said = Given::open(&[&ingress("server-snippet")]).look(check);
        assert!(said.len() == 1 && said[0].starts_with("LMS817 metadata.annotations[nginx.ingress"), "{said:?}");
        assert_eq!(Given::open(&[&ingress("proxy-body-size")]).look(check), [""; 0]);
    }
}
