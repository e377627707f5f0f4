//! Which Secret a command is about, and its store file.

use crate::diagnostic::{Diagnostic, Severity};
use crate::document::did_you_mean;
use crate::files::Root;
use crate::fleet::{Fleet, SecretDecl, SecretKeyDecl, Selection, Sources};
use crate::ops::Error;
use crate::ops::prepare::Checked;
use crate::ops::secret_place::OF_ENVIRONMENT;
use crate::ops::store::{Wanted, add_masked, compare, of_environments, wanted};
use crate::ops::store_files::MAX_FILE;
use crate::ops::typed_key::named_key;
use crate::secret::{OTHER_OBJECT, OTHER_PLACE, StoredSecret, place};

/// Which Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRef {
    /// `lms-dev/C42`, or `lms-dev` for a Secret of the environment.
    pub place: String,
    /// Logical name of the Secret.
    pub name: String,
}

impl SecretRef {
    /// As its store file says it: `/lms-dev/C42/lms-secret/`.
    #[must_use]
    pub fn place_of_file(&self) -> String {
        let (environment, folder) = self.place.split_once('/').unwrap_or((&self.place, OF_ENVIRONMENT));
        place(environment, folder, &self.name)
    }
}

/// A declared Secret and the bytes of its store file, if there is one.
pub(super) struct Found<'f> {
    pub fleet: &'f Fleet,
    pub one: Wanted<'f>,
    pub existing: Option<Vec<u8>>,
}

/// Reads the fleet, finds a Secret in it and works on that. Faults of the fleet and of the store file are in the result.
///
/// # Errors
/// A Secret that the fleet does not declare; a file that cannot be read; whatever `work` says.
pub(super) fn on_secret<T>(
    root: &Root,
    which: &SecretRef,
    work: impl FnOnce(&Found<'_>) -> Result<T, Error>,
) -> Result<Checked<T>, Error> {
    let loaded = crate::fleet::load(&Sources::from_disk(root)?);
    let (Some(fleet), false) = (&loaded.fleet, loaded.found.has_errors()) else {
        return Ok(checked(None, loaded.found.into_sorted(&loaded.sources), loaded.sources));
    };
    let one = find(fleet, which)?;
    let existing = root.read(&one.path, MAX_FILE)?;
    let found = Found { fleet, one, existing };
    let mut sources = loaded.sources;
    let bytes = found.existing.as_deref().unwrap_or_default();
    if let Ok(stored) = StoredSecret::parse(&bytes.into()) {
        let mut faults = compare(fleet, &found.one, &stored).faults;
        faults.retain(|fault| fault.severity == Severity::Error && [OTHER_OBJECT, OTHER_PLACE].contains(&fault.code));
        if !faults.is_empty() {
            let file = add_masked(&mut sources, found.one.path.as_str(), bytes);
            return Ok(checked(None, faults.iter().map(|fault| fault.diagnostic(file)).collect(), sources));
        }
    }
    match work(&found) {
        Ok(outcome) => Ok(checked(Some(outcome), Vec::new(), sources)),
        Err(Error::Secret { source, .. }) => {
            let file = add_masked(&mut sources, found.one.path.as_str(), bytes);
            Ok(checked(None, source.diagnostics(file), sources))
        }
        Err(other) => Err(other),
    }
}

fn checked<T>(outcome: Option<T>, found: Vec<Diagnostic>, sources: crate::diagnostic::SourceMap) -> Checked<T> {
    Checked { outcome, found, sources, n_instances: 0, n_objects: 0 }
}

/// The declared Secret that is meant.
fn find<'f>(fleet: &'f Fleet, which: &SecretRef) -> Result<Wanted<'f>, Error> {
    let (environment, client) = match which.place.split_once('/') {
        Some((environment, client)) => (environment, Some(client)),
        None => (which.place.as_str(), None),
    };
    // A pattern would mean the first of several.
    if which.place.contains(['*', '?']) {
        return Err(Error::Usage(format!("`{}` is a pattern; name one place", which.place)));
    }
    let selection = Selection {
        environments: vec![environment.to_owned()],
        clients: client.map(str::to_owned).into_iter().collect(),
        labels: Vec::new(),
    };
    let of_place: Vec<Wanted<'f>> = match client {
        Some(_) => {
            let places = wanted(fleet, &selection.instances(fleet)?);
            places.into_iter().filter(|one| one.place.client.is_some()).collect()
        }
        // Also where no client runs yet.
        None => match fleet.environments.iter().position(|one| one.name.as_str() == environment) {
            Some(named) => of_environments(fleet, |index| index == named),
            None => return Err(selection.instances(fleet).err().map_or(Error::Faults, Error::Selection)),
        },
    };
    let known: Vec<String> = of_place.iter().map(|one| one.decl.name.to_string()).collect();
    let one = of_place.into_iter().find(|one| one.decl.name.as_str() == which.name).ok_or_else(|| {
        let known = if known.is_empty() { "none".to_owned() } else { format!("`{}`", known.join("`, `")) };
        let of_clients = client.is_none()
            && fleet.stacks.iter().any(|stack| stack.secrets.iter().any(|secret| secret.name.as_str() == which.name));
        let hint =
            if of_clients { format!("; it belongs to clients: name `{}/CLIENT`", which.place) } else { String::new() };
        Error::Usage(format!("`{}` has no Secret `{}`; there is {known}{hint}", which.place, which.name))
    })?;
    if fleet.environments[one.place.environment].form.stored().is_none() {
        let message = format!(
            "`{environment}` keeps its values outside of the store (`form = \"external\"`): read and set them there\n  = help: \
             what a file of the store still holds is shown by `sops decrypt {}`, or by this command with the form that it was \
             written in",
            one.path
        );
        return Err(Error::Usage(message));
    }
    Ok(one)
}

impl Found<'_> {
    /// The declaration of a key.
    ///
    /// # Errors
    /// The stack declares no such key.
    pub fn key(&self, key: &str) -> Result<&SecretKeyDecl, Error> {
        declared_key(self.one.decl, key)
    }

    /// Says which file an error is about.
    pub fn secret_error(&self, source: crate::secret::StoreError) -> Error {
        Error::Secret { path: self.one.path.to_string(), source }
    }
}

/// The declaration of a key.
///
/// # Errors
/// The stack declares no such key.
pub(super) fn declared_key<'d>(decl: &'d SecretDecl, key: &str) -> Result<&'d SecretKeyDecl, Error> {
    decl.keys.iter().find(|one| one.key == key).ok_or_else(|| {
        let known = || decl.keys.iter().map(|one| one.key.as_str());
        let nearest = did_you_mean(key, known()).map_or_else(String::new, |text| format!("; {text}"));
        let keys = known().collect::<Vec<_>>().join("`, `");
        let named = named_key(key);
        Error::Usage(format!("Secret `{}` has no {named}; the stack declares `{keys}`{nearest}", decl.name))
    })
}
