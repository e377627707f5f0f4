//! What templates see: `client`, `environment`, `instance`, `params`.

use std::collections::BTreeMap;

use tera::{Context, Map, Value};

use crate::params::{ParamValue, Params};

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
pub fn environment_context(environment: Value, params: &Params) -> Context {
    let mut context = Context::new();
    context.insert_value("environment", environment);
    context.insert_value("params", params_value(params));
    context
}

/// The context of an instance's templates.
#[must_use]
pub fn instance_context(environment: Value, facts: &InstanceFacts<'_>, params: &Params) -> Context {
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

/// Groups of parameters as nested maps; `-` in names becomes `_`, which names cannot hold otherwise.
fn params_value(params: &Params) -> Value {
    let leaves: Vec<(Vec<String>, Value)> = params
        .iter()
        .map(|(decl, value)| {
            let parts = decl.path.parts().map(|part| part.replace('-', "_")).collect();
            (parts, value.map_or_else(Value::none, |resolved| template_value(&resolved.value)))
        })
        .collect();
    nest(leaves)
}

fn nest(leaves: Vec<(Vec<String>, Value)>) -> Value {
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
        out.insert(name.into(), nest(leaves));
    }
    Value::from(out)
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
