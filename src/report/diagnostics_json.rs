//! Diagnostics as JSON, format `lmsgen.diagnostics/v1`: fields are added, never renamed.

use serde::Serialize;

use super::page::printable_json;
use crate::diagnostic::{Class, Diagnostic, Label, Severity, SourceMap};

/// The document.
#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'static str,
    severity: &'static str,
    class: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secondary: Vec<Place<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    instances: &'a [String],
}

/// Lines and columns count from 1, columns in characters; the end is the place after the last character.
#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
}

/// One JSON document with a final newline; `found` in the order of [`crate::diagnostic::Sink::into_sorted`].
#[must_use]
pub fn diagnostics_json(found: &[Diagnostic], sources: &SourceMap) -> String {
    let errors = found.iter().filter(|one| one.is_error()).count();
    let document = Document {
        format: "lmsgen.diagnostics/v1",
        errors,
        warnings: found.len() - errors,
        diagnostics: found.iter().map(|one| entry(one, sources)).collect(),
    };
    printable_json(&serde_json::to_string_pretty(&document).expect("the document holds strings and numbers only"))
}

fn entry<'a>(one: &'a Diagnostic, sources: &'a SourceMap) -> Entry<'a> {
    Entry {
        code: one.code.id,
        severity: match one.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        class: match one.code.class {
            Class::Input => "input",
            Class::Secret => "secret",
            Class::Guard => "guard",
            Class::Limit => "limit",
            Class::Finding => "finding",
        },
        message: &one.message,
        help: one.help.as_deref(),
        primary: one.primary.as_ref().map(|label| place(label, sources)),
        secondary: one.secondary.iter().map(|label| place(label, sources)).collect(),
        instances: &one.instances,
    }
}

fn place<'a>(label: &'a Label, sources: &'a SourceMap) -> Place<'a> {
    let start = sources.position(label.span);
    let mut end = label.span;
    end.start = end.end.max(end.start);
    let end = sources.position(end);
    Place {
        path: &sources.get(label.span.file).path,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        text: &label.text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Span};

    #[test]
    fn the_document_is_stable() {
        const CODE: Code = Code::new("LMS995", Class::Secret);
        let mut sources = SourceMap::default();
        let file = sources.add("clients/C7.toml", "имя = 1\nx = 2\n");
        let one = Diagnostic::error(CODE, "bad `x`").at(Span::new(file, 11..12), "here").in_instance("lms-dev/C7");
        let text = diagnostics_json(&[one, Diagnostic::warning(CODE, "w")], &sources);
        assert_eq!(
            text,
            r#"{
  "format": "lmsgen.diagnostics/v1",
  "errors": 1,
  "warnings": 1,
  "diagnostics": [
    {
      "code": "LMS995",
      "severity": "error",
      "class": "secret",
      "message": "bad `x`",
      "primary": {
        "path": "clients/C7.toml",
        "line": 2,
        "column": 1,
        "end_line": 2,
        "end_column": 2,
        "text": "here"
      },
      "instances": [
        "lms-dev/C7"
      ]
    },
    {
      "code": "LMS995",
      "severity": "warning",
      "class": "secret",
      "message": "w"
    }
  ]
}
"#
        );
    }
}
