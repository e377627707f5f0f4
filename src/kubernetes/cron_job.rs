//! CronJobs (`ValidateCronJobCreate`).

use crate::diagnostic::{Class, Code};

use super::check::Release;
use super::cron;
use super::fault::Faults;
use super::field::Fields;
use super::job;
use super::spot::Spot;
use super::workload::{self, SELECTOR};

/// A schedule, a time zone, a name or another field of a CronJob that Kubernetes refuses.
const CRON_JOB: Code = Code::new("LMS728", Class::Input);

/// Longest name: its Jobs add 11 characters, and 63 are allowed.
const MAX_NAME: usize = 52;

/// Time zones of the IANA database, sorted by bytes.
const TIME_ZONES: &str = include_str!("time_zones.txt");

/// A CronJob.
pub(super) fn check(object: Spot<'_, '_>, release: Release, faults: &mut Faults) {
    let name = object.get("metadata").map(|metadata| metadata.text_or_empty("name")).unwrap_or_default();
    if name.len() > MAX_NAME {
        let message = format!("the name of a CronJob must not be longer than {MAX_NAME} characters");
        let path = object.path_to("metadata").field("name");
        faults.add(CRON_JOB, path, message).help("its Jobs add 11 characters to it, and 63 are allowed");
    }
    let Some(spec) = workload::spec_of(&object, CRON_JOB, faults) else { return };
    let mut fields = Fields::of(spec, CRON_JOB, &"the CronJob", faults);
    if let Some(schedule) = fields.required("schedule") {
        let shown = schedule.escape_debug();
        if schedule.contains("TZ") {
            fields
                .add("schedule", format_args!("the schedule `{shown}` must not have a time zone"))
                .help("write the zone under `timeZone`");
        } else if let Err(rule) = cron::check(schedule) {
            fields
                .add("schedule", format_args!("the schedule `{shown}` {rule}"))
                .help("write minute, hour, day of the month, month and day of the week: `30 3 * * 1-5`");
        }
    }
    if let Some(zone) = spec.text("timeZone")
        && !is_time_zone(zone)
    {
        fields
            .add("timeZone", format_args!("there is no time zone `{}`", zone.escape_debug()))
            .help("write a name of the IANA database: `Europe/Berlin`, `Etc/UTC`");
    }
    fields.one_of("concurrencyPolicy", &["Allow", "Forbid", "Replace"]);
    for key in ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        fields.not_negative(key);
    }
    let Some(template) = spec.get("jobTemplate") else {
        faults.add(CRON_JOB, spec.path_to("jobTemplate"), "the CronJob has no jobTemplate");
        return;
    };
    let Some(spec) = template.get("spec") else {
        faults.add(CRON_JOB, template.path_to("spec"), "the jobTemplate has no spec");
        return;
    };
    job::job_spec(spec, spec.int("completions"), release, faults);
    if spec.has("selector") {
        faults.add(SELECTOR, spec.path_to("selector"), "the selector of a CronJob's Jobs is made by Kubernetes");
    }
    if spec.is("manualSelector") {
        faults.add(SELECTOR, spec.path_to("manualSelector"), "Jobs of a CronJob cannot have `manualSelector: true`");
    }
}

fn is_time_zone(zone: &str) -> bool {
    let zones = TIME_ZONES.as_bytes();
    // A binary search over lines would save microseconds of the few objects that have a zone.
    !zone.is_empty() && !zone.contains('\n') && zones.split(|b| *b == b'\n').any(|line| line == zone.as_bytes())
}
