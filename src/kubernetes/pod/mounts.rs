//! Where volumes appear in containers (`ValidateVolumeMounts`).

use crate::diagnostic::{Class, Code};
use crate::kubernetes::check::Release;
use crate::kubernetes::fault::Faults;
use crate::kubernetes::field::Fields;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::relative_path;

use super::pod_spec::{Container, PodSpec};
use super::volumes;

/// A mount of a volume that is not there, at a path that is taken, or with options that do not go together.
pub(super) const MOUNTS: Code = Code::new("LMS721", Class::Input);

/// `volumeMounts` of one container.
pub(super) fn check(pod: PodSpec<'_, '_>, container: Container<'_, '_>, faults: &mut Faults) {
    for (nth, mount) in container.at.items("volumeMounts").enumerate() {
        let name = mount.text_or_empty("name");
        let path = mount.text_or_empty("mountPath");
        let source = Source::of(pod, name);
        if source == Source::Forgotten {
            continue;
        }
        let mut fields = Fields::of(mount, MOUNTS, &container, faults);
        if fields.required("name").is_some() && source == Source::Missing {
            fields
                .add("name", format_args!("there is no volume `{}`", name.escape_debug()))
                .help("add it under `volumes`, or correct the name");
        }
        if fields.required("mountPath").is_some()
            && container.at.items("volumeMounts").take(nth).any(|other| other.text("mountPath") == Some(path))
        {
            fields.add("mountPath", format_args!("another volume is mounted at `{}`", path.escape_debug()));
        }
        for device in container.at.items("volumeDevices") {
            if device.text("name") == Some(name) {
                fields.add("name", format_args!("`{}` is in volumeDevices too", name.escape_debug()));
            }
            if device.text("devicePath") == Some(path) {
                fields.add("mountPath", format_args!("`{}` is in volumeDevices too", path.escape_debug()));
            }
        }
        fields.matches("subPath", relative_path);
        fields.matches("subPathExpr", relative_path);
        if !mount.text_or_empty("subPath").is_empty() && !mount.text_or_empty("subPathExpr").is_empty() {
            fields.add("subPathExpr", "cannot have both subPath and subPathExpr");
        }
        propagation(container, mount, &mut fields);
        if pod.release >= Release(31) {
            recursive(mount, &mut fields);
        }
    }
}

/// What a name in `volumeMounts` or `volumeDevices` leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// No volume has this name.
    Missing,
    /// A volume that the release leaves out, and its mounts with it.
    Forgotten,
    /// A claim.
    Claim,
    /// Any other volume.
    Other,
}

impl Source {
    /// Finds the volume called `name`.
    pub(super) fn of(pod: PodSpec<'_, '_>, name: &str) -> Self {
        if volumes::claim_template(pod, name).is_some() {
            return Self::Claim;
        }
        let volume = pod.spec.items("volumes").find(|volume| volume.text("name") == Some(name));
        match volume {
            None => Self::Missing,
            Some(volume) if volumes::is_forgotten(pod, volume) => Self::Forgotten,
            Some(volume) if volume.has("persistentVolumeClaim") || volume.has("ephemeral") => Self::Claim,
            Some(_) => Self::Other,
        }
    }
}

fn propagation(container: Container<'_, '_>, mount: Spot<'_, '_>, fields: &mut Fields<'_, '_, '_>) {
    fields.one_of_set("mountPropagation", &["None", "HostToContainer", "Bidirectional"]);
    let is_privileged = container.at.get("securityContext").is_some_and(|context| context.is("privileged"));
    if mount.text("mountPropagation") == Some("Bidirectional") && !is_privileged {
        fields.add("mountPropagation", "`Bidirectional` needs `privileged: true`");
    }
}

fn recursive(mount: Spot<'_, '_>, fields: &mut Fields<'_, '_, '_>) {
    fields.one_of_set("recursiveReadOnly", &["Disabled", "IfPossible", "Enabled"]);
    if !matches!(mount.text("recursiveReadOnly"), Some("IfPossible" | "Enabled")) {
        return;
    }
    if !mount.is("readOnly") {
        fields.add("recursiveReadOnly", "recursiveReadOnly needs `readOnly: true`");
    }
    if !matches!(mount.text("mountPropagation"), None | Some("None")) {
        fields.add("recursiveReadOnly", "recursiveReadOnly does not go with mountPropagation");
    }
}
