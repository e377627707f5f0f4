//! Jobs (`ValidateJob`, `validateJobSpec`).

use crate::diagnostic::{Class, Code};

use super::check::Release;
use super::fault::Faults;
use super::field::Fields;
use super::job_policy;
use super::pod::POD;
use super::selector;
use super::spot::Spot;
use super::words::{dns_label, domain_path};
use super::workload::{self, SELECTOR};

/// A field of a Job that Kubernetes refuses.
pub(super) const JOB: Code = Code::new("LMS727", Class::Input);

/// Most indexes of an Indexed Job that run, or fail, at once.
const MAX_INDEXES: i64 = 100_000;
/// The same when there are more than that many indexes with a limit each.
const MAX_OF_MANY: i64 = 10_000;

/// Labels that the API server gives to Pods of a Job.
const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// A Job.
pub(super) fn check(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let Some(spec) = workload::spec_of(&object, JOB, faults) else { return };
    // Completions default to 1 where parallelism is not given either.
    let completions = match spec.int("completions") {
        None if !spec.has("completions") && !spec.has("parallelism") => Some(1),
        given => given,
    };
    job_spec(spec, completions, release, faults);
    let name = object.get("metadata").map(|metadata| metadata.text_or_empty("name")).unwrap_or_default();
    select(spec, name, faults);
    if name.len() > 63 && !spec.is("manualSelector") {
        let message = "the name of a Job must not be longer than 63 characters";
        let path = object.path_to("metadata").field("name");
        faults.add(JOB, path, message).help("its Pods have it as a label");
    }
    if let Some(count) = completions.filter(|count| *count > 0 && is_indexed(spec))
        && !name.is_empty()
        && let Err(rule) = dns_label(&format!("{name}-{}", count - 1))
    {
        let message = format!("the name of the last Pod, `{}-{}`, {rule}", name.escape_debug(), count - 1);
        let path = object.path_to("metadata").field("name");
        faults.add(JOB, path, message).help("shorten the name of the Job");
    }
}

/// The spec of a Job, or of the Jobs of a CronJob.
pub(super) fn job_spec(spec: Spot<'_, '_>, completions: Option<i64>, release: Release, faults: &mut Faults) {
    let mut fields = Fields::of(spec, JOB, &"the Job", faults);
    for key in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        fields.not_negative(key);
    }
    if spec.has("maxFailedIndexes") && !spec.has("backoffLimitPerIndex") {
        fields.add("backoffLimitPerIndex", "maxFailedIndexes needs backoffLimitPerIndex");
    }
    if release >= Release(32)
        && let Some(manager) = spec.text("managedBy")
    {
        fields.matches_set("managedBy", domain_path);
        if manager.len() > 63 {
            fields.add("managedBy", "managedBy is longer than 63 characters");
        }
    }
    fields.one_of_set("completionMode", &["NonIndexed", "Indexed"]);
    if is_indexed(spec) {
        indexed(spec, completions, &mut fields);
    } else {
        for key in ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"] {
            if spec.has(key) {
                fields.add(key, format_args!("{key} needs `completionMode: Indexed`"));
            }
        }
    }
    let replacements: &[&str] =
        if spec.has("podFailurePolicy") { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
    fields.one_of_set("podReplacementPolicy", replacements);
    job_policy::check(spec, completions, faults);
    pods(spec, release, faults);
}

fn is_indexed(spec: Spot<'_, '_>) -> bool {
    spec.text("completionMode") == Some("Indexed")
}

fn indexed(spec: Spot<'_, '_>, completions: Option<i64>, fields: &mut Fields<'_, '_, '_>) {
    if completions.is_none() && !spec.has("completions") {
        fields.add("completions", "`completionMode: Indexed` needs completions");
    }
    let is_many = completions.is_some_and(|count| count > MAX_INDEXES) && spec.has("backoffLimitPerIndex");
    let most = if is_many { MAX_OF_MANY } else { MAX_INDEXES };
    for key in ["parallelism", "maxFailedIndexes"] {
        if spec.int(key).is_some_and(|number| number > most) {
            fields.add(key, format_args!("{key} must not be more than {most}"));
        }
    }
    if let (Some(count), Some(failed)) = (completions, spec.int("maxFailedIndexes"))
        && failed > count
    {
        fields.add("maxFailedIndexes", "maxFailedIndexes must not be more than completions");
    }
    if is_many && !spec.has("maxFailedIndexes") {
        fields.add("maxFailedIndexes", format_args!("more than {MAX_INDEXES} completions need maxFailedIndexes"));
    }
}

/// The template, whose Pods must be such that they end.
fn pods(spec: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let Some(template) = spec.get("template") else {
        faults.add(JOB, spec.path_to("template"), "there is no template of Pods");
        return;
    };
    workload::template_of(template, None, release, faults);
    let Some(pod) = template.get("spec") else { return };
    match pod.text_or_empty("restartPolicy") {
        "" | "Always" => {
            let message = "the restartPolicy of a Job's Pods must be `OnFailure` or `Never`";
            faults.add(POD, pod.path_to("restartPolicy"), message).help("add `restartPolicy: OnFailure`");
        }
        "OnFailure" if spec.has("podFailurePolicy") => {
            let message = "podFailurePolicy needs `restartPolicy: Never`";
            faults.add(POD, pod.path_to("restartPolicy"), message);
        }
        _ => {}
    }
}

/// The selector: the API server's own, or with `manualSelector` that of the manifest.
fn select(spec: Spot<'_, '_>, name: &str, faults: &mut Faults) {
    let Some(template) = spec.get("template") else { return };
    if let Some(wanted) = spec.get("selector") {
        selector::check(wanted, SELECTOR, &"the selector", faults);
    }
    if spec.is("manualSelector") {
        match spec.get("selector") {
            Some(wanted) => workload::matches_template(wanted, template, faults),
            None => {
                faults.add(SELECTOR, spec.path_to("selector"), "`manualSelector: true` needs a selector");
            }
        }
        return;
    }
    let own = |label: &str| {
        if NAME_LABELS.contains(&label) {
            return Some(name);
        }
        // Nobody knows the Job's uid before it is made.
        UID_LABELS.contains(&label).then_some("\0")
    };
    if !name.is_empty()
        && let Some(wanted) = spec.get("selector")
        && let Some(missed) = selector::first_unmatched(wanted, own)
    {
        let message =
            format!("the selector of a Job is made by Kubernetes; it cannot ask for `{}`", missed.escape_debug());
        faults.add(SELECTOR, wanted.path(), message).help("remove the selector");
    }
    let Some(metadata) = template.get("metadata") else { return };
    for (label, at) in metadata.entries("labels") {
        let is_taken = (NAME_LABELS.contains(&label) && !name.is_empty() && at.value().as_str() != Some(name))
            || UID_LABELS.contains(&label);
        if is_taken {
            faults.add(SELECTOR, at.path(), format!("label `{label}` is given by Kubernetes")).help("remove the label");
        }
    }
}
