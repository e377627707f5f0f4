//! How large a fleet may be, how many faults are worth reading, and what an empty fleet means.

use std::collections::HashMap;

use super::Fleet;
use crate::diagnostic::{Class, Code, Diagnostic, FileId, Severity, Sink};

const TOO_MANY: Code = Code::new("LMS156", Class::Limit);
const EMPTY: Code = Code::new("LMS157", Class::Guard);

/// A fleet must have fewer clients, and fewer instances, than this.
pub const MAX_INSTANCES: usize = 100_000;

/// Faults of one kind in one file that are kept; reports choose from them.
const MOST_OF_A_KIND: usize = 1_000;

/// `false`, with an error, if there are too many of `what` to go on with.
pub(super) fn check_count(n: usize, what: &str, sink: &mut Sink) -> bool {
    let is_fine = n < MAX_INSTANCES;
    if !is_fine {
        let message = format!("{} {what}: a fleet has fewer than {}", grouped(n), grouped(MAX_INSTANCES));
        sink.push(Diagnostic::error(TOO_MANY, message).help("split the fleet into several repositories"));
    }
    is_fine
}

/// A number as people read it: `9,980`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The guard against rendering everything from nothing, which would delete all output: a fleet without instances is
/// more often a wrong folder or a bad merge than a wish.
#[must_use]
pub fn empty_fleet(fleet: &Fleet) -> Option<Diagnostic> {
    fleet.instances.is_empty().then(|| {
        Diagnostic::error(EMPTY, "the fleet has no instance: rendering it would delete everything")
            .help("add one with `lmsgen client new`; to empty a fleet for good, delete `rendered/` with Git")
    })
}

/// Merges equal faults and keeps the first faults of each kind in each file, with a line that counts the rest.
pub(super) fn cap(found: Sink) -> Sink {
    let mut merged: Vec<Diagnostic> = Vec::new();
    let mut index = HashMap::new();
    for mut fault in found.into_vec() {
        let key = (fault.code, fault.severity, fault.message.clone(), fault.primary.clone());
        match index.get(&key) {
            Some(&at) => {
                let same: &mut Diagnostic = &mut merged[at];
                same.instances.append(&mut fault.instances);
            }
            None => {
                index.insert(key, merged.len());
                merged.push(fault);
            }
        }
    }
    merged.sort_by_key(|fault| fault.primary.as_ref().map(|label| label.span));
    let mut counts: HashMap<(Code, Severity, Option<FileId>), usize> = HashMap::new();
    let key = |fault: &Diagnostic| (fault.code, fault.severity, fault.primary.as_ref().map(|label| label.span.file));
    for fault in &merged {
        *counts.entry(key(fault)).or_default() += 1;
    }
    let mut shown: HashMap<(Code, Severity, Option<FileId>), usize> = HashMap::new();
    let mut kept = Sink::default();
    for mut fault in merged {
        let total = counts[&key(&fault)];
        let n = shown.entry(key(&fault)).or_default();
        *n += 1;
        if *n > MOST_OF_A_KIND && total > MOST_OF_A_KIND {
            if *n == MOST_OF_A_KIND + 1 {
                fault.message = format!("…and {} more like these in this file", grouped(total - MOST_OF_A_KIND));
                fault.help = None;
                fault.secondary.clear();
                kept.push(fault);
            }
            continue;
        }
        kept.push(fault);
    }
    kept
}
