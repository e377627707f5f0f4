//! Secrets that come to be without being rendered: what an ExternalSecret or a SopsSecret makes.

use super::model::{Group, Object};
use crate::kubernetes::Spot;

/// A Secret that objects may refer to, and its keys as far as they are known.
pub struct Provided<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its keys; `None` if they cannot be known.
    pub keys: Option<Vec<&'a str>>,
}

/// Every Secret that the group's objects are or make.
pub fn provided<'a>(group: &Group<'a>) -> Vec<Provided<'a>> {
    let stored = group
        .secrets
        .iter()
        .map(|(name, keys)| Provided { name, keys: Some(keys.iter().map(String::as_str).collect()) });
    stored.chain(group.all().flat_map(provided_by)).collect()
}

fn provided_by<'a>(object: &Object<'a>) -> Vec<Provided<'a>> {
    match object.kind {
        "Secret" => vec![Provided { name: object.name, keys: Some(data_keys(object.spot())) }],
        "ExternalSecret" => external(object).into_iter().collect(),
        "SopsSecret" => sops_templates(object),
        "SealedSecret" | "Certificate" => vec![Provided { name: made_name(object), keys: None }],
        _ => Vec::new(),
    }
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
    Some(Provided { name, keys: is_listed.then(keys) })
}

fn sops_templates<'a>(object: &Object<'a>) -> Vec<Provided<'a>> {
    let root = object.spot();
    let Some(spec) = root.get("spec") else { return Vec::new() };
    let templates = spec.items("secretTemplates");
    templates
        .filter_map(|template| Some(Provided { name: template.text("name")?, keys: Some(data_keys(template)) }))
        .collect()
}
