//! The objects of changed files, and what can be said of one file by itself.

use rayon::prelude::*;

use super::alike::{is_nobodys, key, leaders};
use super::pair::{Object, Pair, Side, pair};
use super::{ObjectChange, Owner, drops_data};
use crate::manifest::{ObjectRef, Value, parse_documents};
use crate::tree::FileChange;

/// The record of which files are owned; no object of the cluster.
pub(super) const RECORD: &str = "kustomization.yaml";

/// What a changed file says.
#[derive(Default)]
pub(super) struct FileObjects {
    /// Changes of objects that are in both versions of the file.
    pub(super) changed: Vec<ObjectChange>,
    /// Objects that are in one version only: moved, created or deleted.
    pub(super) rest: Vec<Object>,
}

/// Reads every file; `None` for one that holds anything but objects, or belongs to nobody.
pub(super) fn read_all(changes: &[FileChange]) -> Vec<Option<FileObjects>> {
    let key = |change: &FileChange| key(&Owner::of_change(change)?, change);
    read_by(changes, &changes.par_iter().map(key).collect::<Vec<_>>())
}

/// Reads one file of each key, and every file without a key.
fn read_by(changes: &[FileChange], keys: &[Option<[u8; 32]>]) -> Vec<Option<FileObjects>> {
    let owners: Vec<Option<Owner>> = changes.iter().map(Owner::of_change).collect();
    let leaders = leaders(keys);
    let read = |at: usize| read(at, owners[at].as_ref()?, &changes[at]);
    let first: Vec<Option<FileObjects>> =
        (0..changes.len()).into_par_iter().map(|at| if leaders[at] == at { read(at) } else { None }).collect();
    let shared: Vec<Option<&[ObjectChange]>> = first
        .iter()
        .zip(&owners)
        .map(|(file, owner)| {
            let (file, owner) = (file.as_ref()?, owner.as_ref()?);
            (file.rest.is_empty() && is_nobodys(&file.changed, owner)).then_some(file.changed.as_slice())
        })
        .collect();
    let followers: Vec<Option<FileObjects>> = (0..changes.len())
        .into_par_iter()
        .map(|at| match shared[leaders[at]] {
            _ if leaders[at] == at => None,
            Some(same) => Some(FileObjects { changed: same.to_vec(), rest: Vec::new() }),
            None => read(at),
        })
        .collect();
    first.into_iter().zip(followers).map(|(leader, follower)| leader.or(follower)).collect()
}

/// Compares the objects of one file.
fn read(file: usize, owner: &Owner, change: &FileChange) -> Option<FileObjects> {
    let mut objects = Vec::new();
    for (side, bytes) in [(Side::Old, &change.old), (Side::New, &change.new)] {
        let Some(bytes) = bytes else { continue };
        for value in documents(bytes)? {
            let reference = ObjectRef::of(&value)?;
            let drops = drops_data(&change.path);
            objects.push(Object { side, file, owner: owner.clone(), reference, value, drops });
        }
    }
    let mut found = FileObjects::default();
    for pair in pair(objects) {
        match pair {
            Pair { old: Some(_), new: Some(_) } => found.changed.extend(pair.compare().map(|(found, _)| found.object)),
            Pair { old, new } => found.rest.extend(old.into_iter().chain(new)),
        }
    }
    Some(found)
}

/// The objects of a file, those of a `List` by themselves; `None` if it cannot be read.
pub(super) fn documents(bytes: &[u8]) -> Option<Vec<Value>> {
    let documents = parse_documents(std::str::from_utf8(bytes).ok()?).ok()?;
    let items = |value: Value| match value.at(&["items"]).and_then(Value::as_list) {
        Some(items) if value.str_at(&["kind"]) == Some("List") => items.to_vec(),
        _ => vec![value],
    };
    Some(documents.into_iter().flat_map(items).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::names::RelPath;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn reading_one_of_many_says_what_reading_each_says(
            lines in prop::collection::vec("[a-cC15 .:-]{0,3}(@|@@|x@|\"@\"|\\\\\n  @|#@)?[a-c5 .:-]{0,3}", 1..4),
            changed in 0..4_usize,
        ) {
            let clients = ["C5", "C15", "c7", "acme", "e5", "123", "inf"];
            let text = |client: &str, release: u32| {
                let mut out = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a-@\ndata:\n".to_owned();
                for (at, line) in lines.iter().enumerate() {
                    let release = if at == changed { release } else { 0 };
                    out.push_str(&format!("  k{at}: \"{}@ {release}\"\n  p{at}: {line}\n", line.replace('"', "")));
                }
                out.replace("@@", client).replace('@', &client.to_lowercase()).into_bytes()
            };
            let changes: Vec<FileChange> = clients
                .iter()
                .map(|client| FileChange {
                    path: RelPath::new(&format!("rendered/e/{client}/app/configmap-a.yaml")).unwrap(),
                    old: Some(text(client, 1)),
                    new: Some(text(client, 2)),
                })
                .collect();
            let changed = |files: Vec<Option<FileObjects>>| -> Vec<Option<Vec<ObjectChange>>> {
                files.into_iter().map(|file| file.map(|file| file.changed)).collect()
            };
            let each = read_by(&changes, &vec![None; changes.len()]);
            prop_assert_eq!(changed(read_all(&changes)), changed(each));
        }
    }
}
