//! Places as a person types them: `lms-dev/C42`, `lms-dev/C4*`, or `lms-dev` for what belongs to the environment itself;
//! and the Secrets that they have.

use crate::files::Root;
use crate::fleet::{Fleet, SecretDecl, Selection, Sources};
use crate::render::SecretPlace;

use super::Error;
use super::prepare::Checked;
use super::secret_place::place_name;
use super::store::{Wanted, wanted};

/// Whose Secrets a command is about.
#[derive(Clone, Debug, Default)]
pub struct Places {
    selection: Selection,
    only_environments: bool,
    /// The place, where exactly one is named.
    single: Option<String>,
}

/// A place that has a Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its environment.
    pub environment: String,
    /// `lms-dev/C42`, or `lms-dev`.
    pub name: String,
}

impl Place {
    pub(super) fn of(fleet: &Fleet, at: SecretPlace) -> Self {
        Self { environment: fleet.environments[at.environment].name.to_string(), name: place_name(fleet, at) }
    }
}

impl From<Selection> for Places {
    /// Those of environments themselves belong to a selection without clients.
    fn from(selection: Selection) -> Self {
        Self { selection, only_environments: false, single: None }
    }
}

impl Places {
    /// What `typed` names, of clients that have all of `labels`.
    #[must_use]
    pub fn typed(typed: &str, labels: Vec<String>) -> Self {
        let (environment, client) = match typed.split_once('/') {
            Some((environment, client)) => (environment, Some(client.to_owned())),
            None => (typed, None),
        };
        let only_environments = client.is_none() && labels.is_empty();
        let single = (labels.is_empty() && !typed.contains(['*', '?'])).then(|| typed.to_owned());
        let clients = client.into_iter().collect();
        let selection = Selection { environments: vec![environment.to_owned()], clients, labels };
        Self { selection, only_environments, single }
    }

    /// The place, where exactly one is named.
    #[must_use]
    pub fn single(&self) -> Option<&str> {
        self.single.as_deref()
    }

    /// Instances that are selected; where only environments are asked for, those that have a client.
    pub(super) fn instances(&self, fleet: &Fleet) -> Result<Vec<usize>, Error> {
        Ok(self.selection.instances(fleet)?)
    }

    /// The Secrets of these places that the store keeps: all, or those called `name`.
    ///
    /// # Errors
    /// No place has one of that name.
    pub(super) fn secrets<'f>(
        &self,
        fleet: &'f Fleet,
        instances: &[usize],
        name: Option<&str>,
    ) -> Result<Vec<Wanted<'f>>, Error> {
        let mut found = wanted(fleet, instances);
        found.retain(|one| {
            let environment = &fleet.environments[one.place.environment];
            let selected = match one.place.client {
                Some(_) => !self.only_environments,
                None => self.selection.is_of_environments(),
            };
            selected
                && self.selection.names_environment(environment.name.as_str())
                && environment.form.stored().is_some()
                && name.is_none_or(|name| one.decl.name.as_str() == name)
        });
        if let (Some(name), true) = (name, found.is_empty()) {
            let hint =
                if self.only_environments { "; name clients' Secrets as `ENV/CLIENT`, all as `ENV/*`" } else { "" };
            return Err(Error::Usage(format!("no place that is asked for has a Secret `{name}`{hint}")));
        }
        Ok(found)
    }
}

/// The places that have a Secret called `name`, in the order of their names. Faults of the fleet are in the result.
///
/// # Errors
/// No place has one; whatever `check` says of its declaration.
pub fn secret_places(
    root: &Root,
    places: &Places,
    name: &str,
    check: impl Fn(&SecretDecl) -> Result<(), Error>,
) -> Result<Checked<Vec<Place>>, Error> {
    let loaded = crate::fleet::load(&Sources::from_disk(root)?);
    let broken = loaded.found.has_errors();
    let mut checked = Checked::default();
    match &loaded.fleet {
        Some(fleet) if !broken => {
            let found = places.secrets(fleet, &places.instances(fleet)?, Some(name))?;
            found.iter().try_for_each(|one| check(one.decl))?;
            let mut found: Vec<Place> = found.iter().map(|one| Place::of(fleet, one.place)).collect();
            found.sort();
            checked.outcome = Some(found);
        }
        _ => checked.found = loaded.found.into_sorted(&loaded.sources),
    }
    checked.sources = loaded.sources;
    Ok(checked)
}
