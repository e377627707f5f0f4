//! What to ask a cluster for: every kind that is committed in a namespace, at once, and what explains its troubles.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::dump::Dump;
use super::expected::Expected;
use super::live::{group, kind};
use crate::manifest::ObjectRef;

/// Kinds that are asked for beside those that are committed.
const BESIDE: [(&str, &str); 3] = [("", "Pod"), ("apps", "ReplicaSet"), ("", "Event")];

/// Kinds without which nothing runs: when a dump has none of them, none of them is there.
const WORKLOADS: [(&str, &str); 5] =
    [("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("batch", "Job"), ("batch", "CronJob")];

/// Groups that every cluster serves.
const BUILT_IN: [&str; 8] =
    ["", "apps", "autoscaling", "batch", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io"];

/// A kind of objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// API group; empty for the core.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// `deployments.apps`, as `kubectl` takes it.
    pub name: String,
}

impl Resource {
    fn new(group: &str, kind: &str) -> Self {
        let name = plural(kind);
        let name = if group.is_empty() { name } else { format!("{name}.{group}") };
        Self { group: group.to_owned(), kind: kind.to_owned(), name }
    }

    /// `true` if a cluster may lack it.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        !BUILT_IN.contains(&self.group.as_str())
    }
}

/// One question to a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Where to look.
    pub namespace: String,
    /// What for.
    pub resources: Vec<Resource>,
}

/// The questions about an environment: one for its namespace, and one for each other namespace that its delivery has
/// objects in; `applications` is where Argo CD makes its own. Secrets are never asked for, and neither is what has no namespace.
#[must_use]
pub fn queries(expected: &[Expected], namespace: &str, applications: Option<&str>) -> Vec<Query> {
    let mut wanted: BTreeMap<&str, BTreeSet<Resource>> = BTreeMap::new();
    let own = wanted.entry(namespace).or_default();
    own.extend(BESIDE.map(|(group, kind)| Resource::new(group, kind)));
    for object in expected.iter().map(|one| &one.object) {
        if let Some(place) = object.namespace.as_deref().filter(|_| object.kind != "Secret") {
            wanted.entry(place).or_default().insert(Resource::new(object.group(), &object.kind));
        }
    }
    if let Some(place) = applications {
        wanted.entry(place).or_default().insert(Resource::new("argoproj.io", "Application"));
    }
    wanted
        .into_iter()
        .map(|(place, resources)| Query { namespace: place.to_owned(), resources: resources.into_iter().collect() })
        .collect()
}

/// The name of a kind's resource: kinds of Kubernetes and of all projects that fleets use are regular.
fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    if kind.ends_with(['s', 'x']) || kind.ends_with("ch") || kind.ends_with("sh") {
        return format!("{kind}es");
    }
    match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ => format!("{kind}s"),
    }
}

/// Kinds that were looked for: what is missing of others says nothing.
#[derive(Clone, Debug, Default)]
pub struct Seen(HashSet<(String, String)>);

impl Seen {
    /// What was asked for and answered.
    #[must_use]
    pub fn asked<'r>(answered: impl IntoIterator<Item = &'r Resource>) -> Self {
        Self(answered.into_iter().map(|one| (one.group.clone(), one.kind.clone())).collect())
    }

    /// What a saved dump can tell: a kind that it has objects of was looked for.
    #[must_use]
    pub fn in_dump(dump: &Dump) -> Self {
        let found = dump.iter().map(|object| (group(object).to_owned(), kind(object).to_owned()));
        let always = WORKLOADS.map(|(group, kind)| (group.to_owned(), kind.to_owned()));
        let mut seen: HashSet<_> = found.chain(always).collect();
        seen.remove(&(String::new(), "Secret".to_owned()));
        Self(seen)
    }

    /// A workload that the cluster did not show.
    pub(super) fn hides(&self, object: &ObjectRef) -> bool {
        WORKLOADS.contains(&(object.group(), object.kind.as_str())) && !self.holds(object)
    }

    pub(super) fn holds(&self, object: &ObjectRef) -> bool {
        self.0.contains(&(object.group().to_owned(), object.kind.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_regular_plurals() {
        for (kind, name) in [
            ("Ingress", "ingresses"),
            ("NetworkPolicy", "networkpolicies"),
            ("Gateway", "gateways"),
            ("HTTPRoute", "httproutes"),
            ("SopsSecret", "sopssecrets"),
            ("Kustomization", "kustomizations"),
        ] {
            assert_eq!(plural(kind), name);
        }
    }

    #[test]
    fn one_question_a_namespace_and_none_about_secrets() {
        let read = |path: &str, version: &str, kind: &str, namespace: &str| {
            let text = format!("apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: a\n{namespace}");
            Expected::read(path, text.as_bytes()).unwrap()
        };
        let expected = [
            read("rendered/dev/C1/app/a.yaml", "apps/v1", "Deployment", "  namespace: n\n"),
            read("rendered/dev/C2/app/a.yaml", "apps/v1", "Deployment", "  namespace: n\n"),
            read("rendered/dev/C2/app/b.yaml", "v1", "Secret", "  namespace: n\n"),
            read("rendered/dev/environment/a.yaml", "v1", "Namespace", ""),
            read(
                "rendered/dev/delivery/a.yaml",
                "kustomize.toolkit.fluxcd.io/v1",
                "Kustomization",
                "  namespace: flux\n",
            ),
        ];
        let asked = queries(&expected, "n", None);
        let asked: Vec<_> = asked
            .iter()
            .map(|one| (one.namespace.as_str(), one.resources.iter().map(|of| of.name.as_str()).collect::<Vec<_>>()))
            .collect();
        assert_eq!(
            asked,
            [
                ("flux", vec!["kustomizations.kustomize.toolkit.fluxcd.io"]),
                ("n", vec!["events", "pods", "deployments.apps", "replicasets.apps"])
            ]
        );
    }
}
