//! What a comparison finds: plain data that every report format draws from.
//!
//! Its JSON is part of the format `lmsgen.diff/v1`: fields are added, never renamed. Holds no value of a Secret.

use serde::Serialize;

use super::Owner;

/// Everything that differs between two versions of the output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DiffReport {
    /// One entry for every environment before or now, by name.
    pub environments: Vec<EnvironmentDiff>,
    /// Changes that occur in the same instances, worst first, then the rarest first.
    pub groups: Vec<Group>,
    /// Objects that differ, by environment and kind.
    pub kinds: Vec<KindDiff>,
    /// Sums over everything.
    pub counts: Counts,
    /// Paths of changed files that hold no readable objects; their content is never shown.
    pub unreadable: Vec<String>,
    /// What `publish` would not do without a flag, when the caller knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held_back: Vec<HeldBack>,
}

/// A guard of `publish`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldBack {
    /// The flag of a person who means it.
    pub flag: &'static str,
    /// What would happen.
    pub why: String,
}

impl DiffReport {
    /// `true` if not one file differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.files == 0
    }
}

/// How many instances of an environment differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EnvironmentDiff {
    /// The environment's name.
    pub name: String,
    /// Instances now, and those that are gone.
    pub instances: usize,
    /// Instances that were not there before.
    pub created: usize,
    /// Instances with a difference that exist before and now.
    pub changed: usize,
    /// Instances that are gone.
    pub deleted: usize,
    /// Objects that differ and belong to no client.
    pub environment_objects: usize,
}

/// How many objects of one kind differ in one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindDiff {
    /// The environment's name.
    pub environment: String,
    /// `kind`.
    pub kind: String,
    /// Objects that were not there before.
    pub created: usize,
    /// Objects that exist before and now and differ.
    pub changed: usize,
    /// Objects that a new one under another content hash takes the place of.
    pub replaced: usize,
    /// Objects that are gone.
    pub deleted: usize,
}

/// Sums over everything that differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Files that differ, `kustomization.yaml` files among them.
    pub files: usize,
    /// Objects that were not there before.
    pub created: usize,
    /// Objects that exist before and now and differ.
    pub changed: usize,
    /// Objects that are gone.
    pub deleted: usize,
    /// Objects that a new one under another content hash takes the place of.
    pub replaced: usize,
    /// Keys of changed Secrets that were added, removed or changed.
    pub secret_keys: usize,
    /// Fields that differ, over all changed and replaced objects.
    pub fields: usize,
    /// Files whose text differs but whose objects do not.
    pub formatting: usize,
}

/// Changes that occur in exactly these instances of one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The worst of its effects.
    pub risk: Risk,
    /// Whether whole instances came or went.
    pub what: What,
    /// The environment.
    pub environment: String,
    /// Every instance, in order; never empty. Shown as `lms-prod/C17`.
    pub instances: Vec<Owner>,
    /// The changes, the same in each instance. In texts `{slug}` stands for the client's id in lower case and
    /// `{client}` for the id as it is written.
    pub objects: Vec<ObjectChange>,
    /// Where the change comes from (`environments/lms-prod.toml:12`), when the caller knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What is gone from the tree stays in the cluster: the environment says `deletion = "orphan"`, when the caller knows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stays: bool,
}

/// Whether a group is about whole instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Objects of instances that exist before and now, or of the environment.
    Objects,
    /// Instances that were not there before.
    InstancesCreated,
    /// Instances that are gone.
    InstancesDeleted,
}

/// How much attention a change needs, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// The API server refuses the change: the field is immutable.
    Rejected,
    /// Data is lost.
    DataLoss,
    /// An older version of a Secret comes back.
    Backwards,
    /// The application is unreachable for a while, or for good.
    Downtime,
    /// Pods are replaced or Jobs run.
    Rollout,
    /// Nothing that runs notices.
    Quiet,
}

/// A change of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectChange {
    /// `apiVersion` now, or before if the object is gone.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// `metadata.name`; the content hash at its end, if it has one that changes, is `{hash}`.
    pub name: String,
    /// What happens to the object.
    pub action: Action,
    /// What that does in the cluster.
    pub effect: Effect,
    /// `true` if the texts hold no placeholders: a `{slug}` in them is the object's own.
    #[serde(skip_serializing_if = "is_false")]
    pub verbatim: bool,
    /// The fields, for `changed` and `replaced`; in the object's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

impl ObjectChange {
    /// The keys of a Secret among the fields.
    pub fn secret_keys(&self) -> impl Iterator<Item = &FieldChange> {
        let is_key = |path: &str| path.starts_with("data") || path.starts_with("stringData");
        let is_secret = matches!(self.kind.as_str(), "Secret" | "SopsSecret");
        self.fields.iter().filter(move |field| is_secret && is_key(&field.path))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It was not there before.
    Created,
    /// It exists before and now.
    Changed,
    /// It is gone, and one of the same name but for the content hash takes its place.
    Replaced,
    /// It is gone.
    Deleted,
}

/// What a change does in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The API server refuses it: the field is immutable.
    Rejected,
    /// A volume claim, or everything in a namespace, is deleted.
    LosesData,
    /// Data is dropped by what runs.
    DropsData,
    /// An older version of a Secret was put back: its revision is lower than before.
    MovesBackwards,
    /// Pods are replaced, and for a moment none is ready.
    RestartsPodsWithDowntime,
    /// The Pods are stopped and not started again.
    StopsPods,
    /// The way to the Pods is gone.
    StopsTraffic,
    /// Pods are replaced one after the other.
    RestartsPods,
    /// Pods are started that were not there before.
    StartsPods,
    /// A Job runs.
    Runs,
    /// A Job runs again.
    RunsAgain,
    /// The next scheduled run is different.
    NextRun,
    /// A Secret or ConfigMap: what reads it through the environment keeps the old value until its Pods restart.
    AtNextRestart,
    /// Nothing that runs notices.
    RestartsNothing,
}

impl Effect {
    /// The effect in a few words, as they follow the change.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Rejected => "rejected by the API server",
            Self::LosesData => "loses data",
            Self::DropsData => "runs, and drops the client's data",
            Self::MovesBackwards => "moved backwards: an older version was put back",
            Self::RestartsPodsWithDowntime => "restarts Pods, downtime",
            Self::StopsPods => "stops Pods",
            Self::StopsTraffic => "stops traffic",
            Self::RestartsPods => "restarts Pods, no downtime",
            Self::StartsPods => "starts Pods",
            Self::Runs => "runs",
            Self::RunsAgain => "runs again",
            Self::NextRun => "counts from the next run",
            Self::AtNextRestart => "restarts nothing by itself",
            Self::RestartsNothing => "restarts nothing",
        }
    }

    /// How much attention it needs.
    #[must_use]
    pub const fn risk(self) -> Risk {
        match self {
            Self::Rejected => Risk::Rejected,
            Self::LosesData | Self::DropsData => Risk::DataLoss,
            Self::MovesBackwards => Risk::Backwards,
            Self::RestartsPodsWithDowntime | Self::StopsPods | Self::StopsTraffic => Risk::Downtime,
            Self::RestartsPods | Self::StartsPods | Self::Runs | Self::RunsAgain => Risk::Rollout,
            Self::NextRun | Self::AtNextRestart | Self::RestartsNothing => Risk::Quiet,
        }
    }
}

/// A change of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// `spec.template.spec.containers[lms].image`, `metadata.annotations["lmsgen.dev/secret-rev"]`.
    pub path: String,
    /// What it does in the cluster.
    pub effect: Effect,
    /// Before and after.
    #[serde(flatten)]
    pub detail: Detail,
}

/// What is shown of a changed field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Detail {
    /// It was not there before.
    Added {
        /// The value.
        new: serde_json::Value,
    },
    /// It is gone.
    Removed {
        /// The value.
        old: serde_json::Value,
    },
    /// It has another value.
    Set {
        /// The value before.
        old: serde_json::Value,
        /// The value now.
        new: serde_json::Value,
    },
    /// A text of several lines has other lines.
    Lines {
        /// The hunks of a unified diff.
        hunks: String,
    },
    /// Items of a list are the same but stand in another order.
    Order {
        /// Their keys before.
        old: Vec<String>,
        /// Their keys now.
        new: Vec<String>,
    },
    /// A content hash, which differs in each instance and follows from other changes.
    Digest,
    /// A secret: added, removed or changed, and nothing more is ever said.
    Hidden {
        /// Which of the three.
        hidden: Hidden,
    },
}

/// What happened to a value that is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hidden {
    /// It was not there before.
    Added,
    /// It is gone.
    Removed,
    /// It is another one.
    Changed,
}
