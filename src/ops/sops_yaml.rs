//! `.sops.yaml` at the fleet's root: generated, kept in step with the environments, and never written over a person's own.

use std::sync::Arc;

use crate::diagnostic::{Class, Code, Diagnostic, Sink, SourceMap, Span};
use crate::files::{Durability, Root};
use crate::fleet::Fleet;
use crate::names::RelPath;
use crate::secret::{is_own_config, sops_config};
use crate::sops::{Recipient, parse_recipient};

use super::Error;
use super::store_files::MAX_FILE;

/// A `.sops.yaml` that lmsgen did not write.
const FOREIGN: Code = Code::new("LMS444", Class::Secret);

/// A `.sops.yaml` of lmsgen's that is out of step.
const STALE: Code = Code::new("LMS448", Class::Secret);

/// The path.
pub fn path() -> RelPath {
    RelPath::new(".sops.yaml").expect("a plain name")
}

/// What the file must hold; `None` when no environment has a store.
pub fn wanted(fleet: &Fleet) -> Option<Arc<[u8]>> {
    let stored = fleet.environments.iter().filter(|one| one.form.stored().is_some() && !one.recipients.is_empty());
    let rules: Vec<(&str, Vec<Recipient>)> = stored
        .map(|one| (one.name.as_str(), one.recipients.iter().filter_map(|text| parse_recipient(text).ok()).collect()))
        .collect();
    let rules: Vec<(&str, &[Recipient])> =
        rules.iter().map(|(name, recipients)| (*name, recipients.as_slice())).collect();
    (!rules.is_empty()).then(|| sops_config(&rules).into_bytes().into())
}

/// The file on disk, unless a person wrote it.
///
/// # Errors
/// It cannot be read.
pub fn own(root: &Root) -> Result<Option<Arc<[u8]>>, Error> {
    Ok(root.read(&path(), MAX_FILE)?.filter(|bytes| is_own_config(bytes)).map(Into::into))
}

/// Writes the file where it is missing or out of step; `true` if it was written.
///
/// # Errors
/// It cannot be read or written.
pub fn keep_in_step(root: &Root, fleet: &Fleet) -> Result<bool, Error> {
    let Some(wanted) = wanted(fleet) else { return Ok(false) };
    match root.read(&path(), MAX_FILE)? {
        Some(found) if *found == *wanted || !is_own_config(&found) => Ok(false),
        _ => {
            root.write(&path(), &wanted, Durability::Cached)?;
            Ok(true)
        }
    }
}

/// Says so when a person's own file keeps plain `sops` from doing what the environments say.
///
/// # Errors
/// It cannot be read.
pub fn check(root: &Root, fleet: &Fleet, sources: &mut SourceMap, sink: &mut Sink) -> Result<(), Error> {
    let found = root.read(&path(), MAX_FILE)?;
    if let (Some(found), Some(wanted)) = (&found, wanted(fleet))
        && is_own_config(found)
        && **found != *wanted
    {
        let file = sources.add(path().as_str(), "");
        let warning = Diagnostic::warning(STALE, "`.sops.yaml` does not say what the environments say");
        let help = "`sops edit` and `sops updatekeys` would encrypt to others; run `lmsgen render`, or `lmsgen secrets rewrap` where recipients were changed: both write it";
        sink.push(warning.at(Span::file_start(file), "").help(help));
    }
    if found.is_some_and(|bytes| !is_own_config(&bytes)) {
        let file = sources.add(path().as_str(), "");
        let warning = Diagnostic::warning(FOREIGN, "`.sops.yaml` was not written by lmsgen and is left alone");
        let help = "`sops edit` and `sops updatekeys` follow it, not the environments; remove it, and `lmsgen render` writes one";
        sink.push(warning.at(Span::file_start(file), "").help(help));
    }
    Ok(())
}
