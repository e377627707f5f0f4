//! `manifests`: what a selection renders to, as one stream in the order to apply it. Writes nothing.

use std::sync::Arc;

use crate::files::Root;
use crate::fleet::{Selection, Sources};
use crate::manifest::apply_rank;
use crate::secret::plain_manifest;
use crate::sops::{Identities, Plaintext};
use crate::tree::RECORD;

use super::Error;
use super::prepare::{Checked, Prepared, prepare};
use super::render::{Strictness, require_secrets};
use super::secret_place::OF_ENVIRONMENT;
use super::store_files::StoreFiles;

/// What to put out.
pub struct ManifestsOptions<'a> {
    /// Whose objects.
    pub selection: Selection,
    /// Only this phase; `environment` for what the environment shares. Without it, the phases of instances, one after the
    /// other.
    pub phase: Option<String>,
    /// Private keys to decrypt Secrets with; without them, encrypted objects are left out.
    pub decrypt: Option<&'a Identities>,
}

/// One object as a YAML document.
pub enum Document {
    /// As rendered.
    Rendered(Arc<[u8]>),
    /// A Secret, decrypted.
    Decrypted(Plaintext),
}

/// The stream.
#[derive(Default)]
pub struct Manifests {
    /// Objects in the order to apply them.
    pub documents: Vec<Document>,
    /// Encrypted objects that were left out.
    pub left_out: usize,
}

/// Renders the selection in memory and puts its objects in order.
///
/// # Errors
/// A broken operation, an unknown phase, a file that no key opens; faults of the fleet's files are in the result.
pub fn manifests(root: &Root, options: &ManifestsOptions<'_>) -> Result<Checked<Manifests>, Error> {
    let files = Sources::from_disk(root)?;
    let mut prepared = match prepare(StoreFiles::Disk(root), files, &options.selection)? {
        Ok(prepared) => prepared,
        Err(faults) => return Ok(faults.with(None)),
    };
    // What is missing in the store would be missing in the stream.
    require_secrets(root, &mut prepared, Strictness::Locked)?;
    if prepared.found.has_errors() {
        return Ok(prepared.finish(None));
    }
    let mut environments = prepared.instances.iter().map(|&at| prepared.fleet.instances[at].environment);
    let first = environments.next();
    if options.decrypt.is_some() && environments.any(|other| Some(other) != first) {
        let message = "Secrets of several environments are not decrypted into one stream: name one with `-e`";
        return Err(Error::Usage(message.into()));
    }
    let phases = phases(&prepared, options.phase.as_deref())?;
    let tree = std::mem::take(&mut prepared.rendered.tree);
    let mut found = Vec::new();
    for folder in tree.folders() {
        let parts: Vec<&str> = folder.path.as_str().split('/').collect();
        let phase = match parts[..] {
            [_, _, OF_ENVIRONMENT] => OF_ENVIRONMENT,
            [_, _, _, phase] => phase,
            _ => continue,
        };
        let Some(at) = phases.iter().position(|known| known == phase) else { continue };
        // Instances one after the other, so that a stream that ends early leaves few half done.
        let instance = if phase == OF_ENVIRONMENT { String::new() } else { parts[1..3].join("/") };
        for (name, bytes) in folder.files.iter().filter(|(name, _)| name != RECORD) {
            let kind = name.split('-').next().unwrap_or_default();
            found.push((
                (instance.clone(), at, apply_rank(kind), name.clone()),
                folder.path.to_string(),
                Arc::clone(bytes),
            ));
        }
    }
    found.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    let mut stream = Manifests::default();
    for ((_, _, _, name), folder, bytes) in found {
        if !(name.starts_with("secret-") || name.starts_with("sopssecret-")) {
            stream.documents.push(Document::Rendered(bytes));
            continue;
        }
        let Some(identities) = options.decrypt else {
            stream.left_out += 1;
            continue;
        };
        let path = format!("{folder}/{name}");
        let plain = plain_manifest(&bytes, identities).map_err(|source| Error::Secret { path, source })?;
        stream.documents.push(Document::Decrypted(plain));
    }
    Ok(prepared.finish(Some(stream)))
}

/// The phases that are asked for, in order.
fn phases(prepared: &Prepared, only: Option<&str>) -> Result<Vec<String>, Error> {
    let mut all: Vec<String> = Vec::new();
    for &at in &prepared.instances {
        let stack = &prepared.fleet.stacks[prepared.fleet.clients[prepared.fleet.instances[at].client].stack];
        for phase in &stack.phases {
            if !all.iter().any(|known| known == phase.as_str()) {
                all.push(phase.to_string());
            }
        }
    }
    match only {
        None => Ok(all),
        Some(phase) if phase == OF_ENVIRONMENT || all.iter().any(|known| known == phase) => Ok(vec![phase.to_owned()]),
        Some(phase) => {
            all.insert(0, OF_ENVIRONMENT.to_owned());
            Err(Error::Usage(format!("there is no phase `{phase}`; phases are `{}`", all.join("`, `"))))
        }
    }
}
