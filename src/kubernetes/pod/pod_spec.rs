//! A Pod's spec as its rules see it, and its containers by what they are for.

use std::fmt;

use crate::kubernetes::check::Release;
use crate::kubernetes::spot::Spot;

/// A Pod's spec and what else its rules depend on.
#[derive(Clone, Copy)]
pub(in crate::kubernetes) struct PodSpec<'v, 'p> {
    /// The spec.
    pub spec: Spot<'v, 'p>,
    /// `metadata` of the Pod or of the template.
    pub metadata: Option<Spot<'v, 'p>>,
    /// The spec of the StatefulSet, whose `volumeClaimTemplates` become volumes.
    pub stateful_set: Option<Spot<'v, 'p>>,
    /// `true` for a Pod, `false` for a template.
    pub is_pod: bool,
    /// The release it is for.
    pub release: Release,
}

/// What a container is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::kubernetes) enum Role {
    /// In `containers`.
    Main,
    /// In `initContainers`, ends before the main ones start.
    Init,
    /// In `initContainers` with `restartPolicy: Always`.
    Sidecar,
    /// In `ephemeralContainers`.
    Ephemeral,
}

/// A container and what it is for.
#[derive(Clone, Copy)]
pub(in crate::kubernetes) struct Container<'v, 'p> {
    /// The container.
    pub at: Spot<'v, 'p>,
    /// What it is for.
    pub role: Role,
}

impl<'v, 'p> PodSpec<'v, 'p> {
    /// All containers: main, init, ephemeral.
    pub(in crate::kubernetes) fn containers<'s>(&'s self) -> impl Iterator<Item = Container<'v, 's>> + use<'s, 'v, 'p> {
        let main = self.spec.items("containers").map(|at| Container { at, role: Role::Main });
        let ephemeral = self.spec.items("ephemeralContainers").map(|at| Container { at, role: Role::Ephemeral });
        main.chain(self.init_containers()).chain(ephemeral)
    }

    /// Containers that start before the main ones.
    pub(super) fn init_containers<'s>(&'s self) -> impl Iterator<Item = Container<'v, 's>> + use<'s, 'v, 'p> {
        self.spec.items("initContainers").map(|at| {
            let is_sidecar = at.text("restartPolicy") == Some("Always");
            Container { at, role: if is_sidecar { Role::Sidecar } else { Role::Init } }
        })
    }

    /// `false` if it has a user namespace of its own.
    pub(super) fn has_host_users(&self) -> bool {
        !(self.release >= Release(33) && self.spec.is_false("hostUsers"))
    }
}

impl fmt::Display for Container<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.role {
            Role::Main => "container",
            Role::Init => "init container",
            Role::Sidecar => "sidecar",
            Role::Ephemeral => "ephemeral container",
        };
        match self.at.text_or_empty("name") {
            "" => write!(f, "a {role} without a name"),
            name => write!(f, "{role} `{}`", name.escape_debug()),
        }
    }
}
