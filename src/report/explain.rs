//! Where a parameter's value comes from, in words.

use std::fmt::Write as _;

use super::table::Table;
use super::{Page, printable};
use crate::diagnostic::SourceMap;
use crate::fleet::Explanation;
use crate::params::{Layer, ParamValue};

/// The value, what it overrides, what it may be, and the places in templates that read it (`read_by`, as
/// `templates/lms/app/deployment.yaml:17`).
#[must_use]
pub fn explain_text(explanation: &Explanation, read_by: &[String], sources: &SourceMap, page: &Page) -> String {
    let path = printable(&explanation.path);
    let mut table = Table::default();
    let value = explanation.value.as_ref().map(toml);
    let value =
        value.as_deref().map_or_else(|| format!("{path} is unset"), |value| format!("{path} = {}", printable(value)));
    let merged = explanation.steps.first().is_some_and(|first| first.value != explanation.value);
    if merged || explanation.steps.is_empty() {
        table.push(vec![value.clone(), if merged { "merged".into() } else { String::new() }]);
    }
    for (at, step) in explanation.steps.iter().enumerate() {
        let said = step.value.as_ref().map_or_else(|| "unset".to_owned(), toml);
        let left = match at {
            0 if !merged => value.clone(),
            _ if merged => format!("  with {}", printable(&said)),
            _ => format!("  over {}", printable(&said)),
        };
        let place = sources.place(step.origin.span);
        table.push(vec![left, format!("{} ({})", printable(&place), layer(step.origin.layer))]);
    }
    let mut out = table.lines(0, Some(page.width));
    let default = explanation.steps.iter().any(|step| step.origin.layer == Layer::Stack);
    let default = if default { "" } else { "no default; " };
    let _ = writeln!(out, "  {default}{}", printable(&explanation.shape));
    let _ = writeln!(
        out,
        "  {}   {}",
        printable(&explanation.description),
        printable(&sources.place(explanation.declared))
    );
    if let Some((first, rest)) = read_by.split_first() {
        let _ = writeln!(out, "read by {}", printable(first));
        for place in rest {
            let _ = writeln!(out, "        {}", printable(place));
        }
    }
    out
}

const fn layer(layer: Layer) -> &'static str {
    match layer {
        Layer::Stack => "default",
        Layer::Fleet => "fleet",
        Layer::Environment => "environment",
        Layer::Client => "client",
        Layer::ClientInEnvironment => "client in environment",
    }
}

/// A value as TOML writes it.
fn toml(value: &ParamValue) -> String {
    match value {
        ParamValue::Bool(flag) => flag.to_string(),
        ParamValue::Integer(number) => number.to_string(),
        ParamValue::Float(number) => format!("{number:?}"),
        ParamValue::String(text) => toml_edit::Value::from(text.as_str()).to_string(),
        ParamValue::List(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        ParamValue::Table(table) if table.is_empty() => "{}".into(),
        ParamValue::Table(table) => {
            let entries = table.iter().map(|(key, value)| format!("{} = {}", toml_edit::Key::new(key), toml(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}
