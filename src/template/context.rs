//! What templates see: `client`, `environment`, `instance`, `params`.

use std::collections::BTreeMap;
use std::sync::Arc;

use tera::{Context, Map, Value};

use crate::params::{ParamValue, Params, Resolved};

/// Facts about an environment.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentFacts<'a> {
    /// `environment.name`.
    pub name: &'a str,
    /// `environment.namespace`.
    pub namespace: &'a str,
    /// `environment.kubernetes`.
    pub kubernetes: &'a str,
    /// `environment.ingress.class`; `environment.ingress` is none without it.
    pub ingress_class: Option<&'a str>,
    /// `environment.gateway`: name, namespace, section, features.
    pub gateway: Option<GatewayFacts<'a>>,
    /// `environment.quota`.
    pub quota: Option<&'a BTreeMap<String, String>>,
}

/// `environment.gateway`.
pub type GatewayFacts<'a> = (&'a str, &'a str, Option<&'a str>, &'a [String]);

/// Facts about an instance.
#[derive(Clone, Copy, Debug)]
pub struct InstanceFacts<'a> {
    /// `instance.name`: `lms-dev/C42`.
    pub name: &'a str,
    /// `client.id`.
    pub client_id: &'a str,
    /// `client.slug`.
    pub client_slug: &'a str,
    /// `client.name`.
    pub client_name: &'a str,
    /// `client.labels`.
    pub client_labels: &'a BTreeMap<String, String>,
}

/// The value of `environment`; made once per environment.
#[must_use]
pub fn environment_value(facts: &EnvironmentFacts<'_>) -> Value {
    let ingress = facts.ingress_class.map(|class| map([("class", class.into())]));
    let gateway = facts.gateway.map(|(name, namespace, section, features)| {
        map([
            ("name", name.into()),
            ("namespace", namespace.into()),
            ("section", section.map_or_else(Value::none, Value::from)),
            ("features", features.iter().map(|one| Value::from(one.as_str())).collect::<Vec<_>>().into()),
        ])
    });
    let quota = facts.quota.filter(|quota| !quota.is_empty()).map(strings);
    map([
        ("name", facts.name.into()),
        ("namespace", facts.namespace.into()),
        ("kubernetes", facts.kubernetes.into()),
        ("ingress", ingress.unwrap_or_else(Value::none)),
        ("gateway", gateway.unwrap_or_else(Value::none)),
        ("quota", quota.unwrap_or_else(Value::none)),
    ])
}

/// The context of an `environment/` template.
#[must_use]
pub fn environment_context(environment: Value, params: Value) -> Context {
    let mut context = Context::new();
    context.insert_value("environment", environment);
    context.insert_value("params", params);
    context
}

/// The context of an instance's templates.
#[must_use]
pub fn instance_context(environment: Value, facts: &InstanceFacts<'_>, params: Value) -> Context {
    let mut context = environment_context(environment, params);
    let client = map([
        ("id", facts.client_id.into()),
        ("slug", facts.client_slug.into()),
        ("name", facts.client_name.into()),
        ("labels", strings(facts.client_labels)),
    ]);
    context.insert_value("client", client);
    context.insert_value("instance", map([("name", facts.name.into())]));
    context
}

/// The values that many instances share as templates see them, made once: groups of parameters as nested maps, `-` in
/// names as `_`, which names cannot hold otherwise.
#[derive(Debug)]
pub struct SharedParams {
    values: Params,
    root: Map,
    /// Where each parameter stands: its position in the root, in the group there, and so on.
    places: Vec<Vec<usize>>,
}

impl SharedParams {
    /// Of the values that `params` shares with others.
    #[must_use]
    pub fn new(params: &Params) -> Self {
        let values = params.shared();
        let paths: Vec<Vec<String>> =
            values.iter().map(|(decl, _)| decl.path.parts().map(|part| part.replace('-', "_")).collect()).collect();
        let leaves = values.iter().zip(&paths).map(|((_, value), path)| (path.clone(), leaf(value)));
        let root = nest(leaves.collect());
        let places = paths.iter().map(|path| place(&root, path)).collect();
        Self { values, root, places }
    }

    /// The value of `params` for templates: only groups with a value of the instance's own are made anew.
    ///
    /// # Panics
    /// When `params` shares other values.
    #[must_use]
    pub fn with_own(&self, params: &Params) -> Value {
        assert!(self.values.shares_with(params), "the values of another stack or environment");
        let own: Vec<(&[usize], Value)> =
            params.own().map(|(index, value)| (self.places[index].as_slice(), leaf(value))).collect();
        let mut root = self.root.clone();
        put(&mut root, &own);
        Value::from(root)
    }
}

fn leaf(value: Option<&Arc<Resolved>>) -> Value {
    value.map_or_else(Value::none, |resolved| template_value(&resolved.value))
}

/// Puts `values` at their places, of which those in one group stand together.
fn put(map: &mut Map, values: &[(&[usize], Value)]) {
    for group in values.chunk_by(|(a, _), (b, _)| a[0] == b[0]) {
        let (place, value) = &group[0];
        let Some((_, slot)) = map.get_index_mut(place[0]) else { continue };
        if place.len() == 1 {
            *slot = value.clone();
        } else {
            let mut inner = slot.as_map().cloned().unwrap_or_default();
            let below: Vec<_> = group.iter().map(|(place, value)| (&place[1..], value.clone())).collect();
            put(&mut inner, &below);
            *slot = Value::from(inner);
        }
    }
}

fn place(root: &Map, path: &[String]) -> Vec<usize> {
    let mut map = Some(root);
    let step = |name: &String| {
        let found = map?.iter().position(|(key, _)| key.as_str() == Some(name))?;
        map = map?.get_index(found).and_then(|(_, value)| value.as_map());
        Some(found)
    };
    path.iter().map_while(step).collect()
}

fn nest(leaves: Vec<(Vec<String>, Value)>) -> Map {
    let mut groups: BTreeMap<String, Vec<(Vec<String>, Value)>> = BTreeMap::new();
    let mut out = Map::default();
    for (mut parts, value) in leaves {
        let first = parts.remove(0);
        if parts.is_empty() {
            out.insert(first.into(), value);
        } else {
            groups.entry(first).or_default().push((parts, value));
        }
    }
    for (name, leaves) in groups {
        out.insert(name.into(), nest(leaves).into());
    }
    out
}

fn template_value(value: &ParamValue) -> Value {
    match value {
        ParamValue::Bool(value) => (*value).into(),
        ParamValue::Integer(value) => (*value).into(),
        ParamValue::Float(value) => (*value).into(),
        ParamValue::String(value) => value.as_str().into(),
        ParamValue::List(items) => items.iter().map(template_value).collect::<Vec<_>>().into(),
        ParamValue::Table(table) => {
            let entries = table.iter().map(|(key, value)| (key.clone().into(), template_value(value)));
            Value::from(entries.collect::<Map>())
        }
    }
}

fn strings(table: &BTreeMap<String, String>) -> Value {
    Value::from(table.iter().map(|(key, value)| (key.clone().into(), value.as_str().into())).collect::<Map>())
}

fn map<const N: usize>(entries: [(&'static str, Value); N]) -> Value {
    Value::from(entries.into_iter().map(|(key, value)| (key.into(), value)).collect::<Map>())
}
