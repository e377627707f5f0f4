//! What the fleet says that the store file of a place must be. Reads and writes nothing.

use crate::fleet::{Fleet, SecretDecl};
use crate::names::SecretName;
use crate::render::SecretPlace;
use crate::secret::{SecretSpec, pem_to_line, place, public_half};
use crate::sops::{Plaintext, Recipient, parse_recipient};

use super::Error;

/// The folder, in place of a client's, of an environment's own Secrets.
pub const OF_ENVIRONMENT: &str = "environment";

/// The place of a Secret as its file holds it: `/lms-dev/C42/lms-secret/`.
pub fn place_text(fleet: &Fleet, at: SecretPlace, name: &SecretName) -> String {
    let folder = at.client.map_or(OF_ENVIRONMENT, |client| fleet.clients[client].id.as_str());
    place(fleet.environments[at.environment].name.as_str(), folder, name.as_str())
}

/// `lms-dev/C7`, or `lms-dev` for an environment's own: as people name it.
pub fn place_name(fleet: &Fleet, at: SecretPlace) -> String {
    let environment = &fleet.environments[at.environment].name;
    at.client.map_or_else(|| environment.to_string(), |client| format!("{environment}/{}", fleet.clients[client].id))
}

/// The labels of its object.
pub fn labels(fleet: &Fleet, at: SecretPlace) -> Vec<(String, String)> {
    let managed = ("app.kubernetes.io/managed-by".to_owned(), "lmsgen".to_owned());
    let instance = at.client.map(|client| ("app.kubernetes.io/instance".to_owned(), fleet.clients[client].id.slug()));
    instance.into_iter().chain([managed]).collect()
}

/// The environment's recipients, which were checked when the fleet was read.
pub fn recipients(fleet: &Fleet, at: SecretPlace) -> Vec<Recipient> {
    let declared = &fleet.environments[at.environment].recipients;
    declared.iter().filter_map(|text| parse_recipient(text).ok()).collect()
}

/// The Secret that `decl` declares, called `object_name` in the cluster, with `values` to set in it and the public halves of
/// those that are declared public.
///
/// # Errors
/// A value that is declared public and is no RSA key.
pub fn spec(
    fleet: &Fleet,
    (at, decl): (SecretPlace, &SecretDecl),
    object_name: &str,
    values: Vec<(String, Plaintext)>,
) -> Result<SecretSpec, Error> {
    let environment = &fleet.environments[at.environment];
    Ok(SecretSpec {
        form: environment.form.stored().unwrap_or_default(),
        place: place_text(fleet, at, &decl.name),
        name: object_name.to_owned(),
        namespace: environment.namespace.clone(),
        public: public_halves(decl, &values)?,
        labels: labels(fleet, at),
        values,
        revision: 1,
    })
}

/// The public halves of those of `values` that are declared public, as a store file keeps them.
///
/// # Errors
/// A value that is no RSA key.
pub fn public_halves(decl: &SecretDecl, values: &[(String, Plaintext)]) -> Result<Vec<(String, String)>, Error> {
    let public = decl.keys.iter().filter(|key| key.is_public());
    let halves = public.filter_map(|key| values.iter().find(|(known, _)| *known == key.key));
    let halves = halves.map(|(key, value)| match public_half(value) {
        Ok(pem) => Ok((key.clone(), pem_to_line(&pem))),
        Err(error) => Err(Error::Value(format!("`{key}` is declared with `public = true`: {error}"))),
    });
    halves.collect()
}
