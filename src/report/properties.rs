//! Laws of the reports, over random Secrets and texts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{DiffView, Page, Paint, diff_gitlab, diff_json, diff_markdown, diff_text, unified_text};
use crate::diff::{Owner, compare, unified};
use crate::manifest::{Value, emit_document};
use crate::names::RelPath;
use crate::tree::FileChange;

fn text(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    emit_document(&mut out, value);
    out.into_bytes()
}

fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn object(kind: &str, name: &str, parts: Vec<(&str, Value)>) -> Value {
    let head =
        vec![("apiVersion", string("v1")), ("kind", string(kind)), ("metadata", map(vec![("name", string(name))]))];
    map(head.into_iter().chain(parts).collect())
}

fn string(text: &str) -> Value {
    Value::String(text.into())
}

/// Everything that can be said of a change, in every format.
fn everything(changes: &[FileChange], owners: &[Owner]) -> String {
    let report = compare(changes, owners, owners);
    let mut page = Page { width: 400, paint: Paint::Plain, now: 0, limit: None };
    let mut out = diff_json(&report, None) + &unified_text(&unified(changes), &page);
    out += &(diff_markdown(&report, None, &page) + &diff_gitlab(&report));
    page.limit = Some(3);
    for view in [DiffView::Groups, DiffView::Objects, DiffView::Stat] {
        out.push_str(&diff_text(&report, None, view, &page));
        page.paint = Paint::Ansi;
        page.width = 80;
        out.push_str(&diff_text(&report, None, view, &page));
    }
    out + &format!("{report:?}{changes:?}")
}

/// Where a Secret could hold a value: numbers choose among a few values.
#[derive(Clone, Debug)]
struct Places {
    data: BTreeMap<String, usize>,
    strings: BTreeMap<String, usize>,
    annotation: Option<usize>,
    label: Option<usize>,
    kind: Option<usize>,
    odd: Option<usize>,
    sops: Option<usize>,
}

fn places() -> impl Strategy<Value = Places> {
    let keys = || prop::collection::btree_map("[a-c]", 0..4_usize, 0..3);
    let maybe = || prop::option::of(0..4_usize);
    (keys(), keys(), maybe(), maybe(), maybe(), maybe(), maybe()).prop_map(
        |(data, strings, annotation, label, kind, odd, sops)| Places {
            data,
            strings,
            annotation,
            label,
            kind,
            odd,
            sops,
        },
    )
}

/// A Secret with these values, or an object with the Secret inside.
fn secret(places: &Places, values: &[String; 4], wrapped: bool) -> Value {
    let keyed = |keys: &BTreeMap<String, usize>| {
        Value::Map(keys.iter().map(|(key, &at)| (key.clone(), string(&values[at]))).collect())
    };
    let optional = |at: Option<usize>| at.map_or(Value::Null, |at| string(&values[at]));
    let metadata = map(vec![
        ("name", string("s")),
        ("annotations", map(vec![("kubectl.kubernetes.io/last-applied-configuration", optional(places.annotation))])),
        ("labels", map(vec![("l", optional(places.label))])),
    ]);
    let recipient = map(vec![("recipient", optional(places.sops)), ("enc", optional(places.odd))]);
    let secret = map(vec![
        ("apiVersion", string("v1")),
        ("kind", string("Secret")),
        ("metadata", metadata),
        ("data", keyed(&places.data)),
        ("stringData", keyed(&places.strings)),
        ("type", optional(places.kind)),
        ("odd", Value::List(vec![optional(places.odd)])),
        ("sops", map(vec![("age", Value::List(vec![recipient])), ("mac", optional(places.odd))])),
    ]);
    if wrapped { object("Wrapper", "w", vec![("spec", map(vec![("template", secret)]))]) } else { secret }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_report_tells_anything_of_a_secret_value(
        old in prop::option::of(places()),
        new in prop::option::of(places()),
        wrapped in any::<bool>(),
    ) {
        let path = RelPath::new("rendered/e/C1/app/secret-s.yaml").unwrap();
        let owners = [Owner::new("e", "C1")];
        let told = |values: [String; 4]| {
            let side = |places: &Option<Places>| places.as_ref().map(|places| text(&secret(places, &values, wrapped)));
            let change = FileChange { path: path.clone(), old: side(&old), new: side(&new) };
            everything(&[change], &owners)
        };
        let canary = told(["canary0", "canary1", "canary2", "canary3"].map(str::to_owned));
        prop_assert!(!canary.contains("canary"), "{}", canary);
        // Other values, other lengths, the same words: nothing depends on a value but whether it changed.
        let other = told(["x", "a\nb\n", "longer than the others", "{slug} {client}"].map(str::to_owned));
        prop_assert_eq!(canary, other);
    }

    #[test]
    fn any_text_is_survived(old in prop::option::of("[a-zа-я:{}\\[\\]\"'|>&*!#% \n\t-]{0,60}"), new in "\\PC{0,60}") {
        let path = RelPath::new("rendered/e/C1/app/x.yaml").unwrap();
        let change = FileChange { path, old: old.map(String::into_bytes), new: Some(new.into_bytes()) };
        everything(&[change], &[Owner::new("e", "C1")]);
    }
}
