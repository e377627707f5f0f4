//! Annotations that the API server reads in Pods (`ValidatePodSpecificAnnotations`, and those that must say the same
//! as fields).

use crate::kubernetes::fault::Faults;
use crate::kubernetes::spot::Spot;
use crate::kubernetes::words::relative_path;

use super::pod_spec::PodSpec;
use super::spec::POD;

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Annotations of a Pod or template.
pub(super) fn check(pod: PodSpec<'_, '_>, faults: &mut Faults) {
    let Some(metadata) = pod.metadata else { return };
    for (key, at) in metadata.entries("annotations") {
        let text = at.value().as_str().unwrap_or_default();
        if key == "controller.kubernetes.io/pod-deletion-cost" && !is_cost(text) {
            faults.add(POD, at.path(), format!("annotation `{key}` must be a whole number of 32 bits"));
        } else if key == "kubernetes.io/config.mirror" && pod.spec.text_or_empty("nodeName").is_empty() {
            faults.add(POD, at.path(), format!("annotation `{key}` needs nodeName"));
        } else if key == SECCOMP_POD {
            seccomp(key, text, at, faults);
            if let Some(context) = pod.spec.get("securityContext") {
                same_seccomp(context, text, faults);
            }
        } else if let Some(name) = key.strip_prefix(SECCOMP) {
            seccomp(key, text, at, faults);
            for container in pod.containers().filter(|it| it.at.text("name") == Some(name)) {
                if let Some(context) = container.at.get("securityContext") {
                    same_seccomp(context, text, faults);
                }
            }
        } else if let Some(name) = key.strip_prefix(APP_ARMOR) {
            app_armor(pod, name, text, at, faults);
        }
    }
}

/// A number without `+` and without zeros before it.
fn is_cost(text: &str) -> bool {
    let is_begun = text == "0" || text.starts_with(|c: char| c == '-' || ('1'..='9').contains(&c));
    is_begun && text.parse::<i32>().is_ok()
}

fn seccomp(key: &str, text: &str, at: Spot<'_, '_>, faults: &mut Faults) {
    let is_right = match text.strip_prefix("localhost/") {
        Some(path) => relative_path(path).is_ok(),
        None => matches!(text, "runtime/default" | "docker/default" | "unconfined"),
    };
    if !is_right {
        let message = format!("annotation `{}` must be a seccomp profile", key.escape_debug());
        faults.add(POD, at.path(), message).help("use `securityContext.seccompProfile` instead");
    }
}

/// The field, if it is there, must say what the annotation says.
fn same_seccomp(context: Spot<'_, '_>, text: &str, faults: &mut Faults) {
    let Some(profile) = context.get("seccompProfile") else { return };
    let is_same = match profile.text_or_empty("type") {
        "Unconfined" => text == "unconfined",
        "RuntimeDefault" => matches!(text, "runtime/default" | "docker/default"),
        "Localhost" => text.strip_prefix("localhost/") == profile.text("localhostProfile"),
        _ => true,
    };
    if !is_same {
        let message = "the seccomp profile in the annotation is not that in seccompProfile";
        faults.add(POD, profile.path_to("type"), message).help("remove the annotation");
    }
}

fn app_armor(pod: PodSpec<'_, '_>, name: &str, text: &str, at: Spot<'_, '_>, faults: &mut Faults) {
    let shown = name.escape_debug();
    let Some(container) = pod.containers().find(|it| it.at.text("name") == Some(name)) else {
        faults.add(POD, at.path(), format!("an AppArmor annotation is for container `{shown}`, which is not there"));
        return;
    };
    if !matches!(text, "" | "runtime/default" | "unconfined") && !text.starts_with("localhost/") {
        let message = format!("{container}: the AppArmor annotation has no right profile");
        faults.add(POD, at.path(), message).help("use `securityContext.appArmorProfile` instead");
    }
    let of = |at: Spot<'_, '_>| {
        let context = at.get("securityContext")?;
        let profile = context.get("appArmorProfile")?;
        Some(match profile.text_or_empty("type") {
            "Unconfined" => text == "unconfined",
            "RuntimeDefault" => text == "runtime/default",
            "Localhost" => text.strip_prefix("localhost/") == profile.text("localhostProfile"),
            _ => true,
        })
    };
    let is_windows = pod.spec.get("os").is_some_and(|os| os.text("name") == Some("windows"));
    if !is_windows && of(container.at).or_else(|| of(pod.spec)) == Some(false) {
        let message = format!("{container}: the AppArmor profile in the annotation is not that in appArmorProfile");
        faults.add(POD, at.path(), message).help("remove the annotation");
    }
}
