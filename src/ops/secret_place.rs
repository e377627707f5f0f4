//! What the fleet says that the store file of a place must be. Reads and writes nothing.

use crate::fleet::Fleet;
use crate::names::SecretName;
use crate::render::SecretPlace;
use crate::secret::{SecretSpec, place};
use crate::sops::{Plaintext, Recipient, parse_recipient};

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

/// The Secret called `name` in the stack and `object_name` in the cluster, with `values` to set in it.
pub fn spec(
    fleet: &Fleet,
    (at, name): (SecretPlace, &SecretName),
    object_name: &str,
    values: Vec<(String, Plaintext)>,
) -> SecretSpec {
    let environment = &fleet.environments[at.environment];
    SecretSpec {
        form: environment.form.stored().unwrap_or_default(),
        place: place_text(fleet, at, name),
        name: object_name.to_owned(),
        namespace: environment.namespace.clone(),
        public: Vec::new(),
        labels: labels(fleet, at),
        values,
        revision: 1,
    }
}
