//! A volume of files that no container mounts: a mount was forgotten, or the volume was.

use crate::checks::model::{Found, Group};
use crate::checks::walk::{each_container, each_pod};
use crate::diagnostic::{Class, Code};
use crate::kubernetes::Spot;

/// A volume without mount.
const UNUSED: Code = Code::new("LMS807", Class::Input);

/// Volumes that do nothing unless they are mounted. Claims and drivers do: they are bound and called for the Pod.
const INERT: [&str; 5] = ["configMap", "downwardAPI", "emptyDir", "projected", "secret"];

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    each_pod(group, |at, _, spec| {
        let mut mounted = Vec::new();
        each_container(spec, |container| {
            mounted.extend(container.items("volumeMounts").filter_map(|mount| mount.text("name")));
        });
        let is_inert = |volume: &Spot<'_, '_>| INERT.iter().any(|kind| volume.has(kind));
        for volume in spec.items("volumes").filter(is_inert) {
            let name = volume.text_or_empty("name");
            if !name.is_empty() && !mounted.contains(&name) {
                let message = format!("no container mounts volume `{}`", name.escape_debug());
                let fault = Found::warning(UNUSED, at, volume.path_to("name"), message);
                found.push(fault.help("add it to `volumeMounts` of a container, or remove the volume"));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, pod};

    #[test]
    fn volumes_are_mounted() {
        let look = |volume: &str| {
            let text = format!(
                "initContainers: [{{name: i, image: a/b:1, volumeMounts: [{{name: first, mountPath: /x}}]}}]\ncontainers: [{{name: a, image: a/b:1}}]\nvolumes: [{{name: first, emptyDir: {{}}}}, {volume}]\n"
            );
            Given::open(&[&pod(&text)]).look(check)
        };
        let message = "warning LMS807 spec.volumes[1].name: no container mounts volume `key`";
        assert_eq!(look("{name: key, secret: {secretName: s}}"), [message]);
        assert_eq!(look("{name: key, csi: {driver: d}}"), [""; 0], "its driver is called all the same");
    }
}
