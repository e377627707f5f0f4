//! A setting that is the path of a file in a mounted Secret or `ConfigMap`, of a file that is not in there.

use crate::checks::model::{Found, Group, Object};
use crate::checks::walk::{each_container, each_pod, listed};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;
use crate::manifest::Path;

/// A path to a file that will not be there.
const NO_FILE: Code = Code::new("LMS808", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    each_pod(group, |at, object, spec| {
        let has_files = spec.items("volumes").any(|volume| volume.has("secret") || volume.has("configMap"));
        if !has_files {
            return;
        }
        each_container(spec, |container| {
            let mounts: Vec<Mount<'_>> =
                container.items("volumeMounts").filter_map(|mount| read(group, object, spec, mount)).collect();
            if mounts.iter().any(|mount| mount.files.is_some()) {
                settings(group, (at, object), container, &mounts, found);
            }
        });
    });
}

/// Where a volume is mounted.
struct Mount<'a> {
    /// Without a slash at the end.
    path: &'a str,
    /// Its files, and what they are from; `None` if they cannot be known.
    files: Option<(Vec<&'a str>, String)>,
}

fn read<'a>(group: &Group<'a>, object: &Object<'a>, spec: Spot<'a, '_>, mount: Spot<'a, '_>) -> Option<Mount<'a>> {
    let path = mount.text("mountPath")?.trim_end_matches('/');
    let name = mount.text("name")?;
    let volume = spec.items("volumes").find(|volume| volume.text("name") == Some(name))?;
    let files = || {
        if mount.has("subPath") || mount.has("subPathExpr") {
            return None;
        }
        let (kind, source, field) = match (volume.get("secret"), volume.get("configMap")) {
            (Some(secret), _) => ("Secret", secret, "secretName"),
            (_, Some(map)) => ("ConfigMap", map, "name"),
            _ => return None,
        };
        let name = source.text(field)?;
        let files = if source.count("items") > 0 {
            source.items("items").filter_map(|item| item.text("path")).collect()
        } else {
            group.keys_of(object, kind, name)?
        };
        Some((files, format!("{kind} `{}`", name.escape_debug())))
    };
    let files = files();
    Some(Mount { path, files })
}

/// Values that the container gets from `env` and from `ConfigMaps` that are here.
fn settings<'a>(
    group: &Group<'a>,
    (at, object): (usize, &Object<'a>),
    container: Spot<'a, '_>,
    mounts: &[Mount<'a>],
    found: &mut Vec<Found>,
) {
    for variable in container.items("env") {
        let Some(value) = variable.text("value") else { continue };
        if let Some(message) = wrong(value, mounts) {
            found.push(fault(at, variable.path_to("value"), message));
        }
    }
    for source in container.items("envFrom") {
        let Some(map) = source.get("configMapRef") else { continue };
        let Some(map) = group.find(object, "ConfigMap", map.text_or_empty("name")) else { continue };
        let Some(place) = group.position(map) else { continue };
        for (key, value) in map.spot().entries("data") {
            let Some(message) = value.value().as_str().and_then(|value| wrong(value, mounts)) else { continue };
            let path = Path::root().field("data").field(key);
            let said = |one: &Found| one.code == NO_FILE && one.object == place && one.path == path;
            if !found.iter().any(said) {
                found.push(fault(place, path, message).also(at, container.path_to("volumeMounts"), "mounted here"));
            }
        }
    }
}

fn fault(at: usize, path: Path, (message, help): (String, String)) -> Found {
    Found::error(NO_FILE, at, path, message).help(help)
}

/// What is wrong with `value`, if it is a path below a mount.
fn wrong(value: &str, mounts: &[Mount<'_>]) -> Option<(String, String)> {
    let is_path =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/'));
    if !value.starts_with('/') || !is_path(value) {
        return None;
    }
    let below = |mount: &Mount<'_>| value.strip_prefix(mount.path)?.strip_prefix('/').map(|_| mount.path.len());
    // The innermost mount is the one that is seen.
    let mount = mounts.iter().max_by_key(|mount| below(mount)).filter(|mount| below(mount).is_some())?;
    let (files, whose) = mount.files.as_ref()?;
    let file = value[mount.path.len() + 1..].trim_end_matches('/');
    let is_there = |known: &str| known.strip_prefix(file).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if file.is_empty() || file.contains("..") || files.iter().any(|known| is_there(known)) {
        return None;
    }
    let message = format!("there is no file `{file}` in {whose}, which is mounted at `{}`", mount.path.escape_debug());
    let help = if files.is_empty() {
        "mount a volume that has the file".to_owned()
    } else {
        format!("its files are {}", listed(files.iter().copied()))
    };
    Some((message, help))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object, pod};

    fn look(value: &str) -> Vec<String> {
        let text = format!(
            "containers:\n- name: a\n  image: a/b:1\n  env: [{{name: KEY, value: {value}}}]\n  envFrom: [{{configMapRef: {{name: m}}}}]\n  volumeMounts: [{{name: k, mountPath: /etc/lms/}}, {{name: t, mountPath: /etc/lms/tmp}}]\nvolumes:\n- {{name: k, secret: {{secretName: s, items: [{{key: rsa, path: keys/rsa}}]}}}}\n- {{name: t, emptyDir: {{}}}}\n"
        );
        let map = object("v1", "ConfigMap", "m", &format!("data: {{PATH_TO: {value}}}\n"));
        Given::open(&[&pod(&text), &map]).look(check)
    }

    #[test]
    fn a_path_below_a_mount_is_a_file_there() {
        let message = "there is no file `rsa_key` in Secret `s`, which is mounted at `/etc/lms`";
        assert_eq!(
            look("/etc/lms/rsa_key"),
            [format!("LMS808 spec.containers[0].env[0].value: {message}"), format!("LMS808 data.PATH_TO: {message}")]
        );
        for good in
            ["/etc/lms/keys/rsa", "/etc/lms/keys/", "/etc/lms", "/etc/lms/tmp/x", "/etc/lms2/x", "\"/etc/lms/$(A)\""]
        {
            assert_eq!(look(good), [""; 0], "{good}");
        }
    }
}
