//! What the API server and controllers write into objects, taken out. What the server fills in by default stays.

use crate::manifest::Value;

/// Fields of `metadata` that no file has.
const METADATA: [&str; 7] =
    ["creationTimestamp", "generation", "managedFields", "ownerReferences", "resourceVersion", "selfLink", "uid"];

/// Annotations that kubectl and controllers write.
const ANNOTATIONS: [&str; 3] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "batch.kubernetes.io/job-tracking",
];

/// Fields of `spec` that are given to an object once it is there.
const SPEC: [&str; 4] = ["clusterIP", "clusterIPs", "nodePort", "volumeName"];

/// The object as a file would have it.
#[must_use]
pub fn clean(mut object: Value) -> Value {
    let Value::Map(root) = &mut object else { return object };
    root.remove("status");
    if let Some(Value::Map(metadata)) = root.get_mut("metadata") {
        for field in METADATA {
            metadata.remove(field);
        }
        if let Some(Value::Map(annotations)) = metadata.get_mut("annotations") {
            for key in ANNOTATIONS {
                annotations.remove(key);
            }
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    if let Some(Value::Map(spec)) = root.get_mut("spec") {
        for field in SPEC {
            spec.remove(field);
        }
    }
    object
}
