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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;
    use crate::params::{Origin, Step};
    use crate::report::Paint;

    const PAGE: Page = Page { width: 100, paint: Paint::Plain, now: 0, limit: None };

    /// An explanation of what three layers said, highest first.
    fn explained(value: Option<ParamValue>, said: [Option<ParamValue>; 3]) -> String {
        let mut sources = SourceMap::default();
        let client = sources.add("clients/C42.toml", "a\nb\n");
        let environment = sources.add("environments/lms-prod.toml", "a\n");
        let stack = sources.add("templates/lms/stack.toml", "a\n");
        let layers =
            [(client, 2, Layer::ClientInEnvironment), (environment, 0, Layer::Environment), (stack, 0, Layer::Stack)];
        let step = |((file, at, layer), value): ((_, usize, Layer), Option<ParamValue>)| Step {
            origin: Origin { layer, span: Span::new(file, at..at + 1) },
            value,
        };
        let explanation = Explanation {
            path: "image.tag".into(),
            value,
            steps: layers.into_iter().zip(said).map(step).collect(),
            shape: "string matching ^[a-z]+$".into(),
            description: "tag of the image".into(),
            declared: Span::new(stack, 0..1),
        };
        let read_by = ["templates/lms/app/deployment.yaml:17".to_owned(), "templates/lms/app/job.yaml:3".to_owned()];
        explain_text(&explanation, &read_by, &sources, &PAGE)
    }

    fn string(text: &str) -> ParamValue {
        ParamValue::String(text.into())
    }

    #[test]
    fn the_winner_comes_first_and_what_it_overrides_below() {
        assert_eq!(
            explained(Some(string("1.4.2")), [Some(string("1.4.2")), None, Some(string("say \"hi\""))]),
            "\
image.tag = \"1.4.2\"   clients/C42.toml:2 (client in environment)
  over unset          environments/lms-prod.toml:1 (environment)
  over 'say \"hi\"'     templates/lms/stack.toml:1 (default)
  string matching ^[a-z]+$
  tag of the image   templates/lms/stack.toml:1
read by templates/lms/app/deployment.yaml:17
        templates/lms/app/job.yaml:3
"
        );
    }

    #[test]
    fn a_merged_table_is_shown_whole_and_then_by_layer() {
        let table = |keys: &[(&str, i64)]| {
            Some(ParamValue::Table(keys.iter().map(|(key, n)| ((*key).into(), ParamValue::Integer(*n))).collect()))
        };
        let text = explained(table(&[("a", 1), ("b", 2)]), [table(&[("b", 2)]), table(&[("a", 1)]), table(&[])]);
        assert_eq!(
            text.lines().take(4).collect::<Vec<_>>(),
            [
                "image.tag = { a = 1, b = 2 }   merged",
                "  with { b = 2 }               clients/C42.toml:2 (client in environment)",
                "  with { a = 1 }               environments/lms-prod.toml:1 (environment)",
                "  with {}                      templates/lms/stack.toml:1 (default)",
            ]
        );
    }

    #[test]
    fn unset_is_said() {
        let text = explained(None, [None, Some(string("x")), Some(string("y"))]);
        assert!(text.starts_with("image.tag is unset   clients/C42.toml:2"), "{text}");
    }
}
