//! A Job with a Secret that the fleet keeps, in whose Pod nothing changes when the Secret does: after a rotation it
//! would not run again.

use crate::checks::model::{Found, Group, Object};
use crate::checks::references::each_reference;
use crate::diagnostic::{Class, Code};
use crate::manifest::{Map, Path, Value};

/// A Job that a rotation passes by.
const PASSED_BY: Code = Code::new("LMS821", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    for (at, object) in group.objects.iter().enumerate().filter(|(_, object)| object.is("batch/v1", "Job")) {
        let mut told: Vec<&str> = Vec::new();
        each_reference(object, &mut |reference| {
            let stored =
                group.secrets.iter().find(|secret| reference.kind == "Secret" && secret.name == reference.name);
            let Some(secret) = stored.filter(|secret| !told.contains(&secret.name.as_str())) else { return };
            told.push(&secret.name);
            if !mentions(object, secret.revision) {
                let (holder, field) = reference.at;
                let message = "the Job does not run again when this Secret changes";
                let template = Path::root().field("spec").field("template");
                let fault = Found::warning(PASSED_BY, at, holder.path_to(field), message);
                let fault = fault.help(
                    "add an annotation with `{{ secret_revision(name=\"…\") }}` to the Pod template, and `{{ content_hash() }}` to the Job's name",
                );
                found.push(fault.also(at, template, "the same before and after"));
            }
        });
    }
}

/// `true` if an annotation of the Pod, or a value in its spec, holds this number.
///
/// Which Secret it belongs to cannot be seen; two with the same revision are taken for one.
fn mentions(job: &Object<'_>, revision: u64) -> bool {
    let revision = revision.to_string();
    let has = |text: &str| text.split(|c: char| !c.is_ascii_digit()).any(|word| word == revision);
    let annotations = job.value.at(&["spec", "template", "metadata", "annotations"]).and_then(Value::as_map);
    let mut texts = annotations.into_iter().flat_map(Map::iter).filter_map(|(_, value)| value.as_str());
    texts.any(has) || job.value.at(&["spec", "template", "spec"]).is_some_and(|spec| in_env(spec, &has))
}

fn in_env(spec: &Value, has: &impl Fn(&str) -> bool) -> bool {
    let list = |value: &Value, key: &str| value.at(&[key]).and_then(Value::as_list).map(<[Value]>::to_vec);
    let lists = ["initContainers", "containers"].into_iter().filter_map(|key| list(spec, key));
    let variables = lists.flatten().filter_map(|container| list(&container, "env")).flatten();
    variables.into_iter().any(|variable| variable.str_at(&["value"]).is_some_and(has))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object};

    #[test]
    fn a_job_changes_with_its_secret() {
        let job = |annotation: &str| {
            let rest = format!(
                "spec: {{template: {{metadata: {{annotations: {{{annotation}}}}}, spec: {{containers: [{{name: a, envFrom: [{{secretRef: {{name: s}}}}]}}]}}}}}}\n"
            );
            object("batch/v1", "Job", "j", &rest)
        };
        let look = |text: &str| Given::closed(&[text]).stored("s", &["k"]).look(check);
        let at = "warning LMS821 spec.template.spec.containers[0].envFrom[0].secretRef.name";
        assert_eq!(look(&job("")), [format!("{at}: the Job does not run again when this Secret changes")]);
        assert_eq!(look(&job("rev: \"7\"")), [""; 0]);
        assert_eq!(look(&job("rev: \"17\"")).len(), 1);
        assert_eq!(Given::closed(&[&job("")]).look(check), [""; 0], "a Secret of others has no revision");
    }
}
