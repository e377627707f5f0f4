//! Reading `[policy]` of an environment: what clients' objects may be there, and what they must have.

use super::environment::is_quantity;
use super::model::Policy;
use crate::diagnostic::{Class, Code, Diagnostic, Sink};
use crate::document::{TableReader, quoted};

const POLICY: Code = Code::new("LMS138", Class::Input);

/// Reads `[policy]`.
pub(super) fn read_policy(mut table: TableReader<'_>, sink: &mut Sink) -> Policy {
    let kinds = table.take("kinds").and_then(|entry| {
        let kinds = entry.node.strings("policy.kinds", sink)?;
        if kinds.is_empty() {
            let fault = Diagnostic::error(POLICY, "an empty list of kinds allows nothing").at(entry.node.span(), "");
            sink.push(fault.help("list the kinds, or remove the key to allow every namespaced kind"));
        }
        for kind in &kinds {
            let is_kind = kind.value.starts_with(|c: char| c.is_ascii_uppercase())
                && kind.value.chars().all(|c| c.is_ascii_alphanumeric());
            if !is_kind {
                let fault = Diagnostic::error(POLICY, format!("{} is no kind", quoted(kind.value))).at(kind.span, "");
                sink.push(fault.help("write the kind as in a manifest: `Deployment`"));
            }
        }
        Some((kinds.into_iter().map(|kind| kind.value.to_owned()).collect(), entry.node.span()))
    });
    let mut texts = |key, example: &str| -> Vec<String> {
        let found = table.strings(key, sink);
        for text in &found {
            if text.value.contains("://") {
                let message = format!("`policy.{key}`: {} is an address with its scheme", quoted(text.value));
                sink.push(Diagnostic::error(POLICY, message).at(text.span, "").help(format!("write `{example}`")));
            } else if text.value.is_empty()
                || text.value.contains(|c: char| c.is_whitespace() || c == '*' && key != "hosts")
            {
                let message = format!("`policy.{key}`: {} is too wide or no name at all", quoted(text.value));
                sink.push(Diagnostic::error(POLICY, message).at(text.span, "").help(format!("write `{example}`")));
            }
        }
        found.into_iter().map(|text| text.value.to_owned()).collect()
    };
    let registries = texts("registries", "registry.example/team");
    let hosts = texts("hosts", "backend.example");
    let forbidden_annotations = read_annotations(&mut table, sink);
    let requires_digest = required(&mut table, "digests", sink);
    let requires_resources = required(&mut table, "resources", sink);
    let pod_security = table.string("pod-security", sink).and_then(|found| {
        let is_known = matches!(found.value, "baseline" | "restricted");
        if !is_known {
            let message = format!("`policy.pod-security`: {} is no standard to enforce", quoted(found.value));
            sink.push(Diagnostic::error(POLICY, message).at(found.span, "").help("write `baseline` or `restricted`"));
        }
        is_known.then(|| found.value.to_owned())
    });
    let max_replicas = table.integer("max-replicas", sink).map(|found| {
        if !(1..=10_000).contains(&found.value) {
            let message = format!("`policy.max-replicas`: {} is out of range", found.value);
            sink.push(Diagnostic::error(POLICY, message).at(found.span, "").help("write a number from 1 to 10000"));
        }
        found.value
    });
    let max_requests = table.table("max-requests", sink).map(|table| read_requests(table, sink)).unwrap_or_default();
    table.finish(sink);
    Policy {
        kinds,
        registries,
        hosts,
        forbidden_annotations,
        requires_digest,
        requires_resources,
        pod_security,
        max_replicas,
        max_requests,
    }
}

/// A key that is there to say `required`.
fn required(table: &mut TableReader<'_>, key: &'static str, sink: &mut Sink) -> bool {
    let Some(found) = table.string(key, sink) else { return false };
    let is_required = found.value == "required";
    if !is_required {
        let message = format!("`policy.{key}`: {} is not known", quoted(found.value));
        let help = "write `required`, or remove the key";
        sink.push(Diagnostic::error(POLICY, message).at(found.span, "").help(help));
    }
    is_required
}

/// Keys of annotations, or `example.com/*` for all of a prefix.
fn read_annotations(table: &mut TableReader<'_>, sink: &mut Sink) -> Vec<String> {
    let found = table.strings("forbidden-annotations", sink);
    for entry in &found {
        let stem = entry.value.strip_suffix('*').unwrap_or(entry.value);
        let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
        if stem.is_empty() || !stem.chars().all(is_key) || (stem.len() < entry.value.len() && !stem.ends_with('/')) {
            let message = format!("`policy.forbidden-annotations`: {} is no key of an annotation", quoted(entry.value));
            let help = "write a key such as `example.com/name`, or `example.com/*` for all below";
            sink.push(Diagnostic::error(POLICY, message).at(entry.span, "").help(help));
        }
    }
    found.into_iter().map(|entry| entry.value.to_owned()).collect()
}

fn read_requests(mut table: TableReader<'_>, sink: &mut Sink) -> Vec<(String, String)> {
    let mut requests = Vec::new();
    for key in ["cpu", "memory"] {
        let Some(found) = table.string(key, sink) else { continue };
        if !is_quantity(found.value) {
            let message = format!("`policy.max-requests.{key}`: {} is no quantity", quoted(found.value));
            let help = "write a number with a unit of Kubernetes: 4, 500m, 8Gi";
            sink.push(Diagnostic::error(POLICY, message).at(found.span, "").help(help));
        }
        requests.push((key.to_owned(), found.value.to_owned()));
    }
    table.finish(sink);
    requests
}
