//! An annotation that the environment's `[policy]` forbids.

use crate::checks::model::{Found, Group};
use crate::diagnostic::{Class, Code};

/// A forbidden annotation.
const FORBIDDEN: Code = Code::new("LMS832", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    let forbidden = &group.policy.forbidden_annotations;
    if forbidden.is_empty() {
        return;
    }
    let is_forbidden = |key: &str| {
        forbidden.iter().find(|entry| match entry.strip_suffix('*') {
            Some(prefix) => key.starts_with(prefix),
            None => key == entry.as_str(),
        })
    };
    for (at, object) in group.objects.iter().enumerate() {
        let root = object.spot();
        let spec = root.get("spec");
        let job = spec.as_ref().and_then(|spec| spec.get("jobTemplate"));
        let job_spec = job.as_ref().and_then(|job| job.get("spec"));
        let holders = [Some(&root), job.as_ref()].into_iter().flatten().copied();
        let templates =
            [spec.as_ref(), job_spec.as_ref()].into_iter().flatten().filter_map(|spec| spec.get("template"));
        for holder in holders.chain(templates) {
            let Some(metadata) = holder.get("metadata") else { continue };
            for (key, value) in metadata.entries("annotations") {
                if let Some(entry) = is_forbidden(key) {
                    let message = format!("annotation `{}` is forbidden in this environment", key.escape_debug());
                    let fault = Found::error(FORBIDDEN, at, value.path(), message);
                    found.push(fault.help(format!("remove it; `{entry}` is in `policy.forbidden-annotations`")));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, deployment};

    #[test]
    fn some_annotations_are_forbidden() {
        let text = deployment("", "containers: [{name: a, image: a/b:1}]\n")
            .replace("{labels: {app: a}}", "{annotations: {a.example/x: y, b.example/z: y}}");
        let look = |entry: &str| {
            Given::open(&[&text]).policy(|policy| policy.forbidden_annotations = vec![entry.into()]).look(check)
        };
        let at = "LMS832 spec.template.metadata.annotations";
        for entry in ["a.example/*", "a.example/x"] {
            let message = "annotation `a.example/x` is forbidden in this environment";
            assert_eq!(look(entry), [format!("{at}[a.example/x]: {message}")], "{entry}");
        }
        assert_eq!(look("a.example/"), [""; 0]);
    }
}
