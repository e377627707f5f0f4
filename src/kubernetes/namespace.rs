//! Namespaces (`ValidateNamespace`).

use crate::diagnostic::{Class, Code};

use super::fault::Faults;
use super::spot::Spot;
use super::words::finalizer;

/// A finalizer of a Namespace that Kubernetes refuses.
const NAMESPACE: Code = Code::new("LMS739", Class::Input);

/// A Namespace.
pub(super) fn check(object: Spot<'_, '_>, faults: &mut Faults) {
    let Some(spec) = object.get("spec") else { return };
    for (name, at) in spec.texts("finalizers") {
        if let Err(rule) = finalizer(name) {
            let message = format!("the Namespace: the finalizer `{}` {rule}", name.escape_debug());
            faults.add(NAMESPACE, at.path(), message).help("remove `spec.finalizers`: Kubernetes sets it");
        }
    }
}
