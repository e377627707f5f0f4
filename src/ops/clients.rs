//! `client new`, `client list`, `client show`.

use crate::diagnostic::Sink;
use crate::files::{Durability, Root};
use crate::fleet::{self, NewClient, Selection, Sources, State, new_client_text};
use crate::names::{ClientId, RelPath};

use super::Error;
use super::prepare::{Checked, prepare};
use super::store::Optional;
use super::store_files::StoreFiles;

/// What `client new` did.
#[derive(Debug)]
pub struct NewClientOutcome {
    /// The file that was written.
    pub path: RelPath,
    /// Values that a person must or may give: place, Secret, key, and what it is.
    pub needs: Vec<(String, String, String, String)>,
}

/// Writes `clients/<id>.toml`. The fleet is loaded with the new file first; nothing is written when that finds a fault
/// in it.
///
/// # Errors
/// A broken operation, or an id that is taken.
pub fn new_client(root: &Root, id: &str, client: &NewClient) -> Result<Checked<NewClientOutcome>, Error> {
    let checked =
        ClientId::new(id).map_err(|error| Error::Usage(format!("client id `{}` {error}", id.escape_debug())))?;
    let path = RelPath::new(&format!("clients/{checked}.toml")).expect("a client's id is a file name");
    let lock = super::store_files::lock(root)?;
    let mut files = Sources::from_disk(root)?;
    let taken = files.iter().find(|(known, _)| known.as_str().eq_ignore_ascii_case(path.as_str()));
    if let Some((known, _)) = taken {
        return Err(Error::Usage(format!("client `{checked}` exists already: {known}")));
    }
    let text = new_client_text(client);
    files.insert(path.clone(), fleet::Content::File(text.as_bytes().into()));
    let selection = Selection { clients: vec![id.to_owned()], ..Selection::default() };
    let prepared = match prepare(StoreFiles::Disk(root), files, &selection)? {
        Ok(prepared) => prepared,
        Err(faults) => return Ok(faults.with(None)),
    };
    let mut needs = Vec::new();
    for missing in &prepared.store.missing {
        for key in missing.provided(Optional::Included) {
            if let (Some(_), fleet::SecretSource::Provided { description, .. }) = (missing.place.client, &key.source) {
                let place = super::secret_place::place_name(&prepared.fleet, missing.place);
                needs.push((place, missing.name.to_string(), key.key.clone(), description.clone()));
            }
        }
    }
    let mut outcome = None;
    if !prepared.found.has_errors() {
        root.create_new(&path, text.as_bytes(), Durability::Durable)?;
        outcome = Some(NewClientOutcome { path, needs });
    }
    drop(lock);
    Ok(prepared.finish(outcome))
}

/// A line of `client list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientLine {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Environments it runs in, and its state there.
    pub environments: Vec<(String, State)>,
    /// Labels.
    pub labels: Vec<(String, String)>,
}

/// Lists the selected clients.
///
/// # Errors
/// A broken operation or a selection without match.
pub fn clients(root: &Root, selection: &Selection) -> Result<Checked<Vec<ClientLine>>, Error> {
    let loaded = fleet::load(&Sources::from_disk(root)?);
    let mut lines = Vec::new();
    if let Some(fleet) = &loaded.fleet {
        let selected = selection.instances(fleet)?;
        for (at, client) in fleet.clients.iter().enumerate() {
            let environments: Vec<(String, State)> = selected
                .iter()
                .map(|&one| &fleet.instances[one])
                .filter(|instance| instance.client == at)
                .map(|instance| (fleet.environments[instance.environment].name.to_string(), instance.state))
                .collect();
            if !environments.is_empty() || selection.is_everything() {
                let labels = client.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
                lines.push(ClientLine { id: client.id.to_string(), name: client.name.clone(), environments, labels });
            }
        }
    }
    Ok(checked(loaded.found, loaded.sources, lines))
}

/// A client's parameters in one environment: path, value and where it was set.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `lms-dev/C42`.
    pub instance: String,
    /// Its state.
    pub state: State,
    /// Path, value, place; only what a client's own file sets.
    pub values: Vec<(String, String, String)>,
}

/// What the client's own file sets, for each environment it runs in.
///
/// # Errors
/// A broken operation or a selection without match.
pub fn client_settings(root: &Root, selection: &Selection) -> Result<Checked<Vec<Settings>>, Error> {
    use crate::params::Layer;
    let loaded = fleet::load(&Sources::from_disk(root)?);
    let mut all = Vec::new();
    if let Some(fleet) = &loaded.fleet {
        for at in selection.instances(fleet)? {
            let instance = &fleet.instances[at];
            let values = instance.params.iter().filter_map(|(decl, value)| {
                let value = value.filter(|value| value.origin.layer >= Layer::Client)?;
                Some((decl.path.to_string(), value.value.to_string(), loaded.sources.place(value.origin.span)))
            });
            let name =
                format!("{}/{}", fleet.environments[instance.environment].name, fleet.clients[instance.client].id);
            all.push(Settings { instance: name, state: instance.state, values: values.collect() });
        }
    }
    Ok(checked(loaded.found, loaded.sources, all))
}

/// A line of `env list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentLine {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Kubernetes minor.
    pub kubernetes: String,
    /// Clients that run in it.
    pub n_instances: usize,
}

/// Lists environments.
///
/// # Errors
/// A broken operation.
pub fn environments(root: &Root) -> Result<Checked<Vec<EnvironmentLine>>, Error> {
    let loaded = fleet::load(&Sources::from_disk(root)?);
    let lines = loaded.fleet.iter().flat_map(|fleet| {
        fleet.environments.iter().enumerate().map(|(at, environment)| EnvironmentLine {
            name: environment.name.to_string(),
            namespace: environment.namespace.clone(),
            kubernetes: environment.kubernetes.clone(),
            n_instances: fleet.instances.iter().filter(|instance| instance.environment == at).count(),
        })
    });
    let lines = lines.collect();
    Ok(checked(loaded.found, loaded.sources, lines))
}

fn checked<T>(found: Sink, sources: crate::diagnostic::SourceMap, outcome: T) -> Checked<T> {
    let outcome = (!found.has_errors()).then_some(outcome);
    Checked { outcome, found: found.into_sorted(&sources), sources, n_instances: 0, n_objects: 0 }
}
