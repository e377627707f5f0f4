//! What is committed: the objects of an environment's folder at a revision, with the few facts that a cluster is held to.

use crate::manifest::{ObjectRef, Value, parse_documents, read_block};

/// Whose an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// What the environment has once.
    Environment,
    /// A client, by id.
    Client(String),
}

/// A committed object.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Whose it is.
    pub owner: Owner,
    /// The phase it is of.
    pub phase: Option<String>,
    /// `true` for what tells Flux or Argo CD to apply something.
    pub is_delivery: bool,
    /// What it is called.
    pub object: ObjectRef,
    /// Where it is committed: a path of the fleet.
    pub path: String,
    pub(super) images: Vec<(String, String)>,
    /// Of the Pods' template; of lmsgen and of people.
    pub(super) annotations: Vec<(String, String)>,
    pub(super) replicas: Option<i64>,
    /// Secret and key of every reference.
    pub(super) secrets: Vec<(String, String)>,
    /// Of an autoscaler: whose replicas it sets.
    pub(super) scales: Option<(String, String)>,
}

impl Expected {
    /// Reads a file of the output; `None` for what is no object: lists of files, and what is broken.
    #[must_use]
    pub fn read(path: &str, bytes: &[u8]) -> Option<Self> {
        let mut parts = path.split('/').skip_while(|part| *part != "rendered").skip(1);
        let (environment, first) = (parts.next()?, parts.next()?);
        let rest: Vec<&str> = parts.collect();
        let stem = rest.last()?.strip_suffix(".yaml")?;
        if stem == "kustomization" {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let value = read_block(text).or_else(|| parse_documents(text).ok()?.into_iter().next())?;
        let object = ObjectRef::of(&value)?;
        let is_delivery = first == "delivery";
        let (owner, phase) = match first {
            "environment" => (Owner::Environment, None),
            "delivery" => delivered(&value, environment).unwrap_or((Owner::Environment, None)),
            client => (Owner::Client(client.to_owned()), (rest.len() > 1).then(|| rest[0].to_owned())),
        };
        let template = pod_template(&value);
        Some(Self {
            owner,
            phase,
            is_delivery,
            object,
            path: path.to_owned(),
            images: template.map(images).unwrap_or_default(),
            annotations: template.map(annotations).unwrap_or_default(),
            replicas: integer(&value, &["spec", "replicas"]),
            secrets: secret_references(&value),
            scales: scaled(&value),
        })
    }

    /// What the cluster knows it by: group, kind, namespace and name. Versions of a group are one object.
    pub(super) fn key(&self) -> (&str, &str, &str, &str) {
        let object = &self.object;
        (object.group(), &object.kind, object.namespace.as_deref().unwrap_or_default(), &object.name)
    }
}

/// Which instance's objects a Flux Kustomization or an Argo CD Application applies, told by its path:
/// `./rendered/lms-prod/C42/app`. `None` if it is another environment's, or nobody's.
pub(super) fn delivered(object: &Value, environment: &str) -> Option<(Owner, Option<String>)> {
    let path = object.str_at(&["spec", "path"]).or_else(|| object.str_at(&["spec", "source", "path"]))?;
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let at = parts.windows(2).position(|pair| pair == ["rendered", environment])?;
    match &parts[at + 2..] {
        [client] | [client, _] if matches!(*client, "environment" | "delivery") => Some((Owner::Environment, None)),
        [client] => Some((Owner::Client((*client).to_owned()), None)),
        [client, phase] => Some((Owner::Client((*client).to_owned()), Some((*phase).to_owned()))),
        _ => Some((Owner::Environment, None)),
    }
}

/// The template of an object's Pods, or the Pod itself.
pub(super) fn pod_template(object: &Value) -> Option<&Value> {
    match object.str_at(&["kind"])? {
        "Pod" => Some(object),
        "CronJob" => object.at(&["spec", "jobTemplate", "spec", "template"]),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => object.at(&["spec", "template"]),
        _ => None,
    }
}

/// Containers and their images.
pub(super) fn images(template: &Value) -> Vec<(String, String)> {
    let lists = ["initContainers", "containers"].into_iter().filter_map(|list| template.at(&["spec", list])?.as_list());
    let image = |container: &Value| Some((container.str_at(&["name"])?.into(), container.str_at(&["image"])?.into()));
    lists.flatten().filter_map(image).collect()
}

fn annotations(template: &Value) -> Vec<(String, String)> {
    let Some(map) = template.at(&["metadata", "annotations"]).and_then(Value::as_map) else { return Vec::new() };
    map.iter().filter_map(|(key, value)| Some((key.to_owned(), value.as_str()?.to_owned()))).collect()
}

/// A whole number at a path.
pub(super) fn integer(value: &Value, path: &[&str]) -> Option<i64> {
    match value.at(path)? {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

fn secret_references(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Map(map) => {
            for (key, value) in map.iter() {
                match (key, value.str_at(&["name"]), value.str_at(&["key"])) {
                    ("secretKeyRef", Some(name), Some(key)) => found.push((name.to_owned(), key.to_owned())),
                    _ => collect(value, found),
                }
            }
        }
        _ => {}
    }
}

fn scaled(value: &Value) -> Option<(String, String)> {
    let target = value.at(&["spec", "scaleTargetRef"])?;
    Some((target.str_at(&["kind"])?.to_owned(), target.str_at(&["name"])?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_whose_an_object_is() {
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  namespace: n\n";
        let read = |path: &str, text: &str| Expected::read(path, text.as_bytes());
        let one = read("rendered/dev/C1/app/deployment-a.yaml", deployment).unwrap();
        assert_eq!((one.owner, one.phase.as_deref()), (Owner::Client("C1".into()), Some("app")));
        let one = read("rendered/dev/environment/deployment-a.yaml", deployment).unwrap();
        assert_eq!((one.owner, one.phase), (Owner::Environment, None));
        assert!(read("rendered/dev/C1/app/kustomization.yaml", deployment).is_none());
        let flux = |path: &str| {
            format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: a\nspec:\n  path: {path}\n"
            )
        };
        for (path, owner, phase) in [
            ("./rendered/dev/C1/app", Owner::Client("C1".into()), Some("app")),
            ("./fleets/a/rendered/dev/C1", Owner::Client("C1".into()), None),
            ("./rendered/dev/environment", Owner::Environment, None),
            ("./rendered/dev/delivery/flux", Owner::Environment, None),
            ("./rendered/dev", Owner::Environment, None),
            ("./rendered/other/C1/app", Owner::Environment, None),
        ] {
            let one = read("rendered/dev/delivery/flux/clients/kustomization-a.yaml", &flux(path)).unwrap();
            assert_eq!((one.owner, one.phase.as_deref(), one.is_delivery), (owner, phase, true), "{path}");
        }
    }
}
