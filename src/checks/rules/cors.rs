//! CORS that lets pages of every origin send requests with the user's cookies.

use crate::checks::model::{Found, Group};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;

/// Every origin, with credentials.
const EVERY_ORIGIN: Code = Code::new("LMS816", Class::Input);

const MESSAGE: &str = "CORS lets every origin send requests with credentials";
const HELP: &str = "list the origins, or forbid credentials";

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for (at, object) in group.objects.iter().enumerate() {
        let root = object.spot();
        match object.kind {
            "Ingress" => {
                let Some(metadata) = root.get("metadata") else { continue };
                let Some(annotations) = metadata.get("annotations") else { continue };
                let text = |name: &str| annotations.text(name);
                let is_on = |name: &str| text(name) == Some("true");
                let every = text("nginx.ingress.kubernetes.io/cors-allow-origin").is_none_or(lists_every);
                let (enabled, credentials) =
                    ("nginx.ingress.kubernetes.io/enable-cors", "nginx.ingress.kubernetes.io/cors-allow-credentials");
                if is_on(enabled) && is_on(credentials) && every {
                    found.push(Found::error(EVERY_ORIGIN, at, annotations.path_to(credentials), MESSAGE).help(HELP));
                }
            }
            "HTTPRoute" => {
                let Some(spec) = root.get("spec") else { continue };
                for rule in spec.items("rules") {
                    for filter in rule.items("filters") {
                        filter.get("cors").into_iter().for_each(|cors| in_filter(at, cors, found));
                    }
                }
            }
            _ => {}
        }
    }
}

fn lists_every(origins: &str) -> bool {
    origins.split(',').any(|origin| origin.trim() == "*")
}

fn in_filter(at: usize, cors: Spot<'_, '_>, found: &mut Vec<Found>) {
    if cors.is("allowCredentials") && cors.texts("allowOrigins").any(|(origin, _)| origin == "*") {
        found.push(Found::error(EVERY_ORIGIN, at, cors.path_to("allowCredentials"), MESSAGE).help(HELP));
    }
}

#[cfg(test)]
mod tests {
    use super::{MESSAGE, check};
    use crate::checks::testing::{Given, object};

    #[test]
    fn credentials_go_to_listed_origins() {
        let ingress = |origins: &str| {
            let text = object("networking.k8s.io/v1", "Ingress", "i", "spec: {}\n");
            let prefix = "nginx.ingress.kubernetes.io/";
            text.replace(
                "name: i\n",
                &format!("name: i\n  annotations: {{{prefix}enable-cors: \"true\", {prefix}cors-allow-credentials: \"true\"{origins}}}\n"),
            )
        };
        let look = |text: &str| Given::open(&[text]).look(check);
        let at = "LMS816 metadata.annotations[nginx.ingress.kubernetes.io/cors-allow-credentials]";
        assert_eq!(look(&ingress("")), [format!("{at}: {MESSAGE}")]);
        let named = ", nginx.ingress.kubernetes.io/cors-allow-origin: https://a.example";
        assert_eq!(look(&ingress(named)), [""; 0]);
        let route = |rest: &str| {
            let rest = format!("spec: {{rules: [{{filters: [{{type: CORS, cors: {{{rest}}}}}]}}]}}\n");
            object("gateway.networking.k8s.io/v1", "HTTPRoute", "r", &rest)
        };
        let at = "LMS816 spec.rules[0].filters[0].cors.allowCredentials";
        assert_eq!(look(&route("allowOrigins: [\"*\"], allowCredentials: true")), [format!("{at}: {MESSAGE}")]);
        assert_eq!(look(&route("allowOrigins: [\"*\"]")), [""; 0]);
    }
}
