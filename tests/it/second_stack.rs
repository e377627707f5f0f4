//! A stack that is nothing like the LMS: shops in regions. The model must not need anything special for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::fleet::{Fleet, Snapshot, hostile_strings, is_refused, repository, toml_string};

const GOLDEN: &str = "tests/cases/shop/out";

/// The whole output, byte for byte. `LMSGEN_BLESS=1` writes it anew; look at what Git says then.
#[test]
fn the_whole_output() {
    let fleet = Fleet::shops();
    let ran = fleet.run(&["render", "--locked"]).exits(0).prints_nothing();
    // Its workloads have an image without a version and no probes, on purpose; nothing else is said.
    let said: Vec<&str> = ran.err.lines().filter_map(|line| line.split_once("]: ").map(|(code, _)| code)).collect();
    assert_eq!(said, ["warning[LMS814", "warning[LMS812", "warning[LMS812", "warning[LMS814"], "{}", ran.err);
    assert!(ran.err.lines().any(|line| line.starts_with("Wrote ")), "{}", ran.err);
    let rendered = Snapshot::of(&fleet.root().join("rendered"));
    let golden = repository().join(GOLDEN);
    if std::env::var_os("LMSGEN_BLESS").is_some() {
        std::fs::remove_dir_all(&golden).unwrap();
        crate::support::fleet::copy(&fleet.root().join("rendered"), &golden);
    }
    let golden = Snapshot::of(&golden);
    for path in golden.differences(&rendered) {
        let shown = |from: &Snapshot| from.0.get(&path).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert_eq!(shown(&rendered), shown(&golden), "{path}; LMSGEN_BLESS=1 accepts it");
    }
    assert!(rendered.0.len() > 50);
    let before = fleet.snapshot();
    fleet.run(&["render"]).exits(0).says("Nothing to write: all ");
    before.assert_same(&fleet.snapshot());
}

/// What each part of the stack is there for, said in words: a golden tree alone would be blessed too easily.
#[test]
fn what_the_output_must_hold() {
    let fleet = Fleet::shops();
    fleet.run(&["render"]).exits(0);
    let has = |path: &str| fleet.has(&format!("rendered/{path}"));
    // Components that a client asks for.
    assert!(has("europe/bolt-and-co/storage/statefulset-bolt-and-co-cache.yaml"));
    assert!(!has("asia/corner/storage/statefulset-corner-cache.yaml"));
    // One object for each item, in order; lists merged by name keep the order of the layers below.
    let storefront = objects(&fleet, "europe/bolt-and-co/front/storefront-bolt-and-co.yaml");
    let regions: Vec<&str> =
        storefront["spec"]["regions"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(regions, ["north", "south", "east"]);
    for region in regions {
        assert!(has(&format!("europe/bolt-and-co/front/deployment-bolt-and-co-{region}.yaml")));
        assert!(has(&format!("europe/bolt-and-co/front/httproute-bolt-and-co-{region}.yaml")), "Europe has a gateway");
    }
    assert!(!has("asia/corner/front/httproute-corner-tokyo.yaml"), "Asia has none");
    // Appended lists: fleet, environment, client.
    let banners = &storefront["spec"]["banners"];
    assert_eq!(*banners, json!(["Free delivery", "Prices include tax", "Ask us: 0777", "{{ not a template }}"]));
    // Tables merge key by key and keep the types of what stands in them.
    assert_eq!(storefront["spec"]["settings"]["checkout"], json!({"guest": true, "steps": 4}));
    assert_eq!(storefront["spec"]["taxRate"], json!(0.19));
    // A value that one instance unsets; another keeps it.
    assert_eq!(objects(&fleet, "asia/corner/front/storefront-corner.yaml")["spec"]["number"], 5);
    assert!(objects(&fleet, "asia/bolt-and-co/front/storefront-bolt-and-co.yaml")["spec"].get("number").is_none());
    // Names: by parameter, by default, and of the environment.
    assert!(has("asia/corner/storage/secret-corner-session.yaml"));
    assert!(has("asia/bolt-and-co/storage/secret-session-of-bolt-and-co.yaml"));
    assert!(has("asia/environment/secret-mail.yaml"));
    // A phase without objects keeps its folder and list.
    assert_eq!(objects(&fleet, "asia/corner/jobs/kustomization.yaml")["resources"], json!([]));
    // The environment's own part, cluster-scoped objects among it.
    assert!(has("europe/environment/shopclass-europe.yaml") && has("europe/environment/resourcequota-shops.yaml"));
    // No Secret outside of the first phase.
    let rendered = fleet.snapshot();
    let secrets = rendered.0.keys().filter(|path| path.starts_with("rendered/") && path.contains("/secret-"));
    assert!(secrets.clone().count() > 4);
    assert!(secrets.clone().all(|path| path.contains("/storage/") || path.contains("/environment/")));
}

/// A digest follows what it is taken over, and nothing else.
#[test]
fn digests_follow_their_content() {
    let fleet = Fleet::shops();
    fleet.run(&["render"]).exits(0);
    let before = fleet.snapshot();
    fleet.edit("clients/corner.toml", "name = \"Corner\"", "name = \"Corner\"\nparams.limits.carts = 11");
    fleet.run(&["render"]).exits(0);
    let front = |name: &str| format!("rendered/asia/corner/front/{name}.yaml");
    assert_eq!(
        before.differences(&fleet.snapshot()),
        ["clients/corner.toml".to_owned(), front("deployment-corner-tokyo"), front("storefront-corner")]
    );
    let before = fleet.snapshot();
    fleet.edit("environments/asia.toml", "mail.asia.example", "mail2.asia.example");
    fleet.run(&["render"]).exits(0);
    let changed = before.differences(&fleet.snapshot());
    assert_eq!(changed.len(), 4, "the file, the shared ConfigMap and a Deployment for each shop: {changed:?}");
}

fn objects(fleet: &Fleet, path: &str) -> Value {
    read(&fleet.read(&format!("rendered/{path}")))
}

/// Reads one document with two readers that share no code, which must agree.
fn read(text: &str) -> Value {
    let by_events: Value = serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    let by_libyaml: Value = serde_norway::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    assert_eq!(by_events, by_libyaml, "{text}");
    by_events
}

/// Every hostile string at every kind of place, read back as itself.
#[test]
fn hostile_strings_arrive_as_themselves() {
    let fleet = Fleet::shops();
    let strings: Vec<String> = hostile_strings().into_iter().filter(|text| !is_refused(text)).collect();
    assert!(strings.len() > 130, "{}", strings.len());
    let quoted: Vec<String> = strings.iter().map(|text| toml_string(text)).collect();
    let table: Vec<String> = quoted.iter().map(|text| format!("{text} = {text}\n")).collect();
    let client = format!(
        "name = \"Corner\"\n\n[params]\necho = [{0}]\nbanners = [{0}]\n\n[params.settings.texts]\n{1}\n[environments.asia]\n",
        quoted.join(", "),
        table.concat()
    );
    fleet.write("clients/corner.toml", client);
    fleet.run(&["render"]).exits(0);

    let files = fleet.snapshot().below("rendered/asia/corner/front/echo-").0;
    assert_eq!(files.len(), strings.len(), "no object more or less");
    for (nth, text) in strings.iter().enumerate() {
        let path = format!("asia/corner/front/echo-corner-echo-{}.yaml", nth + 1);
        let object = objects(&fleet, &path);
        let expected = json!({
            "apiVersion": "shops.example/v1",
            "kind": "Echo",
            "metadata": {
                "name": format!("corner-echo-{}", nth + 1),
                "namespace": "shops-asia",
                "annotations": {"alone": text, "quoted": text, "flow": text},
            },
            "data": {
                "alone": text,
                "before": format!("x{text}"),
                "after": format!("{text}x"),
                "between": format!("<{text}>"),
                "twice": format!("{text}{text}"),
                "quoted": text,
                "folded": text,
                "block": format!("first\n  {text}\nlast\n"),
                "joined": format!("<{text}>"),
                "chosen": if text.is_empty() { "empty" } else { text },
            },
            "list": [text, [text], {"a": text, "b": [text, text]}],
            "whole": [text, {"k": text}],
        });
        assert_eq!(object, expected, "{text:?}");
    }
    let storefront = objects(&fleet, "asia/corner/front/storefront-corner.yaml");
    let banners: Vec<&str> =
        storefront["spec"]["banners"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(banners[0], "Free delivery");
    assert_eq!(banners[1..], strings);
    let texts = &storefront["spec"]["settings"]["texts"];
    let expected: BTreeMap<&String, &String> = strings.iter().map(|text| (text, text)).collect();
    assert_eq!(*texts, json!(expected), "keys of a free table are data, too");
}

/// C27, U04, U05: what cannot be seen is refused, and shown escaped.
#[test]
fn what_cannot_be_seen_is_refused() {
    let refused: Vec<String> = hostile_strings().into_iter().filter(|text| is_refused(text)).collect();
    assert!(refused.len() >= 10, "{}", refused.len());
    for text in refused {
        for line in [
            format!("params.echo = [{}]", toml_string(&text)),
            format!("params.settings = {{ {} = 1 }}", toml_string(&text)),
        ] {
            let fleet = Fleet::shops();
            fleet.write("clients/corner.toml", format!("name = \"Corner\"\n{line}\n\n[environments.asia]\n"));
            let before = fleet.snapshot();
            let ran = fleet.run(&["render"]).exits(3).says("--> clients/corner.toml:2:");
            assert!(!ran.err.chars().any(|c| is_refused(&c.to_string())), "{text:?} is shown as it is:\n{}", ran.err);
            before.assert_same(&fleet.snapshot());
        }
    }
}

/// The same texts where clients put them besides parameters.
#[test]
fn hostile_names() {
    let fleet = Fleet::shops();
    for text in hostile_strings().into_iter().filter(|text| !is_refused(text) && !text.trim().is_empty()) {
        fleet.write("clients/corner.toml", format!("name = {}\n\n[environments.asia]\n", toml_string(&text)));
        fleet.run(&["render", "corner"]).exits(0);
        let schema = objects(&fleet, "asia/corner/storage/configmap-corner-schema.yaml");
        let sql = schema["data"]["schema.sql"].as_str().unwrap();
        assert!(sql.starts_with(&format!("-- {text}\nCREATE SCHEMA")), "{text:?}: {sql}");
    }
}
