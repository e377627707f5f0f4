//! Fields of an object that no template may write: the cluster sets them, or they would carry other objects in.

use crate::manifest::Content;

use super::skeleton::{Entry, ShapeError};

/// Fields of `metadata` that belong to the API server, to controllers, or to nobody's file.
const METADATA: [&str; 11] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Checks an object's fields, in the order of [`super::skeleton`].
///
/// # Errors
/// The first field that must not be there.
pub fn check(entries: &[Entry<'_>]) -> Result<(), ShapeError> {
    for (key, node) in entries {
        let at = node.range.start;
        match (*key, &node.content) {
            ("status", _) => {
                let fault = ShapeError::at(at, "`status` is the cluster's to write");
                return Err(fault.with_help("remove it"));
            }
            ("items", _) if is_list(entries) => {
                let fault = ShapeError::at(at, "a list of objects would hide them from every check");
                return Err(fault.with_help("write each object as a document of its own, after `---`"));
            }
            ("metadata", Content::Map(fields)) => {
                let found = fields.iter().find_map(|(key, _)| match &key.content {
                    Content::Scalar { text, .. } if METADATA.contains(&text.as_str()) => Some((text, key.range.start)),
                    _ => None,
                });
                if let Some((field, at)) = found {
                    let fault = ShapeError::at(at, format!("`metadata.{field}` is not a template's to write"));
                    return Err(fault.with_help("remove it: the API server or a controller sets it"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// `List`, `ConfigMapList`: kubectl and kustomize take its items for objects.
fn is_list(entries: &[Entry<'_>]) -> bool {
    let kind = entries.iter().find(|(key, _)| *key == "kind");
    matches!(kind, Some((_, node)) if matches!(&node.content, Content::Scalar { text, .. } if text.ends_with("List")))
}
