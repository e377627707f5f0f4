//! `manifests`: what a selection renders to, as one stream in the order to apply it. Writes nothing.

use std::sync::Arc;

use crate::delivery::{DELIVERY, PART_OF, apply_set, apply_set_parent};
use crate::files::Root;
use crate::fleet::{DEPROVISION, Environment, Selection, Sources};
use crate::manifest::{LABELS, apply_rank, with_metadata};
use crate::secret::plain_manifest;
use crate::sops::{Identities, Plaintext};
use crate::tree::{RECORD, Tree};

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
    let mut stream = Manifests::default();
    if phases == [OF_ENVIRONMENT] {
        stream.documents = parents(&prepared, &tree);
    }
    for part in in_order(&tree, &phases) {
        let environment = prepared.fleet.environments.iter().find(|one| one.name.as_str() == part.environment);
        let set = environment.and_then(apply_set);
        let label = set.as_deref().map(|set| (PART_OF, set));
        if !(part.name.starts_with("secret-") || part.name.starts_with("sopssecret-")) {
            stream.documents.push(Document::Rendered(labelled(part.bytes, label)));
            continue;
        }
        let Some(identities) = options.decrypt else {
            stream.left_out += 1;
            continue;
        };
        let path = format!("{}/{}", part.folder, part.name);
        let plain = plain_manifest(part.bytes, identities, label).map_err(|source| Error::Secret { path, source })?;
        stream.documents.push(Document::Decrypted(plain));
    }
    Ok(prepared.finish(Some(stream)))
}

/// One file of the stream.
struct Part<'t> {
    environment: &'t str,
    folder: &'t str,
    name: &'t str,
    bytes: &'t Arc<[u8]>,
}

/// The files of `phases`: instances one after the other, so that a stream that ends early leaves few half done, then phases, then
/// what others need first.
fn in_order<'t>(tree: &'t Tree, phases: &[String]) -> Vec<Part<'t>> {
    let mut found = Vec::new();
    for folder in tree.folders() {
        let parts: Vec<&str> = folder.path.as_str().split('/').collect();
        let (client, phase) = match parts[..] {
            [_, _, OF_ENVIRONMENT] => ("", OF_ENVIRONMENT),
            [_, _, client, phase] if client != DELIVERY => (client, phase),
            _ => continue,
        };
        let Some(at) = phases.iter().position(|known| known == phase) else { continue };
        for (name, bytes) in folder.files.iter().filter(|(name, _)| name != RECORD) {
            let kind = name.split('-').next().unwrap_or_default();
            let part = Part { environment: parts[1], folder: folder.path.as_str(), name, bytes };
            found.push(((parts[1], client, at, apply_rank(kind), name), part));
        }
    }
    found.sort_by_key(|(key, _)| *key);
    found.into_iter().map(|(_, part)| part).collect()
}

/// The parents of the ApplySets of environments that are selected whole: of a part, nobody knows all kinds.
fn parents(prepared: &Prepared, tree: &Tree) -> Vec<Document> {
    let count = |all: &mut dyn Iterator<Item = usize>, wanted: usize| all.filter(|&at| at == wanted).count();
    let instances = &prepared.fleet.instances;
    let is_whole = |at: usize| {
        let selected = count(&mut prepared.instances.iter().map(|&one| instances[one].environment), at);
        selected > 0 && selected == count(&mut instances.iter().map(|one| one.environment), at)
    };
    let environments = prepared.fleet.environments.iter().enumerate().filter(|(at, _)| is_whole(*at));
    let parent = |(_, environment): (usize, &Environment)| {
        Some(Document::Rendered(apply_set_parent(environment, &apply_set(environment)?, tree).into()))
    };
    environments.filter_map(parent).collect()
}

fn labelled(bytes: &Arc<[u8]>, label: Option<(&str, &str)>) -> Arc<[u8]> {
    match (label, std::str::from_utf8(bytes)) {
        (Some((key, value)), Ok(text)) => with_metadata(text.to_owned(), LABELS, key, value).into_bytes().into(),
        _ => Arc::clone(bytes),
    }
}

/// The phases that are asked for, in order.
fn phases(prepared: &Prepared, only: Option<&str>) -> Result<Vec<String>, Error> {
    let mut all: Vec<String> = Vec::new();
    for &at in &prepared.instances {
        for phase in prepared.fleet.phases(&prepared.fleet.instances[at]) {
            if !all.iter().any(|known| known == phase) {
                all.push(phase.to_owned());
            }
        }
    }
    // After all others, also those of other stacks.
    all.sort_by_key(|phase| phase == DEPROVISION);
    match only {
        None => Ok(all),
        Some(phase) if phase == OF_ENVIRONMENT || all.iter().any(|known| known == phase) => Ok(vec![phase.to_owned()]),
        Some(phase) => {
            all.insert(0, OF_ENVIRONMENT.to_owned());
            Err(Error::Usage(format!("there is no phase `{phase}`; phases are `{}`", all.join("`, `"))))
        }
    }
}
