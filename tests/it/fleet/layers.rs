//! The laws of layers, over arbitrary values.

use std::collections::BTreeMap;

use lmsgen::fleet::{Fleet, Loaded, load};
use lmsgen::params::{Layer, ParamValue};
use proptest::prelude::*;

use super::{file, fleet, said, sources};

const STACK: &str = r#"phases = ["main"]

[params.image.tag]
type = "string"
description = "tag"

[params.text]
type = "string"
optional = true
description = "any text"

[params.table]
type = "table"
optional = true
description = "any table"

[params.list]
type = "list"
items = { type = "integer" }
merge = "append"
optional = true
description = "numbers"

[params.ports]
type = "list"
items = { type = "table", fields = { name = { type = "name" }, port = { type = "integer", optional = true }, tls = { type = "boolean", optional = true } } }
merge-by = "name"
default = [{ name = "http", port = 80 }]
description = "ports"

[params.host]
type = "name"
default = "{client}-{environment}"
description = "a name"
"#;

/// The files of the four layers above the stack, each with its `params` and `unset`.
fn layered(layers: [&str; 4]) -> Loaded {
    let [config, environment, client, place] = layers;
    let config = format!("stack = \"app\"\n{config}");
    let environment =
        format!("namespace = \"app-dev\"\nkubernetes = \"1.35\"\nparams.image.tag = \"1\"\n{environment}");
    let client = format!("name = \"One\"\n{client}\n[environments.dev]\n{place}");
    load(&sources(&[
        ("templates/app/stack.toml", Some(file(STACK))),
        ("lmsgen.toml", Some(file(&config))),
        ("environments/dev.toml", Some(file(&environment))),
        ("clients/C1.toml", Some(file(&client))),
    ]))
}

fn right(layers: [&str; 4]) -> Fleet {
    let Loaded { fleet, sources, found, .. } = layered(layers);
    assert_eq!(said(found.into_sorted(&sources), &sources), "");
    fleet.unwrap()
}

fn value(fleet: &Fleet, path: &str) -> Option<ParamValue> {
    fleet.explain(0, path).unwrap().value
}

/// A value as JSON-like text, to compare at a glance.
fn shown(value: Option<&ParamValue>) -> String {
    match value {
        None => "none".into(),
        Some(ParamValue::Bool(truth)) => truth.to_string(),
        Some(ParamValue::Integer(number)) => number.to_string(),
        Some(ParamValue::Float(number)) => number.to_string(),
        Some(ParamValue::String(text)) => format!("{text:?}"),
        Some(ParamValue::List(items)) => {
            format!("[{}]", items.iter().map(|item| shown(Some(item))).collect::<Vec<_>>().join(", "))
        }
        Some(ParamValue::Table(table)) => {
            let entry = |(key, value): (&String, &ParamValue)| format!("{key}: {}", shown(Some(value)));
            format!("{{{}}}", table.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

#[test]
fn tables_merge_and_lists_join_as_declared() {
    let fleet = right([
        "params.table = { a = 1, b = { c = 1, d = 1 }, l = [1] }\nparams.list = [1]",
        "params.table.b.c = 2\nparams.list = [2]\nparams.ports = [{ name = \"http\", tls = false }]",
        "params.table.l = []\nparams.ports = [{ name = \"admin\", port = 1 }, { name = \"http\", port = 8080 }]",
        "params.table.\"x.y\" = 1\nparams.list = [3]",
    ]);
    let shown = |path| shown(value(&fleet, path).as_ref());
    assert_eq!(shown("table"), "{a: 1, b: {c: 2, d: 1}, l: [], x.y: 1}");
    assert_eq!(shown("list"), "[1, 2, 3]");
    assert_eq!(shown("ports"), "[{name: \"http\", port: 8080, tls: false}, {name: \"admin\", port: 1}]");
    assert_eq!(shown("host"), "\"c1-dev\"");
    assert_eq!(shown("table.b.c"), "2");
    assert_eq!(shown("table.x.y"), "1");
}

#[test]
fn unset_hides_lower_layers_and_nothing_else() {
    let fleet = right([
        "params.text = \"a\"\nparams.list = [1]\nparams.table = { a = 1 }",
        "unset = [\"text\", \"table\"]",
        "unset = [\"list\"]\nparams.table.b = 2",
        "params.list = [2]",
    ]);
    let shown = |path| shown(value(&fleet, path).as_ref());
    assert_eq!((shown("text"), shown("list"), shown("table")), ("none".into(), "[2]".into(), "{b: 2}".into()));

    let fleet = right(["params.table = { a = 1 }", "", "unset = [\"table\"]\nparams.table.b = 2", ""]);
    assert_eq!(self::shown(value(&fleet, "table").as_ref()), "{b: 2}");
}

#[test]
fn explain_names_every_layer_that_had_a_say() {
    let fleet = right([
        "params.text = \"a\"",
        "params.text = \"b\"",
        "unset = [\"text\"]",
        "params.text = \"d\"\nparams.table = { a = { b = 1 } }",
    ]);
    let steps = |path| {
        let explained = fleet.explain(0, path).unwrap();
        explained.steps.iter().map(|step| (step.origin.layer, shown(step.value.as_ref()))).collect::<Vec<_>>()
    };
    assert_eq!(
        steps("text"),
        [
            (Layer::ClientInEnvironment, "\"d\"".to_owned()),
            (Layer::Client, "none".into()),
            (Layer::Environment, "\"b\"".into()),
            (Layer::Fleet, "\"a\"".into()),
        ]
    );
    assert_eq!(steps("table.a.b"), [(Layer::ClientInEnvironment, "1".to_owned())]);
    assert_eq!(steps("host"), [(Layer::Stack, "\"{client}-{environment}\"".to_owned())]);
    assert_eq!(
        fleet.explain(0, "ports").unwrap().shape,
        "list, each: table with `name`, `port` (optional), `tls` (optional)"
    );
    assert_eq!(fleet.explain(0, "table.a.b").unwrap().shape, "anything");
    let unknown = |path| fleet.explain(0, path).unwrap_err().to_string();
    assert_eq!(unknown("txet"), "stack `app` declares no parameter `txet`; did you mean `text`?");
    assert_eq!(unknown("image"), "stack `app` declares no parameter `image`; there are `image.tag`");
}

#[test]
fn environment_parts_have_no_client() {
    let fleet = right(["", "", "params.text = \"only the client\"", ""]);
    let part = &fleet.environment_parts[0];
    let of = |path: &str| part.params.iter().find(|(decl, _)| decl.path.as_str() == path).and_then(|(_, value)| value);
    assert!(of("host").is_none(), "a name with `{{client}}` cannot be filled in");
    assert!(of("text").is_none());
    assert!(of("image.tag").is_some());
}

#[test]
fn stacks_share_what_only_one_of_them_declares() {
    let (fleet, _) = fleet(&[
        ("templates/web/stack.toml", "phases = [\"main\"]\n[params.colour]\ntype = \"string\"\ndescription = \"x\"\n"),
        ("templates/web/main/x.yaml", "kind: ConfigMap\n"),
        ("lmsgen.toml", "stack = \"app\"\nparams.colour = \"red\"\n"),
        (
            "environments/dev.toml",
            "namespace = \"app-dev\"\nkubernetes = \"1.35\"\nstacks = [\"web\", \"app\"]\nparams.image.tag = \"1.0\"\n",
        ),
        ("clients/C2.toml", "name = \"Two\"\nstack = \"web\"\n[environments.dev]\n"),
    ]);
    assert_eq!(fleet.stacks.iter().map(|stack| stack.name.as_str()).collect::<Vec<_>>(), ["app", "web"]);
    assert_eq!(shown(fleet.explain(1, "colour").unwrap().value.as_ref()), "\"red\"");
    assert!(fleet.explain(0, "colour").is_err());
    let parts: Vec<_> = fleet.environment_parts.iter().map(|part| (part.environment, part.stack)).collect();
    assert_eq!(parts, [(0, 0), (0, 1)]);
}

/// A table of depth two at most, as TOML and as a value.
fn table() -> impl Strategy<Value = BTreeMap<String, Option<BTreeMap<String, i64>>>> {
    let inner = prop::collection::btree_map("[a-c]", 0..9_i64, 0..3);
    prop::collection::btree_map("[a-d]", prop::option::of(inner), 0..4)
}

type Tables = BTreeMap<String, Option<BTreeMap<String, i64>>>;

fn as_toml(table: &Tables) -> String {
    let entries: Vec<String> = table
        .iter()
        .map(|(key, value)| match value {
            None => format!("{key} = \"leaf\""),
            Some(inner) => {
                let inner: Vec<_> = inner.iter().map(|(key, number)| format!("{key} = {number}")).collect();
                format!("{key} = {{ {} }}", inner.join(", "))
            }
        })
        .collect();
    format!("params.table = {{ {} }}", entries.join(", "))
}

/// What merging means, said the short way.
fn merged(below: &Tables, above: &Tables) -> Tables {
    let mut all = below.clone();
    for (key, value) in above {
        let joined = match (below.get(key), value) {
            (Some(Some(old)), Some(new)) => Some(old.iter().chain(new).map(|(k, v)| (k.clone(), *v)).collect()),
            (_, value) => value.clone(),
        };
        all.insert(key.clone(), joined);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any subset of layers may set a value: the highest wins, and each is in the explanation.
    #[test]
    fn the_last_layer_wins(set in prop::array::uniform4(any::<bool>())) {
        let texts = ["fleet", "environment", "client", "place"];
        let lines: Vec<String> =
            (0..4).map(|n| if set[n] { format!("params.text = \"{}\"", texts[n]) } else { String::new() }).collect();
        let fleet = right([&lines[0], &lines[1], &lines[2], &lines[3]]);
        let highest = (0..4).rev().find(|n| set[*n]).map(|n| ParamValue::String(texts[n].into()));
        let explained = fleet.explain(0, "text").unwrap();
        prop_assert_eq!(&explained.value, &highest);
        prop_assert_eq!(explained.steps.len(), set.iter().filter(|set| **set).count());
        prop_assert_eq!(explained.steps.first().and_then(|step| step.value.clone()), highest);
    }

    /// Tables merge key by key, in any depth, as one fold over the layers.
    #[test]
    fn tables_merge_like_a_fold(layers in prop::array::uniform4(table())) {
        let lines: Vec<String> = layers.iter().map(as_toml).collect();
        let fleet = right([&lines[0], &lines[1], &lines[2], &lines[3]]);
        let all = layers.iter().skip(1).fold(layers[0].clone(), |below, above| merged(&below, above));
        let expected = right([&as_toml(&all), "", "", ""]);
        prop_assert_eq!(value(&fleet, "table"), value(&expected, "table"));
    }

    /// Appended lists hold every layer's items in the order of the layers.
    #[test]
    fn appended_lists_keep_their_order(layers in prop::array::uniform4(prop::collection::vec(0..9_i64, 0..4))) {
        let lines: Vec<String> = layers.iter().map(|items| format!("params.list = {items:?}")).collect();
        let fleet = right([&lines[0], &lines[1], &lines[2], &lines[3]]);
        let all = layers.concat().into_iter().map(ParamValue::Integer).collect();
        prop_assert_eq!(value(&fleet, "list"), Some(ParamValue::List(all)));
    }

    /// No bytes in any file make loading panic, and what is no text never becomes a fleet without a fault.
    #[test]
    fn loading_never_panics(which in 0..5_usize, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let path = super::BASE[which].0;
        let loaded = load(&sources(&[(path, Some(lmsgen::fleet::Content::File(bytes.into())))]));
        let _ = said(loaded.found.into_sorted(&loaded.sources), &loaded.sources);
    }

    /// Nor does text that looks like what stands there.
    #[test]
    fn loading_never_panics_on_damaged_files(which in 0..4_usize, at in 0..400_usize, cut in 0..40_usize, put in "[\\[\\]{}=\"'.,#a-z0-9\n\\\\\u{202e}\u{0}é-]{0,12}") {
        let (path, text) = super::BASE[which];
        let text = if which == 3 { STACK } else { text };
        let start = text.floor_char_boundary(at % (text.len() + 1));
        let end = text.floor_char_boundary((start + cut).min(text.len()));
        let damaged = format!("{}{put}{}", &text[..start], &text[end..]);
        let loaded = load(&sources(&[(path, Some(file(&damaged)))]));
        let _ = said(loaded.found.into_sorted(&loaded.sources), &loaded.sources);
    }
}
