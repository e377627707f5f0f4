//! An image from a registry that the environment does not allow.
//!
//! A field `image` is one wherever it stands: custom resources run images, too.

use crate::checks::model::{Found, Group};
use crate::checks::walk::listed;
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;
use crate::manifest::Path;

/// An image from a registry that is not allowed.
const REGISTRY: Code = Code::new("LMS240", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    let registries = &group.policy.registries;
    if registries.is_empty() {
        return;
    }
    for (at, object) in group.objects.iter().enumerate() {
        object.spot().each_field(&mut |name, field| {
            if name == "image"
                && let Some((image, path)) = named(field)
                && !is_allowed(registries, image)
            {
                let message = format!("image `{}` is not from an allowed registry", image.escape_debug());
                let known = listed(registries.iter().map(String::as_str));
                let help = format!("`policy.registries` of the environment allows {known}");
                found.push(Found::error(REGISTRY, at, path, message).help(help));
            }
        });
    }
}

/// An image's name: of a container, or of a volume that is an image.
fn named<'v>(image: Spot<'v, '_>) -> Option<(&'v str, Path)> {
    match image.value().as_str() {
        Some(name) => Some((name, image.path())),
        None => Some((image.text("reference")?, image.path_to("reference"))),
    }
}

/// An entry is a registry with or without a path; it allows itself and everything below. After a mere registry `:`
/// would start a port, which makes it another registry.
fn is_allowed(registries: &[String], image: &str) -> bool {
    registries.iter().map(|registry| registry.trim_end_matches('/')).any(|registry| {
        image.strip_prefix(registry).is_some_and(|rest| {
            rest.starts_with('/') || registry.contains('/') && (rest.is_empty() || rest.starts_with([':', '@']))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{check, is_allowed};
    use crate::checks::testing::{Given, object, pod};

    #[test]
    fn registries_allow_what_is_below_them() {
        let allowed = ["registry.example/lms".to_owned()];
        for image in ["registry.example/lms/backend:1", "registry.example/lms@sha256:0", "registry.example/lms"] {
            assert!(is_allowed(&allowed, image), "{image}");
        }
        for image in ["registry.example/lms2/x", "registry.example", "evil.example/registry.example/lms/x", "nginx"] {
            assert!(!is_allowed(&allowed, image), "{image}");
        }
        let allowed = ["registry.example".to_owned()];
        assert!(is_allowed(&allowed, "registry.example/a:1"));
        assert!(!is_allowed(&allowed, "registry.example:5000/a:1"), "another port is another registry");
    }

    #[test]
    fn images_are_found_wherever_they_are() {
        let look =
            |text: &str| Given::open(&[text]).policy(|policy| policy.registries = vec!["a.example".into()]).look(check);
        let message = "image `b.example/x` is not from an allowed registry";
        let of = |image: &str| pod(&format!("initContainers: [{{name: i, image: {image}}}]\n"));
        assert_eq!(look(&of("b.example/x")), [format!("LMS240 spec.initContainers[0].image: {message}")]);
        assert_eq!(look(&of("a.example/x")), [""; 0]);
        let volume = pod("volumes: [{name: v, image: {reference: b.example/x}}]\n");
        assert_eq!(look(&volume), [format!("LMS240 spec.volumes[0].image.reference: {message}")]);
        let custom = object("x.example/v1", "Runner", "r", "spec: {pods: [[{image: b.example/x}]]}\n");
        assert_eq!(look(&custom), [format!("LMS240 spec.pods[0][0].image: {message}")]);
        let text = object("v1", "ConfigMap", "c", "data:\n  x: |\n    image: b.example/x\n");
        assert_eq!(look(&text), [""; 0], "a line of text is no field");
    }
}
