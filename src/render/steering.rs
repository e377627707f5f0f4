//! Annotations and labels that steer whoever delivers objects: Argo CD, Flux, Helm, kubectl. A template may write them; what
//! comes from a value may not, or a client could keep its objects from being pruned, decrypted or updated.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::{Class, Code, Diagnostic};
use crate::manifest::{Path, Value, parse_documents};
use crate::template::Traced;

/// A key that steers delivery and is not a template's own.
const STEERING: Code = Code::new("LMS244", Class::Input);

/// Starts of keys.
const STEERS: [&str; 9] = [
    "argocd.argoproj.io/",
    "config.kubernetes.io/",
    "fluxcd.controlplane.io/",
    "helm.sh/",
    "helm.toolkit.fluxcd.io/",
    "kustomize.toolkit.fluxcd.io/",
    "meta.helm.sh/",
    "reconcile.fluxcd.io/",
    LAST_APPLIED,
];

/// Written by `kubectl apply`, with the object as it was: a Secret's values, too.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Every object is looked through: by one search, so that nearly all are done with.
static ANY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&STEERS.map(regex::escape).join("|")).expect("the pattern is made of constants"));

/// The faults of one object, each at its place. `trace`: where the template has the value at a path.
pub fn check(kind: &str, text: &str, trace: impl Fn(&Path) -> Traced) -> Vec<Diagnostic> {
    if !ANY.is_match(text) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for document in parse_documents(text).unwrap_or_default() {
        let Value::Map(object) = &document else { continue };
        let Some(Value::Map(metadata)) = object.get("metadata") else { continue };
        for part in ["annotations", "labels"] {
            let Some(Value::Map(keys)) = metadata.get(part) else { continue };
            let steering = keys.iter().filter(|(key, _)| STEERS.iter().any(|start| key.starts_with(start)));
            faults.extend(steering.filter_map(|(key, _)| {
                let traced = trace(&Path::root().field("metadata").field(part).field(key));
                judge(kind, part, key, traced.is_written).map(|fault| fault.at(traced.span, ""))
            }));
        }
    }
    faults
}

fn judge(kind: &str, part: &str, key: &str, is_written: bool) -> Option<Diagnostic> {
    let shown = key.escape_debug();
    if key == LAST_APPLIED {
        let message = format!("{kind}: `{shown}` in {part} is kubectl's own");
        return Some(Diagnostic::error(STEERING, message).help("remove it; `kubectl apply --server-side` keeps none"));
    }
    let message = format!("{kind}: `{shown}` in {part} comes from a value, and steers delivery");
    let help = "take it out of the value; if every client needs it, write it in the template";
    (!is_written).then(|| Diagnostic::error(STEERING, message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{SourceMap, Span};

    #[test]
    fn what_a_template_writes_is_its_own() {
        let object = |key: &str| format!("kind: ConfigMap\nmetadata:\n  annotations:\n    {key}: \"x\"\n  name: a\n");
        let mut sources = SourceMap::default();
        let span = Span::file_start(sources.add("templates/t/app/a.yaml", ""));
        let trace = |is_written| move |_: &Path| Traced { span, parameter: None, is_written };
        let faults = |key: &str, written: bool| check("ConfigMap", &object(key), trace(written)).len();
        for key in ["argocd.argoproj.io/sync-options", "kustomize.toolkit.fluxcd.io/prune", "helm.sh/resource-policy"] {
            assert_eq!((faults(key, false), faults(key, true)), (1, 0), "{key}");
        }
        assert_eq!((faults(LAST_APPLIED, false), faults(LAST_APPLIED, true)), (1, 1));
        assert_eq!(faults("nginx.ingress.kubernetes.io/x", false), 0);
        let text = "metadata:\n  name: a\ndata:\n  x: argocd.argoproj.io/y\n";
        assert!(check("ConfigMap", text, trace(false)).is_empty());
    }
}
