//! The words of a commit: what a person reads in `git log` a year later.

use std::collections::BTreeSet;

use crate::diff::Owner;
use crate::git::Changed;

/// Names shown before the rest is only counted.
const SHOWN: usize = 20;

/// Instances by what happens to them, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// New ones.
    pub created: Vec<String>,
    /// Those with a changed file.
    pub changed: Vec<String>,
    /// Those that are gone.
    pub deleted: Vec<String>,
}

impl Summary {
    /// Counts the instances that changed files below `rendered/` belong to.
    #[must_use]
    pub fn of(changes: &[Changed], before: &[Owner], now: &[Owner]) -> Self {
        let names = |owners: &[Owner]| -> BTreeSet<String> {
            owners.iter().filter(|owner| owner.is_instance()).map(ToString::to_string).collect()
        };
        let (before, now) = (names(before), names(now));
        let mut summary = Self::default();
        for name in touched(changes) {
            match (before.contains(&name), now.contains(&name)) {
                (false, _) => summary.created.push(name),
                (true, true) => summary.changed.push(name),
                (true, false) => summary.deleted.push(name),
            }
        }
        summary
    }

    /// `1 created, 0 changed, 0 deleted instances`.
    #[must_use]
    pub fn counts(&self) -> String {
        format!(
            "{} created, {} changed, {} deleted instances",
            self.created.len(),
            self.changed.len(),
            self.deleted.len()
        )
    }
}

/// Instances named by changed files.
fn touched(changes: &[Changed]) -> BTreeSet<String> {
    let owners = changes.iter().filter_map(|change| Owner::of_path(&change.path));
    owners.filter(Owner::is_instance).map(|owner| owner.to_string()).collect()
}

/// The commit message: subject, names, trailers.
#[must_use]
pub fn message(summary: &Summary, changes: &[Changed], subject: Option<&str>) -> String {
    let subject = subject.map_or_else(|| made_subject(summary, changes), clean);
    let mut text = format!("{subject}\n\n");
    for (verb, names) in [("Created", &summary.created), ("Changed", &summary.changed), ("Deleted", &summary.deleted)] {
        if names.is_empty() {
            continue;
        }
        text.push_str(&format!("{verb}: {}", names[..names.len().min(SHOWN)].join(", ")));
        if names.len() > SHOWN {
            text.push_str(&format!(" and {} more", names.len() - SHOWN));
        }
        text.push('\n');
    }
    if summary != &Summary::default() {
        text.push('\n');
    }
    text.push_str(&format!(
        "Lmsgen-Instances: {} created, {} changed, {} deleted\nLmsgen-Files: {}\n",
        summary.created.len(),
        summary.changed.len(),
        summary.deleted.len(),
        changes.len()
    ));
    text
}

fn made_subject(summary: &Summary, changes: &[Changed]) -> String {
    let kinds = [("add", &summary.created), ("change", &summary.changed), ("delete", &summary.deleted)];
    let present: Vec<_> = kinds.iter().filter(|(_, names)| !names.is_empty()).collect();
    match present.as_slice() {
        [] => sources_subject(changes),
        [(verb, names)] => format!("{}{verb} {}", environment_prefix(names), listed(names)),
        several => {
            let parts: Vec<String> = several.iter().map(|(verb, names)| format!("{verb} {}", names.len())).collect();
            format!("{} instances", parts.join(", "))
        }
    }
}

/// `lms-dev: ` when all names are of one environment.
fn environment_prefix(names: &[String]) -> String {
    let environments: BTreeSet<&str> = names.iter().filter_map(|name| name.split('/').next()).collect();
    match environments.first() {
        Some(only) if environments.len() == 1 => format!("{only}: "),
        _ => String::new(),
    }
}

fn listed(names: &[String]) -> String {
    let ids: BTreeSet<&str> = names.iter().map(|name| name.rsplit('/').next().unwrap_or(name)).collect();
    if ids.len() <= 3 { ids.into_iter().collect::<Vec<_>>().join(", ") } else { format!("{} instances", names.len()) }
}

/// No instance changes: the sources do, or an environment's own objects.
fn sources_subject(changes: &[Changed]) -> String {
    let first = |change: &Changed| change.path.as_str().split('/').next().unwrap_or_default().to_owned();
    let folders: BTreeSet<String> = changes.iter().map(first).collect();
    format!("update {}", folders.into_iter().collect::<Vec<_>>().join(", "))
}

/// One line without control characters.
fn clean(subject: &str) -> String {
    subject.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::RelPath;

    fn change(path: &str) -> Changed {
        Changed { path: RelPath::new(path).unwrap(), kind: crate::git::ChangeKind::Created }
    }

    #[test]
    fn a_new_client_is_named() {
        let changes = [change("clients/C7.toml"), change("rendered/lms-dev/C7/app/a.yaml")];
        let summary = Summary::of(&changes[1..], &[], &[Owner::new("lms-dev", "C7")]);
        let text = message(&summary, &changes, None);
        assert_eq!(
            text,
            "lms-dev: add C7\n\nCreated: lms-dev/C7\n\nLmsgen-Instances: 1 created, 0 changed, 0 deleted\nLmsgen-Files: 2\n"
        );
        assert!(message(&summary, &changes, Some("Release\u{1b}[2J 1\nx")).starts_with("Release[2J 1\n\n"));
    }

    #[test]
    fn many_are_counted() {
        let owners: Vec<Owner> = (0..30).map(|n| Owner::new("lms-prod", &format!("C{n}"))).collect();
        let changes: Vec<_> = (0..30).map(|n| change(&format!("rendered/lms-prod/C{n}/app/a.yaml"))).collect();
        let text = message(&Summary::of(&changes, &owners, &owners), &changes, None);
        assert!(text.starts_with("lms-prod: change 30 instances\n"), "{text}");
        assert!(text.contains("and 10 more"), "{text}");
    }
}
