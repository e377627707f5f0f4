//! Secrets that come to be without being rendered: what an `ExternalSecret` or a `SopsSecret` makes.

use super::model::{Object, Parts};
use crate::kubernetes::Spot;

/// A Secret that objects may refer to, and its keys as far as they are known.
pub struct Provided<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace; `None` for a stored one, which is in every namespace that is looked at.
    pub namespace: Option<&'a str>,
    /// Its keys; `None` if they cannot be known.
    pub keys: Option<Vec<&'a str>>,
}

/// Every Secret that the objects are or make.
pub fn provided<'a>(parts: &Parts<'a>) -> Vec<Provided<'a>> {
    let stored = parts.secrets.iter().map(|secret| Provided {
        name: &secret.name,
        namespace: None,
        keys: Some(secret.keys.iter().map(String::as_str).collect()),
    });
    stored.chain(parts.objects.iter().chain(parts.around).flat_map(provided_by)).collect()
}

fn provided_by<'a>(object: &Object<'a>) -> Vec<Provided<'a>> {
    let namespace = Some(object.namespace);
    match object.kind {
        "Secret" => vec![Provided { name: object.name, namespace, keys: Some(data_keys(object.spot())) }],
        "ExternalSecret" => external(object).into_iter().collect(),
        "SopsSecret" => sops_templates(object),
        "SealedSecret" | "Certificate" => vec![Provided { name: made_name(object), namespace, keys: None }],
        // Other controllers say in one of two ways which Secret they make.
        _ if is_custom(object.api_version) => [&["spec", "secretName"][..], &["spec", "destination", "name"]]
            .into_iter()
            .filter_map(|path| Some(Provided { name: object.value.str_at(path)?, namespace, keys: None }))
            .collect(),
        _ => Vec::new(),
    }
}

/// `true` for a kind that Kubernetes itself does not have.
pub fn is_custom(api_version: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    group.contains('.') && !group.ends_with(".k8s.io")
}

fn made_name<'a>(object: &Object<'a>) -> &'a str {
    object.value.str_at(&["spec", "secretName"]).unwrap_or(object.name)
}

/// Keys of `data` and `stringData`.
pub fn data_keys<'v>(secret: Spot<'v, '_>) -> Vec<&'v str> {
    let keys = |field: &'static str| secret.entries(field).map(|(key, _)| key).collect::<Vec<_>>();
    [keys("data"), keys("stringData")].concat()
}

fn external<'a>(object: &Object<'a>) -> Option<Provided<'a>> {
    let root = object.spot();
    let spec = root.get("spec")?;
    let target = spec.get("target");
    let name = target.as_ref().and_then(|target| target.text("name")).unwrap_or(object.name);
    let has_template = target.as_ref().is_some_and(|target| target.has("template"));
    let is_listed = !has_template && spec.count("dataFrom") == 0;
    let keys = || spec.items("data").filter_map(|entry| entry.text("secretKey")).collect();
    Some(Provided { name, namespace: Some(object.namespace), keys: is_listed.then(keys) })
}

fn sops_templates<'a>(object: &Object<'a>) -> Vec<Provided<'a>> {
    let root = object.spot();
    let Some(spec) = root.get("spec") else { return Vec::new() };
    let namespace = Some(object.namespace);
    let templates = spec.items("secretTemplates");
    templates
        .filter_map(|template| {
            Some(Provided { name: template.text("name")?, namespace, keys: Some(data_keys(template)) })
        })
        .collect()
}
