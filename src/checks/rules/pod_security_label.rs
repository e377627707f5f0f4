//! Labels of a Namespace that ask for a Pod Security Standard which there is not: the API server's admission refuses the
//! Namespace (`PolicyToEvaluate` of `k8s.io/pod-security-admission/api`).

use crate::checks::model::{Found, Group, Object};
use crate::diagnostic::{Class, Code};
use crate::manifest::Path;

/// A level or version that there is not.
const LABEL: Code = Code::new("LMS827", Class::Input);

const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];
const MODES: [&str; 3] = ["enforce", "audit", "warn"];

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for (at, object) in group.objects.iter().enumerate().filter(|(_, object)| object.is("v1", "Namespace")) {
        for mode in MODES {
            let (level, version) =
                (format!("pod-security.kubernetes.io/{mode}"), format!("pod-security.kubernetes.io/{mode}-version"));
            let is_level: fn(&str) -> bool = |value| LEVELS.contains(&value);
            look(at, object, &level, is_level, "write `privileged`, `baseline` or `restricted`", found);
            look(at, object, &version, is_version, "write `latest`, or a release as in `v1.35`", found);
        }
    }
}

fn look(at: usize, object: &Object<'_>, label: &str, is_right: fn(&str) -> bool, help: &str, found: &mut Vec<Found>) {
    let Some(value) = object.value.str_at(&["metadata", "labels", label]) else { return };
    if !is_right(value) {
        let path = Path::root().field("metadata").field("labels").field(label);
        let message = format!("Pod Security Admission does not know `{}`", value.escape_debug());
        found.push(Found::error(LABEL, at, path, message).help(help));
    }
}

fn is_version(value: &str) -> bool {
    let minor = value.strip_prefix("v1.").unwrap_or_default();
    let is_number = !minor.is_empty() && minor.bytes().all(|digit| digit.is_ascii_digit());
    value == "latest" || is_number && (minor == "0" || !minor.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::Given;

    #[test]
    fn levels_and_versions_that_there_are() {
        let look = |label: &str, value: &str| {
            let labels = format!("{{pod-security.kubernetes.io/{label}: {value}}}");
            let text = format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: dev\n  labels: {labels}\n");
            Given::open(&[&text]).look(check).len()
        };
        for (label, value) in
            [("enforce", "restrictd"), ("warn", "Baseline"), ("audit-version", "v1.x"), ("enforce-version", "v1.035")]
        {
            assert_eq!(look(label, value), 1, "{label}: {value}");
        }
        for (label, value) in
            [("enforce", "restricted"), ("enforce-version", "latest"), ("warn-version", "v1.35"), ("other", "x")]
        {
            assert_eq!(look(label, value), 0, "{label}: {value}");
        }
    }
}
