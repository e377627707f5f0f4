//! The body of a diff: groups under headings, what needs a decision first, then the rare, then the mass.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use anstyle::Style;

use super::page::{GREEN, RED, YELLOW};
use super::table::Table;
use super::words::{Names, action, kinds, owners};
use super::{Page, count, counted};
use crate::diff::{Detail, DiffReport, Effect, EnvironmentDiff, FieldChange, Group, ObjectChange, Owner, Risk, What};

/// Columns for the names of instances.
const WHO: usize = 32;

/// Fields of one object that are shown before the rest is counted.
const FIELDS: usize = 6;

/// This many groups that differ in values only are shown as one line.
const ALIKE: usize = 5;

/// A change in this many instances is one of the mass, however many instances there are.
const MASS: usize = 10;

/// What a group is shown under, in the order of the headings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Rejected,
    DataLoss,
    Backwards,
    Downtime,
    Deleted,
    Created,
    Shared,
    Few,
    Mass,
}

/// A heading and the lines below it.
pub(super) struct Part {
    mark: char,
    style: Style,
    text: String,
    pub(super) rows: Vec<Row>,
    /// `… and 3 more changes in 12 instances`
    pub(super) rest: Option<String>,
}

impl Part {
    /// `! 2 instances lose data`
    pub(super) fn heading(&self) -> String {
        format!("{} {}", self.mark, self.text)
    }
}

/// All groups, laid out for a terminal.
pub(super) fn sections(report: &DiffReport, page: &Page) -> String {
    let mut out = String::new();
    for part in parts(report, page.limit) {
        let heading = page.paint.paint(part.style.bold(), &part.heading());
        let _ = write!(out, "\n{heading}\n{}", lay_out(part.rows, page.width));
        if let Some(rest) = part.rest {
            let _ = writeln!(out, "    {rest}");
        }
    }
    out
}

/// All groups under their headings; each shows `limit` lines or a few more.
pub(super) fn parts(report: &DiffReport, limit: Option<usize>) -> Vec<Part> {
    let mut by_section: Vec<(Section, Vec<&Group>)> = Vec::new();
    for group in &report.groups {
        let section = section(group, environment(report, group));
        // Each change of the mass has a heading of its own, and so have the shared objects of each environment.
        let joins = |groups: &[&Group]| match section {
            Section::Mass => false,
            Section::Shared => groups[0].environment == group.environment,
            Section::Deleted => groups[0].stays == group.stays,
            _ => true,
        };
        match by_section.iter_mut().find(|(this, groups)| *this == section && joins(groups)) {
            Some((_, groups)) => groups.push(group),
            None => by_section.push((section, vec![group])),
        }
    }
    by_section.sort_by_key(|(section, _)| *section);
    let part = |(section, groups): &(Section, Vec<&Group>)| {
        let (mark, style, text) = title(groups, environment(report, groups[0]));
        let (rows, rest) = body(groups, *section, limit.unwrap_or(usize::MAX));
        Part { mark, style, text, rows, rest }
    };
    by_section.iter().map(part).collect()
}

fn environment<'r>(report: &'r DiffReport, group: &Group) -> Option<&'r EnvironmentDiff> {
    report.environments.iter().find(|one| one.name == group.environment)
}

fn section(group: &Group, environment: Option<&EnvironmentDiff>) -> Section {
    let n = group.instances.len();
    let total = environment.map_or(n, |environment| environment.instances);
    match (group.risk, group.what) {
        (Risk::DataLoss, _) => Section::DataLoss,
        (_, What::InstancesDeleted) => Section::Deleted,
        (_, What::InstancesCreated) => Section::Created,
        (Risk::Rejected, _) => Section::Rejected,
        (Risk::Backwards, _) => Section::Backwards,
        (Risk::Downtime, _) => Section::Downtime,
        _ if !group.instances[0].is_instance() => Section::Shared,
        _ if n >= MASS || (n > 1 && n * 2 > total) => Section::Mass,
        _ => Section::Few,
    }
}

/// `! 2 instances lose data`
pub(super) fn heading(groups: &[&Group], environment: Option<&EnvironmentDiff>, page: &Page) -> String {
    let (mark, style, text) = title(groups, environment);
    page.paint.paint(style.bold(), &format!("{mark} {text}")) + "\n"
}

/// The heading's mark, colour and words.
fn title(groups: &[&Group], environment: Option<&EnvironmentDiff>) -> (char, Style, String) {
    let owners: BTreeSet<&Owner> = groups.iter().flat_map(|group| &group.instances).collect();
    let instances = owners.iter().filter(|owner| owner.is_instance()).count();
    let (subject, one) = match instances {
        0 => ("shared objects".to_owned(), false),
        n => (counted(n, "instance"), n == 1),
    };
    let verb = |singular: &'static str, plural: &'static str| if one { singular } else { plural };
    let section = section(groups[0], environment);
    let (mark, style, text) = match section {
        Section::Rejected => ('!', RED, format!("{} rejected by the API server", verb("is", "are"))),
        Section::DataLoss => ('!', RED, verb("loses data", "lose data").into()),
        Section::Backwards => ('!', RED, "whose secrets moved backwards".into()),
        Section::Downtime => ('!', RED, verb("has downtime", "have downtime").into()),
        Section::Deleted if groups[0].stays => {
            let whose = verb("leaves; its objects stay", "leave; their objects stay");
            ('-', YELLOW, format!("{whose} in the cluster, and nobody looks after them"))
        }
        Section::Deleted => ('-', RED, verb("is deleted", "are deleted").into()),
        Section::Created => ('+', GREEN, verb("is created", "are created").into()),
        Section::Shared => ('~', YELLOW, format!("of {} change", groups[0].environment)),
        Section::Few if instances >= MASS => ('~', YELLOW, "change, in few or each in its own way".into()),
        Section::Few => ('~', YELLOW, "only".into()),
        Section::Mass => return ('=', Style::new(), format!("{subject}, the same change")),
    };
    (mark, style, format!("{subject} {text}"))
}

/// One line of a section.
pub(super) struct Row {
    pub(super) who: String,
    pub(super) object: String,
    pub(super) change: String,
    pub(super) effect: &'static str,
    pub(super) cause: String,
}

/// The lines below a heading, and how many are left out.
fn body(groups: &[&Group], section: Section, limit: usize) -> (Vec<Row>, Option<String>) {
    let mut lines: Vec<Row> = Vec::new();
    let (mut shown, mut rest) = (0, Rest::default());
    for alike in alike(groups) {
        if shown >= limit {
            rest.add(&alike);
            continue;
        }
        let mut rows = match alike.as_slice() {
            [group] => rows(group),
            several => merged_rows(several),
        };
        let n = rows.len();
        if n > limit {
            rows.truncate(limit);
            rows.push(row(String::new(), format!("… and {}", counted(n - limit, "more line")), ""));
        }
        shown += n;
        // The heading of the mass has one group and counts it.
        if section == Section::Mass && groups[0].instances.len() >= MASS {
            for row in &mut rows {
                row.who.clear();
            }
        }
        lines.extend(rows);
    }
    (lines, rest.line())
}

/// A line for each row, or, where they are too long, one for the object and one for the change.
fn lay_out(rows: Vec<Row>, width: usize) -> String {
    const INDENT: usize = 4;
    let mut wide = Table::default();
    let mut narrow = Table::default();
    for Row { who, object, change, effect, cause } in rows {
        wide.push(vec![who.clone(), object.clone(), change.clone(), effect.to_owned(), cause.clone()]);
        if !object.is_empty() || !who.is_empty() {
            narrow.push(vec![who, object, cause]);
        }
        if !change.is_empty() || !effect.is_empty() {
            narrow.push(vec![String::new(), format!("  {change}"), effect.to_owned()]);
        }
    }
    if INDENT + wide.width() <= width { wide.lines(INDENT, None) } else { narrow.lines(INDENT, Some(width)) }
}

/// What a section leaves out.
#[derive(Default)]
struct Rest {
    changes: usize,
    instances: BTreeSet<Owner>,
}

impl Rest {
    fn add(&mut self, groups: &[&Group]) {
        self.changes += groups.len();
        self.instances.extend(groups.iter().flat_map(|group| group.instances.iter().cloned()));
    }

    fn line(&self) -> Option<String> {
        let instances = counted(self.instances.len(), "instance");
        (self.changes > 0).then(|| format!("… and {} more in {instances}", counted(self.changes, "change")))
    }
}

/// Groups that differ in nothing but values stand together if they are many.
fn alike<'g>(groups: &[&'g Group]) -> Vec<Vec<&'g Group>> {
    let mut index: HashMap<Vec<String>, usize> = HashMap::new();
    let mut sorted: Vec<Vec<&'g Group>> = Vec::new();
    for group in groups {
        let shape: Vec<String> = group
            .objects
            .iter()
            .map(|object| {
                let paths: Vec<&str> = object.fields.iter().map(|field| field.path.as_str()).collect();
                format!("{} {} {} {:?} {:?}", group.environment, object.kind, object.name, object.action, paths)
            })
            .collect();
        let at = *index.entry(shape).or_insert(sorted.len());
        if at == sorted.len() {
            sorted.push(Vec::new());
        }
        sorted[at].push(group);
    }
    let split = |alike: Vec<&'g Group>| match alike.len() {
        ALIKE.. if alike[0].what == What::Objects => vec![alike],
        _ => alike.into_iter().map(|group| vec![group]).collect(),
    };
    sorted.into_iter().flat_map(split).collect()
}

/// The lines of one group: the instances on the first, each object on the first of its fields.
fn rows(group: &Group) -> Vec<Row> {
    let names = Names::of(group);
    let mut rows: Vec<Row> = match group.what {
        What::Objects => group.objects.iter().flat_map(|object| object_rows(&names, object)).collect(),
        What::InstancesCreated => vec![row(kinds(&group.objects), String::new(), "")],
        What::InstancesDeleted => {
            let lost = group.objects.iter().filter(|object| object.effect == Effect::LosesData);
            let mut rows: Vec<Row> =
                lost.map(|object| row(names.object(object), action(object.action).into(), "")).collect();
            // What is lost is in the heading.
            let worst =
                group.objects.iter().map(|object| object.effect).filter(|effect| *effect != Effect::LosesData).min();
            let effect =
                worst.filter(|effect| !group.stays && *effect < Effect::RestartsPods).map_or("", Effect::words);
            rows.push(row(kinds(&group.objects), if rows.is_empty() { "" } else { "deleted" }.into(), effect));
            rows
        }
    };
    if let Some(first) = rows.first_mut() {
        first.who = owners(&group.instances, WHO);
        first.cause = group.cause.clone().unwrap_or_default();
    }
    rows
}

fn row(object: String, change: String, effect: &'static str) -> Row {
    Row { who: String::new(), object, change, effect, cause: String::new() }
}

fn object_rows(names: &Names, object: &ObjectChange) -> Vec<Row> {
    let effect = |effect: Effect| match effect {
        // The heading says so.
        Effect::Rejected | Effect::LosesData => "",
        Effect::RestartsNothing if object.fields.is_empty() => "",
        effect => effect.words(),
    };
    if object.fields.is_empty() {
        return vec![row(names.object(object), action(object.action).into(), effect(object.effect))];
    }
    let mut fields: Vec<_> = object.fields.iter().collect();
    // What follows from another field of the object is shown only where nothing else is.
    let follows = |field: &FieldChange| field.detail == Detail::Digest || field.path.contains("lmsgen.dev/revision");
    if fields.iter().any(|field| !follows(field)) {
        fields.retain(|field| !follows(field));
    }
    fields.sort_by_key(|field| field.effect);
    let mut rows: Vec<Row> = Vec::new();
    let mut last = None;
    for field in fields.iter().take(FIELDS) {
        let words = if last == Some(field.effect) { "" } else { effect(field.effect) };
        last = Some(field.effect);
        let name = if rows.is_empty() { names.object(object) } else { String::new() };
        rows.push(row(name, names.field(object, field), words));
    }
    if fields.len() > FIELDS {
        rows.push(row(String::new(), format!("… and {}", counted(fields.len() - FIELDS, "more field")), ""));
    }
    rows
}

/// The lines of groups that differ in values only.
fn merged_rows(groups: &[&Group]) -> Vec<Row> {
    let mut instances: Vec<Owner> = groups.iter().flat_map(|group| group.instances.iter().cloned()).collect();
    instances.sort();
    let merged = Group { instances, ..groups[0].clone() };
    let values = format!("{} different values", count(groups.len()));
    let names = Names::of(&merged);
    let mut rows: Vec<Row> = merged
        .objects
        .iter()
        .flat_map(|object| {
            let paths = object.fields.iter().take(FIELDS).map(|field| names.path(object, field));
            let changes: Vec<String> = paths.map(|path| format!("{path}: {values}")).collect();
            changes.into_iter().enumerate().map(|(at, change)| {
                let first = at == 0;
                let name = if first { names.object(object) } else { String::new() };
                row(name, change, if first { object.effect.words() } else { "" })
            })
        })
        .collect();
    if let Some(first) = rows.first_mut() {
        first.who = owners(&merged.instances, WHO);
    }
    rows
}
