//! `secrets show`.

use crate::document::did_you_mean;
use crate::files::Root;
use crate::names::RelPath;
use crate::ops::Error;
use crate::ops::committed::Committed;
use crate::ops::prepare::Checked;
use crate::ops::typed_key::named_key;
use crate::secret::decrypt;
use crate::sops::{Identities, Plaintext};

use super::SecretRef;
use super::target::on_secret;

/// What there is to show.
#[derive(Debug)]
pub enum Shown {
    /// A value.
    Value(Plaintext),
    /// Keys to choose from.
    Keys(Vec<String>),
    /// The store has no file for it.
    Nothing,
    /// Only the last commit has its file.
    Gone(RelPath),
}

/// Opens one value of a Secret; without `key`, the only one.
///
/// # Errors
/// A Secret or key that is not there, or a file that cannot be opened.
pub fn show_secret(
    root: &Root,
    which: &SecretRef,
    key: Option<&str>,
    identities: &Identities,
) -> Result<Checked<Shown>, Error> {
    on_secret(root, which, |found| {
        let Some(bytes) = &found.existing else {
            let path = &found.one.path;
            let is_gone = Committed::at(root, std::slice::from_ref(path))?.holds(path);
            return Ok(if is_gone { Shown::Gone(path.clone()) } else { Shown::Nothing });
        };
        let mut values = decrypt(bytes, identities).map_err(|source| found.secret_error(source))?;
        let keys: Vec<String> = values.iter().map(|(key, _)| key.clone()).collect();
        let at = match key {
            None if keys.len() == 1 => 0,
            None => return Ok(Shown::Keys(keys)),
            Some(key) => keys.iter().position(|one| one == key).ok_or_else(|| {
                let known = keys.iter().map(String::as_str);
                let nearest = did_you_mean(key, known).map_or_else(String::new, |text| format!("; {text}"));
                let (path, keys) = (&found.one.path, keys.join("`, `"));
                Error::Usage(format!("{path} has no {}; it has `{keys}`{nearest}", named_key(key)))
            })?,
        };
        Ok(Shown::Value(values.swap_remove(at).1))
    })
}
