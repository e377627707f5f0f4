//! What every report of faults counts, in words: faults, what was looked at, and instances.

use super::{count, counted, printable};
use crate::diagnostic::Diagnostic;

/// What a run looked at, for the last line; zero is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Instances.
    pub instances: usize,
    /// Objects.
    pub objects: usize,
    /// How long it took, in milliseconds.
    pub millis: Option<u64>,
}

/// Instances named before the rest is only counted.
pub(super) const NAMED_INSTANCES: usize = 3;

/// `2 errors, 1 warning`.
pub(super) fn tally(found: &[Diagnostic]) -> String {
    let errors = found.iter().filter(|one| one.is_error()).count();
    let parts = [(errors, "error"), (found.len() - errors, "warning")];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| counted(*n, what)).collect();
    parts.join(", ")
}

/// ` in 400 instances, 3,604 objects (0.2 s)`
pub(super) fn looked_at(scope: Scope) -> String {
    let looked: Vec<String> = [(scope.instances, "instance"), (scope.objects, "object")]
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| counted(*n, what))
        .collect();
    let looked = if looked.is_empty() { String::new() } else { format!(" in {}", looked.join(", ")) };
    format!("{looked}{}", scope.millis.map(seconds).unwrap_or_default())
}

/// ` (0.2 s)`, ` (12 ms)`
fn seconds(millis: u64) -> String {
    if millis < 100 {
        return format!(" ({millis} ms)");
    }
    let tenths = (millis + 50) / 100;
    format!(" ({}.{} s)", tenths / 10, tenths % 10)
}

/// `No errors in 400 instances, 3,604 objects (0.2 s)`, as a line.
#[must_use]
pub fn nothing_text(scope: Scope) -> String {
    format!("No errors{}\n", looked_at(scope))
}

/// `in 312 of 400 instances`; a few are named: `in lms-dev/C1, lms-dev/C2`.
pub(super) fn in_instances(one: &Diagnostic, scope: Scope) -> Option<String> {
    match one.instances.len() {
        0 => None,
        n if n <= NAMED_INSTANCES => Some(format!("in {}", some_instances(one, NAMED_INSTANCES))),
        _ => in_many(one, scope),
    }
}

/// `in 312 of 400 instances`, for more than are named.
pub(super) fn in_many(one: &Diagnostic, scope: Scope) -> Option<String> {
    match one.instances.len() {
        n if n <= NAMED_INSTANCES => None,
        n if scope.instances >= n => Some(format!("in {} of {}", count(n), counted(scope.instances, "instance"))),
        n => Some(format!("in {}", counted(n, "instance"))),
    }
}

/// `lms-dev/C1, lms-dev/C2, lms-dev/C3, …`: `most` of them.
pub(super) fn some_instances(one: &Diagnostic, most: usize) -> String {
    let first: Vec<_> = one.instances.iter().take(most).map(|name| printable(name)).collect();
    let more = if one.instances.len() > most { ", …" } else { "" };
    format!("{}{more}", first.join(", "))
}
