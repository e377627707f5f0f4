//! kubectl's ApplySet, KEP-3659: a label on every object that is applied, and a parent object that says of what kinds they are. So any
//! tool that knows ApplySets can list what belongs to an environment.

use std::collections::BTreeSet;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use sha2::{Digest, Sha256};

use super::document::{Object, map};
use crate::fleet::{Delivery, Environment};
use crate::names::RelPath;
use crate::tree::{RECORD, Tree};

/// The label of a member.
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";

/// The name of the parent, in the environment's namespace.
fn parent_name(environment: &Environment) -> String {
    format!("lmsgen-{}", environment.name)
}

/// The id of an environment's ApplySet, made of what names its parent; `None` if the environment is not applied with kubectl.
#[must_use]
pub fn apply_set(environment: &Environment) -> Option<String> {
    if environment.delivery != Delivery::Kubectl {
        return None;
    }
    Some(id(&parent_name(environment), &environment.namespace, "ConfigMap"))
}

/// The id of the set whose parent is an object of the core group.
fn id(name: &str, namespace: &str, kind: &str) -> String {
    let digest = Sha256::digest(format!("{name}.{namespace}.{kind}."));
    format!("applyset-{}-v1", BASE64_URL_SAFE_NO_PAD.encode(digest))
}

/// The parent, with the kinds that `rendered`, the whole output of the environment, holds.
#[must_use]
pub fn apply_set_parent(environment: &Environment, id: &str, rendered: &Tree) -> Vec<u8> {
    let base = RelPath::new(&format!("rendered/{}", environment.name)).expect("made of checked names");
    let folders = rendered.folders().iter().filter(|folder| folder.path.is_within(&base));
    let files = folders.flat_map(|folder| &folder.files).filter(|(name, _)| name != RECORD);
    let kinds: BTreeSet<String> = files.filter_map(|(_, bytes)| group_kind(bytes)).collect();
    let kinds = Vec::from_iter(kinds).join(",");
    let name = parent_name(environment);
    let object = Object {
        api_version: "v1",
        kind: "ConfigMap",
        name: &name,
        namespace: &environment.namespace,
        labels: vec![("applyset.kubernetes.io/id", id.to_owned())],
        annotations: vec![
            ("applyset.kubernetes.io/contains-group-kinds", &kinds),
            ("applyset.kubernetes.io/tooling", concat!("lmsgen/v", env!("CARGO_PKG_VERSION"))),
        ],
        body: ("data", map([])),
    };
    object.into_file().1.to_vec()
}

/// `Deployment.apps`, from the first lines of a file. A SopsSecret is applied as the Secret that it stands for.
fn group_kind(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let (version, kind) = (line("apiVersion: ")?, line("kind: ")?);
    Some(match version.split_once('/') {
        _ if kind == "SopsSecret" => "Secret".to_owned(),
        Some((group, _)) => format!("{kind}.{group}"),
        None => kind.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::id;

    /// The id in kubectl's own tests (`pkg/cmd/apply/apply_test.go`).
    #[test]
    fn ids_are_kubectl_s() {
        let known = "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1";
        assert_eq!(id("my-set", "test", "Secret"), known);
    }
}
