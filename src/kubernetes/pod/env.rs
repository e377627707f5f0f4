//! Environment variables (`ValidateEnv`, `ValidateEnvFrom`) and references to fields of the Pod.

use crate::diagnostic::{Class, Code};
use crate::kubernetes::check::Release;
use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::{Fields, choice};
use crate::kubernetes::quantity::Quantity;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::{
    Broken, config_key, dns_label, dns_subdomain, env_name, path_without_steps_up, qualified_name,
};

use super::pod_spec::{Container, PodSpec};

/// A variable's name, source or reference that Kubernetes refuses.
const ENV: Code = Code::new("LMS718", Class::Input);

/// Where a variable's value may come from.
const SOURCES: [&str; 5] = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

/// Fields of a Pod that variables may have.
const ENV_FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Fields of a Pod that files of a volume may have.
const FILE_FIELDS: [&str; 5] =
    ["metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations"];

/// Amounts of resources that variables and files may have.
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
];

/// Units that amounts of bytes may be given in.
const BYTES: [&str; 13] = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// `env` and `envFrom` of one container.
pub(super) fn check(pod: PodSpec<'_, '_>, container: Container<'_, '_>, faults: &mut Faults) {
    let name_rule = name_rule(pod.release);
    for variable in container.at.items("env") {
        let name = variable.text_or_empty("name");
        if name.is_empty() && variable.text_or_number("name").is_empty() {
            faults.add(ENV, variable.path_to("name"), format!("{container}: a variable has no name"));
        } else if !name.is_empty()
            && let Err(rule) = name_rule(name)
        {
            let message = format!("{container}: variable name `{}` {rule}", name.escape_debug());
            faults.add(ENV, variable.path_to("name"), message);
        }
        if let Some(from) = variable.get("valueFrom") {
            value_from(pod, container, variable, from, faults);
        }
    }
    for source in container.at.items("envFrom") {
        let mut fields = Fields::of(source, ENV, &container, faults);
        fields.matches("prefix", name_rule);
        match (source.get("configMapRef"), source.get("secretRef")) {
            (None, None) => {
                fields.add_here("an item of envFrom must have configMapRef or secretRef");
            }
            (Some(_), Some(_)) => {
                fields.add_here("an item of envFrom cannot have both configMapRef and secretRef");
            }
            (Some(found), None) | (None, Some(found)) => {
                Fields::of(found, ENV, &container, faults).required_match("name", dns_subdomain);
            }
        }
    }
}

fn name_rule(release: Release) -> fn(&str) -> Result<(), Broken> {
    if release >= Release(32) { env_name } else { strict_env_name }
}

/// The name of a variable before Kubernetes 1.32.
fn strict_env_name(text: &str) -> Result<(), Broken> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if text.is_empty() || !text.bytes().all(plain) || text.as_bytes()[0].is_ascii_digit() {
        return Err("must be letters, digits, `-`, `_` and `.`, not beginning with a digit, before Kubernetes 1.32");
    }
    if text.starts_with("..") || text == "." { Err("must not be `.` or begin with `..`") } else { Ok(()) }
}

fn value_from(
    pod: PodSpec<'_, '_>,
    container: Container<'_, '_>,
    variable: Spot<'_, '_>,
    from: Spot<'_, '_>,
    faults: &mut Faults,
) {
    let name = variable.text_or_empty("name").escape_debug();
    let whose = format_args!("{container}: variable `{name}`");
    // Clusters before 1.35 forget fileKeyRef.
    let known = if pod.release >= Release(35) { &SOURCES[..] } else { &SOURCES[..4] };
    let count = known.iter().filter(|key| from.has(key)).count();
    let mut fields = Fields::of(from, ENV, &whose, faults);
    if count == 0 {
        fields.add_here(format_args!("valueFrom must have one of {}", choice(known)));
    } else if !variable.text_or_empty("value").is_empty() {
        fields.add_here("a variable has both value and valueFrom");
    } else if count > 1 {
        fields.add_here(format_args!("valueFrom can have only one of {}", choice(known)));
    }
    if let Some(reference) = from.get("fieldRef") {
        field_reference(reference, &ENV_FIELDS, &mut Fields::of(reference, ENV, &whose, faults));
    }
    if let Some(reference) = from.get("resourceFieldRef") {
        resource_reference(reference, false, &mut Fields::of(reference, ENV, &whose, faults));
    }
    for key in ["configMapKeyRef", "secretKeyRef"] {
        if let Some(reference) = from.get(key) {
            let mut fields = Fields::of(reference, ENV, &whose, faults);
            fields.required_match("name", dns_subdomain);
            fields.required_match("key", config_key);
        }
    }
    if pod.release >= Release(35)
        && let Some(reference) = from.get("fileKeyRef")
    {
        file_reference(pod, reference, &mut Fields::of(reference, ENV, &whose, faults));
    }
}

fn file_reference(pod: PodSpec<'_, '_>, reference: Spot<'_, '_>, fields: &mut Fields<'_, '_, '_>) {
    fields.required_match("key", env_name);
    fields.required_match("path", path_without_steps_up);
    fields.required_match("volumeName", dns_label);
    let name = reference.text_or_empty("volumeName");
    let volume = pod.spec.items("volumes").find(|volume| volume.text("name") == Some(name));
    match volume {
        _ if name.is_empty() => {}
        None => {
            fields.add("volumeName", format_args!("there is no volume `{}`", name.escape_debug()));
        }
        Some(volume) if !volume.has("emptyDir") && volume.fields().count() > 1 => {
            fields.add("volumeName", format_args!("volume `{}` must be an emptyDir", name.escape_debug()));
        }
        Some(_) => {}
    }
}

/// A field of the Pod, for a variable.
fn field_reference(reference: Spot<'_, '_>, known: &[&str], fields: &mut Fields<'_, '_, '_>) {
    if !matches!(reference.text_or_empty("apiVersion"), "" | "v1") {
        fields.add("apiVersion", "apiVersion must be `v1`");
        return;
    }
    let Some(path) = fields.required("fieldPath") else { return };
    let shown = path.escape_debug();
    let (start, key) = match path.strip_suffix("']").and_then(|start| start.split_once("['")) {
        Some((start, key)) if !start.is_empty() => (start, Some(key)),
        _ => (path, None),
    };
    let broken = match (start, key) {
        ("metadata.annotations", Some(key)) => qualified_name(&key.to_lowercase()).err(),
        ("metadata.labels", Some(key)) => qualified_name(key).err(),
        (_, Some(_)) => Some("cannot have a part in brackets"),
        // What very old clients send.
        ("spec.host", None) if known.contains(&"spec.nodeName") => None,
        (path, None) if known.contains(&path) => None,
        _ => {
            let fault = fields.add("fieldPath", format_args!("fieldPath cannot be `{shown}`"));
            fault.help(format!("write {}, or one label: `metadata.labels['app']`", choice(known)));
            None
        }
    };
    if let Some(rule) = broken {
        fields.add("fieldPath", format_args!("fieldPath `{shown}` {rule}"));
    }
}

/// A field of the Pod, for a file in a volume.
pub(super) fn file_field_reference(reference: Spot<'_, '_>, fields: &mut Fields<'_, '_, '_>) {
    field_reference(reference, &FILE_FIELDS, fields);
}

/// An amount of a container's resources, for a variable or for a file in a volume.
pub(super) fn resource_reference<'v>(reference: Spot<'v, '_>, is_file: bool, fields: &mut Fields<'_, 'v, '_>) {
    let resource = reference.text_or_empty("resource");
    let is_huge = resource.starts_with("limits.hugepages-") || resource.starts_with("requests.hugepages-");
    if is_file && reference.text_or_empty("containerName").is_empty() {
        fields.required("containerName");
    } else if fields.required("resource").is_some() && !is_huge && !RESOURCES.contains(&resource) {
        fields
            .add("resource", format_args!("resource cannot be `{}`", resource.escape_debug()))
            .help(format!("write {}", choice(&RESOURCES)));
    }
    let Some(divisor) = fields.quantity("divisor") else { return };
    if divisor == Quantity::ZERO {
        return;
    }
    let units: &[&str] = match resource {
        "limits.cpu" | "requests.cpu" => &["1m", "1"],
        _ if is_huge || RESOURCES.contains(&resource) => &BYTES,
        _ => return,
    };
    let written = reference.text_or_number("divisor").trim_matches(' ');
    if !units.contains(&written) {
        fields
            .add("divisor", format_args!("divisor of `{resource}` cannot be `{}`", written.escape_debug()))
            .help(format!("write {}", choice(units)));
    }
}
