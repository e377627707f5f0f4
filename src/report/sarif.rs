//! SARIF 2.1.0, for GitHub's code scanning and editors.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::page::printable_json;
use super::spot::{Spot, uri};
use super::{Report, in_instances};
use crate::diagnostic::{Class, Code, Diagnostic, Label};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Names what relative addresses begin at; readers know it as the repository's top.
const BASE: &str = "%SRCROOT%";

pub(super) fn sarif(report: &Report<'_>) -> String {
    let mut rules: BTreeMap<&str, (Code, bool)> = BTreeMap::new();
    for one in report.found {
        rules.entry(one.code.id).or_insert((one.code, false)).1 |= one.is_error();
    }
    let indices: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, id)| (*id, at)).collect();
    let results: Vec<Value> = report
        .found
        .iter()
        .zip(report.fingerprints())
        .map(|(one, print)| result(one, &print, indices[one.code.id], report))
        .collect();
    let rules: Vec<Value> = rules.values().map(|(code, is_error)| rule(*code, *is_error, report)).collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "lmsgen", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "invocations": [{ "executionSuccessful": true }],
            "originalUriBaseIds": { BASE: { "description": { "text": "the top of the repository" } } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    printable_json(&serde_json::to_string_pretty(&document).expect("the document holds strings and numbers only"))
}

fn rule(code: Code, is_error: bool, report: &Report<'_>) -> Value {
    let class = match code.class {
        Class::Input => "A file, value, template or object is wrong, or policy forbids it.",
        Class::Secret => "The secret store is wrong, or a secret is in the clear.",
        Class::Guard => "Something to do only when a person says so.",
        Class::Finding => "Something that a person should know.",
        Class::Limit => "More than lmsgen is willing to read or produce.",
    };
    json!({
        "id": code.id,
        "shortDescription": { "text": (report.title)(code.id).unwrap_or(class) },
        "defaultConfiguration": { "level": level(is_error) },
    })
}

const fn level(is_error: bool) -> &'static str {
    if is_error { "error" } else { "warning" }
}

fn result(one: &Diagnostic, print: &str, rule: usize, report: &Report<'_>) -> Value {
    let label = one.primary.as_ref().map_or("", |label| &label.text);
    let related: Vec<Value> = one.secondary.iter().enumerate().map(|(at, label)| related(at, label, report)).collect();
    let mut result = json!({
        "ruleId": one.code.id,
        "ruleIndex": rule,
        "level": level(one.is_error()),
        "message": { "text": message(one, report) },
        "locations": [location(&report.spot(one), label)],
        "partialFingerprints": { "lmsgen/v1": print },
    });
    if let Value::Object(fields) = &mut result {
        if !related.is_empty() {
            fields.insert("relatedLocations".into(), related.into());
        }
        if !one.instances.is_empty() {
            fields.insert("properties".into(), json!({ "instances": one.instances }));
        }
    }
    result
}

fn message(one: &Diagnostic, report: &Report<'_>) -> String {
    let instances = in_instances(one, report.scope).map(|text| format!(" ({text})")).unwrap_or_default();
    let help = one.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    plain(&format!("{}{instances}{help}", one.message))
}

/// Text that is no link: readers make one of `[words](address)`. (Braces stay: they mean something only in messages with
/// arguments.)
fn plain(text: &str) -> String {
    text.replace("](", "] (")
}

fn location(spot: &Spot, text: &str) -> Value {
    let mut region = Map::from_iter([("startLine".to_owned(), spot.line.into())]);
    if !spot.is_file {
        region.insert("startColumn".into(), spot.column.into());
        region.insert("endLine".into(), spot.end_line.into());
        region.insert("endColumn".into(), spot.end_column.into());
    }
    let artifact = if spot.path.starts_with('/') {
        json!({ "uri": uri(&spot.path) })
    } else {
        json!({ "uri": uri(&spot.path), "uriBaseId": BASE })
    };
    let mut location = json!({ "physicalLocation": { "artifactLocation": artifact, "region": region } });
    if !text.is_empty()
        && let Value::Object(fields) = &mut location
    {
        fields.insert("message".into(), json!({ "text": plain(text) }));
    }
    location
}

fn related(at: usize, label: &Label, report: &Report<'_>) -> Value {
    let mut location = location(&report.spot_of(label.span), &label.text);
    if let Value::Object(fields) = &mut location {
        fields.insert("id".into(), at.into());
    }
    location
}
