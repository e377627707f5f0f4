//! Probes and lifecycle handlers (`validateProbe`, `validateLifecycle`, `validateHandler`).

use std::fmt::Display;

use crate::diagnostic::{Class, Code};
use crate::kubernetes::check::Release;
use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::header_name;

use super::pod_spec::{Container, PodSpec};
use super::ports;

/// A probe or lifecycle handler that Kubernetes refuses.
const PROBES: Code = Code::new("LMS719", Class::Input);

/// What a handler does, in the order in which the API server looks.
const HANDLERS: [&str; 5] = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

/// Numbers of a probe.
const NUMBERS: [&str; 5] =
    ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];

/// Probes and lifecycle of one container that can have them.
pub(super) fn check(pod: PodSpec<'_, '_>, container: Container<'_, '_>, faults: &mut Faults) {
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.at.get(key) else { continue };
        let whose = format_args!("{container}: {key}");
        handler(pod, probe, &HANDLERS[..4], &whose, faults);
        let mut fields = Fields::of(probe, PROBES, &whose, faults);
        for number in NUMBERS {
            fields.not_negative(number);
        }
        let success = probe.int("successThreshold").unwrap_or(1);
        if key == "readinessProbe" {
            if probe.has("terminationGracePeriodSeconds") {
                fields.add("terminationGracePeriodSeconds", "cannot have terminationGracePeriodSeconds");
            }
        } else if success > 1 {
            fields.add("successThreshold", "successThreshold must be 1");
        }
        if probe.int("terminationGracePeriodSeconds").is_some_and(|seconds| seconds < 1) {
            fields.add("terminationGracePeriodSeconds", "terminationGracePeriodSeconds must be more than 0");
        }
    }
    let Some(lifecycle) = container.at.get("lifecycle") else { return };
    for key in ["postStart", "preStop"] {
        if let Some(at) = lifecycle.get(key) {
            handler(pod, at, &HANDLERS, &format_args!("{container}: lifecycle.{key}"), faults);
        }
    }
}

/// `false` for a lifecycle that has only a stopSignal, which clusters forget with the whole lifecycle.
pub(super) fn is_lifecycle_kept(lifecycle: Spot<'_, '_>) -> bool {
    !lifecycle.has("stopSignal") || lifecycle.has("postStart") || lifecycle.has("preStop")
}

fn handler(pod: PodSpec<'_, '_>, at: Spot<'_, '_>, known: &[&'static str], whose: &dyn Display, faults: &mut Faults) {
    let mut first = None;
    for key in known.iter().copied().filter(|key| *key != "grpc" || known.len() == 4) {
        let Some(action) = at.get(key) else { continue };
        if let Some(first) = first {
            let message = format!("{whose}: cannot have both `{first}` and `{key}`");
            faults.add(PROBES, action.path(), message);
            continue;
        }
        first = Some(key);
        let mut fields = Fields::of(action, PROBES, whose, faults);
        match key {
            "exec" if action.count("command") == 0 => {
                fields.add("command", "exec has no command");
            }
            "httpGet" => {
                ports::number_or_name(action, "port", &mut fields);
                fields.one_of("scheme", &["HTTP", "HTTPS"]);
                headers(action, whose, faults);
            }
            "tcpSocket" | "grpc" => ports::number_or_name(action, "port", &mut fields),
            "sleep" => sleep(pod, action, &mut fields),
            _ => {}
        }
    }
    if first.is_none() {
        let fault = faults.add(PROBES, at.path(), format!("{whose} does not say what to do"));
        fault.help("add `httpGet`, `tcpSocket` or `exec`");
    }
}

fn headers(action: Spot<'_, '_>, whose: &dyn Display, faults: &mut Faults) {
    for header in action.items("httpHeaders") {
        Fields::of(header, PROBES, whose, faults).required_match("name", header_name);
    }
}

fn sleep(pod: PodSpec<'_, '_>, action: Spot<'_, '_>, fields: &mut Fields<'_, '_, '_>) {
    let grace = pod.spec.int("terminationGracePeriodSeconds").unwrap_or(30);
    let seconds = action.int("seconds").unwrap_or_default();
    let least = i64::from(pod.release < Release(33));
    if seconds < least || seconds > grace {
        fields.add(
            "seconds",
            format_args!("sleep must be between {least} and terminationGracePeriodSeconds, which are {grace}"),
        );
    }
}
