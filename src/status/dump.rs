//! Reading what `kubectl get … -o json` prints: Lists, single objects, several of them one after the other.
//!
//! Keys that no rule looks at are skipped while reading. So a dump of gigabytes fits into memory, and what may be secret
//! (`data`, `env`, `args`) is never held.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::time::parse_time;
use crate::manifest::{Map, Value};

/// Keys that rules look at, wherever they stand.
const KEPT: [&str; 86] = [
    "active",
    "apiVersion",
    "availableReplicas",
    "completionTime",
    "conditions",
    "containerStatuses",
    "containers",
    "controller",
    "creationTimestamp",
    "currentRevision",
    "deletionTimestamp",
    "desiredNumberScheduled",
    "eventTime",
    "exitCode",
    "failed",
    "finishedAt",
    "generation",
    "health",
    "image",
    "initContainerStatuses",
    "initContainers",
    "involvedObject",
    "items",
    "jobTemplate",
    "kind",
    "lastObservedTime",
    "lastState",
    "lastTimestamp",
    "lastTransitionTime",
    "lastUpdateTime",
    "message",
    "metadata",
    "name",
    "namespace",
    "numberAvailable",
    "numberReady",
    "observedGeneration",
    "operationState",
    "ownerReferences",
    "parentRef",
    "parents",
    "partition",
    "path",
    "paused",
    "phase",
    "ready",
    "readyReplicas",
    "reason",
    "replicas",
    "restartCount",
    "restartPolicy",
    "rollingUpdate",
    "running",
    "series",
    "signal",
    "source",
    "spec",
    "startTime",
    "startedAt",
    "state",
    "status",
    "succeeded",
    "suspend",
    "sync",
    "template",
    "terminated",
    "type",
    "uid",
    "unavailableReplicas",
    "updateRevision",
    "updateStrategy",
    "updatedNumberScheduled",
    "updatedReplicas",
    "volumeName",
    "waiting",
    "backoffLimit",
    "completions",
    "parallelism",
    "progressDeadlineSeconds",
    "activeDeadlineSeconds",
    "numberMisscheduled",
    "ephemeralContainerStatuses",
    "collisionCount",
    "sectionName",
    "lastAppliedRevision",
    "revision",
];

/// Mappings that people name the keys of.
const FREE: [&str; 2] = ["labels", "annotations"];

/// Annotations that hold whole objects.
const HEAVY: [&str; 1] = ["kubectl.kubernetes.io/last-applied-configuration"];

/// Why a dump cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// Not JSON, or cut short.
    #[error("line {line}, column {column}: {}", if *is_cut { "the JSON ends too early" } else { "this is no JSON" })]
    Syntax {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// The end is missing.
        is_cut: bool,
    },
    /// JSON without Kubernetes objects.
    #[error("holds something that is neither a Kubernetes object nor a List of them")]
    NoObject,
    /// Nothing at all.
    #[error("is empty")]
    Empty,
}

/// Objects of a cluster, in the order of the dump, without what no rule looks at.
#[derive(Clone, Debug, Default)]
pub struct Dump {
    objects: Vec<Value>,
}

impl Dump {
    /// Reads a dump.
    ///
    /// # Errors
    /// [`DumpError`].
    pub fn read(bytes: &[u8]) -> Result<Self, DumpError> {
        let mut dump = Self::default();
        let mut rest = serde_json::Deserializer::from_slice(bytes).into_iter::<Document>();
        let mut n_documents = 0;
        for document in &mut rest {
            let document = document.map_err(|error| DumpError::Syntax {
                line: error.line(),
                column: error.column(),
                is_cut: error.is_eof(),
            })?;
            n_documents += 1;
            dump.add(document.0)?;
        }
        if n_documents == 0 { Err(DumpError::Empty) } else { Ok(dump) }
    }

    /// Adds what another dump holds; of an object in both, the later one counts.
    pub fn append(&mut self, mut other: Self) {
        self.objects.append(&mut other.objects);
    }

    /// The objects.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.objects.iter()
    }

    /// `true` if there is an object in `namespace`.
    #[must_use]
    pub fn has_namespace(&self, namespace: &str) -> bool {
        self.objects.iter().any(|object| object.str_at(&["metadata", "namespace"]) == Some(namespace))
    }

    /// The latest time that any object tells, in seconds since 1970.
    #[must_use]
    pub fn latest(&self) -> Option<i64> {
        self.objects.iter().filter_map(latest).max()
    }

    /// Ids of commits that Flux and Argo CD say they have applied.
    pub fn applied_commits(&self) -> impl Iterator<Item = &str> {
        let paths: [&[&str]; 2] = [&["status", "lastAppliedRevision"], &["status", "sync", "revision"]];
        let told = self.objects.iter().flat_map(move |object| paths.into_iter().filter_map(|path| object.str_at(path)));
        // `main@sha1:9d03e1f…`, or the id alone.
        let ids = told.filter_map(|text| text.rsplit([':', '/', '@']).next());
        ids.filter(|id| matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    fn add(&mut self, document: Value) -> Result<(), DumpError> {
        let Value::Map(mut map) = document else {
            let Value::List(documents) = document else { return Err(DumpError::NoObject) };
            return documents.into_iter().try_for_each(|document| self.add(document));
        };
        let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        if kind.ends_with("List") && matches!(map.get("items"), Some(Value::List(_) | Value::Null)) {
            let Some(Value::List(items)) = map.remove("items") else { return Ok(()) };
            let version = map.remove("apiVersion").unwrap_or(Value::Null);
            // Lists of the API itself, as of `kubectl get --raw`, leave out what their items are.
            let of = kind.strip_suffix("List").filter(|of| !of.is_empty());
            return items.into_iter().try_for_each(|item| self.add(with_kind(item, of, &version)));
        }
        if kind.is_empty() || map.get("metadata").is_none() {
            return Err(DumpError::NoObject);
        }
        self.objects.push(Value::Map(map));
        Ok(())
    }
}

fn with_kind(mut item: Value, kind: Option<&str>, version: &Value) -> Value {
    if let (Value::Map(map), Some(kind)) = (&mut item, kind) {
        map.push_new("kind", Value::String(kind.to_owned()));
        map.push_new("apiVersion", version.clone());
    }
    item
}

fn latest(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => parse_time(text),
        Value::List(items) => items.iter().filter_map(latest).max(),
        Value::Map(map) => map.iter().filter(|(key, _)| !FREE.contains(key)).filter_map(|(_, one)| latest(one)).max(),
        _ => None,
    }
}

struct Document(Value);

impl<'de> serde::Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Pruned { free: false }.deserialize(deserializer).map(Document)
    }
}

/// Reads a value without the keys that nobody looks at; in a `free` mapping every key is kept.
#[derive(Clone, Copy)]
struct Pruned {
    free: bool,
}

impl<'de> DeserializeSeed<'de> for Pruned {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pruned {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self { free: false })? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let is_kept = if self.free { !HEAVY.contains(&key.as_str()) } else { is_kept(&key) };
            if is_kept {
                let value = entries.next_value_seed(Self { free: FREE.contains(&key.as_str()) })?;
                map.push_new(&key, value);
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Value::Map(map))
    }
}

fn is_kept(key: &str) -> bool {
    FREE.contains(&key) || KEPT.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_objects_and_documents_are_read_and_the_rest_is_never_held() {
        let text = r#"
            {"apiVersion":"v1","kind":"List","items":[
              {"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","annotations":
                {"kubectl.kubernetes.io/last-applied-configuration":"needle","x":"y"}},"data":{"p":"needle"}}]}
            {"apiVersion":"apps/v1","kind":"DeploymentList","items":[{"metadata":{"name":"b","creationTimestamp":"2026-01-02T03:04:05Z"},
              "spec":{"template":{"spec":{"containers":[{"name":"c","image":"i","env":[{"name":"P","value":"needle"}]}]}}}}]}
            [{"kind":"Pod","apiVersion":"v1","metadata":{"name":"c"}}]"#;
        let dump = Dump::read(text.as_bytes()).unwrap();
        let kinds: Vec<_> = dump.iter().filter_map(|object| object.str_at(&["kind"])).collect();
        assert_eq!(kinds, ["Secret", "Deployment", "Pod"]);
        assert!(!format!("{dump:?}").contains("needle"));
        assert_eq!(dump.latest(), parse_time("2026-01-02T03:04:05Z"));
        assert_eq!(dump.objects[1].str_at(&["apiVersion"]), Some("apps/v1"));
    }

    #[test]
    fn what_is_no_dump_is_told() {
        let error = |text: &str| Dump::read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error(" \n"), "is empty");
        assert_eq!(error("{\"kind\": \"List\", \"items\": ["), "line 1, column 27: the JSON ends too early");
        assert_eq!(error("apiVersion: v1\n"), "line 1, column 1: this is no JSON");
        assert!(error("{}").contains("neither"));
        assert!(error("3").contains("neither"));
        assert!(Dump::read(b"{\"kind\":\"List\",\"items\":[]}").unwrap().objects.is_empty());
    }
}
