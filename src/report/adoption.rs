//! What `import` proposes, and where what it proposes would still differ. Of what runs today only places are shown, never values: a
//! ConfigMap or a Job made by hand may hold passwords.

use super::words::{Names, action, owners};
use super::{counted, printable};
use crate::adopt::AdoptedClient;
use crate::diff::{Action, Detail, DiffReport, ObjectChange};

/// Columns for names of instances.
const WHO: usize = 60;

/// The proposal as text.
#[must_use]
pub fn adoption_text(clients: &[AdoptedClient], unmatched: &[String], report: &DiffReport) -> String {
    let mut out = String::new();
    for client in clients {
        out.push_str(&format!("--- {}\n", client.path));
        // What a terminal would act on is no part of a parameter that was taken over, or is escaped by TOML.
        for line in client.text.lines() {
            out.push_str(&format!("{}\n", printable(line)));
        }
        for secret in &client.secrets {
            let keys = secret.keys.join(", ");
            out.push_str(&format!("+ secret {} {}: {}\n", secret.place, secret.name, printable(&keys)));
            if !secret.ignored.is_empty() {
                let keys = secret.ignored.join(", ");
                out.push_str(&format!(
                    "! {} {}: the stack declares no {}\n",
                    secret.place,
                    secret.name,
                    printable(&keys)
                ));
            }
        }
        for note in &client.notes {
            out.push_str(&format!("! {}\n", printable(note)));
        }
        out.push('\n');
    }
    out.push_str(&remaining(report));
    if !unmatched.is_empty() {
        out.push_str(&format!("\n{} of no client that was found:\n", counted(unmatched.len(), "object")));
        for one in unmatched {
            out.push_str(&format!("    {}\n", printable(one)));
        }
    }
    out
}

fn remaining(report: &DiffReport) -> String {
    if report.groups.is_empty() {
        return "Nothing would differ from what runs\n".into();
    }
    let mut out = String::from("Would still differ from what runs:\n");
    for group in &report.groups {
        let names = Names::of(group);
        out.push_str(&format!("  {}\n", owners(&group.instances, WHO)));
        for object in &group.objects {
            out.push_str(&format!("    {} {}\n", names.object(object), change(&names, object)));
        }
    }
    out
}

/// `restarts Pods, no downtime: spec.replicas, …; 3 fields that only the cluster has`
fn change(names: &Names, object: &ObjectChange) -> String {
    if object.fields.is_empty() {
        return match object.action {
            Action::Deleted => "is not made by the stack".into(),
            other => action(other).into(),
        };
    }
    let (removed, other): (Vec<_>, Vec<_>) =
        object.fields.iter().partition(|field| matches!(field.detail, Detail::Removed { .. }));
    let mut parts = Vec::new();
    if !other.is_empty() {
        parts.push(other.iter().map(|field| names.path(object, field)).collect::<Vec<_>>().join(", "));
    }
    if !removed.is_empty() {
        parts.push(format!("{} that only the cluster has", counted(removed.len(), "field")));
    }
    format!("{}: {}", object.effect.words(), parts.join("; "))
}
