//! The judgement: what a report shows. Every text in it is clean, see [`super::Speech`].

use serde::{Serialize, Serializer};

use super::time::shown_time;

/// How something is. The worse of two is the greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As committed, and at work.
    #[default]
    Ready,
    /// On its way there, as far as can be seen.
    Progressing,
    /// Nobody gets it there but a person.
    Failed,
}

impl State {
    /// `failed`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Progressing => "progressing",
            Self::Failed => "failed",
        }
    }
}

/// Why an instance is not ready: one fact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// Progressing or failed.
    pub state: State,
    /// Phase of the instance that the object is of.
    pub phase: Option<String>,
    /// Kind of the object that is to blame: the one that is committed, not the Pod that it made.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// One word, as Kubernetes has it where it has one: `ImagePullBackOff`, `OutOfDate`.
    pub reason: String,
    /// What is the matter, without the object's name where that says nothing.
    pub message: String,
    /// The last words of a container.
    pub said: Option<String>,
    /// How often a container was started again.
    pub restarts: Option<i64>,
    /// Since when, in seconds since 1970.
    #[serde(serialize_with = "maybe_time")]
    pub since: Option<i64>,
    /// What to do.
    pub next: Option<String>,
    /// What a better hint can be made of by who knows the fleet.
    #[serde(skip)]
    pub lacking: Option<Lacking>,
}

impl Trouble {
    /// With the time it began.
    #[must_use]
    pub const fn since(mut self, since: Option<i64>) -> Self {
        self.since = since;
        self
    }

    /// With what to do.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// With what is behind it.
    #[must_use]
    pub fn lacking(mut self, lacking: Lacking) -> Self {
        self.lacking = Some(lacking);
        self
    }
}

/// What is behind a trouble, for hints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// An image that cannot be had.
    Image(String),
    /// A Secret, or a key of it.
    Secret {
        /// The object.
        name: String,
        /// The key; `None` when the Secret as a whole is missing.
        key: Option<String>,
    },
    /// A server that refuses a password, and the Secret keys that the object refers to.
    Password(Vec<(String, String)>),
}

/// An instance, or what an environment has once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The client; `None` for what the environment has once.
    pub client: Option<String>,
    /// The client's name for people.
    pub title: String,
    /// The worst of its objects.
    pub state: State,
    /// Objects that are committed.
    pub objects: usize,
    /// Worst first. Empty when ready.
    pub troubles: Vec<Trouble>,
}

/// An object that says it is lmsgen's and that is not committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Foreign {
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Since when it is there, in seconds since 1970.
    #[serde(serialize_with = "maybe_time")]
    pub since: Option<i64>,
    /// `true` if its name is one that Kubernetes takes, so that it may stand in a command.
    #[serde(skip)]
    pub is_plain: bool,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnvironmentStatus {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// When the cluster was looked at, in seconds since 1970.
    #[serde(serialize_with = "time")]
    pub at: i64,
    /// Instances by name; first what the environment has once, if that was asked for.
    pub parts: Vec<Part>,
    /// Not committed, but there.
    pub foreign: Vec<Foreign>,
    /// Kinds that are committed and were not looked at.
    pub unseen: Vec<String>,
}

impl EnvironmentStatus {
    /// Instances in this state.
    #[must_use]
    pub fn n(&self, state: State) -> usize {
        self.parts.iter().filter(|part| part.client.is_some() && part.state == state).count()
    }
}

/// Everything that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// By name.
    pub environments: Vec<EnvironmentStatus>,
}

impl Status {
    /// `true` if nothing is left to wait for.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.environments.iter().flat_map(|one| &one.parts).all(|part| part.state == State::Ready)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields so")]
fn time<S: Serializer>(seconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown_time(*seconds))
}

#[expect(clippy::ref_option, reason = "serde passes fields so")]
fn maybe_time<S: Serializer>(seconds: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    seconds.map(shown_time).serialize(serializer)
}
