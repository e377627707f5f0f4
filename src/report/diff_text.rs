//! A diff as people read it: the answer first, then what needs a decision, then the rare, then the mass, then the sums.

use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr as _;

use super::diff_json::local;
use super::diff_objects::objects;
use super::diff_sections::sections;
use super::table::{Table, cut};
use super::{Base, Page, count, counted, printable, words};
use crate::diff::{DiffReport, Effect, EnvironmentDiff, HeldBack, KindDiff, Owner, Risk};

/// How much of a diff is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffView {
    /// Headline, groups and sums.
    Groups,
    /// The same with every instance, object, field and line, nothing cut short.
    Objects,
    /// Headline, and counts for each environment and kind.
    Stat,
}

/// The semantic diff. `base` is `None` before the first commit.
#[must_use]
pub fn diff_text(report: &DiffReport, base: Option<&Base>, view: DiffView, page: &Page) -> String {
    let against = against(base, page.now);
    if report.is_empty() {
        return cut(&format!("No differences {against}"), page.width) + "\n";
    }
    let mut out = headline(report, &against, page.width);
    match view {
        DiffView::Stat => out.push_str(&stat(report, page)),
        DiffView::Groups => out.push_str(&sections(report, page)),
        DiffView::Objects => out.push_str(&objects(report, page)),
    }
    out.push_str(&files(report, view, page));
    out.push('\n');
    out.push_str(&sums(report));
    out
}

/// `against 4f1c2ab (yesterday 18:02, Release 1.4.1)`
pub(super) fn against(base: Option<&Base>, now: i64) -> String {
    let Some(base) = base else { return "against nothing: there is no commit yet".into() };
    let commit = base.commit.get(..7).unwrap_or(&base.commit);
    let time = when(base, now).map(|time| time + ", ").unwrap_or_default();
    format!("against {commit} ({time}{})", printable(&base.summary))
}

/// `today 18:02`, `yesterday 18:02`, `3 days ago`, `2026-11-01`, as the committer's clock says.
fn when(base: &Base, now: i64) -> Option<String> {
    let then = local(base)?;
    let now = local(&Base { time: now, ..base.clone() })?;
    let days = now.date().since(then.date()).ok()?.get_days();
    let clock = then.strftime("%H:%M");
    Some(match days {
        0 => format!("today {clock}"),
        1 => format!("yesterday {clock}"),
        2..=6 => format!("{days} days ago"),
        _ => then.strftime("%Y-%m-%d").to_string(),
    })
}

/// What happens to each environment, with the base at the right if there is room.
fn headline(report: &DiffReport, against: &str, width: usize) -> String {
    let environments = environments(report);
    let left = environments.join(" · ");
    if left.width() > width {
        return format!("{}\n{}\n", environments.join("\n"), cut(against, width));
    }
    if left.width() + against.width() + 4 <= width {
        return format!("{left}{}{against}\n", " ".repeat(width - left.width() - against.width()));
    }
    format!("{left}\n{}\n", cut(against, width))
}

/// A line for each environment, those where nothing happens last.
pub(super) fn environments(report: &DiffReport) -> Vec<String> {
    let mut environments: Vec<&EnvironmentDiff> = report.environments.iter().collect();
    environments.sort_by_key(|one| one.created + one.changed + one.deleted + one.environment_objects == 0);
    environments.into_iter().map(environment).collect()
}

/// `lms-prod: 2,988 of 3,000 instances change, 2 created`
fn environment(environment: &EnvironmentDiff) -> String {
    let mut parts = Vec::new();
    if environment.changed > 0 {
        let verb = if environment.changed == 1 { "changes" } else { "change" };
        parts.push(format!("{} of {} {verb}", count(environment.changed), counted(environment.instances, "instance")));
    }
    for (n, what) in [(environment.created, "created"), (environment.deleted, "deleted")] {
        if n > 0 && parts.is_empty() {
            parts.push(format!("{} {what}", counted(n, "instance")));
        } else if n > 0 {
            parts.push(format!("{} {what}", count(n)));
        }
    }
    if environment.environment_objects > 0 {
        parts.push(counted(environment.environment_objects, "shared object"));
    }
    if parts.is_empty() {
        parts.push("none".into());
    }
    format!("{}: {}", printable(&environment.name), parts.join(", "))
}

/// Objects that differ, by environment and kind.
fn stat(report: &DiffReport, page: &Page) -> String {
    let mut table = Table::default();
    let mut last = "";
    for kind in &report.kinds {
        let name = if last == kind.environment { "" } else { &kind.environment };
        last = &kind.environment;
        let mut row = vec![printable(name).into_owned(), printable(&kind.kind).into_owned()];
        let counts = [(kind.changed, "changed"), (kind.created, "created"), (kind.replaced, "run again")];
        for (n, what) in counts.into_iter().chain([(kind.deleted, "deleted")]) {
            let what = if what == "run again" && kind.kind != "Job" { "replaced" } else { what };
            row.push(if n == 0 { String::new() } else { format!("{} {what}", count(n)) });
        }
        table.push(row);
    }
    format!("\n{}", table.lines(0, Some(page.width)))
}

/// Files that are no objects, and files that say the same in other words.
fn files(report: &DiffReport, view: DiffView, page: &Page) -> String {
    let mut out = String::new();
    if !report.unreadable.is_empty() {
        let shown = match view {
            DiffView::Objects => report.unreadable.len(),
            _ => page.limit.unwrap_or(usize::MAX).min(report.unreadable.len()),
        };
        let subject = counted(report.unreadable.len(), "file");
        out.push_str(&format!("\n? {subject} cannot be read as objects and are not compared\n"));
        for path in &report.unreadable[..shown] {
            out.push_str(&format!("    {}\n", printable(path)));
        }
        if shown < report.unreadable.len() {
            out.push_str(&format!("    … and {} more\n", count(report.unreadable.len() - shown)));
        }
    }
    if report.counts.formatting > 0 {
        let verb = if report.counts.formatting == 1 { "differs" } else { "differ" };
        let subject = counted(report.counts.formatting, "file");
        out.push_str(&format!("\n{subject} {verb} in form only: no object changes\n"));
    }
    out
}

/// The last lines: what runs, which secrets change, the sums, and what to look at.
pub(super) fn sums(report: &DiffReport) -> String {
    let jobs =
        |of: fn(&KindDiff) -> usize| -> usize { report.kinds.iter().filter(|kind| kind.kind == "Job").map(of).sum() };
    let mut notes = Vec::new();
    for (n, what) in [(jobs(|kind| kind.created), "Runs"), (jobs(|kind| kind.replaced), "Runs again")] {
        if n > 0 {
            notes.push(format!("{what}: {}", counted(n, "Job")));
        }
    }
    if report.counts.secret_keys > 0 {
        notes.push(secrets(report));
    }
    let mut out = String::new();
    if !notes.is_empty() {
        out.push_str(&notes.join(" · "));
        out.push('\n');
    }
    let counts = report.counts;
    out.push_str(&format!("{} changed, {} created, ", count(counts.changed), count(counts.created)));
    if counts.replaced > 0 {
        out.push_str(&format!("{} replaced, ", count(counts.replaced)));
    }
    out.push_str(&format!("{} deleted objects{}\n", count(counts.deleted), decision(report)));
    for HeldBack { flag, why } in &report.held_back {
        out.push_str(&format!("publish needs {flag}: {}\n", printable(why)));
    }
    out
}

/// Who to look at first, if anything is lost or rejected.
fn decision(report: &DiffReport) -> String {
    let urgent = report.groups.iter().filter(|group| group.risk <= Risk::DataLoss);
    let owners: BTreeSet<&Owner> = urgent.clone().flat_map(|group| &group.instances).collect();
    let Some(first) = urgent.flat_map(|group| &group.instances).next() else { return String::new() };
    let (needs, subject) = match owners.iter().filter(|owner| owner.is_instance()).count() {
        0 => ("needs", first.to_string()),
        1 => ("needs", counted(1, "instance")),
        n => ("need", counted(n, "instance")),
    };
    let client = if first.is_instance() { format!("{} ", printable(&first.client)) } else { String::new() };
    format!(" · {subject} {needs} a decision: lmsgen diff --objects {client}-e {}", printable(&first.environment))
}

/// How many keys change; up to three are named, with what that does to their instance.
fn secrets(report: &DiffReport) -> String {
    let total = format!("Secrets: {} changed", counted(report.counts.secret_keys, "key"));
    if report.counts.secret_keys > 3 {
        return total;
    }
    let mut list = Vec::new();
    for group in &report.groups {
        let names = words::Names::of(group);
        for object in &group.objects {
            let keys: Vec<String> =
                object.secret_keys().map(|field| words::key(&names.show(object, &field.path)).to_owned()).collect();
            if !keys.is_empty() {
                let object_name = names.show(object, &object.name);
                list.extend(group.instances.iter().map(|owner| {
                    format!(
                        "{} {object_name} {}{}",
                        printable(&owner.to_string()),
                        keys.join(", "),
                        follows(report, owner)
                    )
                }));
            }
        }
    }
    format!("{total} ({})", list.join("; "))
}

/// `: Pods restart, 1 Job`: what else happens in the instance of a changed Secret.
fn follows(report: &DiffReport, owner: &Owner) -> String {
    let objects = report.groups.iter().filter(|group| group.instances.binary_search(owner).is_ok());
    let effects: Vec<Effect> = objects.flat_map(|group| &group.objects).map(|object| object.effect).collect();
    let restarts =
        effects.iter().any(|effect| matches!(effect, Effect::RestartsPods | Effect::RestartsPodsWithDowntime));
    let jobs = effects.iter().filter(|effect| matches!(effect, Effect::Runs | Effect::RunsAgain)).count();
    let mut parts = vec![if restarts { "Pods restart".to_owned() } else { "no Pod restarts".to_owned() }];
    if jobs > 0 {
        parts.push(counted(jobs, "Job"));
    }
    format!(": {}", parts.join(", "))
}
