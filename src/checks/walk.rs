//! Ways through objects that several rules take: Pods, containers, ports, images.

use super::model::{Group, Object};
use crate::kubernetes::{Spot, with_pod_spec};

/// Lists of containers that a Pod may have.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Gives `look` the Pod's spec of every checked object that runs Pods, with the object's position.
pub fn each_pod<'a>(group: &Group<'a>, mut look: impl FnMut(usize, &'a Object<'a>, Spot<'a, '_>)) {
    for (at, object) in group.objects.iter().enumerate() {
        with_pod_spec(object.spot(), |spec| look(at, object, spec));
    }
}

/// Gives `look` every container of a Pod, those that start first included.
pub fn each_container<'a>(spec: Spot<'a, '_>, mut look: impl FnMut(Spot<'a, '_>)) {
    for list in CONTAINERS {
        spec.items(list).for_each(&mut look);
    }
}

/// Ports that the containers of a Pod declare: name and number.
pub fn container_ports<'a>(spec: Spot<'a, '_>) -> Vec<(&'a str, i64)> {
    let mut ports = Vec::new();
    each_container(spec, |container| {
        let port = |port: Spot<'a, '_>| Some((port.text_or_empty("name"), port.int("containerPort")?));
        ports.extend(container.items("ports").filter_map(port));
    });
    ports
}

/// `a`, `b` or `c`.
pub fn listed<'t>(names: impl IntoIterator<Item = &'t str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    format!("`{}`", names.join("`, `").escape_debug())
}
