//! The facts that templates see about a place.

use std::collections::HashMap;
use std::sync::Arc;

use crate::fleet::{Environment, Fleet, SecretDecl, SecretSource, Stack};
use crate::params::{ParamValue, Params};
use crate::template::{EnvironmentFacts, Scope, SecretFacts, TemplateValue, environment_value};

use super::secrets::{SecretPlace, Secrets};

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
    let of_environment = SecretPlace { client: None, ..place };
    for secret in &stack.environment_secrets {
        facts.insert(
            secret.name.to_string(),
            secret_facts(secret, object_name(secret, params, None), of_environment, secrets),
        );
    }
    if let Some(client) = place.client {
        let slug = fleet.clients[client].id.slug();
        for secret in &stack.secrets {
            let name = object_name(secret, params, Some(&slug));
            facts.insert(secret.name.to_string(), secret_facts(secret, name, place, secrets));
        }
    }
    Arc::new(Scope { secrets: facts })
}

fn secret_facts(secret: &SecretDecl, object_name: String, place: SecretPlace, secrets: &Secrets) -> Arc<SecretFacts> {
    let facts = SecretFacts {
        object_name,
        keys: secret.keys.iter().map(|key| key.key.clone()).collect(),
        optional_keys: secret.keys.iter().filter(|key| is_optional(&key.source)).map(|key| key.key.clone()).collect(),
        // A Secret that is not generated yet will start with revision 1.
        revision: secrets.get(place, &secret.name).map_or(1, |file| file.revision),
    };
    Arc::new(facts)
}

const fn is_optional(source: &SecretSource) -> bool {
    matches!(source, SecretSource::Provided { optional: true, .. })
}
