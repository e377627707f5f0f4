//! Objects for tests of rules.

use super::model::{Found, Group, Object, Outside, Parts, Policy, StoredSecret};
use super::rule::Rule;
use crate::diagnostic::Severity;
use crate::manifest::{Value, parse_documents};

/// What a rule is given.
pub struct Given {
    objects: Vec<Value>,
    around: Vec<Value>,
    secrets: Vec<StoredSecret>,
    outside: Outside,
    is_closed: bool,
    pub policy: Policy,
}

fn parse(text: &str) -> Value {
    parse_documents(text).unwrap_or_else(|error| panic!("{}\n{text}", error.message)).remove(0)
}

impl Given {
    /// Objects beside which there may be others.
    pub fn open(objects: &[&str]) -> Self {
        Self {
            objects: objects.iter().map(|text| parse(text)).collect(),
            around: Vec::new(),
            secrets: Vec::new(),
            outside: Outside::default(),
            is_closed: false,
            policy: Policy::default(),
        }
    }

    /// All objects that there are.
    pub fn closed(objects: &[&str]) -> Self {
        Self { is_closed: true, ..Self::open(objects) }
    }

    pub fn around(mut self, objects: &[&str]) -> Self {
        self.around = objects.iter().map(|text| parse(text)).collect();
        self
    }

    pub fn stored(mut self, name: &str, keys: &[&str]) -> Self {
        let keys = keys.iter().map(|&key| key.to_owned()).collect();
        self.secrets.push(StoredSecret { name: name.into(), keys, revision: 7 });
        self
    }

    pub fn outside(mut self, kind: &str, name: &str) -> Self {
        self.outside.0.push((kind.into(), name.into()));
        self
    }

    pub fn policy(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    pub fn with_group<T>(&self, look: impl FnOnce(&Group<'_>) -> T) -> T {
        let list: Vec<Object<'_>> = self.objects.iter().filter_map(Object::of).collect();
        let around: Vec<Object<'_>> = self.around.iter().filter_map(Object::of).collect();
        look(&Group::new(Parts {
            objects: &list,
            around: &around,
            secrets: &self.secrets,
            outside: &self.outside,
            is_closed: self.is_closed,
            policy: &self.policy,
        }))
    }

    /// `LMS801 spec.path: message` of everything found; a warning says so first.
    pub fn look(&self, rule: Rule) -> Vec<String> {
        let mut found: Vec<Found> = Vec::new();
        self.with_group(|group| rule(group, &mut found));
        let line = |one: &Found| {
            let mark = if one.severity == Severity::Warning { "warning " } else { "" };
            format!("{mark}{} {}: {}", one.code, one.path, one.message)
        };
        found.iter().map(line).collect()
    }
}

/// An object in namespace `dev`.
pub fn object(api_version: &str, kind: &str, name: &str, rest: &str) -> String {
    format!("apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: dev\n{rest}")
}

fn indented(text: &str, by: usize) -> String {
    let start = " ".repeat(by);
    text.lines().flat_map(|line| [start.as_str(), line, "\n"]).collect()
}

/// A Pod with this spec.
pub fn pod(spec: &str) -> String {
    object("v1", "Pod", "p", &format!("spec:\n{}", indented(spec, 2)))
}

/// A Deployment of Pods with label `app: a` and this spec; `rest` goes into its own spec.
pub fn deployment(rest: &str, spec: &str) -> String {
    let template = format!("template:\n  metadata: {{labels: {{app: a}}}}\n  spec:\n{}", indented(spec, 4));
    object("apps/v1", "Deployment", "d", &format!("spec:\n{}{}", indented(rest, 2), indented(&template, 2)))
}

/// A Service for Pods with label `app: a`.
pub fn service(ports: &str) -> String {
    object("v1", "Service", "s", &format!("spec: {{selector: {{app: a}}, ports: {ports}}}\n"))
}
