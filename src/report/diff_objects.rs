//! A diff in full: every instance of every group, every object, field and line.

use std::fmt::Write as _;

use super::diff_sections::heading;
use super::diff_unified::hunk_lines;
use super::page::{GREEN, RED};
use super::words::{self, Names, action, flow};
use super::{Page, printable};
use crate::diff::{Detail, DiffReport, Effect, FieldChange, Group, ObjectChange};

/// Every group in full.
pub(super) fn objects(report: &DiffReport, page: &Page) -> String {
    let mut out = String::new();
    for group in &report.groups {
        let environment = report.environments.iter().find(|one| one.name == group.environment);
        let _ = write!(out, "\n{}", heading(std::slice::from_ref(&group), environment, page));
        out.push_str(&instances(group, page.width));
        let names = Names::of(group);
        for object in &group.objects {
            let effect = match object.effect {
                Effect::RestartsNothing if object.fields.is_empty() => String::new(),
                effect => format!("   {}", effect.words()),
            };
            let _ = writeln!(out, "    {} {}{effect}", names.object(object), action(object.action));
            for field in &object.fields {
                out.push_str(&full_field(&names, object, field, page));
            }
        }
    }
    out
}

/// All names, on as many lines as they need; all are of one environment.
fn instances(group: &Group, width: usize) -> String {
    let mut out = String::new();
    let mut line = "   ".to_owned();
    for (at, owner) in group.instances.iter().enumerate() {
        let end = if at + 1 == group.instances.len() { "" } else { "," };
        let name = if at == 0 { owner.to_string() } else { owner.client.clone() };
        let word = format!(" {}{end}", printable(&name));
        if line.len() + word.len() > width && line.len() > 3 {
            let _ = writeln!(out, "{line}");
            line.truncate(3);
        }
        line.push_str(&word);
    }
    out + &line + "\n"
}

fn full_field(names: &Names, object: &ObjectChange, field: &FieldChange, page: &Page) -> String {
    let path = names.show(object, &field.path);
    let value = |value| names.show(object, &flow(value));
    let minus = |text: String| format!("          {}\n", page.paint.paint(RED, &format!("- {text}")));
    let plus = |text: String| format!("          {}\n", page.paint.paint(GREEN, &format!("+ {text}")));
    let rest = match &field.detail {
        Detail::Added { new } => format!("\n{}", plus(value(new))),
        Detail::Removed { old } => format!("\n{}", minus(value(old))),
        Detail::Set { old, new } => format!("\n{}{}", minus(value(old)), plus(value(new))),
        Detail::Order { old, new } => {
            let list = |keys: &[String]| names.show(object, &keys.join(", "));
            format!(" in another order\n{}{}", minus(list(old)), plus(list(new)))
        }
        Detail::Lines { hunks } => format!("\n{}", hunk_lines(&names.lines(object, hunks), "          ", page)),
        Detail::Digest => " follows from another change\n".into(),
        Detail::Hidden { hidden } => format!(" {}\n", words::hidden(*hidden)),
    };
    format!("        {path}{rest}")
}
