//! `secrets status`: what the store holds against what is declared, by environment. Needs no private key, and says of a
//! file that is broken only that it is.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::diagnostic::Severity;
use crate::files::Root;
use crate::fleet::{Fleet, SecretSource, Selection, Sources};
use crate::names::RelPath;
use crate::secret::{
    BrokenFile, EnvironmentStatus, MissingValue, OTHER_FORM, OTHER_RECIPIENTS, StoredSecret, UNBOUND, UNDECLARED_KEY,
};

use super::Error;
use super::committed::Committed;
use super::interrupted::warn_interrupted;
use super::prepare::Checked;
use super::secret_place::place_name;
use super::store::{Wanted, compare, wanted};
use super::store_files::{StoreFiles, WholeStore};

/// Looks at the store of the selection.
///
/// # Errors
/// A selection without match, or a disk that cannot be read; faults of the fleet's own files are in the result.
pub fn secret_status(root: &Root, selection: &Selection) -> Result<Checked<Vec<EnvironmentStatus>>, Error> {
    let mut loaded = crate::fleet::load(&Sources::from_disk(root)?);
    warn_interrupted(root, &mut loaded.sources, &mut loaded.found)?;
    let broken = loaded.found.has_errors();
    let found = loaded.found.into_sorted(&loaded.sources);
    let (Some(fleet), false) = (&loaded.fleet, broken) else {
        return Ok(Checked { found, sources: loaded.sources, ..Checked::default() });
    };
    let instances = selection.instances(fleet)?;
    let whole = WholeStore::read(root)?;
    let files = StoreFiles::Read(root, &whole);
    let mut wanted = wanted(fleet, &instances);
    wanted.retain(|one| selection.names_environment(fleet.environments[one.place.environment].name.as_str()));
    let paths: Vec<RelPath> = wanted.iter().map(|one| one.path.clone()).collect();
    let committed = Committed::at(root, &paths)?;
    let looks = wanted.par_iter().map(|one| look(fleet, files, one)).collect::<Result<Vec<_>, Error>>()?;
    let mut statuses: BTreeMap<usize, EnvironmentStatus> = BTreeMap::new();
    for &at in &instances {
        let environment = fleet.instances[at].environment;
        statuses.entry(environment).or_default().instances += 1;
    }
    for (one, look) in wanted.iter().zip(looks) {
        add(fleet, (one, &committed), look, statuses.entry(one.place.environment).or_default());
    }
    for (&at, status) in &mut statuses {
        let environment = &fleet.environments[at];
        status.environment = environment.name.to_string();
        status.form = environment.form.stored().map_or("external", |form| form.name());
    }
    let n_instances = instances.len();
    let outcome = Some(statuses.into_values().collect());
    Ok(Checked { outcome, found, sources: loaded.sources, n_instances, n_objects: 0 })
}

/// What one file is, if it is there.
enum Look {
    Nothing,
    Broken(String),
    Stored(Box<StoredSecret>),
}

fn look(fleet: &Fleet, files: StoreFiles<'_>, one: &Wanted<'_>) -> Result<Look, Error> {
    if fleet.environments[one.place.environment].form.stored().is_none() {
        return Ok(Look::Nothing);
    }
    Ok(match files.read(&one.path)? {
        None => Look::Nothing,
        Some(bytes) => match StoredSecret::parse(&bytes) {
            Ok(stored) => Look::Stored(Box::new(stored)),
            Err(faults) => Look::Broken(faults.first().map_or_else(String::new, |fault| fault.message.clone())),
        },
    })
}

fn add(fleet: &Fleet, (one, committed): (&Wanted<'_>, &Committed), look: Look, status: &mut EnvironmentStatus) {
    let environment = &fleet.environments[one.place.environment];
    if environment.form.stored().is_none() {
        return;
    }
    let path = one.path.to_string();
    let mut missing: Vec<usize> = (0..one.decl.keys.len()).collect();
    match look {
        Look::Nothing => {
            if committed.holds(&one.path) {
                status.gone.push(path.clone());
            }
        }
        Look::Broken(fault) => {
            status.broken.push(BrokenFile { path, fault });
            return;
        }
        Look::Stored(stored) => {
            let compared = compare(fleet, one, &stored);
            missing = compared.missing;
            if committed.is_unraised(&one.path, &stored.bytes) {
                status.unraised.push(path.clone());
            }
            let lost = |at: &usize| committed.would_remake(&one.path, &one.decl.keys[*at]);
            if missing.iter().any(lost) {
                status.gone.push(path.clone());
            }
            for recipient in stored.recipients.iter().filter(|one| !environment.recipients.contains(one)) {
                *status.stale_recipients.entry(recipient.clone()).or_default() += 1;
            }
            for recipient in environment.recipients.iter().filter(|one| !stored.recipients.contains(one)) {
                *status.new_recipients.entry(recipient.clone()).or_default() += 1;
            }
            for fault in &compared.faults {
                match fault.code {
                    OTHER_RECIPIENTS => {}
                    OTHER_FORM => status.other_form.push(path.clone()),
                    UNBOUND => status.unbound.push(path.clone()),
                    UNDECLARED_KEY => status.undeclared.push(path.clone()),
                    _ if fault.severity == Severity::Error => {
                        status.broken.push(BrokenFile { path: path.clone(), fault: fault.message.clone() });
                    }
                    _ => {}
                }
            }
        }
    }
    status.present += one.decl.keys.len() - missing.len();
    for at in missing {
        let key = &one.decl.keys[at];
        let generated = match key.source {
            SecretSource::Provided { optional: true, .. } => {
                status.optional += 1;
                continue;
            }
            SecretSource::Provided { .. } => false,
            SecretSource::Generate(_) => true,
        };
        let place = place_name(fleet, one.place);
        let gone = status.gone.last() == Some(&path);
        let (secret, key) = (one.decl.name.to_string(), key.key.clone());
        status.missing.push(MissingValue { place, secret, key, generated, gone });
    }
}
