//! `secrets import`: values that are in use already become the store's.

use crate::files::Root;
use crate::fleet::SecretSource;
use crate::ops::prepare::Checked;
use crate::ops::typed_key::{could_be_key, named_key};
use crate::ops::{Error, store_files};
use crate::secret::{Generator, generate};
use crate::sops::{Identities, Plaintext};

use super::SecretRef;
use super::set::{SetOutcome, write};
use super::target::{Found, on_secret};

/// What to import.
#[derive(Debug)]
pub struct Import {
    /// Values under the keys they have where they come from.
    pub values: Vec<(String, Plaintext)>,
    /// Keys that are called differently in the stack: old and new.
    pub renamed: Vec<(String, String)>,
    /// Keys to leave out.
    pub ignored: Vec<String>,
}

/// Takes over values. A file that does not exist yet is made complete; in one that exists they are set in one write.
///
/// # Errors
/// Keys that the stack does not declare, values of the wrong kind, or a file that cannot be opened or written.
pub fn import_secret(
    root: &Root,
    which: &SecretRef,
    import: Import,
    (identities, now): (&Identities, &str),
) -> Result<Checked<SetOutcome>, Error> {
    let lock = store_files::lock(root)?;
    let done = on_secret(root, which, |found| {
        let values = named(import)?;
        check(found, &values)?;
        let is_digest = |key: &str| {
            found.key(key).is_ok_and(|one| matches!(one.source, SecretSource::Generate(Generator::Sha256Of { .. })))
        };
        let values = values.into_iter().filter(|(key, _)| !is_digest(key)).collect();
        write(root, found, values, (identities, now))
    });
    drop(lock);
    done
}

/// The values under the keys that the stack gives them.
fn named(import: Import) -> Result<Vec<(String, Plaintext)>, Error> {
    let Import { values, renamed, ignored } = import;
    let absent =
        renamed.iter().map(|(old, _)| old).chain(&ignored).find(|old| !values.iter().any(|(key, _)| key == *old));
    if let Some(key) = absent {
        return Err(Error::Usage(format!("there is no {} in what is imported", named_key(key))));
    }
    let mut named: Vec<(String, Plaintext)> = Vec::new();
    for (key, value) in values.into_iter().filter(|(key, _)| !ignored.contains(key)) {
        let key = renamed.iter().find(|(old, _)| *old == key).map_or(key, |(_, new)| new.clone());
        if named.iter().any(|(known, _)| *known == key) {
            return Err(Error::Usage(format!("there are two values for `{key}`")));
        }
        named.push((key, value));
    }
    if named.is_empty() { Err(Error::Usage("there is nothing to import".to_owned())) } else { Ok(named) }
}

/// Every key must be declared, every value text, and every digest the right one.
fn check(found: &Found<'_>, values: &[(String, Plaintext)]) -> Result<(), Error> {
    for (key, value) in values {
        let decl = found.key(key).map_err(|error| {
            let help = if could_be_key(key) {
                format!("name it with `--map {key}=KEY`, or leave it out with `--ignore {key}`")
            } else {
                "name it with `--map OLD=KEY`, or leave it out with `--ignore OLD`".to_owned()
            };
            Error::Usage(format!("{error}\n  = help: {help}"))
        })?;
        let refuse = |why: &str| Err(Error::Value(format!("the value of `{key}` {why}")));
        if value.is_empty() {
            return refuse("is empty");
        }
        if std::str::from_utf8(value.expose()).is_err() {
            return refuse("is not text (UTF-8); files of SOPS hold text, so encode it, for example by base64");
        }
        if let SecretSource::Generate(generator @ Generator::Sha256Of { key: of }) = &decl.source {
            check_digest((key, value, generator), of, values)?;
        }
    }
    Ok(())
}

/// A digest is taken of what is imported with it, and must be the one given.
fn check_digest(
    (key, value, generator): (&str, &Plaintext, &Generator),
    of: &str,
    values: &[(String, Plaintext)],
) -> Result<(), Error> {
    if !values.iter().any(|(known, _)| known == of) {
        return Err(Error::Usage(format!("`{key}` is the SHA-256 of `{of}`, which is not imported with it")));
    }
    let made =
        generate(&[(key, generator)], values).map_err(|source| Error::Generate { path: key.to_owned(), source })?;
    if made.iter().any(|(_, made)| made == value) {
        return Ok(());
    }
    Err(Error::Value(format!(
        "the value of `{key}` is not the SHA-256 of `{of}`; leave it out with `--ignore {key}`, and it is made"
    )))
}
