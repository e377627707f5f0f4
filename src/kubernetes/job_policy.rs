//! When a Job fails and when it has succeeded: `podFailurePolicy`, `successPolicy`.

use crate::manifest::Value;

use super::fault::Faults;
use super::field::Fields;
use super::job::JOB;
use super::spot::Spot;
use super::words::qualified_name;

/// Most rules of a policy.
const MAX_RULES: usize = 20;

/// Both policies of a Job.
pub(super) fn check(spec: Spot<'_, '_>, completions: Option<i64>, faults: &mut Faults) {
    if let Some(policy) = spec.get("podFailurePolicy") {
        let whose = &"podFailurePolicy";
        if policy.count("rules") > MAX_RULES {
            Fields::of(policy, JOB, whose, faults).add("rules", format_args!("there can be {MAX_RULES} rules"));
        }
        for rule in policy.items("rules") {
            failure_rule(spec, rule, faults);
        }
    }
    let Some(policy) = spec.get("successPolicy").filter(|_| spec.text("completionMode") == Some("Indexed")) else {
        return;
    };
    let mut fields = Fields::of(policy, JOB, &"successPolicy", faults);
    match policy.count("rules") {
        0 => {
            fields.add("rules", "there are no rules");
        }
        count if count > MAX_RULES => {
            fields.add("rules", format_args!("there can be {MAX_RULES} rules"));
        }
        _ => {}
    }
    for rule in policy.items("rules") {
        success_rule(rule, completions, faults);
    }
}

fn failure_rule(spec: Spot<'_, '_>, rule: Spot<'_, '_>, faults: &mut Faults) {
    let whose = &"podFailurePolicy";
    let mut fields = Fields::of(rule, JOB, whose, faults);
    if fields.required("action").is_some() {
        fields.one_of("action", &["FailJob", "FailIndex", "Ignore", "Count"]);
    }
    if rule.text("action") == Some("FailIndex") && !spec.has("backoffLimitPerIndex") {
        fields.add("action", "`FailIndex` needs backoffLimitPerIndex");
    }
    let conditions = rule.count("onPodConditions");
    if rule.has("onExitCodes") == (conditions > 0) {
        fields.add_here("a rule must have either onExitCodes or onPodConditions");
    }
    if conditions > MAX_RULES {
        fields.add("onPodConditions", format_args!("there can be {MAX_RULES} conditions"));
    }
    for condition in rule.items("onPodConditions") {
        let mut fields = Fields::of(condition, JOB, whose, faults);
        fields.required_match("type", qualified_name);
        fields.one_of("status", &["True", "False", "Unknown"]);
    }
    if let Some(codes) = rule.get("onExitCodes") {
        exit_codes(spec, codes, faults);
    }
}

fn exit_codes(spec: Spot<'_, '_>, codes: Spot<'_, '_>, faults: &mut Faults) {
    let mut fields = Fields::of(codes, JOB, &"podFailurePolicy", faults);
    if fields.required("operator").is_some() {
        fields.one_of("operator", &["In", "NotIn"]);
    }
    if let Some(name) = codes.text("containerName")
        && !has_container(spec, name)
    {
        fields.add("containerName", format_args!("there is no container `{}`", name.escape_debug()));
    }
    match codes.count("values") {
        0 => {
            fields.add("values", "there are no exit codes");
        }
        256.. => {
            fields.add("values", "there can be 255 exit codes");
        }
        _ => {}
    }
    let mut before = None;
    for value in codes.items("values") {
        let code = if *value.value() == Value::Null { Ok(0) } else { value.written().parse::<i64>() };
        let Ok(code) = code else { continue };
        let rule = match before {
            _ if code == 0 && codes.text("operator") == Some("In") => "0 is no failure",
            Some(before) if before == code => "an exit code is listed twice",
            Some(before) if before > code => "exit codes must go upwards",
            _ => "",
        };
        if !rule.is_empty() {
            faults.add(JOB, value.path(), format!("podFailurePolicy: {rule}"));
        }
        before = Some(code);
    }
}

fn has_container(spec: Spot<'_, '_>, name: &str) -> bool {
    let pod = spec.value().at(&["template", "spec"]);
    let Some(pod) = pod.map(Spot::root) else { return false };
    ["containers", "initContainers"].iter().any(|key| pod.items(key).any(|it| it.text("name") == Some(name)))
}

fn success_rule(rule: Spot<'_, '_>, completions: Option<i64>, faults: &mut Faults) {
    let mut fields = Fields::of(rule, JOB, &"successPolicy", faults);
    let indexes = rule.text("succeededIndexes");
    if indexes.is_none() && !rule.has("succeededCount") && !rule.has("succeededIndexes") {
        fields.add_here("a rule must have succeededCount or succeededIndexes");
    }
    let Some(completions) = completions else { return };
    let total = indexes.map(|text| count_indexes(text, completions));
    if matches!(total, Some(None)) {
        fields
            .add("succeededIndexes", "succeededIndexes must be numbers below completions that go upwards")
            .help("write numbers and ranges: `0,2-4,7`");
    }
    if indexes.is_some_and(|text| text.len() > 64 << 10) {
        fields.add("succeededIndexes", "succeededIndexes is longer than 64 KiB");
    }
    fields.not_negative("succeededCount");
    if let Some(count) = rule.int("succeededCount") {
        if count > completions {
            fields.add("succeededCount", "succeededCount must not be more than completions");
        } else if total.is_some_and(|total| count > total.unwrap_or_default()) {
            fields.add("succeededCount", "succeededCount must not be more than there are succeededIndexes");
        }
    }
}

/// How many indexes `0,2-4` has; `None` if it cannot be read.
fn count_indexes(text: &str, completions: i64) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let (mut total, mut last) = (0, None);
    for interval in text.split(',') {
        let (from, to) = match interval.split_once('-') {
            Some((from, to)) => (from.parse::<i64>().ok()?, to.parse::<i64>().ok()?),
            None => (interval.parse::<i64>().ok()?, interval.parse::<i64>().ok()?),
        };
        let is_right =
            to < completions && (from < to || !interval.contains('-')) && last.is_none_or(|last| last < from);
        if !is_right {
            return None;
        }
        total += to - from + 1;
        last = Some(to);
    }
    Some(total)
}
