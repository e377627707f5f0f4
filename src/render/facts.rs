//! The facts that templates see about a place.

use std::collections::HashMap;
use std::sync::Arc;

use crate::fleet::{Environment, Fleet, SecretDecl, SecretForm, SecretSource, Stack};
use crate::params::{ParamValue, Params};
use crate::template::{EnvironmentFacts, PublicHalf, Scope, SecretFacts, TemplateValue, environment_value};

use super::secrets::{SecretFile, SecretPlace, Secrets};

/// `environment` for templates.
pub fn environment_facts(environment: &Environment) -> TemplateValue {
    environment_value(&EnvironmentFacts {
        name: environment.name.as_str(),
        namespace: &environment.namespace,
        kubernetes: &environment.kubernetes,
        ingress_class: environment.ingress_class.as_deref(),
        gateway: environment.gateway.as_ref().map(|gateway| {
            (gateway.name.as_str(), gateway.namespace.as_str(), gateway.section.as_deref(), gateway.features.as_slice())
        }),
        quota: Some(&environment.quota),
    })
}

/// The name of a Secret's object: what parameter `names.<name>` says, else `<name>-<slug>`, or `<name>` without client.
pub fn object_name(secret: &SecretDecl, params: &Params, slug: Option<&str>) -> String {
    let named = secret.name_param.and_then(|index| params.get(index)).map(|resolved| &resolved.value);
    match (named, slug) {
        (Some(ParamValue::String(name)), _) => name.clone(),
        (_, Some(slug)) => format!("{}-{slug}", secret.name),
        (_, None) => secret.name.to_string(),
    }
}

/// What the functions of an instance's templates know: its own Secrets and those of its environment.
pub fn scope(fleet: &Fleet, stack: &Stack, place: SecretPlace, params: &Params, secrets: &Secrets) -> Arc<Scope> {
    let mut facts = HashMap::with_capacity(stack.secrets.len() + stack.environment_secrets.len());
    let is_outside = matches!(fleet.environments[place.environment].form, SecretForm::External(_));
    let of_environment = SecretPlace { client: None, ..place };
    for secret in &stack.environment_secrets {
        let file = secrets.get(of_environment, &secret.name);
        let name = object_name(secret, params, None);
        facts.insert(secret.name.to_string(), secret_facts(secret, name, file, is_outside));
    }
    if let Some(client) = place.client {
        let slug = fleet.clients[client].id.slug();
        for secret in &stack.secrets {
            let file = secrets.get(place, &secret.name);
            let name = object_name(secret, params, Some(&slug));
            facts.insert(secret.name.to_string(), secret_facts(secret, name, file, is_outside));
        }
    }
    Arc::new(Scope { secrets: facts })
}

fn secret_facts(
    secret: &SecretDecl,
    object_name: String,
    file: Option<&SecretFile>,
    is_outside: bool,
) -> Arc<SecretFacts> {
    let half = |key: &str| {
        let known = file.and_then(|file| file.public.iter().find(|(known, _)| known == key));
        match known {
            Some((_, pem)) => PublicHalf::Pem(pem.clone()),
            None if is_outside => PublicHalf::Outside,
            None => PublicHalf::NotMade,
        }
    };
    let public = secret.keys.iter().filter(|key| key.is_public());
    let facts = SecretFacts {
        object_name,
        keys: secret.keys.iter().map(|key| key.key.clone()).collect(),
        optional_keys: secret.keys.iter().filter(|key| is_optional(&key.source)).map(|key| key.key.clone()).collect(),
        public_keys: public.map(|key| (key.key.clone(), half(&key.key))).collect(),
        // A Secret that is not generated yet will start with revision 1.
        revision: file.map_or(1, |file| file.revision),
    };
    Arc::new(facts)
}

const fn is_optional(source: &SecretSource) -> bool {
    matches!(source, SecretSource::Provided { optional: true, .. })
}
