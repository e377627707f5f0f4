//! Reading `environments/<name>.toml`.

use std::collections::BTreeMap;

use super::client::unknown_stack;
use super::config::read_layer;
use super::environment_cluster::read_cluster;
use super::environment_delivery::read_delivery;
use super::environment_policy::read_policy;
use super::environment_secrets::read_secrets;
use super::model::{Environment, Gateway};
use crate::diagnostic::{Class, Code, Diagnostic, FileId, Sink, Span};
use crate::document::{Document, Located, TableReader, did_you_mean, quoted};
use crate::names::{EnvName, SecretName};
use crate::params::{Declarations, Layer, Overlay};
use crate::schema::Schemas;

const NAMESPACE: Code = Code::new("LMS132", Class::Input);
const KUBERNETES: Code = Code::new("LMS133", Class::Input);
/// A release that there are no schemas of.
const NO_SCHEMAS: Code = Code::new("LMS602", Class::Input);
const UNSUPPORTED: Code = Code::new("LMS134", Class::Input);
/// A token in the file; its place is blotted out of the source map.
pub(super) const TOKEN: Code = Code::new("LMS158", Class::Input);
const QUOTA: Code = Code::new("LMS150", Class::Input);
const OBJECT_NAME: Code = Code::new("LMS151", Class::Input);

/// Kinds that `[external]` can name.
const EXTERNAL_KINDS: [&str; 12] = [
    "cluster-issuers",
    "config-maps",
    "gateways",
    "ingress-classes",
    "issuers",
    "persistent-volume-claims",
    "persistent-volumes",
    "priority-classes",
    "secrets",
    "service-accounts",
    "services",
    "storage-classes",
];

/// An environment and what its `[params]` say to each stack.
#[derive(Debug)]
pub(super) struct EnvironmentRead {
    pub(super) environment: Environment,
    /// Place of `namespace`.
    pub(super) namespace: Span,
    pub(super) overlays: Vec<Overlay>,
    /// `true` if the file says which stacks it runs.
    pub(super) names_stacks: bool,
}

/// Reads an environment; `None` when it lacks what nothing works without.
pub(super) fn read_environment(
    document: &Document<'_>,
    name: EnvName,
    file: FileId,
    stacks: &[(&str, &Declarations)],
    sink: &mut Sink,
) -> Option<EnvironmentRead> {
    let mut table = document.root();
    let namespace = read_namespace(&mut table, sink);
    let kubernetes = read_kubernetes(&mut table, sink);
    let (delivery, deletion, delivery_span) = read_delivery(&mut table, sink);
    let own_stacks = read_stacks(&mut table, stacks, sink);
    let cluster = read_cluster(&mut table, sink);
    let secrets = table.table("secrets", sink).map(|secrets| read_secrets(secrets, sink)).unwrap_or_default();
    let policy = table.table("policy", sink).map(|policy| read_policy(policy, sink)).unwrap_or_default();
    let external = table.table("external", sink).map(|external| read_external(&external, sink)).unwrap_or_default();
    let ingress_class = table.table("ingress", sink).and_then(|mut ingress| {
        let class = object_name(ingress.required_string("class", sink), sink);
        ingress.finish(sink);
        class.map(|class| class.value.to_owned())
    });
    let gateway = table.table("gateway", sink).and_then(|gateway| read_gateway(gateway, sink));
    let quota = table.table("quota", sink).map(|quota| (read_quota(&quota, sink), quota.span()));
    let (quota, quota_span) = quota.map_or_else(Default::default, |(quota, span)| (quota, Some(span)));
    let overlays = read_layer(&mut table, Layer::Environment, stacks, sink);
    table.finish_with(|name| stacks.iter().find_map(|(_, declarations)| declarations.hint(name)), sink);
    let namespace = namespace?;
    let environment = Environment {
        name,
        file,
        namespace: namespace.value.into(),
        kubernetes: kubernetes?,
        delivery,
        delivery_span,
        deletion,
        cluster,
        stacks: own_stacks.clone().unwrap_or_default(),
        recipients: secrets.recipients,
        form: secrets.form,
        policy,
        ingress_class,
        gateway,
        quota,
        quota_span,
        external,
    };
    Some(EnvironmentRead { environment, namespace: namespace.span, overlays, names_stacks: own_stacks.is_some() })
}

fn read_namespace<'d>(table: &mut TableReader<'d>, sink: &mut Sink) -> Option<Located<&'d str>> {
    let namespace = table.required_string("namespace", sink)?;
    let rule = match SecretName::new(namespace.value) {
        Err(fault) => fault.to_string(),
        Ok(_) if namespace.value.starts_with("kube-") || namespace.value == "default" => "is reserved".into(),
        Ok(_) => return Some(namespace),
    };
    let message = format!("namespace {} {rule}", quoted(namespace.value));
    sink.push(Diagnostic::error(NAMESPACE, message).at(namespace.span, ""));
    Some(namespace)
}

/// `stacks`: the stacks that clients here may be of.
fn read_stacks(table: &mut TableReader<'_>, stacks: &[(&str, &Declarations)], sink: &mut Sink) -> Option<Vec<usize>> {
    let names = table.take("stacks")?.node.strings("stacks", sink)?;
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        match stacks.iter().position(|(known, _)| *known == name.value) {
            Some(index) => found.push(index),
            None => sink.push(unknown_stack(name.value, name.span, stacks.iter().map(|(known, _)| *known))),
        }
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

fn read_kubernetes(table: &mut TableReader<'_>, sink: &mut Sink) -> Option<String> {
    let found = table.required_string("kubernetes", sink)?;
    let is_minor = found.value.strip_prefix("1.").is_some_and(|minor| {
        (1..=3).contains(&minor.len()) && minor.bytes().all(|b| b.is_ascii_digit()) && !minor.starts_with('0')
    });
    if !is_minor {
        let message = format!("{} is no Kubernetes version", quoted(found.value));
        let fault = Diagnostic::error(KUBERNETES, message).at(found.span, "");
        sink.push(fault.help("write the minor version, such as \"1.35\""));
    } else if let Some(nearest) = Schemas::nearest(found.value) {
        let message =
            format!("there are no schemas of Kubernetes {}; objects are checked as on {nearest}", found.value);
        let fault = Diagnostic::warning(NO_SCHEMAS, message).at(found.span, "");
        let [oldest, .., newest] = Schemas::MINORS;
        sink.push(fault.help(format!("this lmsgen knows {oldest} to {newest}")));
    }
    Some(found.value.into())
}

/// The fault of a word that `key` does not know.
pub(super) fn unsupported(key: &str, found: &str, known: &[&str]) -> Diagnostic {
    let help =
        did_you_mean(found, known.iter().copied()).unwrap_or_else(|| format!("write `{}`", known.join("` or `")));
    Diagnostic::error(UNSUPPORTED, format!("{key} {} is unknown", quoted(found))).help(help)
}

fn read_external(table: &TableReader<'_>, sink: &mut Sink) -> BTreeMap<String, Vec<String>> {
    let mut external = BTreeMap::new();
    for entry in table.entries() {
        if !EXTERNAL_KINDS.contains(&entry.name) {
            let message = format!("unknown key {} in `external`", quoted(entry.name));
            let help = did_you_mean(entry.name, EXTERNAL_KINDS)
                .unwrap_or_else(|| format!("known keys: `{}`", EXTERNAL_KINDS.join("`, `")));
            sink.push(Diagnostic::error(crate::document::UNKNOWN_KEY, message).at(entry.key, "").help(help));
            continue;
        }
        let names = entry.node.strings(&table.path_of(entry.name), sink).unwrap_or_default();
        for name in &names {
            let _ = object_name(Some(*name), sink);
        }
        external.insert(entry.name.to_owned(), names.into_iter().map(|name| name.value.to_owned()).collect());
    }
    external
}

/// A quantity as Kubernetes reads it, without a sign: `20`, `0.5`, `500m`, `400Gi`, `1e3`.
pub(super) fn is_quantity(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let is_number = number.bytes().any(|b| b.is_ascii_digit()) && number.matches('.').count() <= 1;
    let is_exponent = || {
        let digits = unit.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let is_unit = matches!(
        unit,
        "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" | "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei"
    );
    is_number && (is_unit || is_exponent())
}

/// A DNS subdomain: DNS labels joined by dots, 253 characters at most.
fn is_object_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|label| SecretName::new(label).is_ok())
}

/// Checks the name of an object that exists outside.
pub(super) fn object_name<'d>(found: Option<Located<&'d str>>, sink: &mut Sink) -> Option<Located<&'d str>> {
    let found = found?;
    if !is_object_name(found.value) {
        let message = format!("{} is no name of an object", quoted(found.value));
        sink.push(Diagnostic::error(OBJECT_NAME, message).at(found.span, ""));
    }
    Some(found)
}

fn read_gateway(mut table: TableReader<'_>, sink: &mut Sink) -> Option<Gateway> {
    let name = object_name(table.required_string("name", sink), sink);
    let namespace = object_name(table.required_string("namespace", sink), sink);
    let section = object_name(table.string("section", sink), sink).map(|section| section.value.to_owned());
    let features = table.strings("features", sink);
    table.finish(sink);
    Some(Gateway {
        name: name?.value.into(),
        namespace: namespace?.value.into(),
        section,
        features: features.into_iter().map(|feature| feature.value.to_owned()).collect(),
    })
}

fn read_quota(table: &TableReader<'_>, sink: &mut Sink) -> BTreeMap<String, String> {
    let read = |entry: crate::document::Entry<'_>| {
        let what = table.path_of(entry.name);
        let text = entry.node.string(&what, sink)?;
        if !is_quantity(text) {
            let fault = Diagnostic::error(QUOTA, format!("`{what}`: {} is no quantity", quoted(text)));
            sink.push(
                fault.at(entry.node.span(), "").help("write a number with a unit of Kubernetes: 20, 500m, 400Gi"),
            );
        }
        Some((entry.name.to_owned(), text.to_owned()))
    };
    table.entries().filter_map(read).collect()
}
