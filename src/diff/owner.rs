//! Whose part of the output a file is.

use std::cmp::Ordering;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::names::RelPath;
use crate::tree::{FileChange, RECORD};

/// The folder of an environment that its engine reads.
const DELIVERY: &str = "delivery";

/// The folder of an instance with what drops its data.
const DEPROVISION: &str = "deprovision";
/// Kinds there that only serve the ones that do it.
const DROP_NOTHING: [&str; 8] =
    ["configmap", "externalsecret", "networkpolicy", "role", "rolebinding", "secret", "serviceaccount", "sopssecret"];

/// `true` for the file of an object that drops a client's data once it is there.
#[must_use]
pub fn drops_data(path: &RelPath) -> bool {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    match parts[..] {
        ["rendered", _, client, DEPROVISION, file] if client != DELIVERY && file != RECORD => {
            !DROP_NOTHING.contains(&file.split('-').next().unwrap_or_default())
        }
        _ => false,
    }
}

/// The owner of output files: an instance (`lms-prod/C17`), or a part of an environment that belongs to no client
/// (`lms-prod/environment`, `lms-prod/delivery`).
///
/// Plain text, because a base commit may hold folders that today's rules would not name so. Ordered as people
/// count: `C5` before `C61` before `C2044`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The environment's name.
    pub environment: String,
    /// The client's id, or the folder of an environment's part.
    pub client: String,
}

impl Owner {
    /// An owner by the names of its folders.
    #[must_use]
    pub fn new(environment: &str, client: &str) -> Self {
        Self { environment: environment.into(), client: client.into() }
    }

    /// The owner of `rendered/<environment>/<client>/…`; `None` for any other path.
    #[must_use]
    pub fn of_path(path: &RelPath) -> Option<Self> {
        let mut parts = path.as_str().strip_prefix("rendered/")?.splitn(3, '/');
        let (environment, client) = (parts.next()?, parts.next()?);
        parts.next()?;
        Some(Self::new(environment, client))
    }

    /// The owner of a changed file. What delivers an instance is the instance's own, wherever it lies: its Kustomization says
    /// in `spec.path` which folder it applies.
    #[must_use]
    pub fn of_change(change: &FileChange) -> Option<Self> {
        let owner = Self::of_path(&change.path)?;
        if owner.client != DELIVERY {
            return Some(owner);
        }
        let bytes = change.new.as_ref().or(change.old.as_ref());
        let text = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        let path = text.lines().find_map(|line| line.strip_prefix("  path: "));
        let applied = path.and_then(|path| RelPath::new(path.trim_matches('"').strip_prefix("./")?).ok());
        let instance = applied.and_then(|path| Self::of_path(&path)).filter(Self::is_instance);
        Some(instance.filter(|instance| instance.environment == owner.environment).unwrap_or(owner))
    }

    /// `true` for a client's instance; the other owners are reserved ids (see [`crate::names::ClientId`]).
    #[must_use]
    pub fn is_instance(&self) -> bool {
        !["environment", DELIVERY].contains(&self.client.as_str())
    }

    /// The client's id in lower case, as it stands in the names of its objects.
    #[must_use]
    pub fn slug(&self) -> String {
        self.client.to_ascii_lowercase()
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.environment, self.client)
    }
}

impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Ord for Owner {
    fn cmp(&self, other: &Self) -> Ordering {
        natural(&self.environment, &other.environment).then_with(|| natural(&self.client, &other.client))
    }
}

impl PartialOrd for Owner {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares texts with runs of digits as numbers; texts that count the same are ordered by their bytes.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) {
        let order = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (n, rest_left) = split_number(left);
            let (m, rest_right) = split_number(right);
            (left, right) = (rest_left, rest_right);
            n.len().cmp(&m.len()).then_with(|| n.cmp(m))
        } else {
            (left, right) = (&left[x.len_utf8()..], &right[y.len_utf8()..]);
            x.cmp(&y)
        };
        if order.is_ne() {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// The leading digits without leading zeros, and the rest.
fn split_number(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    (text[..end].trim_start_matches('0'), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_ordered_as_people_count() {
        let mut ids = ["C2044", "C61", "c5", "C5", "C05", "B9", "C"].map(|id| Owner::new("e", id));
        ids.sort();
        assert_eq!(ids.map(|owner| owner.client), ["B9", "C", "C05", "C5", "C61", "C2044", "c5"]);
    }

    #[test]
    fn what_drops_data_lies_in_a_folder_of_its_own() {
        let is = |path: &str| drops_data(&RelPath::new(path).unwrap());
        assert!(is("rendered/lms-dev/C7/deprovision/job-postgres-drop-c7-0a1b2c3d.yaml"));
        assert!(is("rendered/lms-dev/C7/deprovision/workflow-x.yaml"));
        for path in [
            "rendered/lms-dev/C7/deprovision/kustomization.yaml",
            "rendered/lms-dev/C7/deprovision/configmap-x.yaml",
            "rendered/lms-dev/C7/app/job-deprovision.yaml",
            "rendered/lms-dev/delivery/deprovision/job-x.yaml",
            "templates/lms/deprovision/job.yaml",
        ] {
            assert!(!is(path), "{path}");
        }
    }

    #[test]
    fn an_owner_is_read_from_a_path_below_rendered() {
        let of = |path: &str| Owner::of_path(&RelPath::new(path).unwrap()).map(|owner| owner.to_string());
        assert_eq!(of("rendered/lms-dev/C7/app/service-a.yaml").unwrap(), "lms-dev/C7");
        assert_eq!(of("rendered/lms-dev/environment/namespace-a.yaml").unwrap(), "lms-dev/environment");
        assert_eq!(of("rendered/lms-dev/notes.txt"), None);
        assert_eq!(of("clients/C7.toml"), None);
    }

    #[test]
    fn what_delivers_an_instance_is_the_instance_s() {
        let of = |text: &str| {
            let path =
                RelPath::new("rendered/lms-dev/delivery/flux/clients/kustomization-lms-dev-c7-app.yaml").unwrap();
            let change = FileChange { path, old: None, new: Some(text.into()) };
            Owner::of_change(&change).unwrap().to_string()
        };
        assert_eq!(of("spec:\n  path: \"./rendered/lms-dev/C7/app\"\n"), "lms-dev/C7");
        assert_eq!(of("spec:\n  path: ./rendered/lms-dev/C7/app\n"), "lms-dev/C7");
        for shared in
            ["./rendered/lms-dev/environment", "./rendered/lms-dev/environment/x", "./rendered/lms-prod/C7/app", "x"]
        {
            assert_eq!(of(&format!("spec:\n  path: {shared}\n")), "lms-dev/delivery");
        }
    }
}
